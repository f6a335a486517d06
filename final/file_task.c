#include "file_stream_internal.h"

#include <string.h>

static struct submission failed(DWORD error)
{
    return (struct submission){.outcome = IO_FAILED, .error = error};
}

/* ---- Turns -------------------------------------------------------------- */

/* The lock is held. */
static void append(struct file_task **list, struct file_task *task)
{
    while (*list != NULL)
        list = &(*list)->next;
    task->next = NULL;
    *list = task;
}

/* The lock is held. Returns false if the task was not in the list. */
static bool remove_task(struct file_task **list, const struct file_task *task)
{
    while (*list != NULL && *list != task)
        list = &(*list)->next;
    if (*list == NULL)
        return false;
    *list = task->next;
    return true;
}

static bool is_running(const struct file_stream *stream,
                       const struct file_task *task)
{
    const struct file_task *at = stream->running;
    while (at != NULL && at != task)
        at = at->next;
    return at != NULL;
}

struct file_task *stream_next_turn(struct file_stream *stream, bool writes)
{
    struct file_task *next = stream->waiting[writes];
    stream->busy[writes] = next != NULL;
    if (next != NULL) {
        stream->waiting[writes] = next->next;
        next->state = TASK_RUNNING;
        next->has_turn = true;
        append(&stream->running, next);
    }
    return next;
}

/* ---- How a call proceeds ------------------------------------------------ */

static io_completion_callback on_io, on_turn;

static struct submission start_request(struct file_stream *stream, bool writes,
                                       struct request *request)
{
    if (writes)
        return bound_file_write(&stream->file, request);
    return bound_file_read(&stream->file, request);
}

/* Starts an I/O for the rest of its range. With IO_QUEUED the call may have
 * completed already, and the caller may have freed the task. */
static struct submission start_rest(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    struct request *request = &task->request;
    uint64_t offset = stream->seekable ? task->offset + task->done : 0;
    size_t rest = task->length - task->done;
    request->callback = on_io;
    request->context = task;
    if (task->fills) {
        request->buffer = stream->buffer.data;
        request->length = stream->buffer_size;
    } else {
        request->buffer = task->buffer + task->done;
        request->length = rest;
    }
    bool writes = task->writes;
    AcquireSRWLockExclusive(&stream->lock);
    overlapped_reset(request, offset);
    uint64_t ticket = task->ticket = request->ticket;
    unsigned cancels = stream->cancels;
    bool cancelled = task->cancelled;
    stream_pin(stream); /* until the end of this function */
    ReleaseSRWLockExclusive(&stream->lock);

    struct submission started = failed(ERROR_OPERATION_ABORTED);
    if (!cancelled)
        started = start_request(stream, writes, request);

    AcquireSRWLockExclusive(&stream->lock);
    if (started.outcome == IO_QUEUED && stream->cancels != cancels &&
        is_running(stream, task) && task->cancelled)
        bound_file_cancel(&stream->file, ticket); /* the first came too early */
    ReleaseSRWLockExclusive(&stream->lock);
    stream_unpin(stream);
    return started;
}

/* The stream's buffer has been filled: copies the bytes that the call wants to
 * the caller's buffer. Returns how many. */
static DWORD end_fill(struct file_task *task, DWORD bytes)
{
    struct file_stream *stream = task->stream;
    size_t rest = task->length - task->done;
    DWORD count = bytes < rest ? bytes : (DWORD)rest;
    memcpy(task->buffer + task->done, stream->buffer.data, count);
    task->fills = false;
    AcquireSRWLockExclusive(&stream->lock);
    stream->buffer.offset = task->offset + task->done;
    stream->buffer.filled = stream->stale ? 0 : bytes;
    stream->filling = false; /* the lock `calls` guards the buffer again */
    ReleaseSRWLockExclusive(&stream->lock);
    return count;
}

/* Handles the result of one I/O. Returns whether the call has completed. */
static bool end_io(struct file_task *task, DWORD error, DWORD bytes)
{
    bool seekable = task->stream->seekable;
    if (task->fills)
        bytes = end_fill(task, bytes);
    task->done += bytes;
    task->error = error;
    switch (overlapped_status(error)) {
    case IO_STATUS_END_OF_FILE:
        if (!task->writes)
            task->error = ERROR_SUCCESS;
        return true;
    case IO_STATUS_SUCCESS:
    case IO_STATUS_MORE_DATA:
        task->error = ERROR_SUCCESS;
        if (task->writes && bytes == 0)
            task->error = ERROR_WRITE_FAULT; /* the loop would never end */
        if (bytes == 0) /* in a pipe, a write of 0 bytes: read again */
            return task->writes || !task->stream->is_pipe;
        return task->done == task->length || (!task->writes && !seekable);
    case IO_STATUS_PENDING:
    case IO_STATUS_CANCELLED:
    case IO_STATUS_FAILED:
        break;
    }
    return true;
}

/* Starts I/O until one is queued (returns true), or until the call has
 * completed (false). */
