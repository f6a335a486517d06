/*
 * Contends with overlapped reads and one thread, without a port: each read has
 * an event.
 *
 * `depth` are in flight, a ring, in which the oldest is waited for and started
 * again. WaitForMultipleObjects would tell which is ready first, but takes no
 * more than 64.
 */
#include "read.h"

const char contender[] = "event";

static struct read reads[JOB_MAX_DEPTH];
static HANDLE file;

static bool read_next(struct read *read)
{
    if (!job_next(&read->turn))
        return false;
    read_start(read, file);
    return true;
}

void contend_reading(void)
{
    /* ReadFile resets the event when it starts. */
    for (unsigned i = 0; i < job.depth; i++) {
        reads[i].buffer = must_allocate(job.block);
        reads[i].overlapped.hEvent = create_event();
    }
    file = open_file(FILE_FLAG_OVERLAPPED);
    measure_begin();
    unsigned in_flight = 0;
    while (in_flight < job.depth && read_next(&reads[in_flight]))
        in_flight++;
    for (unsigned i = 0; in_flight > 0; i = (i + 1) % job.depth) {
        DWORD bytes;
        must(GetOverlappedResult(file, &reads[i].overlapped, &bytes, TRUE),
             "read");
        job_use(&reads[i].turn, reads[i].buffer, bytes);
        if (!read_next(&reads[i]))
            in_flight--;
    }
    measure_end();
    for (unsigned i = 0; i < job.depth; i++)
        CloseHandle(reads[i].overlapped.hEvent);
    CloseHandle(file);
}
