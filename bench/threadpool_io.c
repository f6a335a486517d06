/* Contends with the thread pool that Win32 has itself. */
#include "job.h"

#include <windows.h>

const char contender[] = "threadpool_io";

struct read {
    OVERLAPPED overlapped;
    uint64_t offset;
    void *buffer;
};

static struct job *job;
static struct read reads[JOB_MAX_DEPTH];
static HANDLE file, done /* event */;

static void read_next(struct read *read, TP_IO *io)
{
    if (!job_next(job, &read->offset))
        return;
    read->overlapped = (OVERLAPPED){.Offset = (DWORD)read->offset,
                                    .OffsetHigh = (DWORD)(read->offset >> 32)};
    StartThreadpoolIo(io);
    job_check(ReadFile(file, read->buffer, (DWORD)job->block, NULL,
                       &read->overlapped) ||
                  GetLastError() == ERROR_IO_PENDING,
              "read");
}

static void CALLBACK on_read(TP_CALLBACK_INSTANCE *instance, void *context,
                             void *overlapped, ULONG error, ULONG_PTR bytes,
                             TP_IO *io)
{
    struct read *read = CONTAINING_RECORD(overlapped, struct read, overlapped);
    (void)instance, (void)context;
    job_check(error == ERROR_SUCCESS, "read");
    if (job_use(job, read->buffer, read->offset, bytes))
        SetEvent(done);
    read_next(read, io);
}

void contend(struct job *the_job)
{
    TP_CALLBACK_ENVIRON environment;
    TP_POOL *pool = NULL; /* the process's own */
    job = the_job;
    for (unsigned i = 0; i < job->depth; i++)
        reads[i].buffer = job_allocate(job->block);
    done = CreateEventW(NULL, TRUE, FALSE, NULL);
    file = CreateFileA(job->path, GENERIC_READ, FILE_SHARE_READ, NULL,
                       OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    InitializeThreadpoolEnvironment(&environment);
    if (job->threads > 0) {
        pool = CreateThreadpool(NULL);
        job_check(pool != NULL, "create the pool");
        SetThreadpoolThreadMaximum(pool, job->threads);
        job_check(SetThreadpoolThreadMinimum(pool, job->threads),
                  "start the threads");
        SetThreadpoolCallbackPool(&environment, pool);
    }
    TP_IO *io = CreateThreadpoolIo(file, on_read, NULL, &environment);
    job_check(io != NULL, "bind");
    job_begin();
    for (unsigned i = 0; i < job->depth; i++)
        read_next(&reads[i], io);
    WaitForSingleObject(done, INFINITE);
    job_end();
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CloseThreadpoolIo(io);
    if (pool != NULL)
        CloseThreadpool(pool);
    CloseHandle(file);
}
