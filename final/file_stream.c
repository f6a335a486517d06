#include "file_stream.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

/* A piece of the file in memory. */
struct buffer {
    char *data;
    uint64_t offset;
    size_t filled;
};

/* Set in `pending`: the stream is being closed. Callbacks may still come, and
 * make no calls. */
static const unsigned CLOSING = 1U << 31;

/* The buffer that is read ahead. It is asked for as work of the pool; who wants
 * it before a worker has begun takes it back, so that nobody ever waits for a
 * worker to be free. */
enum ahead_state {
    AHEAD_NONE,
    AHEAD_QUEUED,
    AHEAD_DROPPED, /* queued, and not wanted any more */
    AHEAD_CLOSED,  /* likewise, and the stream is: its packet frees it */
    AHEAD_READING, /* a worker is at it */
    AHEAD_READY,
};

struct file_stream {
    struct pool *pool;
    HANDLE handle;
    struct bound_file file; /* if it is asynchronous: owns the handle */
    bool asynchronous, seekable, is_pipe, reads_ahead;
    _Atomic unsigned pending; /* calls, and what still looks at this */
    enum file_access access;
    uint64_t append_start; /* nothing is written before it */
    DWORD preallocation_error;
    size_t buffer_size;

    /* Held for a whole call; in a pipe one for each direction, else the first.
     * Guards the buffer, but while an asynchronous read fills it. */
    SRWLOCK calls[2];
    struct buffer buffer;
    bool dirty; /* it was written to, and the file was not yet */
    _Atomic bool filling;
    _Atomic unsigned writing; /* asynchronous calls in a file */

    SRWLOCK lock; /* guards all below, held for moments only; what is atomic
                   * may be read and added to without */
    CONDITION_VARIABLE changed;
    _Atomic uint64_t position; /* of the stream, in bytes */
    _Atomic uint64_t pointer;  /* of a handle that is not overlapped */
    unsigned seeks;            /* how often the position was set */
    bool stale; /* what fills the buffer has been overwritten since */
    struct buffer ahead;
    enum ahead_state ahead_state;
    bool ahead_unwanted;
    struct request ahead_request;
    unsigned cancels; /* how often something was cancelled */
    struct file_task *running;
    struct file_task *waiting[2]; /* in a pipe, for their turn; in order */
    bool busy[2];                 /* in a pipe, a call has its turn */
};

/* ---- The system's calls ----------------------------------------------- */

/* Where the file pointer is while nobody can know. */
static const uint64_t NOWHERE = UINT64_MAX;

/* Of calls that are under way at once, each moves the pointer. None can begin
 * while a synchronous one is at it. */
static bool is_alone(struct file_stream *stream)
{
    AcquireSRWLockExclusive(&stream->lock);
    bool alone = stream->running == NULL;
    ReleaseSRWLockExclusive(&stream->lock);
    return alone;
}

/*
 * One call on a handle that is not overlapped: it waits. An OVERLAPPED takes it
 * to its offset, and leaves the file pointer behind its last byte; so who goes
 * on from there needs none. To know that is worth a field: with an OVERLAPPED
 * Wine 8 makes a completion, too, though nobody has asked for one. In a pipe
 * there is no offset.
 */
static DWORD transfer_synchronous(struct file_stream *stream, bool writes,
                                  void *buffer, size_t length, uint64_t offset,
                                  DWORD *bytes)
{
    OVERLAPPED at = {.Offset = (DWORD)offset,
                     .OffsetHigh = (DWORD)(offset >> 32)};
    /* Asked first: what runs sets the pointer before it is over. */
    bool alone = is_alone(stream);
    bool moves = stream->seekable && !(alone && stream->pointer == offset);
    OVERLAPPED *overlapped = moves ? &at : NULL;
    HANDLE handle = stream->handle;
    DWORD count = (DWORD)length;
    *bytes = 0;
    BOOL ok = writes ? WriteFile(handle, buffer, count, bytes, overlapped)
                     : ReadFile(handle, buffer, count, bytes, overlapped);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    stream->pointer = ok && alone ? offset + *bytes : NOWHERE;
    return error;
}

/* One call, on either kind of handle. */
static DWORD transfer(struct file_stream *stream, bool writes, void *buffer,
                      size_t length, uint64_t offset, DWORD *bytes)
{
    if (!stream->asynchronous)
        return transfer_synchronous(stream, writes, buffer, length, offset,
                                    bytes);
    return writes ? bound_file_write_sync(&stream->file, buffer, length, offset,
                                          bytes)
                  : bound_file_read_sync(&stream->file, buffer, length, offset,
                                         bytes);
}

/* 0 bytes are the end, whatever the system calls it. In a pipe a write of 0
 * bytes is none, and is passed over. */
