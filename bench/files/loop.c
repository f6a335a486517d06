/* This contender uses a completion port and a loop around it. The worker that
 * has used a file closes it and opens the next one. `depth` files are open. */
#include "../threads.h"
#include "read.h"

const char contender[] = "loop";

static struct read reads[JOB_MAX_DEPTH];
static HANDLE port, done /* event */;

static void open_next(struct read *read)
{
    if (!job_next(&read->item))
        return;
    read->file = open_for_reading(read->item.path, FILE_FLAG_OVERLAPPED);
    must(CreateIoCompletionPort(read->file, port, 0, 0) == port, "bind");
    read_start(read);
}

static void worker(void)
{
    DWORD bytes;
    OVERLAPPED *overlapped;
    while ((overlapped = take_packet(port, &bytes)) != NULL) {
        struct read *read =
            CONTAINING_RECORD(overlapped, struct read, overlapped);
        must(CloseHandle(read->file), "close");
        if (job_use(&read->item, read->buffer, bytes))
            SetEvent(done);
        open_next(read);
    }
}

void do_files(void)
{
    struct threads workers;
    for (unsigned i = 0; i < job.depth; i++)
        reads[i].buffer = must_allocate(job.buffer);
    done = create_event();
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    must(port != NULL, "create the port");
    start_threads(&workers,
                  job.threads > 0 ? job.threads : 2 * processor_count(),
                  worker);
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        open_next(&reads[i]);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    for (unsigned i = 0; i < workers.count; i++)
        PostQueuedCompletionStatus(port, 0, 0, NULL);
    join_threads(&workers);
    CloseHandle(port);
}
