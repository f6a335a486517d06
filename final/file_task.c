#include "file_stream_internal.h"

/* ---- Turns. The lock is held. ------------------------------------------- */

static struct lane *lane_of(const struct file_task *task)
{
    struct file_stream *stream = task->stream;
    return &stream->lanes[!stream->seekable && task->kind == TASK_WRITE];
}

static void enter_lane(struct lane *lane, struct file_task *task)
{
    task->in_lane = true;
    task->next = NULL;
    task->previous = lane->last;
    *(lane->last != NULL ? &lane->last->next : &lane->first) = task;
    lane->last = task;
}

static void leave_lane(struct lane *lane, struct file_task *task)
{
    task->in_lane = false;
    *(task->previous != NULL ? &task->previous->next : &lane->first) =
        task->next;
    *(task->next != NULL ? &task->next->previous : &lane->last) =
        task->previous;
}

/* The next call has the turn now. Returns that call if a worker has to run it.
 * The thread of a synchronous call is waiting for it. */
static struct file_task *pass_turn(const struct lane *lane)
{
    struct file_task *next = lane->first;
    if (next == NULL)
        return NULL;
    next->state = TASK_RUNNING;
    if (!next->waits)
        return next;
    WakeByAddressAll(&next->state);
    return NULL;
}

/* ---- How a call begins -------------------------------------------------- */

static struct submission failed(DWORD error)
{
    return (struct submission){.outcome = IO_FAILED, .error = error};
}

/* Sets what the call needs, one by one: that is faster than to clear the whole
 * task. */
static void set_up(struct file_task *task, struct file_stream *stream,
                   const struct stream_call *call)
{
    atomic_store_explicit(&task->state, TASK_IDLE, memory_order_relaxed);
    atomic_store_explicit(&task->cancelled, false, memory_order_relaxed);
    atomic_store_explicit(&task->ticket, 0, memory_order_relaxed);
    task->waits = task->in_lane = false;
    task->done = 0;
    task->error = ERROR_SUCCESS;
    task->pool = stream->pool;
    task->stream = stream;
    task->kind = call->kind;
    task->positional = call->positional;
    task->buffer = call->buffer;
    task->length = call->length;
    task->offset = call->offset;
}

/* What needs no lock. */
static DWORD check_call(const struct file_task *task)
{
    const struct file_stream *stream = task->stream;
    bool writes = task->kind == TASK_WRITE || task->kind == TASK_SET_LENGTH;
    unsigned access = writes ? FILE_ACCESS_WRITE : FILE_ACCESS_READ;
    if (task->kind != TASK_FLUSH && !(stream->access & access))
        return ERROR_ACCESS_DENIED;
    if (task->positional && !stream->seekable)
        return ERROR_SEEK_ON_DEVICE;
    if ((task->buffer == NULL && task->length > 0) || task->length > MAXDWORD ||
        (task->positional && writes && task->offset < stream->append_start) ||
        (stream->pool == NULL && !task->waits))
        return ERROR_INVALID_PARAMETER;
    return ERROR_SUCCESS;
}

/* Whether the call may wait behind this one, which was made before. */
static DWORD check_wait(const struct file_task *task,
                        const struct file_task *before)
{
    const struct file_stream *stream = task->stream;
    if (!task->waits)
        return ERROR_SUCCESS;
    if (!stream->seekable && !before->waits)
        return ERROR_BUSY;
    if (stream->pool != NULL && pool_in_callback(stream->pool))
        return ERROR_POSSIBLE_DEADLOCK;
    return ERROR_SUCCESS;
}

/* Claims the call's range. The call runs now, or waits in its lane. The lock is
 * held. */
static DWORD admit(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    struct lane *lane = lane_of(task);
    bool takes_turn = !stream->seekable || stream->buffer_size > 0;
    bool behind = takes_turn && lane->first != NULL;
    DWORD error = behind ? check_wait(task, lane->last) : ERROR_SUCCESS;
    if (error != ERROR_SUCCESS)
        return error;
    if (stream->seekable && !task->positional)
        stream->position += task->length;
    rundown_enter(&stream->calls, 1);
    rundown_enter(&task->running, 1);
    task->state = behind ? TASK_WAITING : TASK_RUNNING;
    if (takes_turn)
        enter_lane(lane, task);
    return ERROR_SUCCESS;
}

