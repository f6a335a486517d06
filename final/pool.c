#include "pool.h"

#include "error.h"

#include <process.h>
#include <stdio.h>
#include <stdlib.h>

/* The completion key says what a packet is: a request, or the sentinel that
 * makes a worker exit. A packet with any other key is stray. */
enum completion_key { KEY_REQUEST = 1, KEY_STOP };

enum { NO_DEADLINE = 0, NO_TICKET = 0 };

/* The pool whose worker this thread is. */
static _Thread_local const struct pool *own_pool;

/* ---- The table of requests in flight. The lock is held. ---------------- */

/* Returns the place of the pointer to this request, or the place where it would
 * be. Does not look into the OVERLAPPED: a stray packet's address may be
 * anything. */
static struct request **find(struct pool *pool, const OVERLAPPED *overlapped)
{
    uint32_t mixed = (uint32_t)((uintptr_t)overlapped >> 4) * 2654435769U;
    struct request **at = &pool->in_flight[mixed >> 24];
    while (*at != NULL && &(*at)->overlapped != overlapped)
        at = &(*at)->next;
    return at;
}

static void put_in(struct pool *pool, struct bound_file *file,
                   struct request *request)
{
    struct request **at = find(pool, &request->overlapped);
    request->state = REQUEST_IN_FLIGHT;
    request->file = file;
    request->next = NULL;
    request->cancelled = request->timed_out = false;
    *at = request;
    pool->counters.issued++;
    pool->counters.live++;
    if (pool->counters.peak < pool->counters.live)
        pool->counters.peak = pool->counters.live;
}

/* Counts one completed I/O or queued request. */
static void count_completion(struct pool_counters *counters,
                             const struct request *request, DWORD error)
{
    switch (overlapped_status(error)) {
    case IO_STATUS_SUCCESS:
    case IO_STATUS_MORE_DATA:
        counters->completed++;
        break;
    case IO_STATUS_END_OF_FILE: /* for a write a failure */
        if (request->writes)
            counters->failed++;
        else
            counters->completed++;
        break;
    case IO_STATUS_CANCELLED:
        counters->cancelled++;
        break;
    case IO_STATUS_PENDING: /* no packet has this error */
    case IO_STATUS_FAILED:
        counters->failed++;
        break;
    }
}

/* Gives the request back to its holder. Returns the error for the holder. */
static DWORD take_out(struct pool *pool, struct request *request, DWORD error,
                      DWORD bytes)
{
    struct pool_counters *counters = &pool->counters;
    if (error == ERROR_OPERATION_ABORTED && request->timed_out)
        error = ERROR_TIMEOUT;
    *find(pool, &request->overlapped) = request->next;
    counters->live--;
    counters->bytes += bytes;
    count_completion(counters, request, error);
    request->ticket = NO_TICKET;
    request->state = REQUEST_IDLE;
    return error;
}

/* CancelIoEx only requests the cancellation: whatever it returns, the I/O still
 * queues its packet. The kernel may not know the request yet, because another
 * thread is just starting it. That thread sees the mark, and calls this
 * again. */
static void cancel(struct request *request)
{
    request->cancelled = true;
    CancelIoEx(request->file->handle, &request->overlapped);
}

/* Cancels every I/O of one file, or, for NULL, of the pool. */
static void cancel_every(struct pool *pool, const struct bound_file *file)
{
    for (size_t i = 0; i < POOL_BUCKETS; i++)
        for (struct request *at = pool->in_flight[i]; at; at = at->next)
            if (at->file != NULL && (file == NULL || at->file == file))
                cancel(at);
}

/* ---- Calls and callbacks that run or will run. The lock is held. ------- */

/* Until `leave`, pool_stop and bound_file_close wait. */
static void enter(struct pool *pool, struct bound_file *file)
{
    pool->pending++;
    if (file != NULL)
        file->pending++;
}

static void leave(struct pool *pool, struct bound_file *file)
{
    bool last = --pool->pending == 0;
    if (file != NULL && --file->pending == 0)
        last = true;
    if (last)
        WakeAllConditionVariable(&pool->changed);
}

