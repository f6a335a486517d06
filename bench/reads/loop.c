/* This contender uses a completion port and a loop around it. It is what
 * remains of a pool without its table, its counters and its checks. */
#include "../threads.h"
#include "read.h"

const char contender[] = "loop";

static struct read reads[JOB_MAX_DEPTH];
static HANDLE port, file, done /* event */;

static void read_next(struct read *read)
{
    if (job_next(&read->item))
        read_start(read, file);
}

static void worker(void)
{
    DWORD bytes;
    OVERLAPPED *overlapped;
    while ((overlapped = take_packet(port, &bytes)) != NULL) {
        struct read *read =
            CONTAINING_RECORD(overlapped, struct read, overlapped);
        if (job_use(&read->item, read->buffer, bytes))
            SetEvent(done);
        read_next(read);
    }
}

void do_reads(void)
{
    struct threads workers;
    for (unsigned i = 0; i < job.depth; i++)
        reads[i].buffer = must_allocate(job.block);
    done = create_event();
    file = open_for_reading(job.file, FILE_FLAG_OVERLAPPED);
    port = CreateIoCompletionPort(file, NULL, 0, 0);
    must(port != NULL, "bind");
    start_threads(&workers,
                  job.threads > 0 ? job.threads : 2 * processor_count(),
                  worker);
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        read_next(&reads[i]);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    for (unsigned i = 0; i < workers.count; i++)
        PostQueuedCompletionStatus(port, 0, 0, NULL);
    join_threads(&workers);
    CloseHandle(port);
    CloseHandle(file);
}
