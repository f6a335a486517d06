/* This contender uses a completion port and a loop around it. */
#include "../threads.h"
#include "read.h"

const char contender[] = "loop";

static HANDLE port, done /* event */;

static void worker(void)
{
    DWORD bytes;
    OVERLAPPED *overlapped;
    while ((overlapped = take_packet(port, &bytes)) != NULL) {
        struct read *read =
            CONTAINING_RECORD(overlapped, struct read, overlapped);
        if (job_use(read->buffer, bytes))
            SetEvent(done);
    }
}

void do_pipe_reads(void)
{
    struct threads workers;
    struct read *reads = make_reads();
    done = create_event();
    HANDLE pipe = open_for_reading(job.pipe, FILE_FLAG_OVERLAPPED);
    port = CreateIoCompletionPort(pipe, NULL, 0, 0);
    must(port != NULL, "bind");
    start_threads(&workers,
                  job.threads > 0 ? job.threads : 2 * processor_count(),
                  worker);
    measure_begin();
    for (unsigned i = 0; i < job.reads; i++)
        read_start(&reads[i], pipe);
    job_all_pending();
    WaitForSingleObject(done, INFINITE);
    measure_end();
    for (unsigned i = 0; i < workers.count; i++)
        PostQueuedCompletionStatus(port, 0, 0, NULL);
    join_threads(&workers);
    CloseHandle(port);
    CloseHandle(pipe);
}
