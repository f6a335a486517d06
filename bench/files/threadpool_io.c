/* This contender uses CreateThreadpoolIo, Win32's own thread pool: a TP_IO for
 * each file. Its callback closes the TP_IO and opens the next file. `depth`
 * files are open. */
#include "read.h"

const char contender[] = "threadpool_io";

static struct read reads[JOB_MAX_DEPTH];
static TP_CALLBACK_ENVIRON environment;
static HANDLE done; /* event */

static void open_next(struct read *read);

/* The callback may close its own TP_IO. Win32 frees it when the callback has
 * returned. */
static void CALLBACK on_read(TP_CALLBACK_INSTANCE *instance, void *context,
                             void *overlapped, ULONG error, ULONG_PTR bytes,
                             TP_IO *io)
{
    struct read *read = context;
    (void)instance, (void)overlapped;
    must(error == ERROR_SUCCESS, "read");
    must(CloseHandle(read->file), "close");
    CloseThreadpoolIo(io);
    if (job_use(&read->item, read->buffer, bytes))
        SetEvent(done);
    open_next(read);
}

static void open_next(struct read *read)
{
    if (!job_next(&read->item))
        return;
    read->file = open_for_reading(read->item.path, FILE_FLAG_OVERLAPPED);
    TP_IO *io = CreateThreadpoolIo(read->file, on_read, read, &environment);
    must(io != NULL, "bind");
    StartThreadpoolIo(io);
    read_start(read);
}

void do_files(void)
{
    for (unsigned i = 0; i < job.depth; i++)
        reads[i].buffer = must_allocate(job.buffer);
    done = create_event();
    TP_POOL *pool = create_threadpool(&environment, job.threads);
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        open_next(&reads[i]);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    if (pool != NULL)
        CloseThreadpool(pool);
}