/* Waits until the count is 0; returns false if the timeout comes first. */
static bool wait_for_none(struct pool *pool, const unsigned *pending,
                          DWORD timeout)
{
    ULONGLONG start = GetTickCount64();
    while (*pending > 0) {
        ULONGLONG waited = GetTickCount64() - start;
        if (timeout != INFINITE && waited >= timeout)
            return false;
        DWORD rest = timeout == INFINITE ? INFINITE : timeout - (DWORD)waited;
        BOOL woken =
            SleepConditionVariableSRW(&pool->changed, &pool->lock, rest, 0);
        fatal_check(woken || GetLastError() == ERROR_TIMEOUT, "wait for",
                    "pool");
    }
    return true;
}

/* ---- Timeouts --------------------------------------------------------- */

/* Cancels every request whose deadline has passed; returns the next deadline. A
 * request that was cancelled before does not become a timeout, although its
 * packet may still wait in the port. */
static uint64_t cancel_late(struct pool *pool, uint64_t now)
{
    uint64_t next = NO_DEADLINE;
    for (size_t i = 0; i < POOL_BUCKETS; i++)
        for (struct request *at = pool->in_flight[i]; at; at = at->next) {
            if (at->deadline == NO_DEADLINE || at->cancelled)
                continue;
            if (at->deadline <= now) {
                at->timed_out = true;
                cancel(at);
            } else if (next == NO_DEADLINE || at->deadline < next) {
                next = at->deadline;
            }
        }
    return next;
}

/* Sleeps until the next deadline, and looks only then what is still in flight.
 * So a request that completes in time costs nothing here. */
static unsigned __stdcall timer(void *argument)
{
    struct pool *pool = argument;
    AcquireSRWLockExclusive(&pool->lock);
    while (pool->state == POOL_RUNNING || pool->pending > 0) {
        uint64_t now = GetTickCount64();
        DWORD rest = INFINITE;
        if (pool->next_deadline != NO_DEADLINE && pool->next_deadline <= now)
            pool->next_deadline = cancel_late(pool, now);
        if (pool->next_deadline != NO_DEADLINE)
            rest = (DWORD)(pool->next_deadline - now); /* at most a timeout */
        BOOL woken = SleepConditionVariableSRW(&pool->timer_changed,
                                               &pool->lock, rest, 0);
        fatal_check(woken || GetLastError() == ERROR_TIMEOUT, "wait for",
                    "timer");
    }
    ReleaseSRWLockExclusive(&pool->lock);
    return 0;
}

static DWORD start_thread(unsigned(__stdcall *routine)(void *),
                          struct pool *pool, HANDLE *thread)
{
    *thread = (HANDLE)_beginthreadex(NULL, 0, routine, pool, 0, NULL);
    if (*thread != NULL)
        return ERROR_SUCCESS;
    return _doserrno != 0 ? _doserrno : ERROR_NOT_ENOUGH_MEMORY;
}

static DWORD set_deadline(struct pool *pool, struct request *request)
{
    request->deadline = NO_DEADLINE;
    if (request->timeout == 0 || request->timeout == INFINITE)
        return ERROR_SUCCESS;
    if (pool->timer == NULL) {
        DWORD error = start_thread(timer, pool, &pool->timer);
        if (error != ERROR_SUCCESS)
            return error;
    }
    request->deadline = GetTickCount64() + request->timeout;
    if (pool->next_deadline == NO_DEADLINE ||
        request->deadline < pool->next_deadline) {
        pool->next_deadline = request->deadline;
        WakeConditionVariable(&pool->timer_changed);
    }
    return ERROR_SUCCESS;
}

/* ---- Workers ---------------------------------------------------------- */

/* Calls the callback of a packet's request. After that the request may be
 * freed, so dispatch does not touch it again. */
static void dispatch(struct pool *pool, DWORD error, DWORD bytes,
                     OVERLAPPED *overlapped)
{
    AcquireSRWLockExclusive(&pool->lock);
    struct request *request = *find(pool, overlapped);
    if (request == NULL) {
        pool->counters.stray++;
        ReleaseSRWLockExclusive(&pool->lock);
        return;
    }
    struct bound_file *file = request->file;
    error = take_out(pool, request, error, bytes);
    ReleaseSRWLockExclusive(&pool->lock);

    request->callback(error, bytes, overlapped);

    AcquireSRWLockExclusive(&pool->lock);
    leave(pool, file);
    ReleaseSRWLockExclusive(&pool->lock);
}