static bool start_io(struct file_task *task)
{
    for (;;) {
        struct submission started = start_rest(task);
        if (started.outcome == IO_QUEUED)
            return true;
        if (end_io(task, started.error, started.bytes))
            return false;
    }
}

/* Gives the task back to its caller. Returns the call that has the turn next,
 * or NULL. */
static struct file_task *retire(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    struct file_task *next = NULL;
    AcquireSRWLockExclusive(&stream->lock);
    remove_task(&stream->running, task);
    if (task->has_turn)
        next = stream_next_turn(stream, task->writes);
    else if (stream->seekable && task->seeks == stream->seeks)
        stream->position -= task->length - task->done;
    if (stream->seekable && task->writes)
        stream->writing--;
    task->state = TASK_DONE;
    ReleaseSRWLockExclusive(&stream->lock);
    WakeByAddressAll(&task->state); /* uses only the address */
    return next;
}

/* Lets a worker start the call. */
static DWORD give_turn(struct file_task *task)
{
    struct request *request = &task->request;
    request->callback = on_turn;
    request->context = task;
    overlapped_reset(request, 0);
    return pool_queue_request(task->stream->pool, request);
}

/* Gives the turn to this call. Returns NULL, or, if the pool stops, the call
 * itself, which has failed now. */
static struct file_task *pass_turn(struct file_task *next)
{
    DWORD error = next != NULL ? give_turn(next) : ERROR_SUCCESS;
    if (error == ERROR_SUCCESS)
        return NULL;
    next->error = error;
    return next;
}

/* Completes a call, and also the calls after it that cannot have their turn. */
static void finish(struct file_task *task)
{
    while (task != NULL) {
        struct file_stream *stream = task->stream;
        const struct pool *pool = task->pool;
        file_stream_callback *callback = task->callback;
        void *context = task->context;
        DWORD error = task->error;
        size_t bytes = task->done;
        /* The next call gets its turn before this callback runs, which may take
         * long. */
        struct file_task *next = pass_turn(retire(task));
        if (callback != NULL) {
            struct pool_callback here;
            pool_begin_callback(&here, pool);
            callback(context, error, bytes);
            pool_end_callback(&here);
        }
        stream_unpin(stream);
        task = next;
    }
}

void stream_go_on(struct file_task *next)
{
    finish(pass_turn(next));
}

static void on_io(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct file_task *task = request->context;
    if (end_io(task, error, bytes) || !start_io(task))
        finish(task);
}

/* On a synchronous handle the worker blocks. */
static void run_blocking(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    size_t count;
    if (task->cancelled) {
        task->error = ERROR_OPERATION_ABORTED;
    } else if (task->writes) {
        task->error =
            stream_write_at(stream, task->buffer, task->length, task->offset);
        task->done = task->error == ERROR_SUCCESS ? task->length : 0;
    } else {
        do {
            task->error = stream_read_at(stream, task->buffer + task->done,
                                         task->length - task->done,
                                         task->offset + task->done, &count);
            task->done += count;
        } while (task->error == ERROR_SUCCESS && count > 0 &&
                 task->done < task->length && stream->seekable);
    }
}

static void on_turn(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct file_task *task = request->context;
    (void)error, (void)bytes; /* both 0: the packet was posted */
    if (!task->stream->asynchronous)
        run_blocking(task);
    else if (start_io(task))
        return;
    finish(task);
}

/* Starts a call that is in the list of running calls. */
static struct submission launch(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    bool queued;
    if (stream->asynchronous)
        queued = start_io(task);
    else
        queued = pass_turn(task) == NULL;
    if (queued)
        return (struct submission){.outcome = IO_QUEUED};
    struct submission result = {
        .outcome = task->error == ERROR_SUCCESS ? IO_DONE : IO_FAILED,
        .error = task->error,
        .bytes = (DWORD)task->done};
    stream_go_on(retire(task));
    stream_unpin(stream);
    return result;
}

static struct submission complete(struct file_task *task, DWORD error)
{
    struct submission result = {.outcome = IO_DONE, .error = error};
    if (error != ERROR_SUCCESS)
        result.outcome = IO_FAILED;
    task->error = error;
    task->state = TASK_DONE;
    return result;
}

/* Copies the bytes that are in the buffer, and claims the range of the call. */
static struct submission begin_in_file(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    uint64_t offset = stream->position;
    if (stream_reaches_too_far(offset, task->length))
        return complete(task, ERROR_INVALID_PARAMETER);
    DWORD error = stream_flush_buffer(stream);
    if (error != ERROR_SUCCESS)
        return complete(task, error);
    if (task->writes)
        stream_forget_buffer(stream);
    else
        task->done =
            stream_copy_buffered(stream, task->buffer, task->length, offset);
    size_t rest = task->length - task->done;
    task->offset = offset;
    task->fills = !task->writes && stream->asynchronous && rest > 0 &&
                  stream_can_fill(stream, offset + task->done, rest);
    if (task->fills) /* otherwise another call may be filling it */
        stream->filling = true;

    AcquireSRWLockExclusive(&stream->lock);
    if (task->fills)
        stream->stale = false;
    stream->position += task->length;
    task->seeks = stream->seeks;
    task->state = rest > 0 ? TASK_RUNNING : TASK_DONE;
    if (rest > 0) {
        append(&stream->running, task);
        stream_pin(stream);
        if (task->writes)
            stream->writing++;
    }
    ReleaseSRWLockExclusive(&stream->lock);
    return (struct submission){.outcome = rest > 0 ? IO_QUEUED : IO_DONE,
                               .bytes = rest > 0 ? 0 : (DWORD)task->done};
}

