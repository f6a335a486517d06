/* Contends with a completion port and a loop around it, written by hand. Who
 * has used a file closes it, and opens the next: `depth` are under way. */
#include "read.h"

#include <process.h>

const char contender[] = "loop";

static struct read reads[JOB_MAX_DEPTH];
static HANDLE port, done /* event */;

static void open_next(struct read *read)
{
    if (!job_next(&read->turn))
        return;
    open_overlapped(read);
    must(CreateIoCompletionPort(read->file, port, 0, 0) == port, "bind");
    read_start(read);
}

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
        must(CloseHandle(read->file), "close");
        if (job_use(&read->turn, read->buffer, bytes))
            SetEvent(done);
        open_next(read);
    }
}

void contend_with_files(void)
{
    HANDLE workers[MAXIMUM_WAIT_OBJECTS];
    unsigned threads = job.threads > 0 ? job.threads : 2 * processor_count();
    must(threads <= MAXIMUM_WAIT_OBJECTS, "wait for so many threads");
    for (unsigned i = 0; i < job.depth; i++)
        reads[i].buffer = must_allocate(job.buffer);
    done = create_event();
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    must(port != NULL, "create the port");
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (HANDLE)_beginthreadex(NULL, 0, worker, &threads, 0, NULL);
        must(workers[i] != NULL, "start a thread");
    }
    meet(threads + 1);
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        open_next(&reads[i]);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    for (unsigned i = 0; i < threads; i++)
        PostQueuedCompletionStatus(port, 0, 0, NULL);
    WaitForMultipleObjects(threads, workers, TRUE, INFINITE);
    for (unsigned i = 0; i < threads; i++)
        CloseHandle(workers[i]);
    CloseHandle(port);
}