static DWORD read_at(struct file_stream *stream, void *buffer, size_t length,
                     uint64_t offset, size_t *bytes)
{
    DWORD error, count;
    do
        error = transfer(stream, false, buffer, length, offset, &count);
    while (error == ERROR_SUCCESS && count == 0 && stream->is_pipe);
    *bytes = count;
    return is_end_of_file(error) || error == ERROR_MORE_DATA ? ERROR_SUCCESS
                                                             : error;
}

static DWORD write_at(struct file_stream *stream, const char *buffer,
                      size_t length, uint64_t offset)
{
    DWORD error = ERROR_SUCCESS;
    while (length > 0 && error == ERROR_SUCCESS) {
        DWORD count;
        error = transfer(stream, true, (void *)buffer, length, offset, &count);
        if (error == ERROR_SUCCESS && count == 0)
            error = ERROR_WRITE_FAULT; /* it would never end */
        buffer += count;
        offset += count;
        length -= count;
    }
    return error;
}

/* ---- Reading ahead ---------------------------------------------------- */

static bool is_closing(const struct file_stream *stream)
{
    return (stream->pending & CLOSING) != 0;
}

/* The stream stays until then. Close waits for the last; once that is over the
 * stream may be gone, so only its address is used. */
static void unpin(struct file_stream *stream)
{
    _Atomic unsigned *pending = &stream->pending;
    if (atomic_fetch_sub(pending, 1) & CLOSING)
        WakeByAddressAll(pending);
}

static void free_stream(struct file_stream *stream)
{
    free(stream->buffer.data);
    free(stream->ahead.data);
    free(stream);
}

static void on_ahead(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct file_stream *stream = request->context;
    struct buffer *ahead = &stream->ahead;
    (void)error, (void)bytes; /* of the packet, which only says: begin */
    AcquireSRWLockExclusive(&stream->lock);
    bool wanted = stream->ahead_state == AHEAD_QUEUED;
    bool closed = stream->ahead_state == AHEAD_CLOSED;
    stream->ahead_state = wanted ? AHEAD_READING : AHEAD_NONE;
    if (wanted) {
        stream->pending++;
        ReleaseSRWLockExclusive(&stream->lock);
        DWORD failure = read_at(stream, ahead->data, stream->buffer_size,
                                ahead->offset, &ahead->filled);
        AcquireSRWLockExclusive(&stream->lock);
        /* Whoever wants it reads it again, and meets the error. */
        bool good = failure == ERROR_SUCCESS && !stream->ahead_unwanted;
        stream->ahead_state = good ? AHEAD_READY : AHEAD_NONE;
    }
    WakeAllConditionVariable(&stream->changed);
    ReleaseSRWLockExclusive(&stream->lock);
    if (wanted)
        unpin(stream);
    if (closed)
        free_stream(stream);
}

static void start_ahead(struct file_stream *stream, uint64_t offset)
{
    struct request *request = &stream->ahead_request;
    AcquireSRWLockExclusive(&stream->lock);
    if (stream->ahead_state == AHEAD_NONE) {
        stream->ahead.offset = offset;
        stream->ahead_unwanted = false;
        request->callback = on_ahead;
        request->context = stream;
        overlapped_reset(request, 0);
        /* If it cannot be queued, nothing is lost but time. */
        if (pool_queue_request(stream->pool, request) == ERROR_SUCCESS)
            stream->ahead_state = AHEAD_QUEUED;
    }
    ReleaseSRWLockExclusive(&stream->lock);
}

/* The lock is held. */
static void drop_ahead(struct file_stream *stream)
{
    if (stream->ahead_state == AHEAD_QUEUED)
        stream->ahead_state = AHEAD_DROPPED;
    else if (stream->ahead_state == AHEAD_READY)
        stream->ahead_state = AHEAD_NONE;
    stream->ahead_unwanted = true;
}

/* Makes it the buffer, if it is what stands at the offset. */
static bool take_ahead(struct file_stream *stream, uint64_t offset)
{
    AcquireSRWLockExclusive(&stream->lock);
    bool wanted = stream->ahead.offset == offset && !stream->ahead_unwanted;
    while (wanted && stream->ahead_state == AHEAD_READING)
        check(SleepConditionVariableSRW(&stream->changed, &stream->lock,
                                        INFINITE, 0),
              "wait for", L"stream");
    bool taken = wanted && stream->ahead_state == AHEAD_READY;
    if (taken) {
        struct buffer used = stream->buffer;
        stream->buffer = stream->ahead;
        stream->ahead = used;
        stream->ahead_state = AHEAD_NONE;
    } else {
        drop_ahead(stream);
    }
    ReleaseSRWLockExclusive(&stream->lock);
    return taken;
}

static bool reaches_too_far(uint64_t offset, size_t length)
{
    return offset > (uint64_t)INT64_MAX - length;
}

/* ---- The buffer, with stream->calls held ------------------------------- */

static bool has_buffer(const struct file_stream *stream)
{
    return stream->buffer_size > 0 && !stream->filling && stream->writing == 0;
}

