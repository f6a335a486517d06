/* This contender uses final's file_stream. It starts all asynchronous reads
 * before the first piece comes. On a pipe, the stream does one read after the
 * other: it keeps the reads in a list, and only the first is in flight. */
#include "../../final/file_stream.h"
#include "../win32.h"
#include "job.h"

const char contender[] = "stream";

static HANDLE done; /* event */

static void on_read(void *buffer, DWORD error, size_t bytes)
{
    must(error == ERROR_SUCCESS, "read");
    if (job_use(buffer, bytes))
        SetEvent(done);
}

static struct file_stream *open_stream(struct pool *pool)
{
    struct file_stream *stream;
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    wchar_t path[MAX_PATH];
    widen(job.pipe, path);
    options.options = FILE_OPTION_ASYNCHRONOUS;
    must(file_stream_open(pool, path, &options, &stream) == 0, "open");
    return stream;
}

void do_pipe_reads(void)
{
    struct pool pool;
    struct file_task *tasks = must_allocate(job.reads * sizeof *tasks);
    for (unsigned i = 0; i < job.reads; i++)
        tasks[i] = (struct file_task){.callback = on_read,
                                      .context = must_allocate(job.piece)};
    done = create_event();
    must(pool_create(&pool, job.threads, 0) == 0, "create the pool");
    struct file_stream *stream = open_stream(&pool);
    measure_begin();
    for (unsigned i = 0; i < job.reads; i++)
        must(file_stream_read_async(stream, tasks[i].context, job.piece,
                                    &tasks[i])
                     .outcome == IO_QUEUED,
             "read");
    job_all_pending();
    WaitForSingleObject(done, INFINITE);
    measure_end();
    file_stream_close(stream);
    pool_stop(&pool, POOL_DRAIN);
}
