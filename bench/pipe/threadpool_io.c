/* Contends with the thread pool that Win32 has itself. */
#include "read.h"

const char contender[] = "threadpool_io";

static HANDLE done; /* event */

static void CALLBACK on_read(TP_CALLBACK_INSTANCE *instance, void *context,
                             void *overlapped, ULONG error, ULONG_PTR bytes,
                             TP_IO *io)
{
    struct read *read = CONTAINING_RECORD(overlapped, struct read, overlapped);
    (void)instance, (void)context, (void)io;
    must(error == ERROR_SUCCESS, "read");
    if (job_use(read->buffer, bytes))
        SetEvent(done);
}

void contend_waiting(void)
{
    TP_CALLBACK_ENVIRON environment;
    TP_POOL *pool = NULL; /* the process's own */
    struct read *reads = make_reads();
    done = create_event();
    HANDLE pipe = open_overlapped();
    InitializeThreadpoolEnvironment(&environment);
    if (job.threads > 0) {
        pool = CreateThreadpool(NULL);
        must(pool != NULL, "create the pool");
        SetThreadpoolThreadMaximum(pool, job.threads);
        must(SetThreadpoolThreadMinimum(pool, job.threads),
             "start the threads");
        SetThreadpoolCallbackPool(&environment, pool);
    }
    TP_IO *io = CreateThreadpoolIo(pipe, on_read, NULL, &environment);
    must(io != NULL, "bind");
    measure_begin();
    for (unsigned i = 0; i < job.reads; i++) {
        StartThreadpoolIo(io);
        read_start(&reads[i], pipe);
    }
    job_all_pending();
    WaitForSingleObject(done, INFINITE);
    measure_end();
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CloseThreadpoolIo(io);
    if (pool != NULL)
        CloseThreadpool(pool);
    CloseHandle(pipe);
}
