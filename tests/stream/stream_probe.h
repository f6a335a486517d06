/*
 * What the probes of file_stream share: a stream of a file of 1000 digits, or
 * of a pipe.
 */
#ifndef STREAM_PROBE_H
#define STREAM_PROBE_H

#include "../../final/file_stream.h"
#include "../support/case.h"
#include "../support/probe.h"

#include <string.h>
#include <wchar.h>

const wchar_t program[] = L"probe";

static struct pool pool;
static struct file_stream *stream;
static bool asynchronous; /* the kind of stream, if the case has two */

/* kind: "asynchronous" or "synchronous" */
static inline void set_kind(const wchar_t *kind)
{
    asynchronous = wcscmp(kind, L"asynchronous") == 0;
}

static inline unsigned kind_option(void)
{
    return asynchronous ? FILE_OPTION_ASYNCHRONOUS : 0;
}

static inline bool is_worker(void)
{
    return strcmp(acting_thread(), "worker") == 0;
}

static inline bool is_main(void)
{
    return strcmp(acting_thread(), "main") == 0;
}

/* ---- The stream -------------------------------------------------------- */

enum { DIGITS = 1000, BUFFER_SIZE = 100 };

/* Creates the file "digits": 0123456789012... */
static inline void create_digits(void)
{
    char digits[DIGITS];
    DWORD written;
    for (unsigned i = 0; i < DIGITS; i++)
        digits[i] = (char)('0' + i % 10);
    HANDLE file = CreateFileW(L"digits", GENERIC_WRITE, FILE_SHARE_READ, NULL,
                              CREATE_ALWAYS, 0, NULL);
    check(file != INVALID_HANDLE_VALUE, "create", L"digits");
    check(WriteFile(file, digits, DIGITS, &written, NULL), "write", L"digits");
    close_object(file);
}

/* options: of enum file_options */
static inline void open_stream(const wchar_t *name, unsigned options,
                               size_t buffer_size)
{
    struct file_stream_options how = {.access = FILE_ACCESS_READ_WRITE,
                                      .share =
                                          FILE_SHARE_READ | FILE_SHARE_WRITE,
                                      .buffer_size = buffer_size,
                                      .options = options};
    must(file_stream_open(&pool, name, &how, &stream), "open");
}

static inline void open_digits(unsigned options)
{
    open_stream(L"digits", options, BUFFER_SIZE);
}

static inline void close_stream(void)
{
    must(file_stream_close(stream), "close");
    stream = NULL;
}

static inline void seek_to(int64_t offset)
{
    must(file_stream_seek(stream, offset, FILE_BEGIN, NULL), "seek");
}

static inline void write_here(const char *text)
{
    must(file_stream_write(stream, text, strlen(text)), "write");
}

/* Reads up to `length` bytes, at most 100, and prints them. */
static inline void say_read(size_t length)
{
    char bytes[100];
    size_t count;
    must(file_stream_read(stream, bytes, length, &count), "read");
    say("read '%.*s'", (int)count, bytes);
}

static inline void say_position(void)
{
    uint64_t position;
    must(file_stream_position(stream, &position), "ask for the position");
    say("position %llu", position);
}

/* ---- The pipe ---------------------------------------------------------- */

/* A pipe that no other process has. */
static inline const wchar_t *own_pipe(void)
{
    static wchar_t name[64];
    swprintf(name, 64, L"\\\\.\\pipe\\stream-probe-%lu", GetCurrentProcessId());
    return name;
}

/* Creates the end that the stream is not at. */
static inline HANDLE create_server(const wchar_t *name, DWORD type)
{
    HANDLE created = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, type, 1,
                                      1 << 16, 1 << 16, 0, NULL);
    check(created != INVALID_HANDLE_VALUE, "create", name);
    return created;
}

/* ---- Packets ----------------------------------------------------------- */

/* Completes an I/O of the pool as the kernel does: the result, then a packet.
 */
static inline void complete(OVERLAPPED *overlapped, DWORD error, DWORD bytes)
{
    enum { KEY_OF_FILES = 1 };
    DWORD status = 0xC0000001; /* STATUS_UNSUCCESSFUL */
    if (error == ERROR_SUCCESS)
        status = 0;
    else if (error == ERROR_HANDLE_EOF)
        status = 0xC0000011;
    else if (error == ERROR_OPERATION_ABORTED)
        status = 0xC0000120;
    overlapped->InternalHigh = bytes;
    overlapped->Internal = status;
    queue_packet(pool.port, KEY_OF_FILES, overlapped, status, bytes);
}

#endif
