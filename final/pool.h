/*
 * A thread pool for overlapped I/O: a completion port, threads that take
 * packets from it, and a table of the requests in flight.
 *
 *      bound_file_read ---> table ---> ReadFile ---> port ---> worker
 *                             ^                                   |
 *                             '--- taken out, then its callback <-'
 *
 * The table is what makes it safe: a packet counts only if its address is in
 * it, and who cancels names a request by its ticket, which is looked up there.
 * One lock guards the table and everything that is counted. No callback is
 * called, and nothing is read or written, with the lock held.
 *
 * Functions return a Win32 error code, 0 (ERROR_SUCCESS) for success, and print
 * nothing, but for one case: when the port, a thread or an event fails in a way
 * that would leave callbacks uncalled for ever, the process is ended with one
 * line on stderr. Any thread may call any of them, callbacks too; those that
 * wait refuse to be called from a callback of the same pool, with
 * ERROR_POSSIBLE_DEADLOCK: they would wait for their caller.
 *
 * Callbacks of one pool run at once on all its threads, in any order. One that
 * blocks takes its thread out of the pool; when all block, nothing more is
 * called until one returns (I/O goes on, its packets wait in the port, and
 * timeouts still cancel). The pool makes no further threads then.
 */
#ifndef POOL_H
#define POOL_H

#include "overlapped.h"

/* At every moment issued = completed + failed + cancelled + live. */
struct pool_counters {
    uint64_t issued;    /* reads, writes, queued requests and work */
    uint64_t completed; /* well, or at the end of a file */
    uint64_t failed;
    uint64_t cancelled;
    uint64_t live; /* in flight now */
    uint64_t peak; /* most in flight at once */
    uint64_t bytes;
    uint64_t stray; /* packets of no request in flight: dropped */
};

enum { POOL_BUCKETS = 256 };

/* The caller's memory, and the pool's to look into. It must stay where it is
 * until the pool is stopped and every file bound to it is closed. */
struct pool {
    HANDLE port;
    HANDLE *workers;
    unsigned worker_count;
    SRWLOCK lock; /* guards all below, and every bound file */
    enum { POOL_STOPPED, POOL_RUNNING, POOL_STOPPING } state;
    unsigned pending;           /* calls and callbacks that are not over */
    CONDITION_VARIABLE changed; /* pending is 0, or state has changed */
    struct request *in_flight[POOL_BUCKETS]; /* by address */
    struct pool_counters counters;
    HANDLE timer;                     /* thread, from the first timeout on */
    CONDITION_VARIABLE timer_changed; /* an earlier deadline, or the end */
    uint64_t next_deadline;           /* in ms of GetTickCount64 */
};

/*
 * Starts a pool with that many threads; 0 for twice the number of processors.
 * Of these the port lets `concurrency` run at once; 0 for as many as there are
 * processors (a thread that blocks does not count). After a failure there is
 * nothing to stop.
 */
DWORD pool_create(struct pool *pool, unsigned threads, unsigned concurrency);

enum pool_stop_mode {
    POOL_CANCEL, /* what is in flight is cancelled; work that waits is done */
    POOL_DRAIN,  /* what is in flight ends by itself: with a pipe, perhaps never
                  */
};

/*
 * Refuses new I/O and work (ERROR_SHUTDOWN_IN_PROGRESS), waits until all
 * callbacks have run, ends the threads, and closes the port. Bound files stay
 * open, and are still to be closed. To stop a pool that is stopped, or all
 * zero, is harmless; of several callers each returns when it has stopped. From
 * a callback of this pool: ERROR_POSSIBLE_DEADLOCK.
 */
DWORD pool_stop(struct pool *pool, enum pool_stop_mode mode);

/* Cancels all that is in flight in the pool, of every file. What is not I/O
 * (work, queued requests) still runs. Does not wait. */
void pool_cancel_all(struct pool *pool);

/* Waits until nothing is in flight and no callback runs, for up to timeout ms,
 * or INFINITE. 0, WAIT_TIMEOUT, or ERROR_POSSIBLE_DEADLOCK. */
DWORD pool_wait_idle(struct pool *pool, DWORD timeout);

/* Whether the caller runs in a callback of this pool. */
bool pool_is_worker(const struct pool *pool);

/* What has been counted up to now, all at one moment. */
struct pool_counters pool_counters(struct pool *pool);

/* Prints the counters as one line on stderr, for debugging. */
void pool_print_counters(struct pool *pool);

/* ---- Work without I/O ------------------------------------------------- */

/*
 * Calls a function on a worker, once; .NET's QueueUserWorkItem. 0,
 * ERROR_SHUTDOWN_IN_PROGRESS, ERROR_NOT_ENOUGH_MEMORY, or why the packet could
 * not be posted; then the function is not called.
 */
