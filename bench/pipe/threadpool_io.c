/* This contender uses CreateThreadpoolIo, Win32's own thread pool. */
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

void do_pipe_reads(void)
{
    TP_CALLBACK_ENVIRON environment;
    struct read *reads = make_reads();
    done = create_event();
    HANDLE pipe = open_for_reading(job.pipe, FILE_FLAG_OVERLAPPED);
    TP_POOL *pool = create_threadpool(&environment, job.threads);
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
