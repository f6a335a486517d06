#include "file_stream_internal.h"

#include <winternl.h>

/* ---- Calls -------------------------------------------------------------- */

static struct stream_call to_read(void *buffer, size_t length)
{
    return (struct stream_call){
        .kind = TASK_READ, .buffer = buffer, .length = length};
}

static struct stream_call to_write(const void *buffer, size_t length)
{
    return (struct stream_call){
        .kind = TASK_WRITE, .buffer = (void *)buffer, .length = length};
}

static const struct stream_call to_flush = {.kind = TASK_FLUSH};

static struct stream_call at(uint64_t offset, struct stream_call call)
{
    call.positional = true;
    call.offset = offset;
    return call;
}

DWORD file_stream_read(struct file_stream *stream, void *buffer, size_t length,
                       size_t *bytes)
{
    struct stream_call call = to_read(buffer, length);
    return stream_do(stream, &call, bytes);
}

DWORD file_stream_write(struct file_stream *stream, const void *buffer,
                        size_t length)
{
    struct stream_call call = to_write(buffer, length);
    return stream_do(stream, &call, NULL);
}

DWORD file_stream_read_at(struct file_stream *stream, void *buffer,
                          size_t length, uint64_t offset, size_t *bytes)
{
    struct stream_call call = at(offset, to_read(buffer, length));
    return stream_do(stream, &call, bytes);
}

DWORD file_stream_write_at(struct file_stream *stream, const void *buffer,
                           size_t length, uint64_t offset)
{
    struct stream_call call = at(offset, to_write(buffer, length));
    return stream_do(stream, &call, NULL);
}

DWORD file_stream_flush(struct file_stream *stream)
{
    return stream_do(stream, &to_flush, NULL);
}

DWORD file_stream_flush_to_disk(struct file_stream *stream)
{
    DWORD error = file_stream_flush(stream);
    if (error == ERROR_SUCCESS)
        error = stream_enter(stream);
    if (error != ERROR_SUCCESS)
        return error;
    if (stream->access & FILE_ACCESS_WRITE && !FlushFileBuffers(stream->handle))
        error = GetLastError();
    stream_leave(stream);
    return error;
}

struct submission file_stream_read_async(struct file_stream *stream,
                                         void *buffer, size_t length,
                                         struct file_task *task)
{
    struct stream_call call = to_read(buffer, length);
    return stream_do_async(stream, task, &call);
}

struct submission file_stream_write_async(struct file_stream *stream,
                                          const void *buffer, size_t length,
                                          struct file_task *task)
{
    struct stream_call call = to_write(buffer, length);
    return stream_do_async(stream, task, &call);
}

struct submission file_stream_read_at_async(struct file_stream *stream,
                                            void *buffer, size_t length,
                                            uint64_t offset,
                                            struct file_task *task)
{
    struct stream_call call = at(offset, to_read(buffer, length));
    return stream_do_async(stream, task, &call);
}

struct submission file_stream_write_at_async(struct file_stream *stream,
                                             const void *buffer, size_t length,
                                             uint64_t offset,
                                             struct file_task *task)
{
    struct stream_call call = at(offset, to_write(buffer, length));
    return stream_do_async(stream, task, &call);
}

struct submission file_stream_flush_async(struct file_stream *stream,
                                          struct file_task *task)
{
    return stream_do_async(stream, task, &to_flush);
}

/* ---- Position and length ---------------------------------------------- */

static DWORD ask_length(const struct file_stream *stream, uint64_t *length)
{
    LARGE_INTEGER size;
    if (!GetFileSizeEx(stream->handle, &size))
        return GetLastError();
    *length = max((uint64_t)size.QuadPart, stream->dirty_end);
    return ERROR_SUCCESS;
}

DWORD file_stream_length(struct file_stream *stream, uint64_t *length)
{
    *length = 0;
    if (!stream->seekable)
        return ERROR_SEEK_ON_DEVICE;
    DWORD error = stream_enter(stream);
    if (error != ERROR_SUCCESS)
        return error;
    error = ask_length(stream, length);
    stream_leave(stream);
    return error;
}

/* Forgets the bytes that were read, unless the position is among them. The lock
 * is held. */
static void set_position(struct file_stream *stream, uint64_t to)
{
    const struct buffer *buffer = &stream->buffer;
    if (stream->lanes[0].first != NULL || to < buffer->offset ||
        to - buffer->offset > buffer->filled)
        stream->version++;
    stream->position = to;
    stream->seeks++;
}