typedef void pool_work(void *context);
DWORD pool_queue_work(struct pool *pool, pool_work *work, void *context);

/*
 * Sends an idle request through the port by hand, without I/O: its callback
 * gets error 0 and 0 bytes. .NET's UnsafeQueueNativeOverlapped. Errors as
 * above, ERROR_BUSY for a request in flight, and ERROR_INVALID_PARAMETER for
 * one without callback, or not reset since its last use.
 */
DWORD pool_queue_request(struct pool *pool, struct request *request);

/* ---- Files ------------------------------------------------------------ */

/*
 * A handle that is bound to a pool. .NET's ThreadPool.BindHandle answered with
 * a mere bool, and nobody knew what was still in flight when a handle was
 * closed; so .NET moved on to ThreadPoolBoundHandle, an object that owns the
 * binding and whose requests are told from others'. This is that object.
 *
 * The caller's memory. It must stay until no thread can call a function with it
 * any more: one that comes after bound_file_close is refused with
 * ERROR_INVALID_HANDLE.
 */
struct bound_file {
    struct pool *pool;
    HANDLE handle;
    bool skips; /* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS was granted */
    /* The pool's own, guarded by its lock. */
    bool open;
    unsigned pending; /* calls and callbacks that are not over */
    HANDLE event;     /* kept for the next synchronous call */
};

/*
 * Binds a handle that was opened with FILE_FLAG_OVERLAPPED: from now on each
 * I/O that is queued on it ends as a packet in the pool's port, and a worker
 * calls the callback of its request. The handle now belongs to the file:
 * bound_file_close closes it. It stays bound until then; no handle can be bound
 * twice, not even to another pool.
 *
 * modes: 0, or FILE_SKIP_COMPLETION_PORT_ON_SUCCESS to be told at once
 * (IO_DONE) of what succeeds at once. If the system does not grant that, it is
 * left out, and file->skips is false.
 *
 * Fails with the system's error, and then changes nothing: ERROR_INVALID_HANDLE
 * for what is no open handle, ERROR_INVALID_PARAMETER for
 * INVALID_HANDLE_VALUE and for a handle that is synchronous or bound already.
 */
DWORD pool_bind_handle(struct pool *pool, HANDLE handle, UCHAR modes,
                       struct bound_file *file);

/*
 * Start the read or write that an idle request describes, and return at once;
 * the three outcomes are those of overlapped_read, and the callback is only
 * called after IO_QUEUED. It is never called from within: however often I/O
 * ends at once, a caller that goes on in a loop does not recurse.
 *
 * Refused, so that it fails here and not in the kernel: an offset, or offset +
 * length, beyond 2^63 - 1; no buffer but a length; a length that is no DWORD;
 * no callback; a request not reset since its last use
 * (ERROR_INVALID_PARAMETER); a request in flight (ERROR_BUSY); a file that is
 * closed (ERROR_INVALID_HANDLE); a pool that stops
 * (ERROR_SHUTDOWN_IN_PROGRESS). What is refused is not counted.
 */
struct submission bound_file_read(struct bound_file *file,
                                  struct request *request);
struct submission bound_file_write(struct bound_file *file,
                                   struct request *request);

/*
 * Read or write at an offset and wait for the end; the port is not used, nor a
 * request, so a callback may call it. Returns a Win32 error as a callback gets
 * it, ERROR_HANDLE_EOF for example; *bytes is set in any case.
 */
DWORD bound_file_read_sync(struct bound_file *file, void *buffer, size_t length,
                           uint64_t offset, DWORD *bytes);
DWORD bound_file_write_sync(struct bound_file *file, const void *buffer,
                            size_t length, uint64_t offset, DWORD *bytes);

/*
 * Asks for one I/O to be cancelled, named by its ticket. It still ends with one
 * callback: with ERROR_OPERATION_ABORTED, or as if nothing had been asked, if
 * that came first. 0, or ERROR_NOT_FOUND: no such I/O is in flight on this file
 * (any more), or it was work. Does not wait.
 */
DWORD bound_file_cancel(struct bound_file *file, uint64_t ticket);

/* The same for all that is in flight on the file. */
void bound_file_cancel_all(struct bound_file *file);

/* As pool_wait_idle, for one file. */
DWORD bound_file_wait_idle(struct bound_file *file, DWORD timeout);

/*
 * Refuses new I/O, cancels what is in flight, waits until its callbacks have
 * run, and closes the handle. 0, ERROR_INVALID_HANDLE if it is closed already,
 * or ERROR_POSSIBLE_DEADLOCK.
 */
DWORD bound_file_close(struct bound_file *file);

#endif
