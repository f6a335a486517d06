/* What the five steps have built: the pool, the packed request, and a read.
 * After the #includes, this is a part of step5-readfile/main.c, to the letter;
 * a test compares the two. */
#ifndef STEP5_H
#define STEP5_H

#include "report.h"

#include <assert.h>
#include <process.h>
#include <stdint.h>

/* Returns INVALID_HANDLE_VALUE, not NULL, if it fails. SECURITY_ANONYMOUS, as
 * in .NET: if the file is a pipe, its server cannot act as this user. */
static HANDLE open_overlapped(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    return CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | anonymous, NULL);
}

/* A worker calls it with a packet. .NET: IOCompletionCallback. */
typedef void io_completion_callback(DWORD error, DWORD bytes,
                                    OVERLAPPED *overlapped);

/* In flight, the kernel owns the request: do not use it, do not free it. */
enum request_state { REQUEST_IDLE, REQUEST_IN_FLIGHT };

/* Everything about one I/O, in one piece of memory. .NET: Overlapped. */
struct request {
    OVERLAPPED overlapped;
    io_completion_callback *callback;
    void *context; /* for the callback; .NET: a delegate captures it */
    void *buffer;  /* pinned: not freed or moved while in flight */
    DWORD length;
    enum request_state state;
};

/* Sets the whole OVERLAPPED, so that no value of the last use stays in it. */
static void overlapped_reset(struct request *request, uint64_t offset)
{
    assert(request->state == REQUEST_IDLE);
    request->overlapped =
        (OVERLAPPED){.Offset = (DWORD)offset, /* 4 GiB needs the high half */
                     .OffsetHigh = (DWORD)(offset >> 32)};
}

/* NULL means no memory. The caller owns the request until it is in flight. */
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

enum completion_key { KEY_IO, KEY_STOP }; /* KEY_STOP makes a worker exit */

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
        /* If no packet came (INFINITE: no timeout), the port itself failed. */
        check(ok || overlapped != NULL, "take a packet from", L"port");
        if (key == KEY_STOP)
            return 0;
        /* A packet came. If ok is FALSE, its I/O failed. The callback owns the
         * request as soon as it is called, and may free the request. */
        struct request *request =
            CONTAINING_RECORD(overlapped, struct request, overlapped);
        request->state = REQUEST_IDLE;
        request->callback(error, bytes, overlapped);
    }
}

/* Call it when nothing is in flight. Each worker takes one KEY_STOP packet and
 * exits. Then no thread waits for the port, and it can be closed. */
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

/* Starts two threads for each processor. Returns 0 or a Win32 error. */
static DWORD pool_create(struct pool *pool)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    unsigned threads = 2 * system.dwNumberOfProcessors;
    *pool = (struct pool){
        .port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0)};
    if (pool->port == NULL) /* this call fails with NULL */
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

/* Binds an overlapped handle permanently. Each later I/O on it queues a packet,
 * unless it fails immediately. Returns 0 or a Win32 error. */
static DWORD pool_bind_handle(struct pool *pool, HANDLE handle)
{
    HANDLE port = CreateIoCompletionPort(handle, pool->port, KEY_IO, 0);
    return port != NULL ? ERROR_SUCCESS : GetLastError();
}

/* IO_QUEUED: a packet comes or has come; do not touch the request. IO_DONE (end
 * of file) and IO_FAILED: no packet comes, and the caller owns the request. */
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
    /* NULL: the packet reports how many bytes came. */
    if (ReadFile(file, request->buffer, request->length, NULL, at))
        return IO_QUEUED; /* a packet comes here, too */
    *error = GetLastError();
    if (*error == ERROR_IO_PENDING || *error == ERROR_MORE_DATA)
        return IO_QUEUED; /* ERROR_MORE_DATA is only a warning */
    at->Internal = 0;     /* it may still say "pending" */
    request->state = REQUEST_IDLE;
    return is_end_of_file(*error) ? IO_DONE : IO_FAILED;
}

#endif
