/*
 * stream_all FILE: calls every function of file_stream.h, for lab/sweep. It
 * creates FILE, writes it, reads it, and compares. After the first error it
 * reports this error, and only releases what it has.
 */
#include "../../final/error.h"
#include "../../final/file_stream.h"
#include "../../final/programs/report.h"

#include <stdlib.h>
#include <string.h>

const wchar_t program[] = L"stream_all";

enum { BUFFER = 64, LENGTH = 270 };

static const wchar_t *path;
static struct pool pool;
static bool has_reported;
static volatile LONG callbacks;

/* Whether the call succeeded. Reports only the first error. */
static bool well(const char *tried, DWORD error)
{
    if (error != ERROR_SUCCESS && !has_reported)
        report(tried, path, error);
    has_reported |= error != ERROR_SUCCESS;
    return error == ERROR_SUCCESS;
}

/* Reports a wrong result as error 23, a bad checksum. */
static bool right(const char *tried, bool so)
{
    return well(tried, so ? ERROR_SUCCESS : ERROR_CRC);
}

/* The byte of FILE at an offset. */
static char pattern(size_t offset)
{
    return (char)('a' + offset % 23);
}

static void fill(char *to, size_t length, size_t offset)
{
    for (size_t i = 0; i < length; i++)
        to[i] = pattern(offset + i);
}

static bool is_pattern(const char *bytes, size_t length, size_t offset)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] != pattern(offset + i))
            return false;
    return true;
}

static struct file_stream *open_stream(const struct file_stream_options *with)
{
    struct file_stream *stream = NULL;
    well("open", file_stream_open(&pool, path, with, &stream));
    return stream;
}

static bool close_stream(struct file_stream *stream)
{
    return well("close", file_stream_close(stream));
}

/* ---- Asynchronous calls ----------------------------------------------- */

static void on_end(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)error, (void)bytes;
    InterlockedIncrement(&callbacks);
}

/* Both writes are in flight at the same time. Waits for both, also if the first
 * fails. */
static bool write_two(struct file_stream *stream, size_t offset)
{
    char data[2][BUFFER];
    struct file_task tasks[2] = {{.callback = on_end}};
    bool all = true;
    for (size_t i = 0; i < 2; i++) {
        fill(data[i], BUFFER, offset + i * BUFFER);
        file_stream_write_async(stream, data[i], BUFFER, &tasks[i]);
    }
    for (size_t i = 0; i < 2; i++)
        all &= well("write", file_task_wait(&tasks[i], INFINITE, NULL));
    return all;
}

static bool read_task(struct file_stream *stream, size_t length, size_t offset)
{
    char data[LENGTH];
    size_t bytes;
    struct file_task task = {.callback = NULL};
    file_stream_read_async(stream, data, length, &task);
    return well("read", file_task_wait(&task, INFINITE, &bytes)) &&
           right("read", bytes == length && is_pattern(data, bytes, offset));
}

/* The read may complete, or be aborted. */
static bool read_and_cancel(struct file_stream *stream, bool all)
{
    char data[BUFFER];
    struct file_task task = {.callback = NULL};
    file_stream_read_async(stream, data, sizeof data, &task);
    if (all)
        file_stream_cancel(stream);
    else
        file_task_cancel(&task);
    DWORD error = file_task_wait(&task, INFINITE, NULL);
    return error == ERROR_OPERATION_ABORTED || well("read", error);
}

/* ---- Uses of a stream ------------------------------------------------- */

static bool seek(struct file_stream *stream, int64_t offset, DWORD origin,
                 uint64_t wanted)
{
    uint64_t position, same;
    return well("seek in", file_stream_seek(stream, offset, origin, &same)) &&
           well("ask", file_stream_position(stream, &position)) &&
           right("seek in", position == wanted && same == wanted);
}

static bool has_length(struct file_stream *stream, uint64_t wanted)
{
    uint64_t length;
    return well("ask the length of", file_stream_length(stream, &length)) &&
           right("ask the length of", length == wanted);
}

static bool write_pieces(struct file_stream *stream, size_t from, size_t to)
{
    char piece[10];
    for (; from < to; from += sizeof piece) {
        fill(piece, sizeof piece, from);
        if (!well("write", file_stream_write(stream, piece, sizeof piece)))
            return false;
    }
    return true;
}

/* Reads to the end of the file. */
static bool read_pieces(struct file_stream *stream, size_t offset)
{
    char piece[25];
    size_t bytes;
    do {
        if (!well("read",
                  file_stream_read(stream, piece, sizeof piece, &bytes)) ||
            !right("read", is_pattern(piece, bytes, offset)))
            return false;
        offset += bytes;
    } while (bytes > 0);
    return right("read", offset == LENGTH);
}

static bool write_all(struct file_stream *stream)
{
    return write_pieces(stream, 0, 70) && has_length(stream, 70) &&
           seek(stream, -10, FILE_CURRENT, 60) &&
           write_pieces(stream, 60, 140) &&
           seek(stream, 130, FILE_BEGIN, 130) && write_two(stream, 130) &&
           well("set the length of", file_stream_set_length(stream, 200)) &&
           seek(stream, 0, FILE_END, 200) && write_pieces(stream, 200, 250) &&
           well("flush", file_stream_flush(stream)) &&
           well("flush", file_stream_flush_to_disk(stream));
}

static bool read_all(struct file_stream *stream)
{
    return read_pieces(stream, 0) && seek(stream, 7, FILE_BEGIN, 7) &&
           read_task(stream, 20, 7) && read_task(stream, 2 * BUFFER, 27) &&
           read_and_cancel(stream, true) && read_and_cancel(stream, false) &&
           seek(stream, 100, FILE_BEGIN, 100) && read_pieces(stream, 100);
}

static bool append(struct file_stream *stream)
{
    return write_pieces(stream, 250, 260) && write_pieces(stream, 260, 270);
}

/* ---- The streams ------------------------------------------------------ */

static bool with_stream(unsigned flags, enum file_mode mode,
                        enum file_access access,
                        bool (*use)(struct file_stream *))
{
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    options.mode = mode;
    options.access = access;
    options.options = flags;
    options.buffer_size = BUFFER;
    options.preallocation_size = mode == FILE_MODE_CREATE ? LENGTH : 0;
    struct file_stream *stream = open_stream(&options);
    bool done = stream != NULL && use(stream);
    return close_stream(stream) && done;
}

/* Writes, appends and reads, each with a stream of its own. */
static bool with_file(unsigned flags)
{
    return with_stream(flags, FILE_MODE_CREATE, FILE_ACCESS_WRITE, write_all) &&
           with_stream(flags, FILE_MODE_APPEND, FILE_ACCESS_WRITE, append) &&
           with_stream(flags | FILE_OPTION_SEQUENTIAL, FILE_MODE_OPEN,
                       FILE_ACCESS_READ_WRITE, read_all);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2)
        return 2;
    path = argv[1];
    on_fatal_error(report_fatal_error);
    if (!well("create a pool for", pool_create(&pool, 2, 0)))
        return EXIT_FAILURE;
    bool done = with_file(FILE_OPTION_ASYNCHRONOUS) && with_file(0);
    pool_stop(&pool, POOL_DRAIN);
    if (done)
        say("done");
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}
