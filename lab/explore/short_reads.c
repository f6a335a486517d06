#include "short_reads.h"

#include "verdict.h"

enum { MOST_GAPS = 16 }; /* further ones are not judged */

/* Bytes that a short read has left out. */
struct gap {
    const struct disk_file *disk;
    uint64_t from, to; /* the bytes from..to-1; none if from is not below to */
    const void *place; /* where the read was started */
    unsigned request;
};

static struct gap gaps[MOST_GAPS];
static unsigned count;
static bool has_read_end, has_cancelled;

void reset_short_reads(void)
{
    count = 0;
    has_read_end = has_cancelled = false;
}

static void trim(struct gap *gap, uint64_t from, uint64_t to)
{
    if (from <= gap->from && gap->from < to)
        gap->from = to;
    else if (from < gap->to && gap->to <= to)
        gap->to = from;
}

void note_bytes_read(const struct disk_file *disk, uint64_t offset,
                     uint64_t bytes)
{
    for (unsigned i = 0; i < count; i++)
        if (gaps[i].disk == disk)
            trim(&gaps[i], offset, offset + bytes);
}

static void add_gap(const struct request *request, uint64_t there)
{
    if (count == MOST_GAPS)
        return;
    gaps[count++] = (struct gap){.disk = request->file->disk,
                                 .from = request->offset + request->bytes,
                                 .to = request->offset + there,
                                 .place = request->place,
                                 .request = request->number};
}

void note_completion(const struct request *request)
{
    const struct disk_file *disk = request->file->disk;
    if (disk == NULL || request->writes)
        return;
    has_cancelled |= request->status == STATUS_OF_CANCEL;
    has_read_end |= request->status == STATUS_OF_END;
    note_bytes_read(disk, request->offset, request->bytes);
    size_t there = bytes_on_disk(disk, request->offset, request->length);
    if (request->status == STATUS_OF_SUCCESS && request->bytes < there)
        add_gap(request, there);
}

bool had_short_read(void)
{
    return count > 0;
}

/* If anything was cancelled, the program may have good reasons. */
void judge_short_reads(void)
{
    for (unsigned i = 0; i < count && has_read_end && !has_cancelled; i++) {
        const struct gap *gap = &gaps[i];
        if (gap->from >= gap->to)
            continue;
        explain("request %u, started at %s, gets fewer bytes than it asks for",
                gap->request, place_text(gap->place));
        explain("the program reads to the end of the file, but never bytes "
                "%llu to %llu",
                (unsigned long long)gap->from, (unsigned long long)gap->to - 1);
        mistake("a part of the file is never read: a read of it was short");
    }
}