/* The outcome is IO_QUEUED if the call has not completed: it runs, or waits for
 * its turn. The lock is held. */
static struct submission begin_locked(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    if (stream->closing)
        return failed(ERROR_INVALID_HANDLE);
    if (!task->positional)
        task->offset = stream->position;
    if (stream_reaches_too_far(task->offset, task->length))
        return failed(ERROR_INVALID_PARAMETER);
    task->seeks = stream->seeks;
    task->cancels = stream->cancels;
    if (lane_of(task)->first == NULL && stream_use_buffer(task)) {
        stream->position += task->done;
        return (struct submission){.outcome = IO_DONE,
                                   .bytes = (DWORD)task->done};
    }
    DWORD error = admit(task);
    if (error != ERROR_SUCCESS)
        return failed(error);
    return (struct submission){.outcome = IO_QUEUED};
}

/* A pipe has nothing to flush. Sets *runs if the call runs. Another thread may
 * give the turn to a call that waits, so the caller does not look at its state.
 */
static struct submission begin(struct file_task *task, bool *runs)
{
    struct file_stream *stream = task->stream;
    struct submission begun = {.outcome = IO_DONE};
    DWORD error = check_call(task);
    bool reads_or_writes = task->kind <= TASK_WRITE;
    *runs = false;
    if (error != ERROR_SUCCESS) {
        begun = failed(error);
    } else if (reads_or_writes ? task->length > 0 : stream->seekable) {
        lock_acquire(&stream->lock);
        begun = begin_locked(task);
        *runs = begun.outcome == IO_QUEUED && task->state == TASK_RUNNING;
        lock_release(&stream->lock);
    }
    if (begun.outcome != IO_QUEUED) {
        task->error = begun.error;
        atomic_store_explicit(&task->state, TASK_DONE, memory_order_release);
    }
    return begun;
}

/* ---- How a call ends ---------------------------------------------------- */

DWORD stream_enter(struct file_stream *stream)
{
    lock_acquire(&stream->lock);
    DWORD error = stream->closing ? ERROR_INVALID_HANDLE : ERROR_SUCCESS;
    if (error == ERROR_SUCCESS)
        rundown_enter(&stream->calls, 1);
    lock_release(&stream->lock);
    return error;
}

void stream_leave(struct file_stream *stream)
{
    if (rundown_leave(&stream->calls, 1) == RUNDOWN_END)
        stream_end(stream);
}

/* Gives the task back to its caller. Returns the call that has the turn next,
 * and that a worker has to run, or NULL. */
static struct file_task *retire(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    struct file_task *next = NULL;
    lock_acquire(&stream->lock);
    if (task->in_lane) {
        leave_lane(lane_of(task), task);
        next = pass_turn(lane_of(task));
    }
    if (stream->seekable && !task->positional && task->seeks == stream->seeks)
        stream->position -= task->length - task->done;
    task->state = TASK_DONE;
    lock_release(&stream->lock);
    rundown_leave(&task->running, 1);
    return next;
}

static io_completion_callback on_turn;

/* Lets a worker run this call. Returns NULL, or, if the pool stops, the call
 * itself, which has failed now. */
static struct file_task *give_to_worker(struct file_task *next)
{
    if (next == NULL)
        return NULL;
    struct request *request = &next->request;
    request->callback = on_turn;
    request->context = next;
    overlapped_reset(request, 0);
    DWORD error = pool_queue_request(next->stream->pool, request);
    if (error == ERROR_SUCCESS)
        return NULL;
    next->error = error;
    return next;
}