/* What can be filled is longer than what is asked for, and lies where a file
 * can have bytes. */
static bool can_fill(const struct file_stream *stream, uint64_t offset,
                     size_t length)
{
    return has_buffer(stream) && length < stream->buffer_size &&
           !reaches_too_far(offset, stream->buffer_size);
}

static DWORD flush_buffer(struct file_stream *stream)
{
    struct buffer *buffer = &stream->buffer;
    if (!stream->dirty)
        return ERROR_SUCCESS;
    DWORD error =
        write_at(stream, buffer->data, buffer->filled, buffer->offset);
    if (error == ERROR_SUCCESS) {
        stream->dirty = false;
        buffer->filled = 0;
    }
    return error;
}

/* Forgets what has been read, since it is going to be overwritten. */
static void forget_buffer(struct file_stream *stream)
{
    AcquireSRWLockExclusive(&stream->lock); /* or a fill might end in between */
    if (!stream->dirty && !stream->filling)
        stream->buffer.filled = 0;
    stream->stale = true;
    drop_ahead(stream);
    ReleaseSRWLockExclusive(&stream->lock);
}

/* Copies what the buffer has of a range; returns how many bytes. */
static size_t copy_buffered(const struct file_stream *stream, void *to,
                            size_t length, uint64_t offset)
{
    const struct buffer *buffer = &stream->buffer;
    if (!has_buffer(stream) || offset < buffer->offset ||
        offset - buffer->offset >= buffer->filled)
        return 0;
    size_t from = (size_t)(offset - buffer->offset);
    size_t rest = buffer->filled - from;
    size_t count = length < rest ? length : rest;
    memcpy(to, buffer->data + from, count);
    return count;
}

/* Fills it from this offset on. */
static DWORD fill_buffer(struct file_stream *stream, uint64_t offset)
{
    struct buffer *buffer = &stream->buffer;
    DWORD error = ERROR_SUCCESS;
    if (!stream->reads_ahead || !take_ahead(stream, offset)) {
        buffer->filled = 0;
        buffer->offset = offset;
        error = read_at(stream, buffer->data, stream->buffer_size, offset,
                        &buffer->filled);
    }
    if (stream->reads_ahead && buffer->filled == stream->buffer_size)
        start_ahead(stream, offset + buffer->filled);
    return error;
}

static DWORD read_buffered(struct file_stream *stream, char *to, size_t length,
                           uint64_t offset, size_t *bytes)
{
    DWORD error = flush_buffer(stream);
    *bytes = 0;
    if (error != ERROR_SUCCESS)
        return error;
    *bytes = copy_buffered(stream, to, length, offset);
    size_t rest = length - *bytes, count = 0;
    to += *bytes;
    offset += *bytes;
    if (rest == 0)
        return ERROR_SUCCESS;
    if (can_fill(stream, offset, rest)) {
        error = fill_buffer(stream, offset);
        count = copy_buffered(stream, to, rest, offset);
    } else {
        error = read_at(stream, to, rest, offset, &count);
    }
    /* After some bytes a failure waits: the next call will meet it. */
    *bytes += count;
    return *bytes > 0 ? ERROR_SUCCESS : error;
}

static DWORD write_buffered(struct file_stream *stream, const char *from,
                            size_t length, uint64_t offset)
{
    struct buffer *buffer = &stream->buffer;
    DWORD error = ERROR_SUCCESS;
    forget_buffer(stream);
    bool buffered = has_buffer(stream) && length < stream->buffer_size;
    if (stream->dirty &&
        (!buffered || offset != buffer->offset + buffer->filled ||
         length > stream->buffer_size - buffer->filled))
        error = flush_buffer(stream);
    if (error != ERROR_SUCCESS)
        return error;
    if (!buffered)
        return write_at(stream, from, length, offset);
    if (!stream->dirty)
        buffer->offset = offset;
    memcpy(buffer->data + buffer->filled, from, length);
    buffer->filled += length;
    stream->dirty = true;
    return ERROR_SUCCESS;
}

/* ---- What both kinds of calls need ------------------------------------- */

/* Whether a call may be made at all. */
static DWORD check_call(const struct file_stream *stream, bool writes,
                        const void *buffer, size_t length)
{
    unsigned access = writes ? FILE_ACCESS_WRITE : FILE_ACCESS_READ;
    if (!(stream->access & access))
        return ERROR_ACCESS_DENIED;
    if ((buffer == NULL && length > 0) || length > MAXDWORD)
        return ERROR_INVALID_PARAMETER;
    return ERROR_SUCCESS;
}

static struct submission failed(DWORD error)
{
    return (struct submission){.outcome = IO_FAILED, .error = error};
}

/* ---- Asynchronous calls: who is next ----------------------------------- */

/* With the lock held. */
static void append(struct file_task **list, struct file_task *task)
{
    while (*list != NULL)
        list = &(*list)->next;
    task->next = NULL;
    *list = task;
}