/* Adding a negative offset wraps around, and gives the right sum; but the sum
 * must not be below 0. */
static DWORD add_offset(uint64_t from, int64_t offset, uint64_t least,
                        uint64_t *to)
{
    *to = from + (uint64_t)offset;
    if (offset < 0 && -(offset + 1) >= (int64_t)from)
        return ERROR_NEGATIVE_SEEK;
    if (*to > INT64_MAX)
        return ERROR_INVALID_PARAMETER;
    return *to < least ? ERROR_NEGATIVE_SEEK : ERROR_SUCCESS;
}

DWORD file_stream_seek(struct file_stream *stream, int64_t offset, DWORD origin,
                       uint64_t *position)
{
    uint64_t from = 0, to;
    DWORD error = ERROR_SUCCESS;
    if (!stream->seekable)
        return ERROR_SEEK_ON_DEVICE;
    if (origin == FILE_END)
        error = file_stream_length(stream, &from);
    else if (origin != FILE_BEGIN && origin != FILE_CURRENT)
        error = ERROR_INVALID_PARAMETER;
    lock_acquire(&stream->lock);
    if (origin == FILE_CURRENT)
        from = stream->position;
    if (error == ERROR_SUCCESS)
        error = add_offset(from, offset, stream->append_start, &to);
    if (error == ERROR_SUCCESS)
        set_position(stream, to);
    if (position != NULL)
        *position = stream->position;
    lock_release(&stream->lock);
    return error;
}

DWORD file_stream_position(struct file_stream *stream, uint64_t *position)
{
    lock_acquire(&stream->lock);
    *position = stream->position;
    lock_release(&stream->lock);
    return stream->seekable ? ERROR_SUCCESS : ERROR_SEEK_ON_DEVICE;
}

DWORD stream_set_length(struct file_stream *stream, uint64_t length)
{
    FILE_END_OF_FILE_INFO end = {.EndOfFile.QuadPart = (LONGLONG)length};
    if (!SetFileInformationByHandle(stream->handle, FileEndOfFileInfo, &end,
                                    sizeof end))
        return GetLastError();
    lock_acquire(&stream->lock);
    if (stream->position > length)
        set_position(stream, length);
    lock_release(&stream->lock);
    return ERROR_SUCCESS;
}

DWORD file_stream_set_length(struct file_stream *stream, uint64_t length)
{
    const struct stream_call call = {
        .kind = TASK_SET_LENGTH, .positional = true, .offset = length};
    return stream_do(stream, &call, NULL);
}

typedef BOOL WINAPI range_function(HANDLE handle, DWORD offset_low,
                                   DWORD offset_high, DWORD length_low,
                                   DWORD length_high);

static DWORD call_range(struct file_stream *stream, range_function *function,
                        uint64_t offset, uint64_t length)
{
    if (!stream->seekable)
        return ERROR_SEEK_ON_DEVICE;
    DWORD error = stream_enter(stream);
    if (error != ERROR_SUCCESS)
        return error;
    if (!function(stream->handle, (DWORD)offset, (DWORD)(offset >> 32),
                  (DWORD)length, (DWORD)(length >> 32)))
        error = GetLastError();
    stream_leave(stream);
    return error;
}

DWORD file_stream_lock(struct file_stream *stream, uint64_t offset,
                       uint64_t length)
{
    return call_range(stream, LockFile, offset, length);
}

DWORD file_stream_unlock(struct file_stream *stream, uint64_t offset,
                         uint64_t length)
{
    return call_range(stream, UnlockFile, offset, length);
}

/* ---- Open --------------------------------------------------------------- */

static const struct {
    DWORD disposition;         /* of CreateFileW */
    bool writes, preallocates; /* needs write access; may preallocate */
} modes[] = {
    [FILE_MODE_OPEN] = {OPEN_EXISTING, false, false},
    [FILE_MODE_OPEN_OR_CREATE] = {OPEN_ALWAYS, false, false},
    [FILE_MODE_CREATE] = {CREATE_ALWAYS, true, true},
    [FILE_MODE_CREATE_NEW] = {CREATE_NEW, true, true},
    [FILE_MODE_TRUNCATE] = {TRUNCATE_EXISTING, true, false},
    [FILE_MODE_APPEND] = {OPEN_ALWAYS, true, false},
};

