/*
 * This contender uses final's file_stream.
 *
 *      style=synchronous   an ordinary handle
 *      style=asynchronous  an overlapped handle; the thread waits for each read
 *      style=callbacks     `depth` asynchronous streams with one read in flight
 *                          each; the callback starts the next read
 */
#include "../../final/file_stream.h"
#include "../win32.h"
#include "job.h"

#include <string.h>

const char contender[] = "stream";

static struct pool pool;

static struct file_stream *open_stream(unsigned options_wanted)
{
    struct file_stream *stream;
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    wchar_t path[MAX_PATH];
    widen(job.file, path);
    options.buffer_size = job.buffer;
    options.options = options_wanted;
    must(file_stream_open(&pool, path, &options, &stream) == 0, "open");
    return stream;
}

/* ---- One stream, one read after the other ------------------------------ */

static void read_one_by_one(struct file_stream *stream, bool waits_for_tasks)
{
    struct file_task task = {0};
    void *buffer = must_allocate(job.block);
    uint64_t position = 0;
    struct item item;
    measure_begin();
    while (job_next(&item)) {
        size_t bytes;
        if (item.offset != position)
            must(file_stream_seek(stream, (int64_t)item.offset, FILE_BEGIN,
                                  NULL) == 0,
                 "seek");
        if (waits_for_tasks) {
            file_stream_read_async(stream, buffer, job.block, &task);
            must(file_task_wait(&task, INFINITE, &bytes) == 0, "read");
        } else {
            must(file_stream_read(stream, buffer, job.block, &bytes) == 0,
                 "read");
        }
        position = item.offset + bytes;
        job_use(&item, buffer, bytes);
    }
    measure_end();
    file_stream_close(stream);
}

/* ---- Many streams ------------------------------------------------------ */

static HANDLE done; /* event */

static struct reader {
    struct file_task task;
    struct file_stream *stream;
    struct item item;
    uint64_t position; /* of the stream */
    void *buffer;
} readers[JOB_MAX_DEPTH];

static void use(struct reader *reader, DWORD error, size_t bytes)
{
    must(error == ERROR_SUCCESS, "read");
    if (job_use(&reader->item, reader->buffer, bytes))
        SetEvent(done);
}

static void read_on(struct reader *reader)
{
    while (job_next(&reader->item)) {
        if (reader->item.offset != reader->position)
            must(file_stream_seek(reader->stream, (int64_t)reader->item.offset,
                                  FILE_BEGIN, NULL) == 0,
                 "seek");
        reader->position = reader->item.offset + job.block;
        struct submission read = file_stream_read_async(
            reader->stream, reader->buffer, job.block, &reader->task);
        if (read.outcome == IO_QUEUED)
            return;
        use(reader, read.error, read.bytes);
    }
}

static void on_read(void *context, DWORD error, size_t bytes)
{
    use(context, error, bytes);
    read_on(context);
}

static void read_with_callbacks(void)
{
    done = create_event();
    for (unsigned i = 0; i < job.depth; i++) {
        readers[i].stream = open_stream(FILE_OPTION_ASYNCHRONOUS);
        readers[i].task =
            (struct file_task){.callback = on_read, .context = &readers[i]};
        readers[i].buffer = must_allocate(job.block);
    }
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        read_on(&readers[i]);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    for (unsigned i = 0; i < job.depth; i++)
        file_stream_close(readers[i].stream);
}

void do_reads(void)
{
    must(pool_create(&pool, job.threads, 0) == 0, "create the pool");
    if (strcmp(job.style, "callbacks") == 0)
        read_with_callbacks();
    else if (strcmp(job.style, "asynchronous") == 0)
        read_one_by_one(open_stream(FILE_OPTION_ASYNCHRONOUS), true);
    else
        read_one_by_one(open_stream(FILE_OPTION_SEQUENTIAL), false);
    pool_stop(&pool, POOL_DRAIN);
}