/* With the lock held. False if it was not there. */
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

/* In a pipe, takes whoever waits longest, and may now go on. The lock is held.
 */
static struct file_task *next_turn(struct file_stream *stream, bool writes)
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

/* ---- Asynchronous calls: their way ------------------------------------- */

static io_completion_callback on_io, on_turn;

/* Starts what is left of its range. IO_QUEUED: it may be gone already. */
static struct submission start_rest(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    struct request *request = &task->request;
    uint64_t offset = stream->seekable ? task->offset + task->done : 0;
    size_t rest = task->length - task->done;
    request->callback = on_io;
    request->context = task;
    request->buffer =
        task->fills ? stream->buffer.data : task->buffer + task->done;
    request->length = task->fills ? stream->buffer_size : rest;
    bool writes = task->writes;
    AcquireSRWLockExclusive(&stream->lock);
    overlapped_reset(request, offset);
    uint64_t ticket = task->ticket = request->ticket;
    unsigned cancels = stream->cancels;
    bool cancelled = task->cancelled;
    stream->pending++; /* the stream stays until this is over */
    ReleaseSRWLockExclusive(&stream->lock);

    struct submission started = failed(ERROR_OPERATION_ABORTED);
    if (!cancelled)
        started = (writes ? bound_file_write : bound_file_read)(&stream->file,
                                                                request);

    AcquireSRWLockExclusive(&stream->lock);
    if (started.outcome == IO_QUEUED && stream->cancels != cancels &&
        is_running(stream, task) && task->cancelled)
        bound_file_cancel(&stream->file, ticket); /* it came too early */
    ReleaseSRWLockExclusive(&stream->lock);
    unpin(stream);
    return started;
}

/* The file's bytes have come into the buffer; those that were asked for go on
 * to the caller's. Returns how many. */
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
    stream->filling = false; /* from now on it is who calls' */
    ReleaseSRWLockExclusive(&stream->lock);
    return count;
}

/* Takes in how one I/O has ended. Returns whether the call is over with it. */
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
            task->error = ERROR_WRITE_FAULT; /* it would never end */
        if (bytes == 0) /* in a pipe, a write of nothing: read on */
            return task->writes || !task->stream->is_pipe;
        return task->done == task->length || (!task->writes && !seekable);
    case IO_STATUS_PENDING:
    case IO_STATUS_CANCELLED:
    case IO_STATUS_FAILED:
        break;
    }
    return true;
}

/* Goes on until something is queued (true), or the call is over. */
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

/* From now on it is the caller's again. Returns who has the turn after it. */
static struct file_task *retire(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    struct file_task *next = NULL;
    AcquireSRWLockExclusive(&stream->lock);
    remove_task(&stream->running, task);
    if (task->has_turn)
        next = next_turn(stream, task->writes);
    else if (stream->seekable && task->seeks == stream->seeks)
        stream->position -= task->length - task->done;
    if (stream->seekable && task->writes)
        stream->writing--;
    task->state = TASK_DONE;
    ReleaseSRWLockExclusive(&stream->lock);
    WakeByAddressAll(&task->state); /* an address is no look into it */
    return next;
}

/* Lets a worker start it. */
static DWORD give_turn(struct file_task *task)
{
    struct request *request = &task->request;
    request->callback = on_turn;
    request->context = task;
    overlapped_reset(request, 0);
    return pool_queue_request(task->stream->pool, request);
}

/* NULL, or the call itself if it has failed with that, since the pool stops. */
static struct file_task *pass_turn(struct file_task *next)
{
    DWORD error = next != NULL ? give_turn(next) : ERROR_SUCCESS;
    if (error == ERROR_SUCCESS)
        return NULL;
    next->error = error;
    return next;
}

/* Ends a call, and those behind it that cannot have their turn. */
static void finish(struct file_task *task)
{
    while (task != NULL) {
        struct file_stream *stream = task->stream;
        file_stream_callback *callback = task->callback;
        void *context = task->context;
        DWORD error = task->error;
        size_t bytes = task->done;
        /* Before the callback, which may take its time. */
        struct file_task *next = pass_turn(retire(task));
        if (callback != NULL)
            callback(context, error, bytes);
        unpin(stream);
        task = next;
    }
}

/* Lets this call go on, or if it cannot have its turn, ends it. NULL: none. */
static void go_on(struct file_task *next)
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

