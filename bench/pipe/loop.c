/* Contends with a completion port and a loop around it, written by hand. */
#include "read.h"

#include <process.h>

const char contender[] = "loop";

static HANDLE port, done /* event */;

static unsigned __stdcall worker(void *threads)
{
    meet(*(unsigned *)threads + 1);
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped;
        must(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
                                       INFINITE),
             "read");
        if (overlapped == NULL)
            return 0;
        struct read *read =
            CONTAINING_RECORD(overlapped, struct read, overlapped);
        if (job_use(read->buffer, bytes))
            SetEvent(done);
    }
}

void contend_waiting(void)
{
    HANDLE workers[MAXIMUM_WAIT_OBJECTS];
    unsigned threads = job.threads > 0 ? job.threads : 2 * processor_count();
    must(threads <= MAXIMUM_WAIT_OBJECTS, "wait for so many threads");
    struct read *reads = make_reads();
    done = create_event();
    HANDLE pipe = open_overlapped();
    port = CreateIoCompletionPort(pipe, NULL, 0, 0);
    must(port != NULL, "bind");
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (HANDLE)_beginthreadex(NULL, 0, worker, &threads, 0, NULL);
        must(workers[i] != NULL, "start a thread");
    }
    meet(threads + 1);
    measure_begin();
    for (unsigned i = 0; i < job.reads; i++)
        read_start(&reads[i], pipe);
    job_all_pending();
    WaitForSingleObject(done, INFINITE);
    measure_end();
    for (unsigned i = 0; i < threads; i++)
        PostQueuedCompletionStatus(port, 0, 0, NULL);
    WaitForMultipleObjects(threads, workers, TRUE, INFINITE);
    for (unsigned i = 0; i < threads; i++)
        CloseHandle(workers[i]);
    CloseHandle(port);
    CloseHandle(pipe);
}
