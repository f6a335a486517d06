/* This contender uses CreateThreadpoolIo, Win32's own thread pool. */
#include "read.h"

const char contender[] = "threadpool_io";

static struct read reads[JOB_MAX_DEPTH];
static HANDLE file, done /* event */;

static void read_next(struct read *read, TP_IO *io)
{
    if (!job_next(&read->item))
        return;
    StartThreadpoolIo(io);
    read_start(read, file);
}

static void CALLBACK on_read(TP_CALLBACK_INSTANCE *instance, void *context,
                             void *overlapped, ULONG error, ULONG_PTR bytes,
                             TP_IO *io)
{
    struct read *read = CONTAINING_RECORD(overlapped, struct read, overlapped);
    (void)instance, (void)context;
    must(error == ERROR_SUCCESS, "read");
    if (job_use(&read->item, read->buffer, bytes))
        SetEvent(done);
    read_next(read, io);
}

void do_reads(void)
{
    TP_CALLBACK_ENVIRON environment;
    for (unsigned i = 0; i < job.depth; i++)
        reads[i].buffer = must_allocate(job.block);
    done = create_event();
    file = open_for_reading(job.file, FILE_FLAG_OVERLAPPED);
    TP_POOL *pool = create_threadpool(&environment, job.threads);
    TP_IO *io = CreateThreadpoolIo(file, on_read, NULL, &environment);
    must(io != NULL, "bind");
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        read_next(&reads[i], io);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CloseThreadpoolIo(io);
    if (pool != NULL)
        CloseThreadpool(pool);
    CloseHandle(file);
}
