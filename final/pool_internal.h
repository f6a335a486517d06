/* What in_flight.c, bound_file.c and pool.c share. */
#ifndef POOL_INTERNAL_H
#define POOL_INTERNAL_H

#include "error.h"
#include "lock.h"
#include "pool.h"

/* The completion key says what a packet is: a request, or the sentinel that
 * makes a worker exit. A packet with any other key is stray. */
enum completion_key { KEY_REQUEST = 1, KEY_STOP };

/* ---- Requests in flight. The lock is held. ------------------------------ */

/* Whether a request may be started: 0, ERROR_SHUTDOWN_IN_PROGRESS, ERROR_BUSY
 * or ERROR_INVALID_PARAMETER. */
DWORD pool_check_request(const struct pool *pool,
                         const struct request *request);

/* Adds a request, and counts it. file: NULL for a request without I/O. */
void pool_put_in(struct pool *pool, struct bound_file *file,
                 struct request *request);

/* Gives the request back to its holder. Returns the error for the holder. */
DWORD pool_take_out(struct pool *pool, struct request *request, DWORD error,
                    DWORD bytes);

/* The request of a packet, or NULL if the packet is stray. */
struct request *pool_find_completed(const struct pool *pool,
                                    const OVERLAPPED *overlapped);

/* With this bit set in its event, an I/O queues no packet. */
static inline bool pool_has_no_packet(const struct request *request)
{
    return (ULONG_PTR)request->overlapped.hEvent & 1;
}

static inline bool pool_has_timeout(const struct request *request)
{
    return request->timeout != 0 && request->timeout != INFINITE;
}

uint64_t pool_time(void); /* in ms */

/* Whatever CancelIoEx returns, the I/O still queues its packet. If another
 * thread is just starting the I/O, the kernel may not know it yet. That thread
 * sees that pool->cancels has changed. */
void pool_cancel_request(struct request *request);

/* Whether the I/O was cancelled, alone or with all others of its file. */
bool pool_is_cancelled(const struct request *request);

/* Cancels each request whose deadline has passed. Other threads can get the
 * lock between two of them. Returns how many ms later the next deadline comes,
 * or INFINITE. */
DWORD pool_cancel_late(struct pool *pool);

/* ---- Calls and callbacks, threads --------------------------------------- */

/* Until pool_leave, pool_stop and the close of the file wait. The lock is held.
 * file: NULL for work. */
void pool_enter(struct pool *pool, struct bound_file *file, unsigned count);

/* The lock is not held. Afterwards the caller touches neither the file nor the
 * pool. */
void pool_leave(struct pool *pool, struct bound_file *file, unsigned count);

/* Starts the thread that cancels late requests, if there is none. Returns 0 or
 * a Win32 error. The lock is held. */
DWORD pool_start_timer(struct pool *pool);

#endif
