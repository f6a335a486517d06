#include "pool_internal.h"

/* ---- Calls and callbacks that run or will run --------------------------- */

/* Nothing uses the file any more. */
static DWORD close_handles(const struct bound_file *file)
{
    if (file->event != NULL)
        fatal_check(CloseHandle(file->event), "close", "event");
    return file->close(file->handle) ? ERROR_SUCCESS : GetLastError();
}

/* A file with anything inside counts once in its pool. So most calls change one
 * word, and threads that use different files share none. */
void pool_enter(struct pool *pool, struct bound_file *file, unsigned count)
{
    if (file == NULL || rundown_enter(&file->running, count))
        rundown_enter(&pool->running, 1);
}

/* The pool comes last: pool_stop waits for `closed`. */
void pool_leave(struct pool *pool, struct bound_file *file, unsigned count)
{
    enum rundown_rest rest =
        file != NULL ? rundown_leave(&file->running, count) : RUNDOWN_NONE;
    if (rest == RUNDOWN_SOME)
        return;
    if (rest == RUNDOWN_END) {
        struct pool_callback here;
        DWORD error = close_handles(file);
        pool_begin_callback(&here, pool);
        file->closed(file, error);
        pool_end_callback(&here);
    }
    rundown_leave(&pool->running, 1);
}

DWORD bound_file_wait_idle(struct bound_file *file, DWORD timeout)
{
    if (file->pool != NULL && pool_in_callback(file->pool))
        return ERROR_POSSIBLE_DEADLOCK;
    return rundown_wait(&file->running, timeout);
}

/* ---- Binding ------------------------------------------------------------ */

/* Without the lock: for a synchronous handle, the system may let the bind wait
 * for the handle's I/O. */
DWORD pool_bind_handle(struct pool *pool, HANDLE handle, UCHAR modes,
                       struct bound_file *file)
{
    DWORD error = ERROR_SUCCESS;
    *file = (struct bound_file){0};
    lock_acquire(&pool->lock);
    bool running = pool->state == POOL_RUNNING;
    if (running)
        pool_enter(pool, NULL, 1);
    lock_release(&pool->lock);
    if (!running)
        return ERROR_SHUTDOWN_IN_PROGRESS;
    modes &= FILE_SKIP_COMPLETION_PORT_ON_SUCCESS; /* the only one supported */
    if (!CreateIoCompletionPort(handle, pool->port, KEY_REQUEST, 0))
        error = GetLastError();
    else
        *file = (struct bound_file){
            .pool = pool,
            .handle = handle,
            .skips = modes && SetFileCompletionNotificationModes(handle, modes),
            .close = CloseHandle,
            .open = true};
    pool_leave(pool, NULL, 1);
    return error;
}

/* ---- Starting I/O ------------------------------------------------------- */

/* What an I/O calls, and whether the request is right for that. */
struct call {
    overlapped_call *function;
    void *argument;
    bool writes, is_valid;
};

/* Puts a request into the table. That comes before the system call, because
 * the packet may be taken before the call returns. Enters the file twice: for
 * the call, and for the callback. The lock is held. */
static DWORD admit(struct bound_file *file, struct request *request,
                   const struct call *call)
{
    struct pool *pool = file->pool;
    if (!file->open)
        return ERROR_INVALID_HANDLE;
    DWORD error = pool_check_request(pool, request);
    if (error == ERROR_SUCCESS && !call->is_valid)
        error = ERROR_INVALID_PARAMETER;
    if (error == ERROR_SUCCESS && pool_has_timeout(request))
        error = pool_start_timer(pool);
    if (error == ERROR_SUCCESS) {
        request->writes = call->writes;
        pool_put_in(pool, file, request);
        pool_enter(pool, file, 2);
    }
    return error;
}

/* The call has returned. Returns how often to leave the file. The callback may
 * have freed the request: only the table knows. The lock is held. */
