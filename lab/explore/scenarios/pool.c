/*
 * Scenarios of the pool. Each has a pool of two workers, and one file. At the
 * end the file is closed, the pool is stopped, and each request that was
 * started has had one callback.
 */
#include "../../../final/pool.h"
#include "scenarios.h"

static struct pool kept, *pool = &kept;
static struct bound_file file;
static char buffers[4][64];
static LONG volatile queued, called, closed;

/* ---- Reads -------------------------------------------------------------- */

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)error, (void)bytes;
    InterlockedIncrement(&called);
    must(overlapped_free(CONTAINING_RECORD(overlapped, struct request,
                                           overlapped)) == ERROR_SUCCESS);
}

static struct request *pack(io_completion_callback *callback, unsigned buffer)
{
    struct request *request = overlapped_pack(callback, NULL, buffers[buffer],
                                              sizeof buffers[buffer], 0);
    must(request != NULL);
    return request;
}

/* Whoever holds the request afterwards has freed it, or will. */
static void submit(struct request *request)
{
    struct submission read = bound_file_read(&file, request);
    if (read.outcome == IO_QUEUED)
        InterlockedIncrement(&queued);
    else
        must(overlapped_free(request) == ERROR_SUCCESS);
}

/* ---- Submit, cancel, close, stop ---------------------------------------- */

/* In each of these, main submits, because a new thread begins later: so few
 * preemptions lead to the interesting orders. */

struct cancellation {
    uint64_t ticket;
    DWORD error;
};

static unsigned __stdcall cancel(void *argument)
{
    struct cancellation *cancellation = argument;
    cancellation->error = bound_file_cancel(&file, cancellation->ticket);
    must(cancellation->error == ERROR_SUCCESS ||
         cancellation->error == ERROR_NOT_FOUND);
    return 0;
}

/* If the pool has found the request, the I/O ends. */
static void submit_cancel(void)
{
    struct request *request = pack(on_read, 0);
    struct cancellation cancellation = {.ticket = request->ticket};
    HANDLE other = start(cancel, &cancellation);
    submit(request);
    join(other);
    if (cancellation.error == ERROR_SUCCESS)
        must(bound_file_wait_idle(&file, INFINITE) == ERROR_SUCCESS);
}

static unsigned __stdcall cancel_all(void *unused)
{
    (void)unused;
    bound_file_cancel_all(&file);
    return 0;
}

static void cancel_close(void)
{
    HANDLE other = start(cancel_all, NULL);
    submit(pack(on_read, 0));
    must(bound_file_close(&file) == ERROR_SUCCESS);
    must(called == queued);
    join(other);
}

static unsigned __stdcall close_file(void *unused)
{
    (void)unused;
    must(bound_file_close(&file) == ERROR_SUCCESS);
    return 0;
}

static void close_submit(void)
{
    HANDLE other = start(close_file, NULL);
    submit(pack(on_read, 0));
    join(other);
    must(called == queued);
}

/* When it returns, the caller may free the pool. */
static unsigned __stdcall stop(void *unused)
{
    (void)unused;
    must(pool_stop(pool, POOL_CANCEL) == ERROR_SUCCESS);
    must(pool->state == POOL_STOPPED);
    return 0;
}

static void stop_submit(void)
{
    HANDLE other = start(stop, NULL);
    submit(pack(on_read, 0));
    join(other);
}

static void two_stops(void)
{
    submit(pack(on_read, 0));
    HANDLE other = start(stop, NULL);
    must(pool_stop(pool, POOL_DRAIN) == ERROR_SUCCESS);
    must(pool->state == POOL_STOPPED);
    join(other);
}

static HANDLE was_called;

static void on_awaited(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    on_read(error, bytes, overlapped);
    must(SetEvent(was_called));
}

static unsigned __stdcall read_once(void *unused)
{
    (void)unused;
    submit(pack(on_awaited, 0));
    return 0;
}

/* The callback has run, but the call that started its I/O may still run in the
 * other thread. The close and the stop wait for this call, too. */
static void submit_free(void)
{
    was_called = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE other = start(read_once, NULL);
    must(WaitForSingleObject(was_called, INFINITE) == WAIT_OBJECT_0);
    must(bound_file_close(&file) == ERROR_SUCCESS);
    must(pool_stop(pool, POOL_DRAIN) == ERROR_SUCCESS);
    free(pool);
    join(other);
    CloseHandle(was_called);
}

/* ---- Inside callbacks --------------------------------------------------- */

static void stop_inside(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    must(pool_stop(pool, POOL_CANCEL) == ERROR_POSSIBLE_DEADLOCK);
    on_read(error, bytes, overlapped);
}

static void stop_in_callback(void)
{
    submit(pack(stop_inside, 0));
    must(pool_stop(pool, POOL_CANCEL) == ERROR_SUCCESS);
}

static void on_closed(struct bound_file *which, DWORD error)
{
    (void)which;
    must(error == ERROR_SUCCESS);
    InterlockedIncrement(&closed);
}

static void close_inside(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    must(bound_file_close_later(&file, on_closed) == ERROR_SUCCESS);
    on_read(error, bytes, overlapped);
}