/* On a synchronous handle: the worker waits for it. */
static void run_blocking(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    size_t count;
    if (task->cancelled) {
        task->error = ERROR_OPERATION_ABORTED;
    } else if (task->writes) {
        task->error =
            write_at(stream, task->buffer, task->length, task->offset);
        task->done = task->error == ERROR_SUCCESS ? task->length : 0;
    } else {
        do {
            task->error = read_at(stream, task->buffer + task->done,
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
    (void)error, (void)bytes; /* of the packet, which only says: begin */
    if (!task->stream->asynchronous)
        run_blocking(task);
    else if (start_io(task))
        return;
    finish(task);
}

/* Starts a call that is in the list of those that run. */
static struct submission launch(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    if (stream->asynchronous ? start_io(task) : !pass_turn(task))
        return (struct submission){.outcome = IO_QUEUED};
    struct submission over = {
        .outcome = task->error == ERROR_SUCCESS ? IO_DONE : IO_FAILED,
        .error = task->error,
        .bytes = (DWORD)task->done};
    go_on(retire(task));
    unpin(stream);
    return over;
}

static struct submission end_at_once(struct file_task *task, DWORD error)
{
    struct submission over = {.outcome = IO_DONE, .error = error};
    if (error != ERROR_SUCCESS)
        over.outcome = IO_FAILED;
    task->error = error;
    task->state = TASK_DONE;
    return over;
}

/* Takes what the buffer has, and claims its range. */
static struct submission begin_in_file(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    uint64_t offset = stream->position;
    if (reaches_too_far(offset, task->length))
        return end_at_once(task, ERROR_INVALID_PARAMETER);
    DWORD error = flush_buffer(stream);
    if (error != ERROR_SUCCESS)
        return end_at_once(task, error);
    if (task->writes)
        forget_buffer(stream);
    else
        task->done = copy_buffered(stream, task->buffer, task->length, offset);
    size_t rest = task->length - task->done;
    task->offset = offset;
    task->fills = !task->writes && stream->asynchronous && rest > 0 &&
                  can_fill(stream, offset + task->done, rest);
    if (task->fills) /* else end_fill may set it meanwhile */
        stream->filling = true;

    AcquireSRWLockExclusive(&stream->lock);
    if (task->fills)
        stream->stale = false;
    stream->position += task->length;
    task->seeks = stream->seeks;
    task->state = rest > 0 ? TASK_RUNNING : TASK_DONE;
    if (rest > 0) {
        append(&stream->running, task);
        stream->pending++;
        stream->writing += task->writes;
    }
    ReleaseSRWLockExclusive(&stream->lock);
    return (struct submission){.outcome = rest > 0 ? IO_QUEUED : IO_DONE,
                               .bytes = rest > 0 ? 0 : (DWORD)task->done};
}

/* One at a time, in each direction: the others wait for their turn. */
static bool has_to_wait(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    AcquireSRWLockExclusive(&stream->lock);
    bool busy = stream->busy[task->writes];
    stream->busy[task->writes] = true;
    stream->pending++;
    task->has_turn = !busy;
    task->state = busy ? TASK_WAITING : TASK_RUNNING;
    append(busy ? &stream->waiting[task->writes] : &stream->running, task);
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
    DWORD error = check_call(stream, writes, buffer, length);
    if (error == ERROR_SUCCESS && stream->pool == NULL)
        error = ERROR_INVALID_PARAMETER;
    if (error == ERROR_SUCCESS && is_closing(stream))
        error = ERROR_INVALID_HANDLE;
    if (error != ERROR_SUCCESS || length == 0) {
        begun = end_at_once(task, error);
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
        if (pool_is_worker(task->pool))
            return ERROR_POSSIBLE_DEADLOCK;
        if (timeout != INFINITE && waited >= timeout)
            return WAIT_TIMEOUT;
        DWORD rest = timeout == INFINITE ? INFINITE : timeout - (DWORD)waited;
        BOOL woken = WaitOnAddress(&task->state, &state, sizeof state, rest);
        check(woken || GetLastError() == ERROR_TIMEOUT, "wait for", L"task");
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
        turn = task; /* not the pipe's, only a worker to end on */
    } else if (is_running(stream, task)) {
        task->cancelled = true;
        stream->cancels++;
        bound_file_cancel(&stream->file, task->ticket);
    }
    ReleaseSRWLockExclusive(&stream->lock);
    go_on(turn);
}

static void mark_cancelled(struct file_task *task)
{
    for (; task != NULL; task = task->next)
        task->cancelled = true;
}

/* With the lock held. */
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

/* ---- Synchronous calls ------------------------------------------------ */

/* A pipe's two directions have nothing to do with each other. */
static SRWLOCK *calls_of(struct file_stream *stream, bool writes)
{
    return &stream->calls[writes && !stream->seekable];
}

static DWORD transfer_in_file(struct file_stream *stream, bool writes,
                              void *buffer, size_t length, size_t *bytes)
{
    uint64_t offset = stream->position;
    if (reaches_too_far(offset, length))
        return ERROR_INVALID_PARAMETER;
    DWORD error;
    if (writes) {
        error = write_buffered(stream, buffer, length, offset);
        *bytes = error == ERROR_SUCCESS ? length : 0;
    } else {
        error = read_buffered(stream, buffer, length, offset, bytes);
    }
    stream->position += *bytes;
    return error;
}

static DWORD transfer_in_pipe(struct file_stream *stream, bool writes,
                              void *buffer, size_t length, size_t *bytes,
                              struct file_task **next)
{
    AcquireSRWLockExclusive(&stream->lock);
    bool busy = stream->busy[writes];
    stream->busy[writes] = true;
    ReleaseSRWLockExclusive(&stream->lock);
    if (busy)
        return ERROR_BUSY;
    DWORD error;
    if (writes) {
        error = write_at(stream, buffer, length, 0);
        *bytes = error == ERROR_SUCCESS ? length : 0;
    } else {
        error = read_at(stream, buffer, length, 0, bytes);
    }
    AcquireSRWLockExclusive(&stream->lock);
    *next = next_turn(stream, writes);
    ReleaseSRWLockExclusive(&stream->lock);
    return error;
}

static DWORD call(struct file_stream *stream, bool writes, void *buffer,
                  size_t length, size_t *bytes)
{
    DWORD error = check_call(stream, writes, buffer, length);
    struct file_task *next = NULL;
    *bytes = 0;
    if (error != ERROR_SUCCESS || length == 0)
        return error;
    stream->pending++; /* it stays until unpin */
    SRWLOCK *calls = calls_of(stream, writes);
    AcquireSRWLockExclusive(calls);
    if (is_closing(stream)) /* what is buffered now is not written any more */
        error = ERROR_INVALID_HANDLE;
    else if (stream->seekable)
        error = transfer_in_file(stream, writes, buffer, length, bytes);
    else
        error = transfer_in_pipe(stream, writes, buffer, length, bytes, &next);
    ReleaseSRWLockExclusive(calls);
    go_on(next); /* a callback may call in again */
    unpin(stream);
    return error;
}

DWORD file_stream_read(struct file_stream *stream, void *buffer, size_t length,
                       size_t *bytes)
{
    return call(stream, false, buffer, length, bytes);
}

DWORD file_stream_write(struct file_stream *stream, const void *buffer,
                        size_t length)
{
    size_t bytes;
    return call(stream, true, (void *)buffer, length, &bytes);
}

DWORD file_stream_flush(struct file_stream *stream)
{
    if (!stream->seekable) /* it has no buffer, and a read may hold the lock */
        return ERROR_SUCCESS;
    AcquireSRWLockExclusive(&stream->calls[0]);
    DWORD error = flush_buffer(stream);
    ReleaseSRWLockExclusive(&stream->calls[0]);
    return error;
}

DWORD file_stream_flush_to_disk(struct file_stream *stream)
{
    DWORD error = file_stream_flush(stream);
    if (error == ERROR_SUCCESS && stream->access & FILE_ACCESS_WRITE &&
        !FlushFileBuffers(stream->handle))
        error = GetLastError();
    return error;
}

/* ---- Position and length ---------------------------------------------- */

static DWORD file_length(struct file_stream *stream, uint64_t *length)
{
    LARGE_INTEGER size;
    if (!GetFileSizeEx(stream->handle, &size))
        return GetLastError();
    *length = (uint64_t)size.QuadPart;
    if (stream->dirty) {
        uint64_t end = stream->buffer.offset + stream->buffer.filled;
        if (end > *length)
            *length = end;
    }
    return ERROR_SUCCESS;
}

static void set_position(struct file_stream *stream, uint64_t to)
{
    AcquireSRWLockExclusive(&stream->lock);
    stream->position = to;
    stream->seeks++;
    ReleaseSRWLockExclusive(&stream->lock);
}

static DWORD seek(struct file_stream *stream, int64_t offset, DWORD origin)
{
    uint64_t from = 0;
    DWORD error = ERROR_SUCCESS;
    if (origin == FILE_CURRENT)
        from = stream->position;
    else if (origin == FILE_END)
        error = file_length(stream, &from);
    else if (origin != FILE_BEGIN)
        error = ERROR_INVALID_PARAMETER;
    if (error != ERROR_SUCCESS)
        return error;
    /* A negative offset wraps around, as it should, but not below 0. */
    uint64_t to = from + (uint64_t)offset;
    if (offset < 0 && -(offset + 1) >= (int64_t)from)
        return ERROR_NEGATIVE_SEEK;
    if (to > INT64_MAX)
        return ERROR_INVALID_PARAMETER;
    if (to < stream->append_start)
        return ERROR_NEGATIVE_SEEK;
    set_position(stream, to);
    return ERROR_SUCCESS;
}

DWORD file_stream_seek(struct file_stream *stream, int64_t offset, DWORD origin,
                       uint64_t *position)
{
    if (!stream->seekable)
        return ERROR_SEEK_ON_DEVICE;
    AcquireSRWLockExclusive(&stream->calls[0]);
    DWORD error = seek(stream, offset, origin);
    if (position != NULL)
        *position = stream->position;
    ReleaseSRWLockExclusive(&stream->calls[0]);
    return error;
}

DWORD file_stream_position(struct file_stream *stream, uint64_t *position)
{
    *position = stream->position;
    return stream->seekable ? ERROR_SUCCESS : ERROR_SEEK_ON_DEVICE;
}

DWORD file_stream_length(struct file_stream *stream, uint64_t *length)
{
    *length = 0;
    if (!stream->seekable)
        return ERROR_SEEK_ON_DEVICE;
    AcquireSRWLockExclusive(&stream->calls[0]);
    DWORD error = file_length(stream, length);
    ReleaseSRWLockExclusive(&stream->calls[0]);
    return error;
}

static DWORD set_length(struct file_stream *stream, uint64_t length)
{
    FILE_END_OF_FILE_INFO end = {.EndOfFile.QuadPart = (LONGLONG)length};
    DWORD error = flush_buffer(stream);
    if (error != ERROR_SUCCESS)
        return error;
    forget_buffer(stream);
    if (!SetFileInformationByHandle(stream->handle, FileEndOfFileInfo, &end,
                                    sizeof end))
        return GetLastError();
    if (stream->position > length)
        set_position(stream, length);
    return ERROR_SUCCESS;
}

DWORD file_stream_set_length(struct file_stream *stream, uint64_t length)
{
    DWORD error = check_call(stream, true, NULL, 0);
    if (error != ERROR_SUCCESS)
        return error;
    if (!stream->seekable)
        return ERROR_SEEK_ON_DEVICE;
    if (length > INT64_MAX || length < stream->append_start)
        return ERROR_INVALID_PARAMETER;
    AcquireSRWLockExclusive(&stream->calls[0]);
    error = set_length(stream, length);
    ReleaseSRWLockExclusive(&stream->calls[0]);
    return error;
}

/* ---- Open and close --------------------------------------------------- */

static bool is_valid(const struct file_stream_options *options)
{
    bool writes = options->access & FILE_ACCESS_WRITE;
    bool reads = options->access & FILE_ACCESS_READ;
    bool preallocates = options->preallocation_size > 0;
    if (options->buffer_size > MAXDWORD ||
        options->preallocation_size > INT64_MAX)
        return false;
    switch (options->mode) {
    case FILE_MODE_OPEN:
    case FILE_MODE_OPEN_OR_CREATE:
        return (reads || writes) && !preallocates;
    case FILE_MODE_TRUNCATE:
        return writes && !preallocates;
    case FILE_MODE_CREATE:
    case FILE_MODE_CREATE_NEW:
        return writes;
    case FILE_MODE_APPEND:
        return writes && !reads && !preallocates;
    }
    return false;
}

/* As in .NET, the server of a pipe may not act in our name. */
static HANDLE open_handle(const wchar_t *path,
                          const struct file_stream_options *options)
{
    static const DWORD modes[] = {
        [FILE_MODE_OPEN] = OPEN_EXISTING,
        [FILE_MODE_OPEN_OR_CREATE] = OPEN_ALWAYS,
        [FILE_MODE_CREATE] = CREATE_ALWAYS,
        [FILE_MODE_CREATE_NEW] = CREATE_NEW,
        [FILE_MODE_TRUNCATE] = TRUNCATE_EXISTING,
        [FILE_MODE_APPEND] = OPEN_ALWAYS,
    };
    DWORD access = (options->access & FILE_ACCESS_READ ? GENERIC_READ : 0) |
                   (options->access & FILE_ACCESS_WRITE ? GENERIC_WRITE : 0);
    DWORD flags = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    if (options->options & FILE_OPTION_ASYNCHRONOUS)
        flags |= FILE_FLAG_OVERLAPPED;
    if (options->options & FILE_OPTION_SEQUENTIAL)
        flags |= FILE_FLAG_SEQUENTIAL_SCAN;
    if (options->options & FILE_OPTION_RANDOM)
        flags |= FILE_FLAG_RANDOM_ACCESS;
    if (options->options & FILE_OPTION_WRITE_THROUGH)
        flags |= FILE_FLAG_WRITE_THROUGH;
    if (options->options & FILE_OPTION_DELETE_ON_CLOSE)
        flags |= FILE_FLAG_DELETE_ON_CLOSE;
    return CreateFileW(path, access, options->share, NULL, modes[options->mode],
                       flags, NULL);
}

static DWORD preallocate(HANDLE handle, uint64_t size)
{
    FILE_ALLOCATION_INFO room = {.AllocationSize.QuadPart = (LONGLONG)size};
    if (size == 0 || SetFileInformationByHandle(handle, FileAllocationInfo,
                                                &room, sizeof room))
        return ERROR_SUCCESS;
    return GetLastError();
}

static bool has_no_room(DWORD error)
{
    return error == ERROR_DISK_FULL || error == ERROR_FILE_TOO_LARGE;
}

static DWORD allocate_buffers(struct file_stream *stream)
{
    if (stream->buffer_size == 0)
        return ERROR_SUCCESS;
    stream->buffer.data = malloc(stream->buffer_size);
    if (stream->reads_ahead)
        stream->ahead.data = malloc(stream->buffer_size);
    if (stream->buffer.data == NULL ||
        (stream->reads_ahead && stream->ahead.data == NULL))
        return ERROR_NOT_ENOUGH_MEMORY;
    return ERROR_SUCCESS;
}

/* With the handle open: what it is, and where it begins. */
static DWORD set_up(struct file_stream *stream,
                    const struct file_stream_options *options)
{
    unsigned ahead = FILE_OPTION_ASYNCHRONOUS | FILE_OPTION_SEQUENTIAL;
    DWORD error = preallocate(stream->handle, options->preallocation_size);
    if (has_no_room(error))
        return error;
    stream->preallocation_error = error;
    SetLastError(NO_ERROR);
    DWORD type = GetFileType(stream->handle);
    if (type == FILE_TYPE_UNKNOWN && GetLastError() != NO_ERROR)
        return GetLastError(); /* else a file would be read without offsets */
    stream->seekable = type == FILE_TYPE_DISK;
    stream->is_pipe = type == FILE_TYPE_PIPE;
    stream->buffer_size = stream->seekable ? options->buffer_size : 0;
    stream->reads_ahead = stream->buffer_size > 0 &&
                          (options->options & ahead) == ahead &&
                          stream->access & FILE_ACCESS_READ;
    error = allocate_buffers(stream);
    if (error == ERROR_SUCCESS && options->mode == FILE_MODE_APPEND &&
        stream->seekable)
        error = file_length(stream, &stream->append_start);
    stream->position = stream->append_start;
    if (error == ERROR_SUCCESS && options->options & FILE_OPTION_ASYNCHRONOUS) {
        error = pool_bind_handle(stream->pool, stream->handle,
                                 FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
                                 &stream->file);
        stream->asynchronous = error == ERROR_SUCCESS;
    }
    return error;
}

DWORD file_stream_open(struct pool *pool, const wchar_t *path,
                       const struct file_stream_options *options,
                       struct file_stream **opened)
{
    *opened = NULL;
    if (!is_valid(options) ||
        (pool == NULL && options->options & FILE_OPTION_ASYNCHRONOUS))
        return ERROR_INVALID_PARAMETER;
    struct file_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    stream->pool = pool;
    stream->access = options->access;
    stream->handle = open_handle(path, options);
    DWORD error = GetLastError();
    if (stream->handle == INVALID_HANDLE_VALUE) {
        free(stream);
        return error;
    }
    error = set_up(stream, options);
    if (error != ERROR_SUCCESS) {
        CloseHandle(stream->handle); /* not bound: that comes last */
        if (has_no_room(error))
            DeleteFileW(path); /* it was made for more than there is room for */
        free_stream(stream);
        return error;
    }
    *opened = stream;
    return ERROR_SUCCESS;
}

DWORD file_stream_preallocation_error(const struct file_stream *stream)
{
    return stream->preallocation_error;
}

/* On a synchronous handle a call that was just about to begin was not
 * cancelled, and there is no way to know: so that is asked for again and again.
 */
static void wait_for_calls(struct file_stream *stream)
{
    DWORD patience = stream->asynchronous ? INFINITE : 100;
    for (unsigned seen; (seen = stream->pending) != CLOSING;) {
        BOOL changed =
            WaitOnAddress(&stream->pending, &seen, sizeof seen, patience);
        check(changed || GetLastError() == ERROR_TIMEOUT, "wait for",
              L"stream");
        if (!changed)
            file_stream_cancel(stream);
    }
}

/* Frees it, unless a packet has still to come: that does it then. */
static void leave_stream(struct file_stream *stream)
{
    AcquireSRWLockExclusive(&stream->lock);
    bool comes = stream->ahead_state == AHEAD_DROPPED;
    if (comes)
        stream->ahead_state = AHEAD_CLOSED;
    ReleaseSRWLockExclusive(&stream->lock);
    if (!comes)
        free_stream(stream);
}

DWORD file_stream_close(struct file_stream *stream)
{
    if (stream == NULL)
        return ERROR_SUCCESS;
    if (stream->pool != NULL && pool_is_worker(stream->pool))
        return ERROR_POSSIBLE_DEADLOCK;
    stream->pending |= CLOSING; /* first, or what comes now would get lost */
    DWORD error = file_stream_flush(stream);
    file_stream_cancel(stream);
    AcquireSRWLockExclusive(&stream->lock);
    drop_ahead(stream); /* who might have begun another has been flushed out */
    ReleaseSRWLockExclusive(&stream->lock);
    DWORD failure = stream->asynchronous ? bound_file_close(&stream->file) : 0;
    wait_for_calls(stream);
    if (!stream->asynchronous && !CloseHandle(stream->handle))
        failure = GetLastError();
    leave_stream(stream);
    return error != ERROR_SUCCESS ? error : failure;
}
