#include "file_stream_internal.h"

/* ---- Synchronous calls ------------------------------------------------ */

/* In a pipe, reads and writes do not wait for each other. */
static SRWLOCK *calls_of(struct file_stream *stream, bool writes)
{
    bool second = !stream->seekable && writes;
    return &stream->calls[second ? 1 : 0];
}

static DWORD transfer_in_file(struct file_stream *stream, bool writes,
                              void *buffer, size_t length, size_t *bytes)
{
    uint64_t offset = stream->position;
    if (stream_reaches_too_far(offset, length))
        return ERROR_INVALID_PARAMETER;
    DWORD error;
    if (writes) {
        error = stream_write_buffered(stream, buffer, length, offset);
        *bytes = error == ERROR_SUCCESS ? length : 0;
    } else {
        error = stream_read_buffered(stream, buffer, length, offset, bytes);
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
        error = stream_write_at(stream, buffer, length, 0);
        *bytes = error == ERROR_SUCCESS ? length : 0;
    } else {
        error = stream_read_at(stream, buffer, length, 0, bytes);
    }
    AcquireSRWLockExclusive(&stream->lock);
    *next = stream_next_turn(stream, writes);
    ReleaseSRWLockExclusive(&stream->lock);
    return error;
}

static DWORD call(struct file_stream *stream, bool writes, void *buffer,
                  size_t length, size_t *bytes)
{
    DWORD error = stream_check_call(stream, writes, buffer, length);
    struct file_task *next = NULL;
    *bytes = 0;
    if (error != ERROR_SUCCESS || length == 0)
        return error;
    /* file_stream_close waits for this lock. So a call that gets it immediately
     * needs no pin. A call that may wait, for the lock or in a pipe, does. */
    SRWLOCK *calls = calls_of(stream, writes);
    bool pinned = !stream->seekable || !TryAcquireSRWLockExclusive(calls);
    if (pinned) {
        stream_pin(stream);
        AcquireSRWLockExclusive(calls);
    }
    /* While the stream closes, a write would stay in the buffer for ever. */
    if (stream_is_closing(stream))
        error = ERROR_INVALID_HANDLE;
    else if (stream->seekable)
        error = transfer_in_file(stream, writes, buffer, length, bytes);
    else
        error = transfer_in_pipe(stream, writes, buffer, length, bytes, &next);
    ReleaseSRWLockExclusive(calls);
    stream_go_on(next); /* without the lock: a callback may call us */
    if (pinned)
        stream_unpin(stream);
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
    if (!stream->seekable) /* no buffer; and a read may hold the lock */
        return ERROR_SUCCESS;
    AcquireSRWLockExclusive(&stream->calls[0]);
    DWORD error = stream_flush_buffer(stream);
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
    /* Adding a negative offset wraps around, and gives the right sum; but the
     * sum must not be below 0. */
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
    DWORD error = stream_flush_buffer(stream);
    if (error != ERROR_SUCCESS)
        return error;
    stream_forget_buffer(stream);
    if (!SetFileInformationByHandle(stream->handle, FileEndOfFileInfo, &end,
                                    sizeof end))
        return GetLastError();
    if (stream->position > length)
        set_position(stream, length);
    return ERROR_SUCCESS;
}

DWORD file_stream_set_length(struct file_stream *stream, uint64_t length)
{
    DWORD error = stream_check_call(stream, true, NULL, 0);
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

/* As in .NET, the server of a pipe must not act in our name. */
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

/* The handle is open: finds out what it is, and where the stream starts. */
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
        return GetLastError(); /* a file would be read without offsets */
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
        CloseHandle(stream->handle); /* it is not bound: that comes last */
        if (has_no_room(error))
            DeleteFileW(path); /* this call has created it */
        stream_free(stream);
        return error;
    }
    *opened = stream;
    return ERROR_SUCCESS;
}

DWORD file_stream_preallocation_error(const struct file_stream *stream)
{
    return stream->preallocation_error;
}

/* On a synchronous handle, CancelIoEx misses a call that is just about to
 * start, and the program cannot know that. So this cancels again and again. */
static void wait_for_calls(struct file_stream *stream)
{
    DWORD timeout = stream->asynchronous ? INFINITE : 100; /* ms */
    unsigned seen = stream->pending;
    while (seen != STREAM_CLOSING) {
        BOOL changed =
            WaitOnAddress(&stream->pending, &seen, sizeof seen, timeout);
        fatal_check(changed || GetLastError() == ERROR_TIMEOUT, "wait for",
                    "stream");
        if (!changed)
            file_stream_cancel(stream);
        seen = stream->pending;
    }
    /* A call without a pin holds the lock. */
    AcquireSRWLockExclusive(&stream->calls[0]);
    ReleaseSRWLockExclusive(&stream->calls[0]);
}

/* Frees the stream. If a packet of reading ahead will still come, its callback
 * frees the stream instead. */
static void leave_stream(struct file_stream *stream)
{
    AcquireSRWLockExclusive(&stream->lock);
    bool comes = stream->ahead_state == AHEAD_DROPPED;
    if (comes)
        stream->ahead_state = AHEAD_CLOSED;
    ReleaseSRWLockExclusive(&stream->lock);
    if (!comes)
        stream_free(stream);
}

DWORD file_stream_close(struct file_stream *stream)
{
    if (stream == NULL)
        return ERROR_SUCCESS;
    if (stream->pool != NULL && pool_in_callback(stream->pool))
        return ERROR_POSSIBLE_DEADLOCK;
    stream->pending |=
        STREAM_CLOSING; /* first, or a write now would get lost */
    DWORD error = file_stream_flush(stream);
    file_stream_cancel(stream);
    /* No call can start to read ahead again now. */
    AcquireSRWLockExclusive(&stream->lock);
    stream_drop_ahead(stream);
    ReleaseSRWLockExclusive(&stream->lock);
    DWORD failure = stream->asynchronous ? bound_file_close(&stream->file) : 0;
    wait_for_calls(stream);
    if (!stream->asynchronous && !CloseHandle(stream->handle))
        failure = GetLastError();
    leave_stream(stream);
    return error != ERROR_SUCCESS ? error : failure;
}
