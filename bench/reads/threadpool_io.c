/* Contends with the thread pool that Win32 has itself. */
#include "read.h"

const char contender[] = "threadpool_io";

static struct read reads[JOB_MAX_DEPTH];
static HANDLE file, done /* event */;

static void read_next(struct read *read, TP_IO *io)
{
    if (!job_next(&read->turn))
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
    if (job_use(&read->turn, read->buffer, bytes))
        SetEvent(done);
    read_next(read, io);
}

void contend_reading(void)
{
    TP_CALLBACK_ENVIRON environment;
    TP_POOL *pool = NULL; /* the process's own */
    for (unsigned i = 0; i < job.depth; i++)
        reads[i].buffer = must_allocate(job.block);
    done = create_event();
    file = open_file(FILE_FLAG_OVERLAPPED);
    InitializeThreadpoolEnvironment(&environment);
    if (job.threads > 0) {
        pool = CreateThreadpool(NULL);
        must(pool != NULL, "create the pool");
        SetThreadpoolThreadMaximum(pool, job.threads);
        must(SetThreadpoolThreadMinimum(pool, job.threads),
             "start the threads");
        SetThreadpoolCallbackPool(&environment, pool);
    }
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
