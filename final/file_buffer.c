#include "file_stream_internal.h"

#include <string.h>

enum { KIB = 1024, GROWTH = 4 };

/* On an asynchronous handle a fill costs more: a packet, and another thread. */
static size_t largest_fill(const struct file_stream *stream)
{
    size_t largest = stream->asynchronous ? 256 * KIB : 64 * KIB;
    return max(stream->buffer_size, largest);
}

/* Where the rest of the call's range starts. A pipe has no offsets. */
static uint64_t rest_offset(const struct file_task *task)
{
    return task->stream->seekable ? task->offset + task->done : 0;
}

static void set_dirty(struct file_stream *stream, bool dirty)
{
    struct buffer *buffer = &stream->buffer;
    buffer->dirty = dirty;
    stream->dirty_end = dirty ? buffer->offset + buffer->filled : 0;
}

/* Copies what the buffer has of the call's range. */
static void copy_from(const struct buffer *buffer, struct file_task *task)
{
    uint64_t offset = rest_offset(task);
    if (offset < buffer->offset || offset - buffer->offset >= buffer->filled)
        return;
    size_t from = (size_t)(offset - buffer->offset);
    size_t count = min(task->length - task->done, buffer->filled - from);
    memcpy(task->buffer + task->done, buffer->data + from, count);
    task->done += count;
}

/* Returns false if the bytes do not fit behind those of the buffer. */
static bool append(struct file_stream *stream, struct file_task *task)
{
    struct buffer *buffer = &stream->buffer;
    if (task->length >= stream->buffer_size)
        return false;
    if (!buffer->dirty) {
        buffer->offset = task->offset;
        buffer->filled = 0;
    } else if (task->offset != buffer->offset + buffer->filled ||
               task->length > stream->buffer_size - buffer->filled) {
        return false;
    }
    memcpy(buffer->data + buffer->filled, task->buffer, task->length);
    buffer->filled += task->length;
    set_dirty(stream, true);
    task->done = task->length;
    return true;
}

bool stream_use_buffer(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    struct buffer *buffer = &stream->buffer;
    if (task->kind == TASK_WRITE && !task->positional)
        return append(stream, task);
    if (buffer->dirty)
        return false;
    if (task->kind == TASK_FLUSH) {
        stream->version++;
        return true;
    }
    if (task->kind == TASK_READ && !task->positional &&
        buffer->version == stream->version)
        copy_from(buffer, task);
    return task->kind == TASK_READ && task->done == task->length;
}

/* How many bytes a read of the system at this offset asks for: more, while
 * reads are sequential. */
static size_t next_fill(const struct file_stream *stream, uint64_t offset)
{
    const struct buffer *buffer = &stream->buffer;
    bool sequential = stream->grows && buffer->filled > 0 &&
                      offset == buffer->offset + buffer->filled;
    size_t fill = sequential ? buffer->fill * GROWTH : stream->buffer_size;
    return min(fill, largest_fill(stream));
}

/* Empties the buffer. If there is no memory for a larger one, keeps it. */
static void begin_fill(struct file_stream *stream, uint64_t offset, size_t fill)
{
    struct buffer *buffer = &stream->buffer;
    char *larger = fill > buffer->capacity ? malloc(fill) : NULL;
    if (larger != NULL) {
        free(buffer->data);
        buffer->data = larger;
        buffer->capacity = fill;
    }
    buffer->fill = min(fill, buffer->capacity);
    buffer->offset = offset;
    buffer->filled = 0;
    buffer->version = stream->version;
}

static bool set_io(struct file_task *task, enum file_task_step step,
                   void *buffer, size_t length, uint64_t offset)
{
    task->step = step;
    task->request.buffer = buffer;
    task->request.length = length;
    overlapped_reset(&task->request, offset);
    task->ticket = task->request.ticket;
    return true;
}

/* A read that is smaller than a fill. */
static bool set_fill(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    uint64_t offset = rest_offset(task);
    size_t fill = next_fill(stream, offset);
    if (task->kind != TASK_READ || task->positional ||
        task->length - task->done >= fill ||
        stream_reaches_too_far(offset, fill))
        return false;
    begin_fill(stream, offset, fill);
    return set_io(task, STEP_FILL, stream->buffer.data, stream->buffer.fill,
                  offset);
}

bool stream_next_io(struct file_task *task)
{
    struct file_stream *stream = task->stream;
    struct buffer *buffer = &stream->buffer;
    if (stream_is_cancelled(task)) {
        task->error = ERROR_OPERATION_ABORTED;
        return false;
    }
    if (stream->buffer_size > 0) {
        if (stream_use_buffer(task))
            return false;
        if (buffer->dirty)
            return set_io(task, STEP_FLUSH, buffer->data, buffer->filled,
                          buffer->offset);
        if (set_fill(task))
            return true;
    }
    if (task->kind != TASK_READ)
        stream->version++;
    if (task->kind == TASK_SET_LENGTH)
        task->error = stream_set_length(stream, task->offset);
    size_t rest = task->length - task->done;
    return rest > 0 && set_io(task, STEP_DIRECT, task->buffer + task->done,
                              rest, rest_offset(task));
}

/* The system has written this part of the buffer. */
static void remove_written(struct file_stream *stream, DWORD bytes)
{
    struct buffer *buffer = &stream->buffer;
    buffer->offset += bytes;
    buffer->filled -= bytes;
    memmove(buffer->data, buffer->data + bytes, buffer->filled);
    set_dirty(stream, buffer->filled > 0);
}

bool stream_end_io(struct file_task *task, DWORD error, DWORD bytes)
{
    struct file_stream *stream = task->stream;
    enum io_status status = overlapped_status(error);
    bool ok = status == IO_STATUS_SUCCESS || status == IO_STATUS_MORE_DATA;
    bool writes = stream_writes(task);
    bool at_end = status == IO_STATUS_END_OF_FILE && !writes;
    task->error = ok || at_end ? ERROR_SUCCESS : error;
    if (ok && writes && bytes == 0)
        task->error = ERROR_WRITE_FAULT; /* the loop would never end */
    if (task->step == STEP_FLUSH) {
        remove_written(stream, bytes);
    } else if (task->step == STEP_FILL) {
        stream->buffer.filled = bytes;
        copy_from(&stream->buffer, task);
    } else {
        task->done += bytes;
    }
    if (task->error != ERROR_SUCCESS || at_end)
        return true;
    if (task->step == STEP_FLUSH)
        return false;
    if (bytes == 0) /* in a pipe, a write of 0 bytes: read again */
        return !stream->is_pipe;
    bool may_be_short =
        task->waits || !stream->seekable || stream->reads_sectors;
    return task->done == task->length || (!writes && may_be_short);
}
