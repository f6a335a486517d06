/* This contender uses one thread, and an event for each read. The thread waits
 * for the reads in the order in which it started them. The pieces come in this
 * order. */
#include "read.h"

const char contender[] = "event";

void do_pipe_reads(void)
{
    struct read *reads = make_reads();
    HANDLE pipe = open_for_reading(job.pipe, FILE_FLAG_OVERLAPPED);
    measure_begin();
    for (unsigned i = 0; i < job.reads; i++) {
        reads[i].overlapped.hEvent = create_event();
        read_start(&reads[i], pipe);
    }
    job_all_pending();
    for (unsigned i = 0; i < job.reads; i++) {
        DWORD bytes;
        must(GetOverlappedResult(pipe, &reads[i].overlapped, &bytes, TRUE),
             "read");
        job_use(reads[i].buffer, bytes);
    }
    measure_end();
    for (unsigned i = 0; i < job.reads; i++)
        CloseHandle(reads[i].overlapped.hEvent);
    CloseHandle(pipe);
}
