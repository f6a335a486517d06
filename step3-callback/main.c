/* Step 3: give the pool its threads, and a callback for them to call.
 * A thread pool is a loop around the queue of step 2: each worker takes out a
 * packet and calls the callback with it. main posts two packets by hand: a
 * success and a failure. An OVERLAPPED is still only an address: the callback
 * cannot know which I/O a packet is about. .NET: IOCompletionCallback. */
#include "report.h"

#include <process.h>
#include <stdint.h>
#include <winternl.h>

const wchar_t program[] = L"step3-callback";

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

enum completion_key { KEY_IO, KEY_STOP }; /* KEY_STOP makes a worker exit */

struct pool {
    io_completion_callback *callback; /* one for all packets */
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
        /* A packet came. If ok is FALSE, its I/O failed. */
        pool->callback(error, bytes, overlapped);
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
static DWORD pool_create(struct pool *pool, io_completion_callback *callback)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    unsigned threads = 2 * system.dwNumberOfProcessors;
    *pool = (struct pool){
        .callback = callback,
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

static HANDLE called; /* an event: the callback has run */

static void on_packet(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)overlapped; /* only an address: step 4 makes use of it */
    if (error == ERROR_SUCCESS)
        say("callback: success, %lu bytes", bytes);
    else
        say("callback: failure (error %lu), %lu bytes", error, bytes);
    check(SetEvent(called), "set", L"event");
}

/* PostQueuedCompletionStatus calls this undocumented function, which also takes
 * a status: it can post the packet of a failed I/O. */
NTSTATUS NTAPI NtSetIoCompletion(HANDLE port, ULONG_PTR key,
                                 ULONG_PTR overlapped, NTSTATUS status,
                                 ULONG_PTR bytes);

static void wait_until_called(void)
{
    check(WaitForSingleObject(called, INFINITE) == WAIT_OBJECT_0, "wait for",
          L"event");
}

static int show(struct pool *pool)
{
    const NTSTATUS device_data_error = (NTSTATUS)0xC000009C; /* a bad sector */
    OVERLAPPED packet = {0};

    called = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (called == NULL)
        return report("create", L"event", GetLastError());
    say("posting a success with 42 bytes");
    check(PostQueuedCompletionStatus(pool->port, 42, KEY_IO, &packet),
          "post to", L"port");
    wait_until_called();
    say("posting a failure with 0 bytes");
    NTSTATUS status = NtSetIoCompletion(pool->port, KEY_IO, (ULONG_PTR)&packet,
                                        device_data_error, 0);
    if (status == 0)
        wait_until_called();
    check(CloseHandle(called), "close", L"event");
    return status == 0
               ? EXIT_SUCCESS
               : report("post to", L"port", RtlNtStatusToDosError(status));
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
    DWORD error = pool_create(&pool, on_packet);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    int status = with_file(&pool, argv[1]);
    pool_stop(&pool);
    if (status == EXIT_SUCCESS)
        say("done");
    return status;
}