/* In the order of enum file_options. */
static const DWORD flags_of_options[] = {
    FILE_FLAG_OVERLAPPED,    FILE_FLAG_SEQUENTIAL_SCAN, FILE_FLAG_RANDOM_ACCESS,
    FILE_FLAG_WRITE_THROUGH, FILE_FLAG_DELETE_ON_CLOSE, FILE_FLAG_NO_BUFFERING,
};
enum { OPTIONS = sizeof flags_of_options / sizeof flags_of_options[0] };

static bool is_valid(const struct pool *pool,
                     const struct file_stream_options *options)
{
    const DWORD shares = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const unsigned set = options->options;
    bool reads = options->access & FILE_ACCESS_READ;
    bool writes = options->access & FILE_ACCESS_WRITE;
    if (set >> OPTIONS || options->share & ~shares || !(reads || writes) ||
        options->access > FILE_ACCESS_READ_WRITE ||
        options->buffer_size > MAXDWORD ||
        options->preallocation_size > INT64_MAX ||
        (set & FILE_OPTION_NO_BUFFERING && options->buffer_size > 0) ||
        (set & FILE_OPTION_ASYNCHRONOUS && pool == NULL) ||
        (unsigned)options->mode > FILE_MODE_APPEND)
        return false;
    if (options->mode == FILE_MODE_APPEND && reads)
        return false;
    return (writes || !modes[options->mode].writes) &&
           (options->preallocation_size == 0 ||
            modes[options->mode].preallocates);
}