/* Completes a call, and also the calls after it that no worker can run. */
static void finish(struct file_task *task)
{
    while (task != NULL) {
        struct file_stream *stream = task->stream;
        file_stream_callback *callback = task->callback;
        void *context = task->context;
        DWORD error = task->error;
        size_t bytes = task->done;
        /* The next call gets its turn before this callback runs, which may take
         * long. */
        struct file_task *next = give_to_worker(retire(task));
        if (callback != NULL) {
            struct pool_callback running;
            pool_begin_callback(&running, stream->pool);
            callback(context, error, bytes);
            pool_end_callback(&running);
        }
        stream_leave(stream);
        task = next;
    }
}

/* Ends a call whose caller gets the result from the function that it called. */
static void end_without_callback(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    finish(give_to_worker(retire(task)));
    stream_leave(stream);
}

/* ---- Asynchronous I/O --------------------------------------------------- */

static io_completion_callback on_io;

/* Starts the I/O of task->request. The outcome is IO_QUEUED if on_io goes on
 * with the task, which may be gone then. */
static struct submission start(struct file_task *task)
{
    struct bound_file *file = &task->stream->file;
    struct request *request = &task->request;
    request->callback = on_io;
    request->context = task;
    task->io = TASK_STARTING;
    struct submission started = stream_writes(task)
                                    ? bound_file_write(file, request)
                                    : bound_file_read(file, request);
    if (started.outcome != IO_QUEUED)
        return started;
    if (stream_is_cancelled(task))
        bound_file_cancel(file, task->ticket); /* the first came too early */
    enum file_task_io starting = TASK_STARTING;
    if (atomic_compare_exchange_strong(&task->io, &starting, TASK_STARTED))
        return started;
    return (struct submission){
        .outcome = IO_DONE, .error = task->error, .bytes = task->bytes};
}

/* Starts I/O until one is queued (returns true), or until the call has
 * completed (false). */
static bool start_io(struct file_task *task)
{
    while (stream_next_io(task)) {
        struct submission started = start(task);
        if (started.outcome == IO_QUEUED)
            return true;
        if (stream_end_io(task, started.error, started.bytes))
            break;
    }
    return false;
}

static void on_io(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct file_task *task = request->context;
    task->error = error;
    task->bytes = bytes;
    enum file_task_io starting = TASK_STARTING;
    if (atomic_compare_exchange_strong(&task->io, &starting, TASK_CAME))
        return; /* `start` has not returned: it goes on */
    if (stream_end_io(task, error, bytes) || !start_io(task))
        finish(task);
}

/* ---- Synchronous I/O ---------------------------------------------------- */

/* One I/O, which blocks. On a handle that is not overlapped, an OVERLAPPED only
 * holds the offset. A pipe has none. Wine asks its server each time there is an
 * OVERLAPPED. So reads in order use the file pointer, if no other call can move
 * it. */
static DWORD transfer(struct file_task *task, DWORD *bytes)
{
    struct file_stream *stream = task->stream;
    struct request *request = &task->request;
    uint64_t offset = overlapped_offset(request);
    DWORD length = (DWORD)request->length;
    if (stream->asynchronous)
        return stream_writes(task)
                   ? bound_file_write_sync(&stream->file, request->buffer,
                                           length, offset, bytes)
                   : bound_file_read_sync(&stream->file, request->buffer,
                                          length, offset, bytes);
    bool at_pointer = stream->buffer_size > 0 && !stream->shares_handle &&
                      offset == stream->pointer;
    OVERLAPPED *at =
        stream->seekable && !at_pointer ? &request->overlapped : NULL;
    *bytes = 0;
    BOOL ok =
        stream_writes(task)
            ? WriteFile(stream->handle, request->buffer, length, bytes, at)
            : ReadFile(stream->handle, request->buffer, length, bytes, at);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (stream->buffer_size > 0)
        stream->pointer = ok ? offset + *bytes : UINT64_MAX; /* unknown */
    return error;
}

void stream_run(struct file_task *task)
{
    while (stream_next_io(task)) {
        DWORD bytes, error = transfer(task, &bytes);
        if (stream_end_io(task, error, bytes))
            break;
    }
}

