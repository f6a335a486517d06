#include "pool.h"
#include "report.h"

#include <process.h>
#include <stdlib.h>

/* The completion key tells what a packet is: an I/O on a bound handle, or the
 * order to leave. Often it points to data about the handle; here the request
 * holds all that is needed. */
enum completion_key { KEY_IO, KEY_STOP };

/* Calls the callback of a packet's request, and does not touch it again. */
static void dispatch(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    request->state = REQUEST_IDLE;
    request->callback(error, bytes, overlapped);
}

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
        if (key == KEY_IO && overlapped != NULL) /* otherwise nobody's */
            dispatch(error, bytes, overlapped);
    }
}

DWORD pool_create(struct pool *pool, unsigned threads)
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

DWORD pool_bind_handle(struct pool *pool, HANDLE handle)
{
    HANDLE port = CreateIoCompletionPort(handle, pool->port, KEY_IO, 0);
    return port != NULL ? ERROR_SUCCESS : GetLastError();
}

/* Each worker takes one sentinel and leaves; only then, with nobody waiting on
 * it, the port is closed. */
void pool_stop(struct pool *pool)
{
    for (unsigned i = 0; i < pool->worker_count; i++)
        check(PostQueuedCompletionStatus(pool->port, 0, KEY_STOP, NULL),
              "post to", L"port");
    for (unsigned i = 0; i < pool->worker_count; i++) {
        /* clang-tidy does not see that no array means a count of 0.
         * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        check(WaitForSingleObject(pool->workers[i], INFINITE) == WAIT_OBJECT_0,
              "wait for", L"worker");
        check(CloseHandle(pool->workers[i]), "close", L"worker");
    }
    free(pool->workers);
    check(CloseHandle(pool->port), "close", L"port");
}