static void close_in_callback(void)
{
    submit(pack(close_inside, 0));
    must(pool_stop(pool, POOL_DRAIN) == ERROR_SUCCESS);
    must(closed == 1);
}

static void read_again(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    static LONG volatile again;
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    if (InterlockedIncrement(&again) > 1) {
        on_read(error, bytes, overlapped);
        return;
    }
    InterlockedIncrement(&called);
    must(overlapped_reset(request, bytes) == ERROR_SUCCESS);
    submit(request);
}

static void again_close(void)
{
    submit(pack(read_again, 0));
    must(bound_file_close(&file) == ERROR_SUCCESS);
    must(called == queued);
}

/* ---- Time, work, waiting ------------------------------------------------ */

static void timeout(void)
{
    struct request *request = pack(on_read, 0);
    request->timeout = 10;
    submit(request);
    must(pool_wait_idle(pool, INFINITE) == ERROR_SUCCESS);
}

static void on_timeout(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    must(error == ERROR_TIMEOUT);
    on_read(error, bytes, overlapped);
}

/* The timer already waits for the long timeout when the short one comes. */
static void two_timeouts(void)
{
    struct request *slow = pack(on_timeout, 0), *fast = pack(on_timeout, 1);
    slow->timeout = 100;
    fast->timeout = 10;
    submit(slow);
    submit(fast);
    must(pool_wait_idle(pool, INFINITE) == ERROR_SUCCESS);
}

/* When the second read begins, the timer waits without a timeout. */
static void next_timeout(void)
{
    for (unsigned i = 0; i < 2; i++) {
        struct request *request = pack(on_timeout, i);
        request->timeout = 10;
        submit(request);
        must(pool_wait_idle(pool, INFINITE) == ERROR_SUCCESS);
    }
}

static void on_work(void *unused)
{
    (void)unused;
    InterlockedIncrement(&called);
}

static void queue_work(void)
{
    if (pool_queue_work(pool, on_work, NULL) == ERROR_SUCCESS)
        InterlockedIncrement(&queued);
}

static void work_stop(void)
{
    HANDLE other = start(stop, NULL);
    queue_work();
    join(other);
}

static void sync_close(void)
{
    DWORD bytes;
    HANDLE other = start(close_file, NULL);
    DWORD error =
        bound_file_read_sync(&file, buffers[1], sizeof buffers[1], 0, &bytes);
    must(error == ERROR_SUCCESS || error == ERROR_OPERATION_ABORTED ||
         error == ERROR_INVALID_HANDLE);
    join(other);
}

static void wait_idle(void)
{
    submit(pack(on_read, 0));
    submit(pack(on_read, 1));
    must(bound_file_wait_idle(&file, INFINITE) == ERROR_SUCCESS);
    must(called == 2);
}

/* ---- All ---------------------------------------------------------------- */

static const struct scenario all[] = {
    {L"submit-cancel", submit_cancel},
    {L"submit-cancel-endless", submit_cancel},
    {L"cancel-close", cancel_close},
    {L"close-submit", close_submit},
    {L"stop-submit", stop_submit},
    {L"two-stops", two_stops},
    {L"stop-in-callback", stop_in_callback},
    {L"close-in-callback", close_in_callback},
    {L"again-close", again_close},
    {L"timeout", timeout},
    {L"two-timeouts", two_timeouts},
    {L"next-timeout", next_timeout},
    {L"work-stop", work_stop},
    {L"sync-close", sync_close},
    {L"wait-idle", wait_idle},
    {NULL, NULL},
};

static void begin(const wchar_t *path)
{
    HANDLE handle = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL,
                                OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    must(handle != INVALID_HANDLE_VALUE);
    must(pool_create(pool, 2, 0) == ERROR_SUCCESS);
    must(pool_bind_handle(pool, handle, 0, &file) == ERROR_SUCCESS);
}

/* The file, the pool, or both may be closed already. */
static void end(void)
{
    DWORD error = bound_file_close(&file);
    must(error == ERROR_SUCCESS || error == ERROR_INVALID_HANDLE);
    must(pool_stop(pool, POOL_DRAIN) == ERROR_SUCCESS);
    struct pool_counters counters = pool_counters(pool);
    must(queued == called && counters.live == 0 && counters.stray == 0);
}

const struct scenarios pool_scenarios = {begin, end, all};

/* ---- A pool that is freed ----------------------------------------------- */

/* Only here, the pool comes from malloc, so that each use after the free
 * crashes. In the other scenarios the requests would get other addresses: then
 * pool_cancel_all finds them later, and there are more orders. */
static const struct scenario freed[] = {{L"submit-free", submit_free},
                                        {NULL, NULL}};

static void begin_on_heap(const wchar_t *path)
{
    pool = malloc(sizeof *pool);
    must(pool != NULL);
    begin(path);
}

/* A file without its pool cannot be used any more. */
static void end_without_pool(void)
{
    must(queued == called);
}

const struct scenarios freed_pool_scenarios = {begin_on_heap, end_without_pool,
                                               freed};