/* In each direction of a pipe one call runs; the others wait for their turn. */
static bool has_to_wait(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    AcquireSRWLockExclusive(&stream->lock);
    bool busy = stream->busy[task->writes];
    stream->busy[task->writes] = true;
    stream_pin(stream);
    task->has_turn = !busy;
    if (busy) {
        task->state = TASK_WAITING;
        append(&stream->waiting[task->writes], task);
    } else {
        task->state = TASK_RUNNING;
        append(&stream->running, task);
    }
    ReleaseSRWLockExclusive(&stream->lock);
    return busy;
}

static struct submission begin(struct file_stream *stream, bool writes,
                               void *buffer, size_t length,
                               struct file_task *task)
{
    if (task->state == TASK_WAITING || task->state == TASK_RUNNING)
        return failed(ERROR_BUSY);
    *task = (struct file_task){.callback = task->callback,
                               .context = task->context,
                               .stream = stream,
                               .pool = stream->pool,
                               .writes = writes,
                               .buffer = buffer,
                               .length = length};
    struct submission begun = {.outcome = IO_QUEUED};
    DWORD error = stream_check_call(stream, writes, buffer, length);
    if (error == ERROR_SUCCESS && stream->pool == NULL)
        error = ERROR_INVALID_PARAMETER;
    if (error == ERROR_SUCCESS && stream_is_closing(stream))
        error = ERROR_INVALID_HANDLE;
    if (error != ERROR_SUCCESS || length == 0) {
        begun = complete(task, error);
    } else if (stream->seekable) {
        AcquireSRWLockExclusive(&stream->calls[0]);
        begun = begin_in_file(task);
        ReleaseSRWLockExclusive(&stream->calls[0]);
    } else if (has_to_wait(task)) {
        return begun;
    }
    return begun.outcome == IO_QUEUED ? launch(task) : begun;
}

struct submission file_stream_read_async(struct file_stream *stream,
                                         void *buffer, size_t length,
                                         struct file_task *task)
{
    return begin(stream, false, buffer, length, task);
}

struct submission file_stream_write_async(struct file_stream *stream,
                                          const void *buffer, size_t length,
                                          struct file_task *task)
{
    return begin(stream, true, (void *)buffer, length, task);
}

DWORD file_task_wait(struct file_task *task, DWORD timeout, size_t *bytes)
{
    ULONGLONG start = GetTickCount64();
    if (bytes != NULL)
        *bytes = 0;
    if (task->state == TASK_IDLE)
        return ERROR_INVALID_PARAMETER;
    for (int state; (state = task->state) != TASK_DONE;) {
        ULONGLONG waited = GetTickCount64() - start;
        if (pool_in_callback(task->pool))
            return ERROR_POSSIBLE_DEADLOCK;
        if (timeout != INFINITE && waited >= timeout)
            return WAIT_TIMEOUT;
        DWORD rest = timeout == INFINITE ? INFINITE : timeout - (DWORD)waited;
        BOOL woken = WaitOnAddress(&task->state, &state, sizeof state, rest);
        fatal_check(woken || GetLastError() == ERROR_TIMEOUT, "wait for",
                    "task");
    }
    if (bytes != NULL)
        *bytes = task->done;
    return task->error;
}

void file_task_cancel(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    struct file_task *turn = NULL;
    if (task->state == TASK_IDLE || task->state == TASK_DONE)
        return;
    AcquireSRWLockExclusive(&stream->lock);
    if (remove_task(&stream->waiting[task->writes], task)) {
        append(&stream->running, task);
        task->state = TASK_RUNNING;
        task->cancelled = true;
        turn = task; /* it gets no turn, only a worker that completes it */
    } else if (is_running(stream, task)) {
        task->cancelled = true;
        stream->cancels++;
        bound_file_cancel(&stream->file, task->ticket);
    }
    ReleaseSRWLockExclusive(&stream->lock);
    stream_go_on(turn);
}

static void mark_cancelled(struct file_task *task)
{
    for (; task != NULL; task = task->next)
        task->cancelled = true;
}

/* The lock is held. */
static void cancel_all(struct file_stream *stream)
{
    mark_cancelled(stream->running);
    mark_cancelled(stream->waiting[false]);
    mark_cancelled(stream->waiting[true]);
    stream->cancels++;
    if (stream->asynchronous)
        bound_file_cancel_all(&stream->file);
    else
        CancelIoEx(stream->handle, NULL);
}

void file_stream_cancel(struct file_stream *stream)
{
    AcquireSRWLockExclusive(&stream->lock);
    cancel_all(stream);
    ReleaseSRWLockExclusive(&stream->lock);
}
