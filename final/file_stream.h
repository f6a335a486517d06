/*
 * Files with the API of .NET's FileStream: open, read, write, seek, close, with
 * a position, a buffer and, if you want, asynchronous calls. It is built on the
 * pool, and takes care of everything that the steps and pool.h leave to you:
 * the end of a file, short reads, offsets, and ownership.
 *
 * Functions return a Win32 error code, 0 (ERROR_SUCCESS) for success; error.h
 * has the system's text for it. Any thread may call any function, also from a
 * callback. In a callback, a function that would have to wait for other calls
 * on the stream fails with ERROR_POSSIBLE_DEADLOCK instead.
 *
 * Calls take turns, in the order in which they were made. A pipe has a turn for
 * each direction; a file has one. In a file without a buffer, calls take no
 * turns: they run concurrently. Callbacks run concurrently in any case: a call
 * passes its turn on before its callback runs.
 */
#ifndef FILE_STREAM_H
#define FILE_STREAM_H

#include "pool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* .NET's FileMode. */
enum file_mode {
    FILE_MODE_OPEN,           /* error 2 if the file is missing */
    FILE_MODE_OPEN_OR_CREATE, /* the file as it is, or a new, empty one */
    FILE_MODE_CREATE,         /* an empty file, even if there was one */
    FILE_MODE_CREATE_NEW,     /* error 80 if the file exists */
    FILE_MODE_TRUNCATE,       /* empties the file; error 2 if it is missing */
    FILE_MODE_APPEND, /* like OPEN_OR_CREATE; starts at the file's end */
};

/* .NET's FileAccess. */
enum file_access {
    FILE_ACCESS_READ = 1,
    FILE_ACCESS_WRITE = 2,
    FILE_ACCESS_READ_WRITE = 3,
};

/* .NET's FileOptions. */
enum file_options {
    /* The handle is overlapped and bound to the pool. Without this option
     * asynchronous calls work, too, but each blocks a worker. */
    FILE_OPTION_ASYNCHRONOUS = 1,
    FILE_OPTION_SEQUENTIAL = 2, /* a hint to the system */
    FILE_OPTION_RANDOM = 4,     /* likewise; and the buffer does not grow */
    FILE_OPTION_WRITE_THROUGH = 8,
    FILE_OPTION_DELETE_ON_CLOSE = 16,
    /* FILE_FLAG_NO_BUFFERING. The stream has no buffer either: the caller's
     * buffers, lengths and offsets must be multiples of the disk's sectors. An
     * asynchronous read, too, may get fewer bytes than it asks for. */
    FILE_OPTION_NO_BUFFERING = 32,
};

/* .NET's FileStreamOptions. FILE_STREAM_DEFAULTS has .NET's values. */
struct file_stream_options {
    enum file_mode mode;
    enum file_access access;
    DWORD share; /* what others may do meanwhile: FILE_SHARE_READ, ... */
    /* In bytes; 0: no buffer. Writes that fit are collected in it. The first
     * read of the system is as large. While reads are sequential, each further
     * one is four times as large as the last one, up to 256 KiB, or, on a
     * synchronous handle, 64 KiB. */
    size_t buffer_size;
    unsigned options;            /* the sum of values of enum file_options */
    uint64_t preallocation_size; /* in bytes, to reserve for a new file */
};

#define FILE_STREAM_DEFAULTS                                                   \
    {                                                                          \
        FILE_MODE_OPEN, FILE_ACCESS_READ, FILE_SHARE_READ, 4096, 0, 0          \
    }

struct file_stream;

/*
 * Opens a file or a pipe. A pipe has no length, no position and no buffer. The
 * caller closes *opened with file_stream_close, and does so before it stops the
 * pool: after the pool has stopped, buffered bytes cannot be written any more.
 * The pool may be NULL for a stream without asynchronous calls.
 *
 * Returns 0, an error of CreateFileW or GetFileType, ERROR_NOT_ENOUGH_MEMORY,
 * or
 *
 *   ERROR_INVALID_PARAMETER  a value that has no meaning, or options that
 *                            exclude each other: for example truncate without
 *                            write access, append with read access, a buffer
 *                            with NO_BUFFERING
 *   ERROR_DISK_FULL          no room for the preallocation; a file that this
 *                            call created is deleted again
 */
DWORD file_stream_open(struct pool *pool, const wchar_t *path,
                       const struct file_stream_options *options,
                       struct file_stream **opened);

/*
 * Makes a stream of a handle, which the stream owns from then on. Uses the
 * options' access, buffer_size and options. The position is that of the
 * handle's file pointer. Returns as above; ERROR_INVALID_PARAMETER, too, if the
 * handle is overlapped without FILE_OPTION_ASYNCHRONOUS, or the other way
 * round, or is already bound. After an error the caller still owns the handle.
 */
DWORD file_stream_from_handle(struct pool *pool, HANDLE handle,
                              const struct file_stream_options *options,
                              struct file_stream **opened);

