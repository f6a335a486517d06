/* Step 5: call ReadFile, until the end of the file.
 * main asks for the first read, and each callback for the one that follows what
 * came, until one meets the end and wakes main. .NET: FileStream.ReadAsync. */
#include "report.h"

#include <windows.h>

#include <assert.h>
#include <ctype.h>
#include <process.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

const wchar_t program[] = L"step5-readfile";

/* INVALID_HANDLE_VALUE, not NULL, is its failure: see GetLastError. As in .NET,
 * the server of a pipe may not act in our name: SECURITY_ANONYMOUS. */
static HANDLE open_overlapped(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    return CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | anonymous, NULL);
}

/* .NET: IOCompletionCallback. ReadFileEx's parameters, but this is no APC. */
typedef void io_completion_callback(DWORD error, DWORD bytes,
                                    OVERLAPPED *overlapped);

/* Whose is it? In flight, the kernel's: not to be used again, nor freed. */
enum request_state { REQUEST_IDLE, REQUEST_IN_FLIGHT };

/* All about one I/O, in one piece of memory. .NET: Overlapped. */
struct request {
    OVERLAPPED overlapped;
    io_completion_callback *callback;
    void *context; /* the callback's own: what a delegate captures */
    void *buffer;  /* pinned: not freed or moved while in flight */
    DWORD length;
    enum request_state state;
};

/* Readies an idle request for its next use. The whole OVERLAPPED is set, the
 * rest to zero: nothing of the last use may reach the next. */
static void overlapped_reset(struct request *request, uint64_t offset)
{
    assert(request->state == REQUEST_IDLE);
    request->overlapped =
        (OVERLAPPED){.Offset = (DWORD)offset, /* both halves, or 4 GiB is 0 */
                     .OffsetHigh = (DWORD)(offset >> 32)};
}

/* NULL: no memory. The caller owns the request until it is in flight. */
static struct request *overlapped_pack(io_completion_callback *callback,
                                       void *context, void *buffer,
                                       DWORD length, uint64_t offset)
{
    struct request *request = malloc(sizeof *request);
    if (request == NULL)
        return NULL;
    *request = (struct request){.callback = callback,
                                .context = context,
                                .buffer = buffer,
                                .length = length};
    overlapped_reset(request, offset);
    return request;
}

static void overlapped_free(struct request *request)
{
    assert(request->state == REQUEST_IDLE);
    free(request);
}

/* Completion keys: of the I/O on bound handles, of the order to leave. */
enum completion_key { KEY_IO, KEY_STOP };

struct pool {
    HANDLE port;
    HANDLE *workers;
    unsigned worker_count;
};

static unsigned __stdcall worker(void *argument)
{
    struct pool *pool = argument;
    actor = "worker";
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped = NULL;
        BOOL ok = GetQueuedCompletionStatus(pool->port, &bytes, &key,
                                            &overlapped, INFINITE);
        DWORD error = ok ? ERROR_SUCCESS : GetLastError();
        /* No packet, and with INFINITE no timeout: the port itself failed. */
        check(ok || overlapped != NULL, "take a packet from", L"port");
        if (key == KEY_STOP)
            return 0;
        /* A packet came; if !ok, of an I/O that failed. With the call the
         * request becomes the callback's, which may free it. */
        struct request *request =
            CONTAINING_RECORD(overlapped, struct request, overlapped);
        request->state = REQUEST_IDLE;
        request->callback(error, bytes, overlapped);
    }
}

/* Call it with nothing in flight. Each worker takes one sentinel and leaves;
 * only then, with nobody waiting on it, the port is closed. */
static void pool_stop(struct pool *pool)
{
    for (unsigned i = 0; i < pool->worker_count; i++)
        check(PostQueuedCompletionStatus(pool->port, 0, KEY_STOP, NULL),
              "post to", L"port");
    for (unsigned i = 0; i < pool->worker_count; i++) {
        check(WaitForSingleObject(pool->workers[i], INFINITE) == WAIT_OBJECT_0,
              "wait for", L"worker");
        check(CloseHandle(pool->workers[i]), "close", L"worker");
    }
    free(pool->workers);
    check(CloseHandle(pool->port), "close", L"port");
}

/* threads: 0 for 2 x processors. Returns 0 or a Win32 error. */
static DWORD pool_create(struct pool *pool, unsigned threads)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    if (threads == 0)
        threads = 2 * system.dwNumberOfProcessors;
    *pool = (struct pool){
        .port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0)};
    if (pool->port == NULL) /* here NULL is the failure */
        return GetLastError();
    pool->workers = calloc(threads, sizeof *pool->workers);
    DWORD error = pool->workers ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    while (error == ERROR_SUCCESS && pool->worker_count < threads) {
        uintptr_t thread = _beginthreadex(NULL, 0, worker, pool, 0, NULL);
        if (thread != 0)
            pool->workers[pool->worker_count++] = (HANDLE)thread;
        else
            error = _doserrno != 0 ? _doserrno : ERROR_NOT_ENOUGH_MEMORY;
    }
    if (error != ERROR_SUCCESS)
        pool_stop(pool);
    return error;
}

/* From now on each I/O that the handle accepts ends as a packet in the port. It
 * must be overlapped; it is bound for good. Returns 0 or a Win32 error. */
static DWORD pool_bind_handle(struct pool *pool, HANDLE handle)
{
    HANDLE port = CreateIoCompletionPort(handle, pool->port, KEY_IO, 0);
    return port != NULL ? ERROR_SUCCESS : GetLastError();
}

