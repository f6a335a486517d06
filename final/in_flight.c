#include "pool_internal.h"

enum { NO_TICKET = 0 };

/* ---- The table ---------------------------------------------------------- */

DWORD pool_check_request(const struct pool *pool, const struct request *request)
{
    if (pool->state != POOL_RUNNING)
        return ERROR_SHUTDOWN_IN_PROGRESS;
    if (request->state != REQUEST_IDLE)
        return ERROR_BUSY;
    if (request->ticket == NO_TICKET ||
        request->ticket % OVERLAPPED_HASHES !=
            overlapped_hash(&request->overlapped) ||
        (request->callback == NULL && !pool_has_no_packet(request)))
        return ERROR_INVALID_PARAMETER;
    return ERROR_SUCCESS;
}

/* The lock is held. It orders all accesses of correct programs, so the default
 * order of an atomic store, which takes long, is not necessary. */
static void set_state(struct request *request, enum request_state state)
{
    atomic_store_explicit(&request->state, state, memory_order_release);
}

void pool_put_in(struct pool *pool, struct bound_file *file,
                 struct request *request)
{
    set_state(request, REQUEST_IN_FLIGHT);
    request->file = file;
    request->cancelled = request->timed_out = false;
    table_add(&pool->in_flight, request);
    request->has_deadline = file != NULL && pool_has_timeout(request);
    if (request->has_deadline) {
        /* One more, because a part of this millisecond is over. */
        request->deadline.at = pool_time() + request->timeout + 1;
        deadline_add(&pool->first_deadline, &request->deadline);
        if (request->deadline.at < pool->timer_wakes)
            WakeConditionVariable(&pool->timer_changed);
    }
    if (file != NULL) {
        file->in_flight++;
        request->cancels = file->cancels;
        /* As the kernel does. Before that, too, a packet with this address is
         * stray. */
        request->overlapped.Internal = STATUS_PENDING;
    }
    pool->counters.issued++;
    pool->counters.live++;
    if (pool->counters.peak < pool->counters.live)
        pool->counters.peak = pool->counters.live;
}

static void count_completion(struct pool_counters *counters,
                             const struct request *request, DWORD error)
{
    enum io_status status = overlapped_status(error);
    if (status == IO_STATUS_CANCELLED)
        counters->cancelled++;
    else if (status == IO_STATUS_FAILED ||
             (status == IO_STATUS_END_OF_FILE && request->writes))
        counters->failed++;
    else
        counters->completed++;
}

DWORD pool_take_out(struct pool *pool, struct request *request, DWORD error,
                    DWORD bytes)
{
    if (error == ERROR_OPERATION_ABORTED && request->timed_out)
        error = ERROR_TIMEOUT;
    table_remove(&pool->in_flight, request);
    if (request->file != NULL)
        request->file->in_flight--;
    if (request->has_deadline)
        deadline_remove(&pool->first_deadline, &request->deadline);
    pool->counters.live--;
    pool->counters.bytes += bytes;
    count_completion(&pool->counters, request, error);
    request->ticket = NO_TICKET;
    set_state(request, REQUEST_IDLE);
    return error;
}

/* Some systems queue a packet although the call failed. It may come when its
 * request is in flight once more: then this use has not completed, or its
 * result is in the OVERLAPPED, and its own packet becomes the stray one. */
struct request *pool_find_completed(const struct pool *pool,
                                    const OVERLAPPED *overlapped)
{
    struct request *request = table_find_address(&pool->in_flight, overlapped);
    if (request == NULL || !HasOverlappedIoCompleted(overlapped) ||
        pool_has_no_packet(request))
        return NULL;
    return request;
}

/* ---- Cancelling, and timeouts -------------------------------------------- */

void pool_cancel_request(struct request *request)
{
    request->cancelled = true;
    request->file->pool->cancels++;
    CancelIoEx(request->file->handle, &request->overlapped);
}

/* One bucket after the other, so that others can get the lock in between. A
 * request that moves meanwhile moves to a later bucket. */
void pool_cancel_all(struct pool *pool)
{
    bool more = true;
    for (uint32_t bucket = 0; more; bucket++) {
        lock_acquire(&pool->lock);
        struct request *request = table_list(&pool->in_flight, bucket);
        for (; request != NULL; request = request->next)
            if (request->file != NULL)
                pool_cancel_request(request);
        more = bucket < pool->in_flight.buckets;
        lock_release(&pool->lock);
    }
}

bool pool_is_cancelled(const struct request *request)
{
    return request->cancelled || request->cancels != request->file->cancels;
}

/* GetTickCount64 moves on by some 16 ms at a time: with it, a timeout of 10 ms
 * could come after 1 ms. */
uint64_t pool_time(void)
{
    LARGE_INTEGER ticks, frequency;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&frequency);
    uint64_t second = (uint64_t)frequency.QuadPart;
    uint64_t count = (uint64_t)ticks.QuadPart;
    return count / second * 1000 + count % second * 1000 / second;
}

/* A request that was cancelled before does not become a timeout, although its
 * packet may still wait in the port. */
static void time_out(struct pool *pool, struct request *request)
{
    deadline_remove(&pool->first_deadline, &request->deadline);
    request->has_deadline = false;
    if (pool_is_cancelled(request))
        return;
    request->timed_out = true;
    pool_cancel_request(request);
}

DWORD pool_cancel_late(struct pool *pool)
{
    struct deadline *first;
    while ((first = pool->first_deadline) != NULL) {
        uint64_t now = pool_time();
        if (first->at > now)
            return (DWORD)min(first->at - now, INFINITE - 1);
        time_out(pool, CONTAINING_RECORD(first, struct request, deadline));
        lock_release(&pool->lock);
        lock_acquire(&pool->lock);
    }
    return INFINITE;
}
