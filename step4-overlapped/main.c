/* Step 4: pack callback, buffer and offset into one OVERLAPPED request.
 * A program passes the address of an OVERLAPPED with each I/O, and the packet
 * of that I/O brings the same address back. So the program keeps everything
 * about the I/O around that OVERLAPPED, in one struct request. Two requests
 * come back in reverse order, and each finds its own callback, buffer and
 * 64-bit offset. .NET: Overlapped.Pack and Overlapped.Free. */
#include "report.h"

#include <assert.h>
#include <process.h>
#include <stdint.h>
#include <string.h>

const wchar_t program[] = L"step4-overlapped";

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

/* ---- What this step shows ---- */

static LONG packed, freed;

static void show_packet(const char *name, DWORD error, DWORD bytes,
                        OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    HANDLE called = request->context;
    say("%s: error %lu, %lu bytes in '%s', high half %lu, low half %lu", name,
        error, bytes, (const char *)request->buffer, overlapped->OffsetHigh,
        overlapped->Offset);
    overlapped_free(request); /* the callback owns it */
    InterlockedIncrement(&freed);
    check(SetEvent(called), "set", L"event");
}

static void on_first(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    show_packet("on_first", error, bytes, overlapped);
}

static void on_second(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    show_packet("on_second", error, bytes, overlapped);
}

static struct request *pack_and_say(io_completion_callback *callback,
                                    HANDLE called, char *buffer,
                                    uint64_t offset)
{
    say("packing offset %llu with '%s'", offset, buffer);
    struct request *request = overlapped_pack(callback, called, buffer,
                                              (DWORD)strlen(buffer), offset);
    if (request != NULL)
        packed++; /* only main writes it */
    return request;
}

/* Posts by hand the packet that the kernel queues when an I/O completes, and
 * waits for the callback. After the post, main does not own the request. */
static void post_by_hand(struct pool *pool, struct request *request,
                         HANDLE called)
{
    say("posting the packet of '%s'", (const char *)request->buffer);
    request->state = REQUEST_IN_FLIGHT;
    check(PostQueuedCompletionStatus(pool->port, request->length, KEY_IO,
                                     &request->overlapped),
          "post to", L"port");
    check(WaitForSingleObject(called, INFINITE) == WAIT_OBJECT_0, "wait for",
          L"event");
}

static int show(struct pool *pool)
{
    char buffers[2][16] = {"first buffer", "second buffer"};
    HANDLE called = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (called == NULL)
        return report("create", L"event", GetLastError());
    int status = EXIT_SUCCESS;
    struct request *first = pack_and_say(on_first, called, buffers[0], 64);
    struct request *second =
        pack_and_say(on_second, called, buffers[1], (4ULL << 30) + 64);
    if (first != NULL && second != NULL) {
        post_by_hand(pool, second, called);
        post_by_hand(pool, first, called);
        say("packed %ld, freed %ld", packed, freed);
    } else {
        if (first != NULL)
            overlapped_free(first);
        if (second != NULL)
            overlapped_free(second);
        status = report("pack", L"request", ERROR_NOT_ENOUGH_MEMORY);
    }
    check(CloseHandle(called), "close", L"event");
    return status;
}

static int with_file(struct pool *pool, const wchar_t *path)
{
    HANDLE file = open_overlapped(path);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", path, GetLastError());
    DWORD error = pool_bind_handle(pool, file);
    int status =
        error == ERROR_SUCCESS ? show(pool) : report("bind", path, error);
    check(CloseHandle(file), "close", path);
    return status;
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %ls FILE\n", program);
        return 2;
    }
    struct pool pool;
    DWORD error = pool_create(&pool);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    int status = with_file(&pool, argv[1]);
    pool_stop(&pool);
    if (status == EXIT_SUCCESS)
        say("done");
    return status;
}