DWORD stream_do(struct file_stream *stream, const struct stream_call *call,
                size_t *bytes)
{
    bool runs;
    struct file_task task;
    set_up(&task, stream, call);
    task.callback = NULL;
    task.waits = true;
    task.running = (struct rundown){0};
    atomic_init(&task.request.state, REQUEST_IDLE); /* all its I/O needs */
    if (begin(&task, &runs).outcome == IO_QUEUED) {
        int waiting = TASK_WAITING;
        while (task.state == TASK_WAITING)
            fatal_check(
                WaitOnAddress(&task.state, &waiting, sizeof waiting, INFINITE),
                "wait for", "turn");
        stream_run(&task);
        end_without_callback(&task);
    }
    if (bytes != NULL)
        *bytes = task.done;
    /* If some bytes came, the next call reports the error. */
    return task.kind == TASK_READ && task.done > 0 ? ERROR_SUCCESS : task.error;
}

/* On a synchronous handle the worker blocks. */
static void on_turn(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct file_task *task = request->context;
    (void)error, (void)bytes; /* both 0: the packet was posted */
    if (!task->stream->asynchronous)
        stream_run(task);
    else if (start_io(task))
        return;
    finish(task);
}

/* ---- Asynchronous calls ------------------------------------------------- */

struct submission stream_do_async(struct file_stream *stream,
                                  struct file_task *task,
                                  const struct stream_call *call)
{
    bool runs;
    if (task->state == TASK_WAITING || task->state == TASK_RUNNING)
        return failed(ERROR_BUSY);
    set_up(task, stream, call);
    struct submission begun = begin(task, &runs);
    if (!runs)
        return begun;
    if (stream->asynchronous ? start_io(task) : give_to_worker(task) == NULL)
        return begun;
    struct submission ended = {
        .outcome = IO_DONE, .error = task->error, .bytes = (DWORD)task->done};
    if (task->error != ERROR_SUCCESS)
        ended.outcome = IO_FAILED;
    end_without_callback(task);
    return ended;
}

DWORD file_task_wait(struct file_task *task, DWORD timeout, size_t *bytes)
{
    if (bytes != NULL)
        *bytes = 0;
    if (task->state == TASK_IDLE)
        return ERROR_INVALID_PARAMETER;
    if (task->state != TASK_DONE && pool_in_callback(task->pool))
        return ERROR_POSSIBLE_DEADLOCK;
    if (rundown_wait(&task->running, timeout) != ERROR_SUCCESS)
        return WAIT_TIMEOUT;
    if (bytes != NULL)
        *bytes = task->done;
    return task->error;
}

/* ---- Cancelling --------------------------------------------------------- */

/* A call that was waiting gets no turn, only a worker that completes it. */
void file_task_cancel(struct file_task *task)
{
    if (task->state == TASK_IDLE || task->state == TASK_DONE)
        return;
    struct file_stream *stream = task->stream;
    lock_acquire(&stream->lock);
    bool waits = task->state == TASK_WAITING;
    bool runs = task->state == TASK_RUNNING;
    uint64_t ticket = task->ticket;
    if (waits) {
        leave_lane(lane_of(task), task);
        task->state = TASK_RUNNING;
    }
    if (waits || runs) {
        task->cancelled = true;
        rundown_enter(&stream->calls, 1);
    }
    lock_release(&stream->lock);
    if (runs)
        bound_file_cancel(&stream->file, ticket);
    if (waits)
        finish(give_to_worker(task));
    if (waits || runs)
        stream_leave(stream);
}

/* The threads that start I/O look at `cancels` before they start it and after.
 */
void stream_cancel_all(struct file_stream *stream)
{
    stream->cancels++;
    if (stream->asynchronous)
        bound_file_cancel_all(&stream->file);
    else
        CancelIoEx(stream->handle, NULL);
}

void file_stream_cancel(struct file_stream *stream)
{
    if (stream_enter(stream) != ERROR_SUCCESS)
        return; /* close cancels */
    stream_cancel_all(stream);
    stream_leave(stream);
}
