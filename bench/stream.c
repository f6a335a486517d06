/* Contends with final's file_stream and a buffer of 1 MiB, from the beginning
 * on. A depth of 1 is a synchronous stream, 2 an asynchronous one, which reads
 * the next buffer ahead. */
#include "../final/file_stream.h"
#include "job.h"

const char contender[] = "stream";
const wchar_t program[] = L"stream";

void contend(struct job *job)
{
    struct pool pool;
    struct file_stream *stream;
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    wchar_t path[MAX_PATH];
    void *buffer = job_allocate(job->block);
    job_check(MultiByteToWideChar(CP_ACP, 0, job->path, -1, path, MAX_PATH) > 0,
              "understand the path");
    options.buffer_size = 1 << 20;
    options.options = FILE_OPTION_SEQUENTIAL;
    if (job->depth > 1)
        options.options |= FILE_OPTION_ASYNCHRONOUS;
    job_check(pool_create(&pool, job->threads, 0) == 0, "create the pool");
    job_check(file_stream_open(&pool, path, &options, &stream) == 0, "open");
    job_begin();
    uint64_t position = 0, offset;
    while (job_next(job, &offset)) {
        size_t bytes;
        if (offset != position)
            job_check(file_stream_seek(stream, 0, FILE_BEGIN, NULL) == 0,
                      "seek");
        job_check(file_stream_read(stream, buffer, job->block, &bytes) == 0,
                  "read");
        position = offset + bytes;
        job_use(job, buffer, offset, bytes);
    }
    job_end();
    file_stream_close(stream);
    pool_stop(&pool, POOL_DRAIN);
}