static unsigned settle(struct pool *pool, uint64_t ticket,
                       struct submission *started)
{
    struct request *request = table_find(&pool->in_flight, ticket);
    if (request != NULL && started->outcome != IO_QUEUED) {
        if (started->outcome == IO_DONE)
            started->bytes = (DWORD)request->overlapped.InternalHigh;
        request->overlapped.Internal = 0; /* it may still say "pending" */
        started->error =
            pool_take_out(pool, request, started->error, started->bytes);
        return 2;
    }
    if (request != NULL && pool_is_cancelled(request))
        pool_cancel_request(request); /* the kernel knows it now */
    /* The call may have failed although its packet came and was used. */
    *started = (struct submission){.outcome = IO_QUEUED};
    return 1;
}

static struct submission submit(struct bound_file *file,
                                struct request *request,
                                const struct call *call)
{
    struct submission started = {.outcome = IO_FAILED,
                                 .error = ERROR_INVALID_HANDLE};
    struct pool *pool = file->pool;
    if (pool == NULL) /* not bound */
        return started;
    lock_acquire(&pool->lock);
    started.error = admit(file, request, call);
    uint64_t ticket = request->ticket;
    unsigned cancels = pool->cancels, leaves = 1;
    lock_release(&pool->lock);
    if (started.error != ERROR_SUCCESS)
        return started;

    bool skips = file->skips || pool_has_no_packet(request);
    started = overlapped_start(file->handle, request, skips, call->function,
                               call->argument);

    /* Nearly always the packet brings the rest. */
    if (started.outcome != IO_QUEUED || pool->cancels != cancels) {
        lock_acquire(&pool->lock);
        leaves = settle(pool, ticket, &started);
        lock_release(&pool->lock);
    }
    pool_leave(pool, file, leaves);
    return started;
}

static struct submission read_or_write(struct bound_file *file,
                                       struct request *request, bool writes)
{
    bool is_valid =
        request->length <= MAXDWORD &&
        (request->buffer != NULL || request->length == 0) &&
        overlapped_offset(request) <= (uint64_t)INT64_MAX - request->length;
    struct call call = {writes ? overlapped_write : overlapped_read, request,
                        writes, is_valid};
    return submit(file, request, &call);
}

struct submission bound_file_read(struct bound_file *file,
                                  struct request *request)
{
    return read_or_write(file, request, false);
}

struct submission bound_file_write(struct bound_file *file,
                                   struct request *request)
{
    return read_or_write(file, request, true);
}

struct submission bound_file_start(struct bound_file *file,
                                   struct request *request,
                                   overlapped_call *function, void *argument)
{
    return submit(file, request,
                  &(struct call){function, argument, false, true});
}

/* ---- I/O that waits, cancelling, closing -------------------------------- */

enum purpose { TO_CALL, TO_CANCEL, TO_CLOSE };
enum { NOT_OPEN = -1 };

/* Returns how many requests of the file are in flight, or NOT_OPEN. If it is
 * open, the caller has to leave it. */
static int enter_open(struct bound_file *file, enum purpose purpose)
{
    struct pool *pool = file->pool;
    int in_flight = NOT_OPEN;
    if (pool == NULL) /* not bound */
        return NOT_OPEN;
    lock_acquire(&pool->lock);
    if (file->open) {
        in_flight = (int)file->in_flight;
        pool_enter(pool, file, 1);
        file->open = purpose != TO_CLOSE;
        file->cancels += purpose != TO_CALL;
        pool->cancels += purpose != TO_CALL;
    }
    lock_release(&pool->lock);
    return in_flight;
}

/* The lowest bit of hEvent is no part of the handle; it says: no packet. The
 * event may still be set from an earlier call, so the loop looks at the
 * OVERLAPPED, which says "pending" until the I/O has completed. */
