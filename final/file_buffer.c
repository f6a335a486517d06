#include "file_stream_internal.h"

#include <string.h>

/* ---- The system's calls ----------------------------------------------- */

/* The value of file_stream.pointer while the file pointer is unknown. */
static const uint64_t UNKNOWN = UINT64_MAX;

/* Concurrent calls all move the file pointer. While a synchronous call runs,
 * no other can start. */
static bool is_alone(struct file_stream *stream)
{
    AcquireSRWLockExclusive(&stream->lock);
    bool alone = stream->running == NULL;
    ReleaseSRWLockExclusive(&stream->lock);
    return alone;
}

/*
 * One call on a handle that is not overlapped: it blocks. An OVERLAPPED holds
 * the call's offset. After the call, the file pointer is after the last byte,
 * so a call that continues there needs no OVERLAPPED. The stream remembers the
 * file pointer to avoid the OVERLAPPED: with one, Wine 8 also makes a
 * completion, which costs time. A pipe has no offset.
 */
static DWORD transfer_synchronous(struct file_stream *stream, bool writes,
                                  void *buffer, size_t length, uint64_t offset,
                                  DWORD *bytes)
{
    OVERLAPPED at = {.Offset = (DWORD)offset,
                     .OffsetHigh = (DWORD)(offset >> 32)};
    /* This comes first: a running call sets the pointer before it completes. */
    bool alone = is_alone(stream);
    bool moves = stream->seekable && !(alone && stream->pointer == offset);
    OVERLAPPED *overlapped = moves ? &at : NULL;
    HANDLE handle = stream->handle;
    DWORD count = (DWORD)length;
    *bytes = 0;
    BOOL ok = writes ? WriteFile(handle, buffer, count, bytes, overlapped)
                     : ReadFile(handle, buffer, count, bytes, overlapped);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    stream->pointer = ok && alone ? offset + *bytes : UNKNOWN;
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

/* Reports the end of the file as success with 0 bytes, whichever error the
 * system gives for it. In a pipe, success with 0 bytes means that the writer
 * wrote 0 bytes, so this function reads again. */
DWORD stream_read_at(struct file_stream *stream, void *buffer, size_t length,
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

DWORD stream_write_at(struct file_stream *stream, const char *buffer,
                      size_t length, uint64_t offset)
{
    DWORD error = ERROR_SUCCESS;
    while (length > 0 && error == ERROR_SUCCESS) {
        DWORD count;
        error = transfer(stream, true, (void *)buffer, length, offset, &count);
        if (error == ERROR_SUCCESS && count == 0)
            error = ERROR_WRITE_FAULT; /* the loop would never end */
        buffer += count;
        offset += count;
        length -= count;
    }
    return error;
}

/* ---- Reading ahead ---------------------------------------------------- */

static void on_ahead(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct file_stream *stream = request->context;
    struct buffer *ahead = &stream->ahead;
    (void)error, (void)bytes; /* both 0: the packet was posted */
    AcquireSRWLockExclusive(&stream->lock);
    bool wanted = stream->ahead_state == AHEAD_QUEUED;
    bool closed = stream->ahead_state == AHEAD_CLOSED;
    stream->ahead_state = wanted ? AHEAD_READING : AHEAD_NONE;
    if (wanted) {
        stream_pin(stream);
        ReleaseSRWLockExclusive(&stream->lock);
        DWORD failure = stream_read_at(stream, ahead->data, stream->buffer_size,
                                       ahead->offset, &ahead->filled);
        AcquireSRWLockExclusive(&stream->lock);
        /* After an error the next call reads again, and gets the error. */
        bool good = failure == ERROR_SUCCESS && !stream->ahead_unwanted;
        stream->ahead_state = good ? AHEAD_READY : AHEAD_NONE;
    }
    WakeAllConditionVariable(&stream->changed);
    ReleaseSRWLockExclusive(&stream->lock);
    if (wanted)
        stream_unpin(stream);
    if (closed)
        stream_free(stream);
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
        /* If this fails, the next call reads by itself. */
        if (pool_queue_request(stream->pool, request) == ERROR_SUCCESS)
            stream->ahead_state = AHEAD_QUEUED;
    }
    ReleaseSRWLockExclusive(&stream->lock);
}

void stream_drop_ahead(struct file_stream *stream)
{
    if (stream->ahead_state == AHEAD_QUEUED)
        stream->ahead_state = AHEAD_DROPPED;
    else if (stream->ahead_state == AHEAD_READY)
        stream->ahead_state = AHEAD_NONE;
    stream->ahead_unwanted = true;
}

/* Makes the bytes read ahead the buffer, if they start at this offset. */
static bool take_ahead(struct file_stream *stream, uint64_t offset)
{
    AcquireSRWLockExclusive(&stream->lock);
    bool wanted = stream->ahead.offset == offset && !stream->ahead_unwanted;
    while (wanted && stream->ahead_state == AHEAD_READING)
        fatal_check(SleepConditionVariableSRW(&stream->changed, &stream->lock,
                                              INFINITE, 0),
                    "wait for", "stream");
    bool taken = wanted && stream->ahead_state == AHEAD_READY;
    if (taken) {
        struct buffer used = stream->buffer;
        stream->buffer = stream->ahead;
        stream->ahead = used;
        stream->ahead_state = AHEAD_NONE;
    } else {
        stream_drop_ahead(stream);
    }
    ReleaseSRWLockExclusive(&stream->lock);
    return taken;
}

/* ---- The buffer ------------------------------------------------------- */

static bool has_buffer(const struct file_stream *stream)
{
    return stream->buffer_size > 0 && !stream->filling && stream->writing == 0;
}

/* The buffer is larger than the read, and its range fits into a file. */
bool stream_can_fill(const struct file_stream *stream, uint64_t offset,
                     size_t length)
{
    return has_buffer(stream) && length < stream->buffer_size &&
           !stream_reaches_too_far(offset, stream->buffer_size);
}

DWORD stream_flush_buffer(struct file_stream *stream)
{
    struct buffer *buffer = &stream->buffer;
    if (!stream->dirty)
        return ERROR_SUCCESS;
    DWORD error =
        stream_write_at(stream, buffer->data, buffer->filled, buffer->offset);
    if (error == ERROR_SUCCESS) {
        stream->dirty = false;
        buffer->filled = 0;
    }
    return error;
}

void stream_forget_buffer(struct file_stream *stream)
{
    AcquireSRWLockExclusive(&stream->lock); /* a fill may complete meanwhile */
    if (!stream->dirty && !stream->filling)
        stream->buffer.filled = 0;
    stream->stale = true;
    stream_drop_ahead(stream);
    ReleaseSRWLockExclusive(&stream->lock);
}

size_t stream_copy_buffered(const struct file_stream *stream, void *to,
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

/* Fills the buffer from this offset on. */
static DWORD fill_buffer(struct file_stream *stream, uint64_t offset)
{
    struct buffer *buffer = &stream->buffer;
    DWORD error = ERROR_SUCCESS;
    if (!stream->reads_ahead || !take_ahead(stream, offset)) {
        buffer->filled = 0;
        buffer->offset = offset;
        error = stream_read_at(stream, buffer->data, stream->buffer_size,
                               offset, &buffer->filled);
    }
    if (stream->reads_ahead && buffer->filled == stream->buffer_size)
        start_ahead(stream, offset + buffer->filled);
    return error;
}

DWORD stream_read_buffered(struct file_stream *stream, char *to, size_t length,
                           uint64_t offset, size_t *bytes)
{
    DWORD error = stream_flush_buffer(stream);
    *bytes = 0;
    if (error != ERROR_SUCCESS)
        return error;
    *bytes = stream_copy_buffered(stream, to, length, offset);
    size_t rest = length - *bytes, count = 0;
    to += *bytes;
    offset += *bytes;
    if (rest == 0)
        return ERROR_SUCCESS;
    if (stream_can_fill(stream, offset, rest)) {
        error = fill_buffer(stream, offset);
        count = stream_copy_buffered(stream, to, rest, offset);
    } else {
        error = stream_read_at(stream, to, rest, offset, &count);
    }
    /* If some bytes came, the next call reports the error. */
    *bytes += count;
    return *bytes > 0 ? ERROR_SUCCESS : error;
}

DWORD stream_write_buffered(struct file_stream *stream, const char *from,
                            size_t length, uint64_t offset)
{
    struct buffer *buffer = &stream->buffer;
    DWORD error = ERROR_SUCCESS;
    stream_forget_buffer(stream);
    bool buffered = has_buffer(stream) && length < stream->buffer_size;
    if (stream->dirty &&
        (!buffered || offset != buffer->offset + buffer->filled ||
         length > stream->buffer_size - buffer->filled))
        error = stream_flush_buffer(stream);
    if (error != ERROR_SUCCESS)
        return error;
    if (!buffered)
        return stream_write_at(stream, from, length, offset);
    if (!stream->dirty)
        buffer->offset = offset;
    memcpy(buffer->data + buffer->filled, from, length);
    buffer->filled += length;
    stream->dirty = true;
    return ERROR_SUCCESS;
}
