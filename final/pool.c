#include "pool_internal.h"

#include <process.h>
#include <stdio.h>
#include <stdlib.h>

/* In ms, as .NET's: when the timer looks at the port, and how long an extra
 * worker waits for a packet. */
enum { LOOK_INTERVAL = 500, EXTRA_IDLE_TIME = 20000 };

/* Of this thread: the pool whose worker it is, and the callbacks it runs. */
static _Thread_local const struct pool *own_pool;
static _Thread_local struct pool_callback *callbacks;

/* ---- Workers ---------------------------------------------------------- */

/* Calls the callback of a packet's request. After that the request may be
 * freed, so dispatch does not touch it again. */
static void dispatch(struct pool *pool, OVERLAPPED *overlapped)
{
    struct bound_file *file = NULL;
    DWORD error = ERROR_SUCCESS, bytes = 0;
    lock_acquire(&pool->lock);
    struct request *request = pool_find_completed(pool, overlapped);
    pool->packets++;
    if (request == NULL) {
        pool->counters.stray++;
    } else {
        file = request->file;
        error = overlapped_result(overlapped, &bytes);
        error = pool_take_out(pool, request, error, bytes);
    }
    lock_release(&pool->lock);
    if (request == NULL)
        return;
    request->callback(error, bytes, overlapped);
    pool_leave(pool, file, 1);
}

/* Returns false after a sentinel, or if no packet has come for `patience` ms.
 */
static bool take_packet(struct pool *pool, DWORD patience)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped = NULL;
    BOOL ok = GetQueuedCompletionStatus(pool->port, &bytes, &key, &overlapped,
                                        patience);
    bool has_packet = ok || overlapped != NULL; /* if !ok, its I/O failed */
    if (!has_packet && GetLastError() == WAIT_TIMEOUT)
        return false;
    fatal_check(has_packet, "take a packet from", "port");
    if (key != KEY_STOP)
        dispatch(pool, key == KEY_REQUEST ? overlapped : NULL);
    return key != KEY_STOP;
}

static unsigned take_packets(struct pool *pool, DWORD patience)
{
    struct pool_callback here;
    own_pool = pool;
    pool_begin_callback(&here, pool);
    while (take_packet(pool, patience)) {
    }
    pool_end_callback(&here);
    return 0;
}

static unsigned __stdcall worker(void *pool)
{
    return take_packets(pool, INFINITE);
}

static unsigned __stdcall extra_worker(void *pool)
{
    return take_packets(pool, EXTRA_IDLE_TIME);
}

static DWORD start_thread(unsigned(__stdcall *routine)(void *),
                          struct pool *pool, HANDLE *thread)
{
    *thread = (HANDLE)_beginthreadex(NULL, 0, routine, pool, 0, NULL);
    if (*thread != NULL)
        return ERROR_SUCCESS;
    return _doserrno != 0 ? _doserrno : ERROR_NOT_ENOUGH_MEMORY;
}

static DWORD start_worker(struct pool *pool,
                          unsigned(__stdcall *routine)(void *))
{
    DWORD error =
        start_thread(routine, pool, &pool->workers[pool->worker_count]);
    if (error == ERROR_SUCCESS)
        pool->worker_count++;
    return error;
}

static void join(HANDLE thread, const char *name)
{
    fatal_check(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0,
                "wait for", name);
    fatal_check(CloseHandle(thread), "close", name);
}

/* ---- Extra workers, and the timer. The lock is held. -------------------- */

/* Also forgets the extra workers that have ended. */
static void add_extra_worker(struct pool *pool)
{
    HANDLE *workers = pool->workers;
    for (unsigned i = pool->worker_count; i-- > pool->threads;)
        if (WaitForSingleObject(workers[i], 0) == WAIT_OBJECT_0) {
            join(workers[i], "worker");
            workers[i] = workers[--pool->worker_count];
        }
    if (pool->worker_count < pool->limit)
        start_worker(pool, extra_worker); /* an error: next time, perhaps */
}

/* Not documented, but in each Windows NT. */
LONG NTAPI NtQueryIoCompletion(HANDLE port, int class, void *information,
                               ULONG length, ULONG *returned);

/* What the timer found in the port: `depth` packets waited. */
struct look {
    uint64_t time, packets;
    LONG depth;
};

/* Adds a worker if packets wait, as before, and none was taken meanwhile. */
static void look_at_port(struct pool *pool, struct look *last)
{
    struct look now = {.time = pool_time(), .packets = pool->packets};
    if (now.time < last->time + LOOK_INTERVAL)
        return;
    NtQueryIoCompletion(pool->port, 0, &now.depth, sizeof now.depth, NULL);
    if (now.depth > 0 && last->depth > 0 && now.packets == last->packets)
        add_extra_worker(pool);
    *last = now;
}

static unsigned __stdcall timer(void *argument)
{
    struct pool *pool = argument;
    struct look last = {0};
    lock_acquire(&pool->lock);
    for (;;) {
        DWORD rest = pool_cancel_late(pool);
        if (pool->timer_ends) /* perhaps set while that released the lock */
            break;
        if (pool->limit > pool->threads) {
            look_at_port(pool, &last);
            rest = min(rest, LOOK_INTERVAL);
        }
        pool->timer_wakes = rest != INFINITE ? pool_time() + rest : UINT64_MAX;
        BOOL woken = SleepConditionVariableSRW(&pool->timer_changed,
                                               &pool->lock, rest, 0);
        fatal_check(woken || GetLastError() == ERROR_TIMEOUT, "wait for",
                    "timer");
    }
    lock_release(&pool->lock);
    return 0;
}

