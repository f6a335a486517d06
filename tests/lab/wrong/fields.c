/* Mistakes in the fields of an OVERLAPPED. */
#include "wrong.h"

static int left_over(const char *path)
{
    static struct read read;
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    read.overlapped.OffsetHigh = 1;
    ReadFile(file, read.buffer, 64, NULL, &read.overlapped);
    take(port);
    read.overlapped.Offset = 0;
    /* <- left-over */
    ReadFile(file, read.buffer, 64, NULL, &read.overlapped);
    take(port);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

static int negative(const char *path)
{
    static struct read read = {.overlapped.OffsetHigh = 0x80000000};
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    /* <- negative */
    ReadFile(file, read.buffer, 64, NULL, &read.overlapped);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

static int event(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    struct read *read = malloc(sizeof *read);
    DWORD bytes;
    memset(&read->overlapped, 0, sizeof read->overlapped);
    read->overlapped.hEvent = (HANDLE)0xA5A5A5A4;
    /* <- event */
    if (ReadFile(file, read->buffer, 64, NULL, &read->overlapped) ||
        GetLastError() == ERROR_IO_PENDING)
        GetOverlappedResult(file, &read->overlapped, &bytes, FALSE);
    free(read);
    CloseHandle(file);
    return 0;
}

static int pipe_offset(const char *path)
{
    static struct read read = {.overlapped.Offset = 4};
    struct pipe pipe = open_pipe();
    HANDLE port = port_of(pipe.client);
    (void)path;
    /* <- pipe-offset */
    ReadFile(pipe.client, read.buffer, 64, NULL, &read.overlapped);
    write_pipe(pipe);
    take(port);
    close_pipe(pipe);
    CloseHandle(port);
    return 0;
}

const struct mistake mistakes[] = {
    {"left-over", left_over},     {"negative", negative}, {"event", event},
    {"pipe-offset", pipe_offset}, {NULL, NULL},
};
