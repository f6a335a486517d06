/* Contends with the thread pool that Win32 has itself: a TP_IO for each file,
 * which its callback closes, to open the next. `depth` are under way. */
#include "read.h"

const char contender[] = "threadpool_io";

static struct read reads[JOB_MAX_DEPTH];
static TP_CALLBACK_ENVIRON environment;
static HANDLE done; /* event */

static void open_next(struct read *read);

/* The TP_IO may be closed here: it is freed once its callback has returned. */
static void CALLBACK on_read(TP_CALLBACK_INSTANCE *instance, void *context,
                             void *overlapped, ULONG error, ULONG_PTR bytes,
                             TP_IO *io)
{
    struct read *read = context;
    (void)instance, (void)overlapped;
    must(error == ERROR_SUCCESS, "read");
    must(CloseHandle(read->file), "close");
    CloseThreadpoolIo(io);
    if (job_use(&read->turn, read->buffer, bytes))
        SetEvent(done);
    open_next(read);
}

static void open_next(struct read *read)
{
    if (!job_next(&read->turn))
        return;
    open_overlapped(read);
    TP_IO *io = CreateThreadpoolIo(read->file, on_read, read, &environment);
    must(io != NULL, "bind");
    StartThreadpoolIo(io);
    read_start(read);
}

void contend_with_files(void)
{
    TP_POOL *pool = NULL; /* the process's own */
    for (unsigned i = 0; i < job.depth; i++)
        reads[i].buffer = must_allocate(job.buffer);
    done = create_event();
    InitializeThreadpoolEnvironment(&environment);
    if (job.threads > 0) {
        pool = CreateThreadpool(NULL);
        must(pool != NULL, "create the pool");
        SetThreadpoolThreadMaximum(pool, job.threads);
        must(SetThreadpoolThreadMinimum(pool, job.threads),
             "start the threads");
        SetThreadpoolCallbackPool(&environment, pool);
    }
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        open_next(&reads[i]);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    if (pool != NULL)
        CloseThreadpool(pool);
}
