/*
 * A thread pool for overlapped I/O: a completion port, threads that take
 * packets from it, and a table of the requests in flight.
 *
 *      bound_file_read ---> table ---> ReadFile ---> port ---> worker
 *                             ^                                   |
 *                             '--- taken out, then its callback <-'
 *
 * The table makes the pool safe: a packet counts only if its request is there
 * and has completed, and a caller cancels a request by its ticket. One lock
 * guards it. The pool holds it for a moment when it starts a request, takes
 * one out, posts one, or cancels one. It does not hold the lock while it calls
 * a callback, reads or writes, binds or closes a handle, or cancels all I/O of
 * a file.
 *
 * Functions return a Win32 error code, 0 (ERROR_SUCCESS) for success. If the
 * port, a thread or an event fails, the pool may be unable to call some
 * callbacks ever again. No function can return such a fatal error. It ends the
 * process: see error.h.
 *
 * Any thread may call any function, also from a callback. In a callback of the
 * same pool, the functions that wait for callbacks would wait for their own
 * caller: they fail with ERROR_POSSIBLE_DEADLOCK.
 *
 * Callbacks of one pool run concurrently on all its threads, in any order.
 * While a callback blocks, its thread takes no packet. If all threads block,
 * packets wait in the port, unless the pool may add threads. Meanwhile I/O goes
 * on, and timeouts still cancel.
 */
#ifndef POOL_H
#define POOL_H

#include "overlapped.h"
#include "rundown.h"
#include "table.h"

