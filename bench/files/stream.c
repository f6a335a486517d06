/*
 * This contender uses final's file_stream, one file after the other.
 *
 *      style=synchronous   an ordinary handle
 *      style=asynchronous  an overlapped handle; the thread waits for each read
 *
 * The streams have no buffer, because each read brings a whole file. An
 * asynchronous read continues until its buffer is full. So it reads once more
 * than the other contenders, and meets the end of the file.
 */
#include "../../final/file_stream.h"
#include "../win32.h"
#include "job.h"

#include <string.h>

const char contender[] = "stream";

static struct file_stream *open_stream(struct pool *pool, const char *file,
                                       unsigned options_wanted)
{
    struct file_stream *stream;
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    wchar_t path[MAX_PATH];
    widen(file, path);
    options.buffer_size = 0;
    options.options = options_wanted;
    must(file_stream_open(pool, path, &options, &stream) == 0, "open");
    return stream;
}

void do_files(void)
{
    struct pool pool;
    struct file_task task = {0};
    void *buffer = must_allocate(job.buffer);
    bool waits_for_tasks = strcmp(job.style, "asynchronous") == 0;
    must(pool_create(&pool, job.threads, 0) == 0, "create the pool");
    measure_begin();
    struct item item;
    while (job_next(&item)) {
        size_t bytes;
        struct file_stream *stream = open_stream(
            &pool, item.path, waits_for_tasks ? FILE_OPTION_ASYNCHRONOUS : 0);
        if (waits_for_tasks) {
            file_stream_read_async(stream, buffer, job.buffer, &task);
            must(file_task_wait(&task, INFINITE, &bytes) == 0, "read");
        } else {
            must(file_stream_read(stream, buffer, job.buffer, &bytes) == 0,
                 "read");
        }
        must(file_stream_close(stream) == 0, "close");
        job_use(&item, buffer, bytes);
    }
    measure_end();
    pool_stop(&pool, POOL_DRAIN);
}