static unsigned __stdcall worker(void *argument)
{
    struct pool *pool = argument;
    own_pool = pool;
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped = NULL;
        BOOL ok = GetQueuedCompletionStatus(pool->port, &bytes, &key,
                                            &overlapped, INFINITE);
        DWORD error = ok ? ERROR_SUCCESS : GetLastError();
        /* No packet, and with INFINITE no timeout: the port has failed. */
        fatal_check(ok || overlapped != NULL, "take a packet from", "port");
        if (key == KEY_STOP)
            return 0;
        /* There is a packet; if !ok, its I/O failed. */
        dispatch(pool, error, bytes, key == KEY_REQUEST ? overlapped : NULL);
    }
}

/* ---- The pool --------------------------------------------------------- */

/* Each worker takes one sentinel and exits. The port is closed after that, when
 * no thread waits on it any more. */
static void end_threads(struct pool *pool)
{
    for (unsigned i = 0; i < pool->worker_count; i++)
        fatal_check(PostQueuedCompletionStatus(pool->port, 0, KEY_STOP, NULL),
                    "post to", "port");
    for (unsigned i = 0; i < pool->worker_count; i++) {
        /* clang-tidy does not see that without an array the count is 0.
         * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        fatal_check(WaitForSingleObject(pool->workers[i], INFINITE) ==
                        WAIT_OBJECT_0,
                    "wait for", "worker");
        fatal_check(CloseHandle(pool->workers[i]), "close", "worker");
    }
    free(pool->workers);
    fatal_check(CloseHandle(pool->port), "close", "port");
    if (pool->timer == NULL)
        return;
    WakeConditionVariable(&pool->timer_changed);
    fatal_check(WaitForSingleObject(pool->timer, INFINITE) == WAIT_OBJECT_0,
                "wait for", "timer");
    fatal_check(CloseHandle(pool->timer), "close", "timer");
}

DWORD pool_create(struct pool *pool, unsigned threads, unsigned concurrency)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    if (threads == 0)
        threads = 2 * system.dwNumberOfProcessors;
    *pool = (struct pool){.port = CreateIoCompletionPort(INVALID_HANDLE_VALUE,
                                                         NULL, 0, concurrency)};
    if (pool->port == NULL) /* here NULL is the failure */
        return GetLastError();
    pool->workers = calloc(threads, sizeof *pool->workers);
    DWORD error = pool->workers ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    while (error == ERROR_SUCCESS && pool->worker_count < threads) {
        error = start_thread(worker, pool, &pool->workers[pool->worker_count]);
        if (error == ERROR_SUCCESS)
            pool->worker_count++;
    }
    if (error == ERROR_SUCCESS)
        pool->state = POOL_RUNNING;
    else
        end_threads(pool);
    return error;
}

bool pool_is_worker(const struct pool *pool)
{
    return pool != NULL ? own_pool == pool : own_pool != NULL;
}

DWORD pool_stop(struct pool *pool, enum pool_stop_mode mode)
{
    if (pool_is_worker(pool))
        return ERROR_POSSIBLE_DEADLOCK;
    AcquireSRWLockExclusive(&pool->lock);
    if (mode == POOL_CANCEL) /* even if another thread drains it already */
        cancel_every(pool, NULL);
    if (pool->state == POOL_RUNNING) {
        pool->state = POOL_STOPPING;
        /* The sentinels come last, so no packet is left in the port. */
        wait_for_none(pool, &pool->pending, INFINITE);
        ReleaseSRWLockExclusive(&pool->lock);
        end_threads(pool);
        AcquireSRWLockExclusive(&pool->lock);
        pool->state = POOL_STOPPED;
        WakeAllConditionVariable(&pool->changed);
    }
    while (pool->state == POOL_STOPPING) /* another thread stops it */
        fatal_check(
            SleepConditionVariableSRW(&pool->changed, &pool->lock, INFINITE, 0),
            "wait for", "pool");
    ReleaseSRWLockExclusive(&pool->lock);
    return ERROR_SUCCESS;
}

void pool_cancel_all(struct pool *pool)
{
    AcquireSRWLockExclusive(&pool->lock);
    cancel_every(pool, NULL);
    ReleaseSRWLockExclusive(&pool->lock);
}

static DWORD wait_idle(struct pool *pool, const unsigned *pending,
                       DWORD timeout)
{
    if (pool_is_worker(pool))
        return ERROR_POSSIBLE_DEADLOCK;
    AcquireSRWLockExclusive(&pool->lock);
    bool idle = wait_for_none(pool, pending, timeout);
    ReleaseSRWLockExclusive(&pool->lock);
    return idle ? ERROR_SUCCESS : WAIT_TIMEOUT;
}

DWORD pool_wait_idle(struct pool *pool, DWORD timeout)
{
    return wait_idle(pool, &pool->pending, timeout);
}

struct pool_counters pool_counters(struct pool *pool)
{
    AcquireSRWLockExclusive(&pool->lock);
    struct pool_counters counters = pool->counters;
    ReleaseSRWLockExclusive(&pool->lock);
    return counters;
}

void pool_print_counters(struct pool *pool)
{
    struct pool_counters counters = pool_counters(pool);
    fprintf(stderr,
            "pool: issued %llu, completed %llu, failed %llu, cancelled %llu, "
            "live %llu, peak %llu, bytes %llu, stray %llu\n",
            counters.issued, counters.completed, counters.failed,
            counters.cancelled, counters.live, counters.peak, counters.bytes,
            counters.stray);
    fflush(stderr);
}

/* ---- Work without I/O ------------------------------------------------- */

DWORD pool_queue_request(struct pool *pool, struct request *request)
{
    DWORD error = ERROR_SUCCESS;
    AcquireSRWLockExclusive(&pool->lock);
    if (pool->state != POOL_RUNNING)
        error = ERROR_SHUTDOWN_IN_PROGRESS;
    else if (request->state != REQUEST_IDLE)
        error = ERROR_BUSY;
    else if (request->ticket == NO_TICKET || request->callback == NULL)
        error = ERROR_INVALID_PARAMETER;
    else if (!PostQueuedCompletionStatus(pool->port, 0, KEY_REQUEST,
                                         &request->overlapped))
        error = GetLastError();
    /* A worker may have the packet already; then it waits for the lock. */
    if (error == ERROR_SUCCESS) {
        request->deadline = NO_DEADLINE;
        request->writes = false;
        put_in(pool, NULL, request);
        enter(pool, NULL);
    }
    ReleaseSRWLockExclusive(&pool->lock);
    return error;
}

struct work {
    struct request request;
    pool_work *function;
    void *context;
};

static void on_work(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct work work = *(struct work *)request->context;
    (void)error, (void)bytes;
    free(request->context);
    work.function(work.context);
}

DWORD pool_queue_work(struct pool *pool, pool_work *work, void *context)
{
    struct work *item = malloc(sizeof *item);
    if (item == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    *item = (struct work){.request = {.callback = on_work, .context = item},
                          .function = work,
                          .context = context};
    overlapped_reset(&item->request, 0);
    DWORD error = pool_queue_request(pool, &item->request);
    if (error != ERROR_SUCCESS)
        free(item);
    return error;
}

/* ---- Files ------------------------------------------------------------ */

DWORD pool_bind_handle(struct pool *pool, HANDLE handle, UCHAR modes,
                       struct bound_file *file)
{
    DWORD error = ERROR_SUCCESS;
    *file = (struct bound_file){0};
    AcquireSRWLockExclusive(&pool->lock);
    if (pool->state != POOL_RUNNING)
        error = ERROR_SHUTDOWN_IN_PROGRESS;
    else if (!CreateIoCompletionPort(handle, pool->port, KEY_REQUEST, 0))
        error = GetLastError();
    ReleaseSRWLockExclusive(&pool->lock);
    if (error != ERROR_SUCCESS)
        return error;
    modes &= FILE_SKIP_COMPLETION_PORT_ON_SUCCESS; /* the only one supported */
    *file = (struct bound_file){
        .pool = pool,
        .handle = handle,
        .skips = modes && SetFileCompletionNotificationModes(handle, modes),
        .open = true};
    return ERROR_SUCCESS;
}

static bool is_valid(const struct request *request)
{
    uint64_t offset = overlapped_offset(request);
    return request->ticket != NO_TICKET && request->length <= MAXDWORD &&
           (request->buffer != NULL || request->length == 0) &&
           offset <= (uint64_t)INT64_MAX - request->length;
}

/* Puts a valid request into the table. That comes before ReadFile, because the
 * packet may be taken before ReadFile returns. */
static DWORD admit(struct bound_file *file, struct request *request,
                   bool writes)
{
    struct pool *pool = file->pool;
    if (!file->open)
        return ERROR_INVALID_HANDLE;
    if (pool->state != POOL_RUNNING)
        return ERROR_SHUTDOWN_IN_PROGRESS;
    if (request->state != REQUEST_IDLE)
        return ERROR_BUSY;
    if (!is_valid(request))
        return ERROR_INVALID_PARAMETER;
    DWORD error = set_deadline(pool, request);
    if (error == ERROR_SUCCESS) {
        request->writes = writes;
        put_in(pool, file, request);
        enter(pool, file);
    }
    return error;
}

/* Returns NULL if this use of the request has completed. */
static struct request *find_ticket(struct pool *pool,
                                   const OVERLAPPED *overlapped,
                                   uint64_t ticket)
{
    struct request *request = *find(pool, overlapped);
    return request != NULL && request->ticket == ticket ? request : NULL;
}

static struct submission start_io(const struct bound_file *file,
                                  struct request *request, bool writes,
                                  bool skips)
{
    if (writes)
        return overlapped_write(file->handle, request, skips);
    return overlapped_read(file->handle, request, skips);
}

static struct submission submit(struct bound_file *file,
                                struct request *request, bool writes)
{
    struct submission started = {.outcome = IO_FAILED,
                                 .error = ERROR_INVALID_HANDLE};
    struct pool *pool = file->pool;
    if (pool == NULL) /* not bound */
        return started;
    started.error = ERROR_INVALID_PARAMETER;
    AcquireSRWLockExclusive(&pool->lock);
    const OVERLAPPED *overlapped = &request->overlapped;
    uint64_t ticket = request->ticket;
    if (request->callback != NULL)
        started.error = admit(file, request, writes);
    if (started.error == ERROR_SUCCESS)
        enter(pool, file); /* for this call: the file stays open until then */
    ReleaseSRWLockExclusive(&pool->lock);
    if (started.error != ERROR_SUCCESS)
        return started;

    started = start_io(file, request, writes, file->skips);

    AcquireSRWLockExclusive(&pool->lock);
    /* The callback may have freed the request: only the table knows. */
    struct request *still = find_ticket(pool, overlapped, ticket);
    if (started.outcome == IO_QUEUED) {
        if (still != NULL && still->cancelled)
            cancel(still); /* the first CancelIoEx may have come too early */
    } else if (still != NULL) {
        overlapped_ended(still, &started);
        started.error = take_out(pool, still, started.error, started.bytes);
        leave(pool, file);
    } else { /* the call failed, but its packet came and was used */
        started = (struct submission){.outcome = IO_QUEUED};
    }
    leave(pool, file);
    ReleaseSRWLockExclusive(&pool->lock);
    return started;
}

struct submission bound_file_read(struct bound_file *file,
                                  struct request *request)
{
    return submit(file, request, false);
}

struct submission bound_file_write(struct bound_file *file,
                                   struct request *request)
{
    return submit(file, request, true);
}

/* An event for a call that waits: the last call's, unless it is in use. */
static HANDLE take_event(struct bound_file *file)
{
    HANDLE event = file->event;
    file->event = NULL;
    return event != NULL ? event : CreateEventW(NULL, FALSE, FALSE, NULL);
}

static void give_event(struct bound_file *file, HANDLE event)
{
    if (file->open && file->event == NULL)
        file->event = event;
    else
        fatal_check(CloseHandle(event), "close", "event");
}

/* The lowest bit of hEvent is no part of the handle; it says: no packet. The
 * event may still be set from an earlier call, so the loop looks at the
 * OVERLAPPED, which says "pending" until the I/O has completed. */
static DWORD run(struct bound_file *file, struct request *request, bool writes,
                 HANDLE event, DWORD *bytes)
{
    OVERLAPPED *overlapped = &request->overlapped;
    overlapped->hEvent = (HANDLE)((ULONG_PTR)event | 1);
    struct submission started = start_io(file, request, writes, true);
    if (started.outcome != IO_QUEUED) {
        overlapped_ended(request, &started);
        *bytes = started.bytes;
        return started.error;
    }
    AcquireSRWLockExclusive(&file->pool->lock);
    if (request->cancelled)
        cancel(request); /* the first CancelIoEx may have come too early */
    ReleaseSRWLockExclusive(&file->pool->lock);
    while (!HasOverlappedIoCompleted(overlapped))
        fatal_check(WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0,
                    "wait for", "event");
    BOOL ok = GetOverlappedResult(file->handle, overlapped, bytes, FALSE);
    return ok ? ERROR_SUCCESS : GetLastError();
}

static DWORD run_sync(struct bound_file *file, struct request *request,
                      bool writes, DWORD *bytes)
{
    struct pool *pool = file->pool;
    *bytes = 0;
    if (pool == NULL) /* not bound */
        return ERROR_INVALID_HANDLE;
    AcquireSRWLockExclusive(&pool->lock);
    HANDLE event = take_event(file);
    DWORD error = event != NULL ? admit(file, request, writes) : GetLastError();
    ReleaseSRWLockExclusive(&pool->lock);
    bool admitted = error == ERROR_SUCCESS;
    if (admitted)
        error = run(file, request, writes, event, bytes);
    AcquireSRWLockExclusive(&pool->lock);
    if (admitted) {
        error = take_out(pool, request, error, *bytes);
        leave(pool, file);
    }
    if (event != NULL)
        give_event(file, event);
    ReleaseSRWLockExclusive(&pool->lock);
    return error;
}

DWORD bound_file_read_sync(struct bound_file *file, void *buffer, size_t length,
                           uint64_t offset, DWORD *bytes)
{
    struct request request = {.buffer = buffer, .length = length};
    overlapped_reset(&request, offset);
    return run_sync(file, &request, false, bytes);
}

DWORD bound_file_write_sync(struct bound_file *file, const void *buffer,
                            size_t length, uint64_t offset, DWORD *bytes)
{
    struct request request = {.buffer = (void *)buffer, .length = length};
    overlapped_reset(&request, offset);
    return run_sync(file, &request, true, bytes);
}

DWORD bound_file_cancel(struct bound_file *file, uint64_t ticket)
{
    DWORD error = ERROR_NOT_FOUND;
    struct pool *pool = file->pool;
    if (pool == NULL) /* not bound */
        return error;
    AcquireSRWLockExclusive(&pool->lock);
    for (size_t i = 0; i < POOL_BUCKETS && error != ERROR_SUCCESS; i++)
        for (struct request *at = pool->in_flight[i]; at; at = at->next)
            if (at->file == file && at->ticket == ticket) {
                cancel(at);
                error = ERROR_SUCCESS;
            }
    ReleaseSRWLockExclusive(&pool->lock);
    return error;
}

void bound_file_cancel_all(struct bound_file *file)
{
    struct pool *pool = file->pool;
    if (pool == NULL) /* not bound */
        return;
    AcquireSRWLockExclusive(&pool->lock);
    cancel_every(pool, file);
    ReleaseSRWLockExclusive(&pool->lock);
}

DWORD bound_file_wait_idle(struct bound_file *file, DWORD timeout)
{
    if (file->pool == NULL) /* not bound */
        return ERROR_SUCCESS;
    return wait_idle(file->pool, &file->pending, timeout);
}

DWORD bound_file_close(struct bound_file *file)
{
    struct pool *pool = file->pool;
    if (pool == NULL) /* not bound */
        return ERROR_INVALID_HANDLE;
    if (pool_is_worker(pool))
        return ERROR_POSSIBLE_DEADLOCK;
    AcquireSRWLockExclusive(&pool->lock);
    bool ours = file->open;
    HANDLE event = NULL;
    if (ours) {
        file->open = false;
        cancel_every(pool, file);
        wait_for_none(pool, &file->pending, INFINITE);
        event = file->event;
        file->event = NULL;
    }
    ReleaseSRWLockExclusive(&pool->lock);
    if (event != NULL)
        fatal_check(CloseHandle(event), "close", "event");
    if (!ours)
        return ERROR_INVALID_HANDLE;
    return CloseHandle(file->handle) ? ERROR_SUCCESS : GetLastError();
}
