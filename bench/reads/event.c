/*
 * This contender uses overlapped reads without a port. Each read has an event,
 * and one thread waits for the reads.
 *
 * `depth` reads are in flight. The thread always waits for the oldest one, and
 * then starts it again. WaitForMultipleObjects could wait for the
 * first one to complete, but only among 64 events.
 */
#include "read.h"

const char contender[] = "event";

static struct read reads[JOB_MAX_DEPTH];
static HANDLE file;

static bool read_next(struct read *read)
{
    if (!job_next(&read->item))
        return false;
    read_start(read, file);
    return true;
}

void do_reads(void)
{
    /* ReadFile resets the event when it starts. */
    for (unsigned i = 0; i < job.depth; i++) {
        reads[i].buffer = must_allocate(job.block);
        reads[i].overlapped.hEvent = create_event();
    }
    file = open_for_reading(job.file, FILE_FLAG_OVERLAPPED);
    measure_begin();
    unsigned in_flight = 0;
    while (in_flight < job.depth && read_next(&reads[in_flight]))
        in_flight++;
    for (unsigned i = 0; in_flight > 0; i = (i + 1) % job.depth) {
        DWORD bytes;
        must(GetOverlappedResult(file, &reads[i].overlapped, &bytes, TRUE),
             "read");
        job_use(&reads[i].item, reads[i].buffer, bytes);
        if (!read_next(&reads[i]))
            in_flight--;
    }
    measure_end();
    for (unsigned i = 0; i < job.depth; i++)
        CloseHandle(reads[i].overlapped.hEvent);
    CloseHandle(file);
}
