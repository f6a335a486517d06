/*
 * The pool: a completion port, and threads that take packets from it.
 *
 * Several pools can live in one process; they share nothing. Functions return a
 * Win32 error code, 0 (ERROR_SUCCESS) for success, and print nothing, but for
 * one case: when the port or a thread fails in a way that would leave callbacks
 * uncalled for ever, the process is ended with one line on stderr.
 */
#ifndef POOL_H
#define POOL_H

#include "overlapped.h"

/* Set by pool_create; nobody else needs to look inside. */
struct pool {
    HANDLE port;
    HANDLE *workers;
    unsigned worker_count;
};

/*
 * Starts a pool with that many threads, 0 for twice the number of processors.
 * Of these the port lets as many run at once as there are processors. The
 * struct is the caller's, and must stay where it is until pool_stop has
 * returned. After a failure there is nothing to stop.
 */
DWORD pool_create(struct pool *pool, unsigned threads);

/*
 * Binds a handle: from now on each I/O that is queued on it ends as a packet in
 * the port, and a worker calls the callback of its request. .NET's
 * ThreadPool.BindHandle.
 *
 * The handle must have been opened with FILE_FLAG_OVERLAPPED, and not be bound
 * yet: otherwise ERROR_INVALID_PARAMETER. It stays bound until it is closed,
 * and stays the caller's to close, before the pool is stopped.
 */
DWORD pool_bind_handle(struct pool *pool, HANDLE handle);

/*
 * Ends the threads and closes the port. Call it once, when no request is in
 * flight and every bound handle is closed, and never from a callback: it waits
 * for the callbacks that still run.
 */
void pool_stop(struct pool *pool);

#endif
