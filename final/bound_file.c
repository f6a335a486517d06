#include "pool_internal.h"

/* ---- The pool's open files: a ring. The lock is held. ------------------- */

static void add_file(struct pool *pool, struct bound_file *file)
{
    struct bound_file *first = pool->files;
    if (first == NULL)
        pool->files = first = file->previous = file;
    file->next = first;
    file->previous = first->previous;
    file->previous->next = first->previous = file;
}

static void remove_file(struct pool *pool, struct bound_file *file)
{
    file->previous->next = file->next;
    file->next->previous = file->previous;
    if (pool->files == file)
        pool->files = file->next != file ? file->next : NULL;
}

/* ---- Calls and callbacks that run or will run --------------------------- */

/* Nothing uses the file any more. */
static DWORD close_handles(const struct bound_file *file)
{
    if (file->event != NULL)
        fatal_check(CloseHandle(file->event), "close", "event");
    return CloseHandle(file->handle) ? ERROR_SUCCESS : GetLastError();
}

void pool_enter(struct pool *pool, struct bound_file *file, unsigned count)
{
    rundown_enter(&pool->running, count);
    if (file != NULL)
        rundown_enter(&file->running, count);
}

/* The file comes first: while the pool counts this thread, too, pool_stop
 * waits. */
void pool_leave(struct pool *pool, struct bound_file *file, unsigned count)
{
    if (file != NULL && rundown_leave(&file->running, count)) {
        struct pool_callback here;
        DWORD error = close_handles(file);
        pool_begin_callback(&here, pool);
        file->closed(file, error);
        pool_end_callback(&here);
    }
    rundown_leave(&pool->running, count);
}

DWORD bound_file_wait_idle(struct bound_file *file, DWORD timeout)
{
    if (file->pool == NULL) /* not bound */
        return ERROR_SUCCESS;
    return pool_wait_for(file->pool, &file->running, timeout);
}

/* ---- Binding ------------------------------------------------------------ */

/* The lock is not held during the bind: for a synchronous handle, the system
 * may let it wait for the handle's I/O. */
DWORD pool_bind_handle(struct pool *pool, HANDLE handle, UCHAR modes,
                       struct bound_file *file)
{
    *file = (struct bound_file){0};
    AcquireSRWLockExclusive(&pool->lock);
    bool running = pool->state == POOL_RUNNING;
    if (running)
        pool_enter(pool, NULL, 1);
    ReleaseSRWLockExclusive(&pool->lock);
    if (!running)
        return ERROR_SHUTDOWN_IN_PROGRESS;

    DWORD error = ERROR_SUCCESS;
    if (!CreateIoCompletionPort(handle, pool->port, KEY_REQUEST, 0)) {
        error = GetLastError();
    } else {
        /* The only mode that is supported. */
        modes &= FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;
        file->skips =
            modes && SetFileCompletionNotificationModes(handle, modes);
        file->pool = pool;
        file->handle = handle;
        file->open = true;
        AcquireSRWLockExclusive(&pool->lock);
        add_file(pool, file);
        ReleaseSRWLockExclusive(&pool->lock);
    }
    pool_leave(pool, NULL, 1);
    return error;
}

/* ---- Starting I/O ------------------------------------------------------- */

/* What an I/O calls. */
struct call {
    bool writes;
    overlapped_call *function; /* NULL: ReadFile or WriteFile */
    void *argument;
};

static bool is_valid(const struct request *request)
{
    uint64_t offset = overlapped_offset(request);
    return request->length <= MAXDWORD &&
           (request->buffer != NULL || request->length == 0) &&
           offset <= (uint64_t)INT64_MAX - request->length;
}

/* Puts a request into the table. That comes before the system call, because the
 * packet may be taken before the call returns. Enters the file twice: for the
 * call, and for the callback. The lock is held. */
