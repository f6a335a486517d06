/*
 * A program that uses the installed library: it writes a file and reads it
 * back. The same source is C and C++.
 */
#include <filepool/file_stream.h>
#include <filepool/version.h>

#include <stdio.h>

static struct pool pool;

static DWORD write_file(const wchar_t *path)
{
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    struct file_stream *stream;
    options.mode = FILE_MODE_CREATE;
    options.access = FILE_ACCESS_WRITE;
    options.options = FILE_OPTION_ASYNCHRONOUS;
    DWORD error = file_stream_open(&pool, path, &options, &stream);
    if (error != ERROR_SUCCESS)
        return error;
    error = file_stream_write(stream, "hello", 5);
    DWORD close_error = file_stream_close(stream);
    return error != ERROR_SUCCESS ? error : close_error;
}

static DWORD read_file(const wchar_t *path)
{
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    static struct file_task task;
    struct file_stream *stream;
    char bytes[16];
    size_t count;
    options.options = FILE_OPTION_ASYNCHRONOUS;
    DWORD error = file_stream_open(&pool, path, &options, &stream);
    if (error != ERROR_SUCCESS)
        return error;
    file_stream_read_async(stream, bytes, sizeof bytes, &task);
    error = file_task_wait(&task, INFINITE, &count);
    if (error == ERROR_SUCCESS)
        printf("%.*s, version %s\n", (int)count, bytes, FILEPOOL_VERSION);
    DWORD close_error = file_stream_close(stream);
    return error != ERROR_SUCCESS ? error : close_error;
}

/* The library was compiled as C: its structs must be as large here. */
static void print_sizes(void)
{
    printf("sizes %u %u %u %u\n", (unsigned)sizeof(struct pool),
           (unsigned)sizeof(struct bound_file),
           (unsigned)sizeof(struct request),
           (unsigned)sizeof(struct file_task));
}

int main(void)
{
    DWORD error = pool_create(&pool, 2, 0);
    if (error == ERROR_SUCCESS)
        error = write_file(L"hello.txt");
    if (error == ERROR_SUCCESS)
        error = read_file(L"hello.txt");
    print_sizes();
    pool_stop(&pool, POOL_DRAIN);
    return error == ERROR_SUCCESS ? 0 : 1;
}
