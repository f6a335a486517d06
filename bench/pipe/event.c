/* Contends with one thread and an event for each read: it waits for the reads
 * in the order in which they were started, which is the order of the pieces. */
#include "read.h"

const char contender[] = "event";

void contend_waiting(void)
{
    struct read *reads = make_reads();
    HANDLE pipe = open_overlapped();
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