/* The handle. The stream still owns it. Flush before you use it. A read or
 * write of yours may move its file pointer. */
HANDLE file_stream_handle(struct file_stream *stream);

/*
 * Closes the stream, in this order: from now on new calls fail with
 * ERROR_INVALID_HANDLE; I/O in flight is cancelled; its callbacks run; the
 * buffered bytes are written; the handle is closed; the stream is freed. All of
 * these steps happen even if one of them fails; the function returns the first
 * error. A call that another thread has started completes, too, but no other
 * thread may start a new one. In a callback: ERROR_POSSIBLE_DEADLOCK, and
 * nothing has happened. Does nothing for NULL.
 */
DWORD file_stream_close(struct file_stream *stream);

/*
 * The same without waiting for other calls; also in a callback. .NET:
 * DisposeAsync. When the stream is freed, calls `closed`, if it is not NULL,
 * with the first error and 0 bytes, on the thread that used the stream last: a
 * worker, or the caller before the function returns. That thread waits while
 * the system writes the buffered bytes. A call that file_stream_cancel misses
 * delays the end.
 */
typedef void file_stream_callback(void *context, DWORD error, size_t bytes);
void file_stream_close_async(struct file_stream *stream,
                             file_stream_callback *closed, void *context);

/* If the open succeeded although the system did not reserve the preallocation,
 * returns the system's error; otherwise 0. The stream works in either case. */
DWORD file_stream_preallocation_error(const struct file_stream *stream);

/* ---- Synchronous ------------------------------------------------------ */

/* On a pipe, file_stream_read and file_stream_write fail with ERROR_BUSY while
 * asynchronous calls in the same direction run: a pipe may never answer. */

/*
 * Reads at the position, waits for the bytes, and moves the position by their
 * number. *bytes is 0 only at the end of the file, or if length is 0. Fewer
 * bytes than asked for do not mean the end. The end is no error: the result is
 * 0. In all calls, a length that does not fit into a DWORD is
 * ERROR_INVALID_PARAMETER.
 */
DWORD file_stream_read(struct file_stream *stream, void *buffer, size_t length,
                       size_t *bytes);

/* Writes all bytes at the position, or into the buffer, and moves the position.
 * After an error some of the bytes may have been written. */
DWORD file_stream_write(struct file_stream *stream, const void *buffer,
                        size_t length);

/* Read and write at an offset, in bytes. The position does not move. They do
 * not use the buffer, but buffered bytes are written before. In a stream that
 * appends, a write before the place where the stream started fails with
 * ERROR_INVALID_PARAMETER. .NET: RandomAccess.Read and Write. */
DWORD file_stream_read_at(struct file_stream *stream, void *buffer,
                          size_t length, uint64_t offset, size_t *bytes);
DWORD file_stream_write_at(struct file_stream *stream, const void *buffer,
                           size_t length, uint64_t offset);

/* Writes the buffered bytes to the system, and forgets those that were read: so
 * the next read sees what others have written. */
DWORD file_stream_flush(struct file_stream *stream);

/* The same, and waits until the system has written them to the disk (for a
 * pipe: until its reader has them). */
DWORD file_stream_flush_to_disk(struct file_stream *stream);

/* ---- Position and length ---------------------------------------------- */

/* A pipe has no position and no length: on a pipe, the functions of this
 * section, and those that take an offset, fail with ERROR_SEEK_ON_DEVICE. */

/*
 * Moves the position by `offset` bytes from origin: FILE_BEGIN, FILE_CURRENT or
 * FILE_END. The position may be after the end of the file. It may not be before
 * the beginning of the file. In a stream that appends, it may not be before the
 * place where the stream started. Otherwise the call fails with
 * ERROR_NEGATIVE_SEEK, and the position does not move. A position outside of
 * the buffer makes the stream forget the bytes that were read. *position, if
 * not NULL, gets the position after the call.
 */
DWORD file_stream_seek(struct file_stream *stream, int64_t offset, DWORD origin,
                       uint64_t *position);

DWORD file_stream_position(struct file_stream *stream, uint64_t *position);

/* In bytes, including the buffered ones. */
DWORD file_stream_length(struct file_stream *stream, uint64_t *length);

/*
 * Cuts the file, or extends it with zeros, to `length` bytes. A position after
 * the new end moves to the new end. Fails with ERROR_INVALID_PARAMETER if
 * length is larger than INT64_MAX or, in a stream that appends, smaller than
 * the place where the stream started.
 */
DWORD file_stream_set_length(struct file_stream *stream, uint64_t length);

/* Lock a range of bytes against other handles, and unlock it: LockFile, which
 * does not wait. .NET: Lock and Unlock. */
DWORD file_stream_lock(struct file_stream *stream, uint64_t offset,
                       uint64_t length);