static DWORD admit(struct bound_file *file, struct request *request,
                   const struct call *call)
{
    struct pool *pool = file->pool;
    if (!file->open)
        return ERROR_INVALID_HANDLE;
    DWORD error = pool_check_request(pool, request);
    if (error == ERROR_SUCCESS && call->function == NULL && !is_valid(request))
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

static struct submission make(const struct call *call,
                              const struct bound_file *file,
                              struct request *request)
{
    bool skips = file->skips || pool_has_no_packet(request);
    if (call->function != NULL)
        return overlapped_start(file->handle, request, skips, call->function,
                                call->argument);
    if (call->writes)
        return overlapped_write(file->handle, request, skips);
    return overlapped_read(file->handle, request, skips);
}

/* The call has returned. Returns how often to leave the file. The callback may
 * have freed the request: only the table knows. The lock is held. */
static unsigned settle(struct pool *pool, uint64_t ticket,
                       struct submission *started)
{
    struct request *request = pool_find_ticket(pool, ticket);
    if (request != NULL && started->outcome != IO_QUEUED) {
        overlapped_ended(request, started);
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
    AcquireSRWLockExclusive(&pool->lock);
    started.error = admit(file, request, call);
    uint64_t ticket = request->ticket;
    unsigned cancels = pool->cancels, leaves = 1;
    ReleaseSRWLockExclusive(&pool->lock);
    if (started.error != ERROR_SUCCESS)
        return started;

    started = make(call, file, request);

    /* Nearly always the packet brings the rest. */
    if (started.outcome != IO_QUEUED || pool->cancels != cancels) {
        AcquireSRWLockExclusive(&pool->lock);
        leaves = settle(pool, ticket, &started);
        ReleaseSRWLockExclusive(&pool->lock);
    }
    pool_leave(pool, file, leaves);
    return started;
}

struct submission bound_file_read(struct bound_file *file,
                                  struct request *request)
{
    return submit(file, request, &(struct call){.writes = false});
}

struct submission bound_file_write(struct bound_file *file,
                                   struct request *request)
{
    return submit(file, request, &(struct call){.writes = true});
}

struct submission bound_file_start(struct bound_file *file,
                                   struct request *request,
                                   overlapped_call *function, void *argument)
{
    return submit(file, request,
                  &(struct call){.function = function, .argument = argument});
}

/* ---- I/O that waits ----------------------------------------------------- */

/* The lowest bit of hEvent is no part of the handle; it says: no packet. The
 * event may still be set from an earlier call, so the loop looks at the
 * OVERLAPPED, which says "pending" until the I/O has completed. */
static DWORD run(struct bound_file *file, struct request *request, bool writes,
                 HANDLE event, DWORD *bytes)
{
    struct pool *pool = file->pool;
    OVERLAPPED *overlapped = &request->overlapped;
    overlapped->hEvent = (HANDLE)((ULONG_PTR)event | 1);
    struct submission started =
        submit(file, request, &(struct call){.writes = writes});
    *bytes = started.bytes;
    if (started.outcome != IO_QUEUED)
        return started.error;
    while (!HasOverlappedIoCompleted(overlapped))
        fatal_check(WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0,
                    "wait for", "event");
    DWORD error = overlapped_result(overlapped, bytes);
    AcquireSRWLockExclusive(&pool->lock);
    error = pool_take_out(pool, request, error, *bytes);
    ReleaseSRWLockExclusive(&pool->lock);
    pool_leave(pool, file, 1);
    return error;
}

/* The lock is held. The caller then calls CancelIoEx, without the lock. */
static void mark_all_cancelled(struct bound_file *file)
{
    file->cancels++;
    file->pool->cancels++;
}

enum purpose { TO_CALL, TO_CANCEL, TO_CLOSE };

/* Returns false if the file is not open. Otherwise the caller has to leave it.
 */
static bool enter_open(struct bound_file *file, enum purpose purpose)
{
    struct pool *pool = file->pool;
    if (pool == NULL) /* not bound */
        return false;
    AcquireSRWLockExclusive(&pool->lock);
    bool open = file->open;
    if (open) {
        pool_enter(pool, file, 1);
        if (purpose != TO_CALL)
            mark_all_cancelled(file);
        if (purpose == TO_CLOSE) {
            file->open = false;
            remove_file(pool, file);
        }
    }
    ReleaseSRWLockExclusive(&pool->lock);
    return open;
}

static DWORD run_sync(struct bound_file *file, struct request *request,
                      bool writes, DWORD *bytes)
{
    *bytes = 0;
    if (!enter_open(file, TO_CALL))
        return ERROR_INVALID_HANDLE;
    HANDLE event = atomic_exchange(&file->event, NULL);
    if (event == NULL)
        event = CreateEventW(NULL, FALSE, FALSE, NULL);
    DWORD error = event != NULL ? run(file, request, writes, event, bytes)
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

/* ---- Cancelling and closing --------------------------------------------- */

DWORD bound_file_cancel(struct bound_file *file, uint64_t ticket)
{
    struct pool *pool = file->pool;
    if (pool == NULL) /* not bound */
        return ERROR_NOT_FOUND;
    AcquireSRWLockExclusive(&pool->lock);
    struct request *request = pool_find_ticket(pool, ticket);
    bool found = request != NULL && request->file == file;
    if (found)
        pool_cancel_request(request);
    ReleaseSRWLockExclusive(&pool->lock);
    return found ? ERROR_SUCCESS : ERROR_NOT_FOUND;
}

/* The lock is not held: the call takes long if much is in flight. */
static void cancel_all_and_leave(struct bound_file *file)
{
    CancelIoEx(file->handle, NULL);
    pool_leave(file->pool, file, 1);
}

void bound_file_cancel_all(struct bound_file *file)
{
    if (enter_open(file, TO_CANCEL))
        cancel_all_and_leave(file);
}

/* Each file that was cancelled becomes the last one of the ring. */
void pool_cancel_all(struct pool *pool)
{
    struct bound_file *file;
    AcquireSRWLockExclusive(&pool->lock);
    uint64_t round = ++pool->cancel_rounds;
    while ((file = pool->files) != NULL && file->cancel_round < round) {
        file->cancel_round = round;
        pool->files = file->next;
        pool_enter(pool, file, 1);
        mark_all_cancelled(file);
        ReleaseSRWLockExclusive(&pool->lock);
        cancel_all_and_leave(file);
        AcquireSRWLockExclusive(&pool->lock);
    }
    ReleaseSRWLockExclusive(&pool->lock);
}

DWORD bound_file_close(struct bound_file *file)
{
    if (file->pool != NULL && pool_in_callback(file->pool))
        return ERROR_POSSIBLE_DEADLOCK;
    if (!enter_open(file, TO_CLOSE))
        return ERROR_INVALID_HANDLE;
    cancel_all_and_leave(file);
    rundown_wait(&file->running, INFINITE);
    return close_handles(file);
}

DWORD bound_file_close_later(struct bound_file *file, bound_file_closed *closed)
{
    if (!enter_open(file, TO_CLOSE))
        return ERROR_INVALID_HANDLE;
    file->closed = closed;
    rundown_close(&file->running);
    cancel_all_and_leave(file);
    return ERROR_SUCCESS;
}