/* As in .NET, the server of a pipe must not act in our name. */
static HANDLE open_handle(const wchar_t *path,
                          const struct file_stream_options *options)
{
    DWORD access = (options->access & FILE_ACCESS_READ ? GENERIC_READ : 0) |
                   (options->access & FILE_ACCESS_WRITE ? GENERIC_WRITE : 0);
    DWORD flags = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    for (unsigned i = 0; i < OPTIONS; i++)
        if (options->options & 1U << i)
            flags |= flags_of_options[i];
    return CreateFileW(path, access, options->share, NULL,
                       modes[options->mode].disposition, flags, NULL);
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

/* Whether the handle was opened with FILE_FLAG_OVERLAPPED. Class 16 is
 * FileModeInformation; the answer has bit 4 or 5 for a synchronous handle. */
static bool is_overlapped(HANDLE handle)
{
    IO_STATUS_BLOCK status;
    ULONG mode = 0;
    NTSTATUS result = NtQueryInformationFile(
        handle, &status, &mode, sizeof mode, (FILE_INFORMATION_CLASS)16);
    return NT_SUCCESS(result) && !(mode & 0x30);
}

/* Where a stream starts: at the file's end, or at the handle's file pointer. */
static DWORD find_start(struct file_stream *stream, enum file_mode mode)
{
    LARGE_INTEGER pointer = {0};
    if (!stream->seekable)
        return ERROR_SUCCESS;
    if (mode == FILE_MODE_APPEND) {
        DWORD error = ask_length(stream, &stream->append_start);
        stream->position = stream->append_start;
        return error;
    }
    if (!SetFilePointerEx(stream->handle, pointer, &pointer, FILE_CURRENT))
        return GetLastError();
    stream->position = stream->pointer = (uint64_t)pointer.QuadPart;
    return ERROR_SUCCESS;
}

/* Finds out what the handle is. It is bound last: a handle that is bound cannot
 * be given back. */
static DWORD set_up(struct file_stream *stream,
                    const struct file_stream_options *options)
{
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
    stream->grows = !(options->options & FILE_OPTION_RANDOM);
    stream->reads_sectors = options->options & FILE_OPTION_NO_BUFFERING;
    stream->buffer_size = stream->seekable ? options->buffer_size : 0;
    stream->buffer.capacity = stream->buffer_size;
    if (stream->buffer_size > 0 &&
        (stream->buffer.data = malloc(stream->buffer_size)) == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    error = find_start(stream, options->mode);
    if (error == ERROR_SUCCESS && options->options & FILE_OPTION_ASYNCHRONOUS) {
        error = pool_bind_handle(stream->pool, stream->handle,
                                 FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
                                 &stream->file);
        stream->asynchronous = error == ERROR_SUCCESS;
    }
    return error;
}

/* A call that was refused, because the stream closes, may still hold the lock.
 */
static void free_stream(struct file_stream *stream)
{
    lock_acquire(&stream->lock);
    lock_release(&stream->lock);
    free(stream->buffer.data);
    free(stream);
}

static DWORD make_stream(struct pool *pool, HANDLE handle,
                         const struct file_stream_options *options,
                         struct file_stream **made)
{
    struct file_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    stream->pool = pool;
    stream->access = options->access;
    stream->handle = handle;
    DWORD error = set_up(stream, options);
    if (error == ERROR_SUCCESS)
        *made = stream;
    else
        free_stream(stream);
    return error;
}

DWORD file_stream_open(struct pool *pool, const wchar_t *path,
                       const struct file_stream_options *options,
                       struct file_stream **opened)
{
    *opened = NULL;
    if (path == NULL || !is_valid(pool, options))
        return ERROR_INVALID_PARAMETER;
    HANDLE handle = open_handle(path, options);
    if (handle == INVALID_HANDLE_VALUE)
        return GetLastError();
    DWORD error = make_stream(pool, handle, options, opened);
    if (error != ERROR_SUCCESS)
        CloseHandle(handle);
    if (has_no_room(error))
        DeleteFileW(path); /* this call has created it */
    return error;
}

DWORD file_stream_from_handle(struct pool *pool, HANDLE handle,
                              const struct file_stream_options *options,
                              struct file_stream **opened)
{
    *opened = NULL;
    struct file_stream_options used = {.access = options->access,
                                       .buffer_size = options->buffer_size,
                                       .options = options->options};
    bool asynchronous = used.options & FILE_OPTION_ASYNCHRONOUS;
    if (!is_valid(pool, &used) || asynchronous != is_overlapped(handle))
        return ERROR_INVALID_PARAMETER;
    DWORD error = make_stream(pool, handle, &used, opened);
    if (error == ERROR_SUCCESS)
        (*opened)->shares_handle = true;
    return error;
}

HANDLE file_stream_handle(struct file_stream *stream)
{
    stream->shares_handle = true;
    return stream->handle;
}

DWORD file_stream_preallocation_error(const struct file_stream *stream)
{
    return stream->preallocation_error;
}

/* ---- Close -------------------------------------------------------------- */

/* From now on no call begins, and those that run are cancelled. The caller is
 * inside afterwards. */
static void begin_close(struct file_stream *stream)
{
    lock_acquire(&stream->lock);
    stream->closing = true;
    rundown_enter(&stream->calls, 1);
    lock_release(&stream->lock);
    stream_cancel_all(stream);
}

/* Nothing uses the stream any more. */
static DWORD write_rest(struct file_stream *stream)
{
    struct file_task flush = {
        .stream = stream, .kind = TASK_FLUSH, .cancels = stream->cancels};
    stream_run(&flush);
    return flush.error;
}

static DWORD first_error(DWORD first, DWORD second)
{
    return first != ERROR_SUCCESS ? first : second;
}

/* CancelIoEx misses a call that is just about to start, and the program cannot
 * know that. So this cancels again and again. */
DWORD file_stream_close(struct file_stream *stream)
{
    if (stream == NULL)
        return ERROR_SUCCESS;
    if (stream->pool != NULL && pool_in_callback(stream->pool))
        return ERROR_POSSIBLE_DEADLOCK;
    begin_close(stream);
    rundown_leave(&stream->calls, 1);
    while (rundown_wait(&stream->calls, 100) == WAIT_TIMEOUT) /* ms */
        stream_cancel_all(stream);
    DWORD error = write_rest(stream);
    if (stream->asynchronous)
        error = first_error(error, bound_file_close(&stream->file));
    else if (!CloseHandle(stream->handle))
        error = first_error(error, GetLastError());
    free_stream(stream);
    return error;
}

/* The handle is closed. */
static void end_stream(struct file_stream *stream, DWORD error)
{
    file_stream_callback *closed = stream->closed;
    void *context = stream->closed_context;
    error = first_error(stream->close_error, error);
    free_stream(stream);
    if (closed != NULL)
        closed(context, error, 0);
}

static void on_closed(struct bound_file *file, DWORD error)
{
    end_stream(CONTAINING_RECORD(file, struct file_stream, file), error);
}

void stream_end(struct file_stream *stream)
{
    stream->close_error = write_rest(stream);
    if (stream->asynchronous)
        bound_file_close_later(&stream->file, on_closed);
    else
        end_stream(stream, CloseHandle(stream->handle) ? ERROR_SUCCESS
                                                       : GetLastError());
}

void file_stream_close_async(struct file_stream *stream,
                             file_stream_callback *closed, void *context)
{
    if (stream == NULL)
        return;
    stream->closed = closed;
    stream->closed_context = context;
    begin_close(stream);
    rundown_close(&stream->calls);
    stream_leave(stream);
}