DWORD pool_start_timer(struct pool *pool)
{
    if (pool->timer != NULL)
        return ERROR_SUCCESS;
    return start_thread(timer, pool, &pool->timer);
}

/* ---- The pool --------------------------------------------------------- */

/* The timer ends first, so that it adds no worker. Each worker takes one
 * sentinel and exits. The port is closed after that, when no thread waits on it
 * any more. */
static void end_threads(struct pool *pool)
{
    lock_acquire(&pool->lock);
    pool->timer_ends = true;
    lock_release(&pool->lock);
    WakeConditionVariable(&pool->timer_changed);
    if (pool->timer != NULL)
        join(pool->timer, "timer");
    for (unsigned i = 0; i < pool->worker_count; i++)
        fatal_check(PostQueuedCompletionStatus(pool->port, 0, KEY_STOP, NULL),
                    "post to", "port");
    for (unsigned i = 0; i < pool->worker_count; i++)
        /* clang-tidy does not see that without an array the count is 0.
         * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        join(pool->workers[i], "worker");
    free(pool->workers);
    fatal_check(CloseHandle(pool->port), "close", "port");
    lock_acquire(&pool->lock);
    table_free(&pool->in_flight);
    pool->state = POOL_STOPPED;
    lock_release(&pool->lock);
}

DWORD pool_create_growing(struct pool *pool, unsigned threads, unsigned limit,
                          unsigned concurrency)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    if (threads == 0)
        threads = 2 * system.dwNumberOfProcessors;
    *pool = (struct pool){.threads = threads,
                          .limit = max(threads, limit),
                          .port = CreateIoCompletionPort(INVALID_HANDLE_VALUE,
                                                         NULL, 0, concurrency)};
    if (pool->port == NULL) /* here NULL is the failure */
        return GetLastError();
    pool->workers = calloc(pool->limit, sizeof *pool->workers);
    bool has_memory = pool->workers != NULL && table_create(&pool->in_flight);
    DWORD error = has_memory ? ERROR_SUCCESS : ERROR_NOT_ENOUGH_MEMORY;
    while (error == ERROR_SUCCESS && pool->worker_count < threads)
        error = start_worker(pool, worker);
    if (error == ERROR_SUCCESS && limit > threads)
        error = pool_start_timer(pool);
    if (error == ERROR_SUCCESS)
        pool->state = POOL_RUNNING;
    else
        end_threads(pool);
    return error;
}

DWORD pool_create(struct pool *pool, unsigned threads, unsigned concurrency)
{
    return pool_create_growing(pool, threads, 0, concurrency);
}

DWORD pool_stop(struct pool *pool, enum pool_stop_mode mode)
{
    if (pool_in_callback(pool))
        return ERROR_POSSIBLE_DEADLOCK;
    lock_acquire(&pool->lock);
    bool first = pool->state == POOL_RUNNING;
    if (first) {
        pool->state = POOL_STOPPING;
        rundown_enter(&pool->stopping, 1);
    }
    lock_release(&pool->lock);
    if (mode == POOL_CANCEL) /* even if another thread drains it already */
        pool_cancel_all(pool);
    if (first) {
        /* The sentinels come last, so no packet is left in the port. */
        rundown_wait(&pool->running, INFINITE);
        end_threads(pool);
        rundown_leave(&pool->stopping, 1);
    }
    rundown_wait(&pool->stopping, INFINITE); /* for another thread's stop */
    return ERROR_SUCCESS;
}

/* ---- Callbacks, waiting, counters --------------------------------------- */

bool pool_is_worker(const struct pool *pool)
{
    return pool != NULL ? own_pool == pool : own_pool != NULL;
}

bool pool_in_callback(const struct pool *pool)
{
    const struct pool_callback *callback = callbacks;
    while (callback != NULL && callback->pool != pool)
        callback = callback->outer;
    return callback != NULL;
}

void pool_begin_callback(struct pool_callback *callback,
                         const struct pool *pool)
{
    *callback = (struct pool_callback){.pool = pool, .outer = callbacks};
    callbacks = callback;
}

void pool_end_callback(const struct pool_callback *callback)
{
    callbacks = callback->outer;
}

DWORD pool_wait_idle(struct pool *pool, DWORD timeout)
{
    if (pool_in_callback(pool))
        return ERROR_POSSIBLE_DEADLOCK;
    return rundown_wait(&pool->running, timeout);
}

struct pool_counters pool_counters(struct pool *pool)
{
    lock_acquire(&pool->lock);
    struct pool_counters counters = pool->counters;
    lock_release(&pool->lock);
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
    lock_acquire(&pool->lock);
    DWORD error = pool_check_request(pool, request);
    if (error == ERROR_SUCCESS &&
        !PostQueuedCompletionStatus(pool->port, 0, KEY_REQUEST,
                                    &request->overlapped))
        error = GetLastError();
    /* A worker may have the packet already; then it waits for the lock. */
    if (error == ERROR_SUCCESS) {
        request->writes = false;
        pool_put_in(pool, NULL, request);
        pool_enter(pool, NULL, 1);
    }
    lock_release(&pool->lock);
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
