/*
 * Contends with final's file_stream, one file after the other.
 *
 *      style=synchronous   an ordinary handle
 *      style=asynchronous  an overlapped one, and the read is waited for
 *
 * The streams have no buffer, since each read brings all. An asynchronous call
 * goes on until its buffer is full, so it asks once more than the others, and
 * is told that it is at the end.
 */
#include "../../final/file_stream.h"
#include "job.h"

#include <string.h>

const char contender[] = "stream";
const wchar_t program[] = L"stream";

static struct file_stream *open_stream(struct pool *pool, const char *file,
                                       unsigned options_wanted)
{
    struct file_stream *stream;
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    wchar_t path[JOB_MAX_PATH];
    must(MultiByteToWideChar(CP_ACP, 0, file, -1, path, JOB_MAX_PATH) > 0,
         "understand the path");
    options.buffer_size = 0;
    options.options = options_wanted;
    must(file_stream_open(pool, path, &options, &stream) == 0, "open");
    return stream;
}

void contend_with_files(void)
{
    struct pool pool;
    struct file_task task = {0};
    void *buffer = must_allocate(job.buffer);
    bool waits_for_tasks = strcmp(job.style, "asynchronous") == 0;
    must(pool_create(&pool, job.threads, 0) == 0, "create the pool");
    measure_begin();
    struct turn turn;
    while (job_next(&turn)) {
        size_t bytes;
        struct file_stream *stream = open_stream(
            &pool, turn.path, waits_for_tasks ? FILE_OPTION_ASYNCHRONOUS : 0);
        if (waits_for_tasks) {
            file_stream_read_async(stream, buffer, job.buffer, &task);
            must(file_task_wait(&task, INFINITE, &bytes) == 0, "read");
        } else {
            must(file_stream_read(stream, buffer, job.buffer, &bytes) == 0,
                 "read");
        }
        must(file_stream_close(stream) == 0, "close");
        job_use(&turn, buffer, bytes);
    }
    measure_end();
    pool_stop(&pool, POOL_DRAIN);
}