#ifdef __cplusplus
extern "C" {
#endif

/* At every moment issued = completed + failed + cancelled + live. */
struct pool_counters {
    uint64_t issued;    /* reads, writes, queued requests and work */
    uint64_t completed; /* with success, or at the end of a file */
    uint64_t failed;
    uint64_t cancelled;
    uint64_t live;  /* in flight now */
    uint64_t peak;  /* the largest number in flight at the same time */
    uint64_t bytes; /* read and written */
    uint64_t stray; /* packets of no request in flight: the pool drops them */
};

/* The caller owns this memory, and only the pool uses its fields. It must not
 * move until the pool is stopped and every file bound to it is closed. Then the
 * caller may free it. */
struct pool {
    HANDLE port;
    HANDLE *workers;
    unsigned worker_count, threads, limit; /* all, the first ones, the most */
    SRWLOCK lock; /* guards the fields below, and every bound file */
    enum { POOL_STOPPED, POOL_RUNNING, POOL_STOPPING } state;
    struct rundown running;   /* calls and callbacks that run or will run */
    struct rundown stopping;  /* a thread in pool_stop */
    ATOMIC(unsigned) cancels; /* how often anything was cancelled */
    uint64_t packets;         /* that were taken */
    struct pool_counters counters;
    HANDLE timer; /* a thread; from the first request with a timeout on */
    CONDITION_VARIABLE timer_changed;
    uint64_t timer_wakes; /* in ms, if nothing wakes it before */
    bool timer_ends;
    struct deadline *first_deadline;
    struct table in_flight; /* last, because it is large */
};

/*
 * Starts a pool with this number of threads; 0: twice the number of processors.
 * The port lets `concurrency` of them run at the same time; 0: the number of
 * processors. A thread that blocks does not count. Wine 8 and 10 ignore the
 * number. Returns 0 or a Win32 error; after an error there is nothing to stop.
 */
DWORD pool_create(struct pool *pool, unsigned threads, unsigned concurrency);

/*
 * The same for a pool that adds threads while callbacks block all of its own
 * ones. Twice a second it looks at the port: if packets wait, and no thread has
 * taken one since, it starts another thread, up to `limit` in all. Such a
 * thread exits when no packet has come for 20 s. .NET: "starvation detection".
 */
DWORD pool_create_growing(struct pool *pool, unsigned threads, unsigned limit,
                          unsigned concurrency);

enum pool_stop_mode {
    POOL_CANCEL, /* cancel what is in flight; queued work still runs */
    POOL_DRAIN,  /* wait until everything in flight completes by itself; a read
                    of a pipe may never do so */
};

/*
 * Stops the pool: from now on new I/O and work fail with
 * ERROR_SHUTDOWN_IN_PROGRESS. Waits until all callbacks have run, ends the
 * threads, and closes the port. Bound files stay open; the caller still closes
 * them. Does nothing if the pool is already stopped, or if all bytes of *pool
 * are 0. If several threads call, each returns when the pool has stopped. In a
 * callback of this pool: ERROR_POSSIBLE_DEADLOCK.
 */
DWORD pool_stop(struct pool *pool, enum pool_stop_mode mode);

/* Cancels every I/O in flight, of all files. Work and requests of
 * pool_queue_request still run. Does not wait. */
void pool_cancel_all(struct pool *pool);

/* Waits until nothing is in flight and no callback runs, up to `timeout` ms, or
 * INFINITE. Returns 0, WAIT_TIMEOUT, or ERROR_POSSIBLE_DEADLOCK. */
DWORD pool_wait_idle(struct pool *pool, DWORD timeout);

/* Whether the calling thread is a worker of this pool (NULL: of any pool), and
 * whether it runs a callback of this pool. */
bool pool_is_worker(const struct pool *pool);
bool pool_in_callback(const struct pool *pool);

/* For a library on the pool that calls callbacks on any thread: between these
 * two calls the thread runs a callback of this pool. The caller owns the
 * struct. */
struct pool_callback {
    const struct pool *pool;
    struct pool_callback *outer; /* a callback that calls this one */
};
void pool_begin_callback(struct pool_callback *callback,
                         const struct pool *pool);
void pool_end_callback(const struct pool_callback *callback);

/* The counters, all from the same moment; and as one line on stderr. */
struct pool_counters pool_counters(struct pool *pool);
void pool_print_counters(struct pool *pool);

/* ---- Work without I/O ------------------------------------------------- */

/*
 * Calls a function on a worker, once. .NET: QueueUserWorkItem. Returns 0,
 * ERROR_SHUTDOWN_IN_PROGRESS, ERROR_NOT_ENOUGH_MEMORY, or the error of
 * PostQueuedCompletionStatus. After an error the function is not called.
 */
typedef void pool_work(void *context);
DWORD pool_queue_work(struct pool *pool, pool_work *work, void *context);

/*
 * Posts an idle request to the port, without I/O: its callback gets error 0 and
 * 0 bytes. .NET: UnsafeQueueNativeOverlapped. Returns 0 or an error as above;
 * ERROR_BUSY for a request in flight; ERROR_INVALID_PARAMETER for a request
 * that has no callback, was not reset since its last use, or was moved since.
 */
DWORD pool_queue_request(struct pool *pool, struct request *request);

/* ---- Files ------------------------------------------------------------ */

/*
 * A handle that is bound to a pool. .NET's ThreadPool.BindHandle returned only
 * a bool, so a program could not know what was still in flight when it closed
 * the handle. .NET moved on to ThreadPoolBoundHandle: an object that owns the
 * binding and knows its requests. This is that object.
 *
 * The caller owns this memory. It must stay until no thread can call a function
 * with it any more. On a closed file, calls fail with ERROR_INVALID_HANDLE.
 */
struct bound_file {
    struct pool *pool;
    HANDLE handle;
    bool skips; /* the handle has FILE_SKIP_COMPLETION_PORT_ON_SUCCESS */
    /* Closes the handle. The bind sets CloseHandle; before the first I/O, the
     * caller may set another function: a socket needs one that calls
     * closesocket. .NET: SafeHandle.ReleaseHandle. */
    BOOL(WINAPI *close)(HANDLE handle);
    /* Only the pool uses these; its lock guards them. */
    bool open;
    struct rundown running; /* calls and callbacks that run or will run */
    unsigned in_flight;     /* requests */
    unsigned cancels;       /* how often all its I/O was cancelled */
    ATOMIC(HANDLE) event;   /* kept for the next synchronous call */
    void (*closed)(struct bound_file *file, DWORD error);
};

/*
 * Binds a handle that was opened with FILE_FLAG_OVERLAPPED. From now on each
 * I/O on it queues a packet to the pool's port when it completes, and a worker
 * calls the callback of its request. The bound file owns the handle, and closes
 * it by file->close. No handle can be bound twice, not even to another pool, or
 * later: the binding stays. (Windows 8.1 and later can replace it, with
 * FileReplaceCompletionInformation.)
 *
 * modes: 0, or FILE_SKIP_COMPLETION_PORT_ON_SUCCESS: an I/O that succeeds
 * immediately then returns IO_DONE and queues no packet. If the system does not
 * support that for this handle, the call succeeds, and file->skips is false.
 *
 * Returns 0 or the system's error, and after an error nothing has changed:
 * ERROR_INVALID_HANDLE if the handle is not open; ERROR_INVALID_PARAMETER for
 * INVALID_HANDLE_VALUE, and for a handle that is synchronous or already bound.
 */
DWORD pool_bind_handle(struct pool *pool, HANDLE handle, UCHAR modes,
                       struct bound_file *file);

/*
 * Start the read or write that an idle request describes, and return
 * immediately. The callback is called only for IO_QUEUED, and always on a
 * worker, never inside these functions: a caller that continues in a loop does
 * not recurse, however many of its I/Os complete immediately.
 *
 * They check the request first, so that a mistake fails here and not in the
 * kernel. A request with a mistake is not counted. The outcome is IO_FAILED,
 * with
 *
 *   ERROR_INVALID_PARAMETER     the offset, or offset + length, is beyond
 *                               2^63 - 1; a length but no buffer; a length that
 *                               does not fit into a DWORD; no callback; a
 *                               request that was not reset since its last use,
 *                               or that was moved since
 *   ERROR_BUSY                  the request is in flight
 *   ERROR_INVALID_HANDLE        the file is closed
 *   ERROR_SHUTDOWN_IN_PROGRESS  the pool stops
 */
struct submission bound_file_read(struct bound_file *file,
                                  struct request *request);
struct submission bound_file_write(struct bound_file *file,
                                   struct request *request);

/*
 * The same for any other overlapped call, for example ConnectNamedPipe or
 * ReadDirectoryChangesW. The function makes the call, and gets `argument`. It
 * must not touch the request after the call. The request needs no buffer.
 */
struct submission bound_file_start(struct bound_file *file,
                                   struct request *request,
                                   overlapped_call *function, void *argument);

/*
 * Read or write at an offset (in bytes), and wait until the I/O has completed.
 * They use neither the port nor a worker, so a callback may call them. They
 * return a Win32 error as a callback gets it, for example ERROR_HANDLE_EOF, and
 * always set *bytes.
 */
DWORD bound_file_read_sync(struct bound_file *file, void *buffer, size_t length,
                           uint64_t offset, DWORD *bytes);
DWORD bound_file_write_sync(struct bound_file *file, const void *buffer,
                            size_t length, uint64_t offset, DWORD *bytes);

/*
 * Asks the system to cancel the I/O with this ticket. Its callback is still
 * called once: with ERROR_OPERATION_ABORTED, or with the normal result if the
 * I/O completed first. Returns 0, or ERROR_NOT_FOUND if no I/O with this ticket
 * is in flight on this file; a request of pool_queue_request is no I/O. Does
 * not wait.
 */
DWORD bound_file_cancel(struct bound_file *file, uint64_t ticket);

/* The same for every I/O in flight on the file: also for those that others have
 * started on its handle, without the pool. */
void bound_file_cancel_all(struct bound_file *file);

/* Like pool_wait_idle, for one file. */
DWORD bound_file_wait_idle(struct bound_file *file, DWORD timeout);

/*
 * Closes the file: from now on new I/O fails. Cancels its I/O, if it has any in
 * flight, waits until the calls that start I/O have returned and the callbacks
 * have run, and closes the handle. Returns 0 or the error of file->close;
 * ERROR_INVALID_HANDLE if the file is already closed; or
 * ERROR_POSSIBLE_DEADLOCK.
 */
DWORD bound_file_close(struct bound_file *file);

/*
 * The same without waiting: any callback may call it, also one of this file.
 * When the last callback has returned, the pool closes the handle, and calls
 * `closed` with 0 or the error of file->close. The thread that uses the file
 * last does that: a worker, or the caller, before this function returns. The
 * pool does not use the file after that: `closed` may free it. pool_stop waits
 * for `closed`, too. .NET: Dispose of a SafeHandle. Returns 0, or
 * ERROR_INVALID_HANDLE if the file is already closed; then `closed` is not
 * called.
 */
typedef void bound_file_closed(struct bound_file *file, DWORD error);
DWORD bound_file_close_later(struct bound_file *file,
                             bound_file_closed *closed);

#ifdef __cplusplus
}
#endif

#endif
