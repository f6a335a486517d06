/* Uses the system's pool, by CreateThreadpoolIo. */
#include "right.h"

struct job {
    HANDLE file, over;
    uint64_t bytes;
    OVERLAPPED overlapped;
    char buffer[BLOCK];
};

static void go_on(struct job *job, TP_IO *io)
{
    job->overlapped = at_offset(job->bytes);
    StartThreadpoolIo(io);
    if (is_started(
            ReadFile(job->file, job->buffer, BLOCK, NULL, &job->overlapped)))
        return;
    CancelThreadpoolIo(io);
    SetEvent(job->over);
}

static void CALLBACK on_read(TP_CALLBACK_INSTANCE *instance, void *context,
                             void *overlapped, ULONG error, ULONG_PTR bytes,
                             TP_IO *io)
{
    struct job *job = context;
    (void)instance, (void)overlapped;
    job->bytes += bytes;
    if (error == ERROR_SUCCESS && bytes > 0)
        go_on(job, io);
    else
        SetEvent(job->over);
}

int read_all(const char *path)
{
    static struct job job;
    job.file = open_file(path);
    job.over = CreateEventW(NULL, TRUE, FALSE, NULL);
    TP_IO *io = CreateThreadpoolIo(job.file, on_read, &job, NULL);
    go_on(&job, io);
    WaitForSingleObject(job.over, INFINITE);
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CloseThreadpoolIo(io);
    CloseHandle(job.over);
    return compare_size(job.file, job.bytes);
}