DWORD file_stream_unlock(struct file_stream *stream, uint64_t offset,
                         uint64_t length);

/* ---- Asynchronous ----------------------------------------------------- */

/*
 * One asynchronous call, and the object to wait for it. .NET: Task. The caller
 * owns this memory. It must stay until the call has completed, which means:
 * until the callback is called, or, without a callback, until file_task_wait
 * returns the result. Then the caller may use it again. Before the first use,
 * set all fields to 0 except callback and context.
 *
 * At the end of the file, the callback gets error 0 and 0 bytes. With an error,
 * some bytes may have been read or written.
 */
enum file_task_state { TASK_IDLE, TASK_WAITING, TASK_RUNNING, TASK_DONE };
enum file_task_io { TASK_STARTING, TASK_STARTED, TASK_CAME };
enum file_task_kind { TASK_READ, TASK_WRITE, TASK_FLUSH, TASK_SET_LENGTH };
enum file_task_step { STEP_FLUSH, STEP_FILL, STEP_DIRECT };
struct file_task {
    file_stream_callback *callback; /* may be NULL */
    void *context;                  /* for the callback */
    /* Only the stream uses these. */
    struct request request;
    struct pool *pool;
    struct file_stream *stream;
    struct file_task *next, *previous; /* in its lane */
    ATOMIC(enum file_task_state) state;
    struct rundown running; /* the call: file_task_wait waits for its end */
    ATOMIC(enum file_task_io) io;
    enum file_task_kind kind;
    enum file_task_step step;
    bool waits;      /* a synchronous call */
    bool positional; /* at an offset of the caller's */
    bool in_lane;    /* has the turn, or waits for it */
    ATOMIC(bool) cancelled;
    unsigned cancels, seeks; /* of the stream, when the call started */
    ATOMIC(uint64_t) ticket; /* of its I/O */
    uint64_t offset;         /* of its range, in bytes */
    char *buffer;
    size_t length, done; /* of its range, in bytes */
    DWORD error, bytes;  /* of its last I/O; then its result */
};

/*
 * Start to read or write at the position, and return. The position moves
 * immediately, by the whole length. So calls that follow each other use
 * consecutive ranges. If a call transfers fewer bytes, at the end of the file
 * or because it fails, the position moves back by the difference, unless it was
 * set meanwhile. In a file a read continues until the buffer is full or the
 * file ends. In a pipe it completes with the first bytes.
 *
 *   IO_QUEUED  the callback, if there is one, will be called once, on a worker.
 *              If the pool stops meanwhile, the callback may be called on
 *              another thread: the one on which the call failed.
 *   IO_DONE    the call has completed with success, with this number of bytes,
 *              for example because they are in the buffer; no callback
 *   IO_FAILED  the call could not start, or has failed immediately; no callback
 *
 * A caller that need not distinguish these just waits for the task:
 * file_task_wait returns the result in each case. There is one exception: if
 * the task already runs, these functions fail with ERROR_BUSY.
 *
 * Buffer and task must stay until the call has completed.
 */
struct submission file_stream_read_async(struct file_stream *stream,
                                         void *buffer, size_t length,
                                         struct file_task *task);
struct submission file_stream_write_async(struct file_stream *stream,
                                          const void *buffer, size_t length,
                                          struct file_task *task);

/* The same for file_stream_read_at, file_stream_write_at, file_stream_flush. */
struct submission file_stream_read_at_async(struct file_stream *stream,
                                            void *buffer, size_t length,
                                            uint64_t offset,
                                            struct file_task *task);
struct submission file_stream_write_at_async(struct file_stream *stream,
                                             const void *buffer, size_t length,
                                             uint64_t offset,
                                             struct file_task *task);
struct submission file_stream_flush_async(struct file_stream *stream,
                                          struct file_task *task);

/*
 * Waits until the call has completed, up to `timeout` ms, or INFINITE. Returns
 * the error of the call, and sets *bytes (bytes may be NULL). Returns
 * WAIT_TIMEOUT if the call has not completed by then. In a callback of the pool
 * this function does not wait: if the call has not completed yet, it returns
 * ERROR_POSSIBLE_DEADLOCK. When this function returns, the callback, if there
 * is one, may be running, or may not have been called yet.
 */
DWORD file_task_wait(struct file_task *task, DWORD timeout, size_t *bytes);

/* Asks to cancel the call. The call completes with
 * ERROR_OPERATION_ABORTED, or with its normal result if it completed first. If
 * the callback frees the task's memory, do not call this function after the
 * callback may have run. On a synchronous handle this function works only until
 * a worker starts the call. */
void file_task_cancel(struct file_task *task);

/* The same for all calls that run, also synchronous ones. It misses a call that
 * another thread is just starting, if the call or the handle is synchronous:
 * only the system could cancel it, and does not know it yet. */
void file_stream_cancel(struct file_stream *stream);

#ifdef __cplusplus
}
#endif
#endif