static DWORD run(struct bound_file *file, struct request *request, bool writes,
                 HANDLE event, DWORD *bytes)
{
    struct pool *pool = file->pool;
    request->overlapped.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    struct submission started = read_or_write(file, request, writes);
    *bytes = started.bytes;
    if (started.outcome != IO_QUEUED)
        return started.error;
    while (!HasOverlappedIoCompleted(&request->overlapped))
        fatal_check(WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0,
                    "wait for", "event");
    BOOL ok =
        GetOverlappedResult(file->handle, &request->overlapped, bytes, FALSE);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    lock_acquire(&pool->lock);
    error = pool_take_out(pool, request, error, *bytes);
    lock_release(&pool->lock);
    pool_leave(pool, file, 1);
    return error;
}

static DWORD run_sync(struct bound_file *file, bool writes, void *buffer,
                      size_t length, uint64_t offset, DWORD *bytes)
{
    struct request request = {.buffer = buffer, .length = length};
    overlapped_reset(&request, offset);
    *bytes = 0;
    if (enter_open(file, TO_CALL) == NOT_OPEN)
        return ERROR_INVALID_HANDLE;
    HANDLE event = atomic_exchange(&file->event, NULL);
    if (event == NULL)
        event = CreateEventW(NULL, FALSE, FALSE, NULL);
    DWORD error = event != NULL ? run(file, &request, writes, event, bytes)
                                : GetLastError();
    event = atomic_exchange(&file->event, event);
    if (event != NULL) /* that of another call */
        fatal_check(CloseHandle(event), "close", "event");
    pool_leave(file->pool, file, 1);
    return error;
}

DWORD bound_file_read_sync(struct bound_file *file, void *buffer, size_t length,
                           uint64_t offset, DWORD *bytes)
{
    return run_sync(file, false, buffer, length, offset, bytes);
}

DWORD bound_file_write_sync(struct bound_file *file, const void *buffer,
                            size_t length, uint64_t offset, DWORD *bytes)
{
    return run_sync(file, true, (void *)buffer, length, offset, bytes);
}

DWORD bound_file_cancel(struct bound_file *file, uint64_t ticket)
{
    struct pool *pool = file->pool;
    if (pool == NULL) /* not bound */
        return ERROR_NOT_FOUND;
    lock_acquire(&pool->lock);
    struct request *request = table_find(&pool->in_flight, ticket);
    bool found = request != NULL && request->file == file;
    if (found)
        pool_cancel_request(request);
    lock_release(&pool->lock);
    return found ? ERROR_SUCCESS : ERROR_NOT_FOUND;
}

/* The lock is not held: the call takes long if much is in flight. */
void bound_file_cancel_all(struct bound_file *file)
{
    if (enter_open(file, TO_CANCEL) == NOT_OPEN)
        return;
    CancelIoEx(file->handle, NULL);
    pool_leave(file->pool, file, 1);
}

/* The file is not open any more, so nothing else can get in flight. Without a
 * call of the system, many small files take less time. */
static void cancel_and_leave(struct bound_file *file, int in_flight)
{
    if (in_flight > 0)
        CancelIoEx(file->handle, NULL);
    pool_leave(file->pool, file, 1);
}

DWORD bound_file_close(struct bound_file *file)
{
    if (file->pool != NULL && pool_in_callback(file->pool))
        return ERROR_POSSIBLE_DEADLOCK;
    int in_flight = enter_open(file, TO_CLOSE);
    if (in_flight == NOT_OPEN)
        return ERROR_INVALID_HANDLE;
    cancel_and_leave(file, in_flight);
    rundown_wait(&file->running, INFINITE);
    return close_handles(file);
}

DWORD bound_file_close_later(struct bound_file *file, bound_file_closed *closed)
{
    int in_flight = enter_open(file, TO_CLOSE);
    if (in_flight == NOT_OPEN)
        return ERROR_INVALID_HANDLE;
    file->closed = closed;
    rundown_close(&file->running);
    cancel_and_leave(file, in_flight);
    return ERROR_SUCCESS;
}