/* Queued: a packet comes, perhaps has come: hands off the request. Done (the
 * end, at once) and failed: no packet comes, and the request is still ours. */
enum io_outcome { IO_QUEUED, IO_DONE, IO_FAILED };

static bool is_end_of_file(DWORD error)
{
    return error == ERROR_HANDLE_EOF || error == ERROR_BROKEN_PIPE;
}

static enum io_outcome overlapped_read(HANDLE file, struct request *request,
                                       DWORD *error)
{
    OVERLAPPED *at = &request->overlapped;
    uint64_t offset = (uint64_t)at->OffsetHigh << 32 | at->Offset;
    *error = ERROR_INVALID_PARAMETER;
    if (offset > (uint64_t)INT64_MAX - request->length)
        return IO_FAILED;
    request->state = REQUEST_IN_FLIGHT;
    /* NULL, since the packet tells how many bytes came. */
    if (ReadFile(file, request->buffer, request->length, NULL, at))
        return IO_QUEUED; /* even then a packet comes */
    *error = GetLastError();
    if (*error == ERROR_IO_PENDING || *error == ERROR_MORE_DATA)
        return IO_QUEUED; /* the second is a warning, not a failure */
    at->Internal = 0;     /* it may still say "pending" */
    request->state = REQUEST_IDLE;
    return is_end_of_file(*error) ? IO_DONE : IO_FAILED;
}

struct reader {
    HANDLE file;
    bool seekable;     /* a pipe is not: no offset means anything there */
    uint64_t position; /* of the read in flight */
    uint64_t bytes;
    unsigned reads; /* that brought bytes */
    DWORD error;
    HANDLE finished; /* an event: nothing is in flight any more */
    unsigned char data[32768];
};

static void finish(struct reader *reader, struct request *request, DWORD error)
{
    reader->error = is_end_of_file(error) ? ERROR_SUCCESS : error;
    if (reader->error == ERROR_SUCCESS)
        say("end of file");
    overlapped_free(request);
    check(SetEvent(reader->finished), "set", L"event"); /* now it is main's */
}

static void read_next(struct reader *reader, struct request *request)
{
    DWORD error;
    say("reading at offset %llu", reader->position);
    overlapped_reset(request, reader->seekable ? reader->position : 0);
    if (overlapped_read(reader->file, request, &error) != IO_QUEUED)
        finish(reader, request, error);
}

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct reader *reader = request->context;
    if (bytes > 0) {
        char text[17] = ""; /* what is not printable, as a dot */
        for (DWORD i = 0; i < bytes && i < sizeof text - 1; i++)
            text[i] = (char)(isprint(reader->data[i]) ? reader->data[i] : '.');
        say("read %lu bytes at offset %llu: %s", bytes, reader->position, text);
        reader->position += bytes; /* that came, not that were asked for */
        reader->bytes += bytes;
        reader->reads++;
    }
    /* In a pipe, 0 bytes and no error is a write of nothing, not the end. */
    if (error == ERROR_MORE_DATA ||
        (error == ERROR_SUCCESS && (bytes > 0 || !reader->seekable)))
        read_next(reader, request);
    else
        finish(reader, request, error);
}

/* Asks for the first read; the callbacks do the rest. */
static int show(HANDLE file, const wchar_t *path, struct reader *reader)
{
    reader->file = file;
    reader->seekable = GetFileType(file) == FILE_TYPE_DISK;
    if (!reader->seekable && (reader->position != 0 ||
                              !GetNamedPipeInfo(file, NULL, NULL, NULL, NULL)))
        return report("read", path, ERROR_NOT_SUPPORTED);
    reader->finished = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (reader->finished == NULL)
        return report("create", L"event", GetLastError());
    struct request *request =
        overlapped_pack(on_read, reader, reader->data, sizeof reader->data, 0);
    reader->error = ERROR_NOT_ENOUGH_MEMORY; /* unless there is a request */
    if (request != NULL) {
        say("asking for the first read, then only waiting");
        read_next(reader, request);
        check(WaitForSingleObject(reader->finished, INFINITE) == WAIT_OBJECT_0,
              "wait for", L"event");
    }
    check(CloseHandle(reader->finished), "close", L"event");
    return reader->error == ERROR_SUCCESS ? EXIT_SUCCESS
                                          : report("read", path, reader->error);
}

static int with_file(struct pool *pool, const wchar_t *path,
                     struct reader *reader)
{
    HANDLE file = open_overlapped(path);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", path, GetLastError());
    DWORD error = pool_bind_handle(pool, file);
    int status = error == ERROR_SUCCESS ? show(file, path, reader)
                                        : report("bind", path, error);
    check(CloseHandle(file), "close", path);
    return status;
}

/* Digits only: wcstoull alone would also take " 1", "-1" and "1x". */
static bool parse_offset(const wchar_t *text, uint64_t *offset)
{
    wchar_t *end;
    *offset = wcstoull(text, &end, 10); /* too large: ULLONG_MAX */
    return iswdigit(*text) && *end == L'\0' && *offset <= INT64_MAX;
}

int wmain(int argc, wchar_t **argv)
{
    struct reader reader = {0};
    if (argc < 2 || argc > 3 ||
        (argc == 3 && !parse_offset(argv[2], &reader.position))) {
        fprintf(stderr, "usage: %ls FILE [OFFSET]\n", program);
        return 2;
    }
    struct pool pool;
    DWORD error = pool_create(&pool, 0);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    int status = with_file(&pool, argv[1], &reader);
    pool_stop(&pool);
    if (status == EXIT_SUCCESS)
        say("done: %llu bytes in %u reads", reader.bytes, reader.reads);
    return status;
}
