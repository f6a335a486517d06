/*
 * Files as .NET's FileStream has them: open, read, write, seek, close, with a
 * position, a buffer and, if wanted, asynchronous calls. Built on the pool; all
 * that the steps and pool.h make you take care of is taken care of here: the
 * end of a file, short reads, offsets, who owns what until when.
 *
 * Functions return a Win32 error code, 0 (ERROR_SUCCESS) for success;
 * error_text in report.h has the system's words for it. Any thread may call any
 * of them, callbacks too, but for the two that wait for callbacks:
 * file_stream_close and file_task_wait fail there with ERROR_POSSIBLE_DEADLOCK.
 *
 * A stream is one conversation with a file: of two threads that call at once
 * one waits until the other's call has returned. In a pipe only calls in the
 * same direction do so: one thread may read while another writes, as far as the
 * system lets them (on a synchronous handle it may not).
 */
#ifndef FILE_STREAM_H
#define FILE_STREAM_H

#include "pool.h"

/* .NET's FileMode. */
enum file_mode {
    FILE_MODE_OPEN,           /* 2 if it is missing */
    FILE_MODE_OPEN_OR_CREATE, /* as it is, or empty */
    FILE_MODE_CREATE,         /* empty, whatever was there */
    FILE_MODE_CREATE_NEW,     /* 80 if it is there */
    FILE_MODE_TRUNCATE,       /* emptied; 2 if it is missing */
    FILE_MODE_APPEND,         /* as OPEN_OR_CREATE, to write behind its end */
};

/* .NET's FileAccess. */
enum file_access {
    FILE_ACCESS_READ = 1,
    FILE_ACCESS_WRITE = 2,
    FILE_ACCESS_READ_WRITE = 3,
};

/* .NET's FileOptions. Only the reading ahead is not .NET's. */
enum file_options {
    /* The handle is overlapped and bound to the pool. Without it asynchronous
     * calls work, too, but each blocks a worker, as in .NET. */
    FILE_OPTION_ASYNCHRONOUS = 1,
    /* A hint to the system; and with a buffer, on an asynchronous stream, the
     * next buffer is read ahead while the last is used. */
    FILE_OPTION_SEQUENTIAL = 2,
    FILE_OPTION_RANDOM = 4, /* a hint to the system */
    FILE_OPTION_WRITE_THROUGH = 8,
    FILE_OPTION_DELETE_ON_CLOSE = 16,
};

/* .NET's FileStreamOptions. FILE_STREAM_DEFAULTS has .NET's values. */
struct file_stream_options {
    enum file_mode mode;
    enum file_access access;
    DWORD share;        /* FILE_SHARE_READ, ...: what others may do meanwhile */
    size_t buffer_size; /* in bytes; 0: each call goes to the system */
    unsigned options;   /* of enum file_options */
    uint64_t preallocation_size; /* in bytes, to be reserved for a new file */
};

#define FILE_STREAM_DEFAULTS                                                   \
    {                                                                          \
        .mode = FILE_MODE_OPEN, .access = FILE_ACCESS_READ,                    \
        .share = FILE_SHARE_READ, .buffer_size = 4096                          \
    }

struct file_stream;

/*
 * Opens a file, or a pipe, which has no length, no position and no buffer.
 * Close the stream before you stop its pool: what is buffered could not be
 * written any more. The pool may be NULL for a stream that is never used
 * asynchronously.
 * Besides CreateFileW's own errors, and GetFileType's, it fails with
 * ERROR_INVALID_PARAMETER for options that do not go together (to truncate
 * without write access, to append with read access), with
 * ERROR_NOT_ENOUGH_MEMORY, and with ERROR_DISK_FULL if there is no room for the
 * preallocation; a file that it has made is then deleted.
 */
DWORD file_stream_open(struct pool *pool, const wchar_t *path,
                       const struct file_stream_options *options,
                       struct file_stream **opened);

/*
 * Refuses what callbacks may still try to read or write (ERROR_INVALID_HANDLE),
 * writes what is buffered, cancels what is in flight, waits until its callbacks
 * have run, closes the handle and frees the stream, even if an error is
 * returned: the first that was met. What another thread is reading or writing
 * ends, too, but it must begin nothing more. In a callback it is refused with
 * ERROR_POSSIBLE_DEADLOCK, and then nothing has happened. NULL: nothing to do.
 */
DWORD file_stream_close(struct file_stream *stream);

/* Why the system did not reserve the space that was asked for, or 0. The stream
 * works all the same. */
DWORD file_stream_preallocation_error(const struct file_stream *stream);

/* ---- Synchronous ------------------------------------------------------ */

/* On a pipe with asynchronous calls under way in the same direction these fail
 * with ERROR_BUSY: the pipe's bytes would have no order. */

/*
 * Reads at the position, which moves on by what came, and waits for it. *bytes
 * is 0 only at the end, or if nothing was asked for; fewer than asked for are
 * no end. At the end the result is 0, too: it is no error.
 * A length that is no DWORD is refused with ERROR_INVALID_PARAMETER, here and
 * in all calls.
 */
DWORD file_stream_read(struct file_stream *stream, void *buffer, size_t length,
                       size_t *bytes);

/* Writes all of it at the position, or into the buffer, and moves the position
 * on. After an error part of it may have been written. */
DWORD file_stream_write(struct file_stream *stream, const void *buffer,
                        size_t length);

/* Hands what is buffered to the system. */
DWORD file_stream_flush(struct file_stream *stream);

/* The same, and waits until the system has it on the disk (for a pipe: until
 * its reader has it). Asynchronous writes are not waited for. */
DWORD file_stream_flush_to_disk(struct file_stream *stream);

/* ---- Position and length ---------------------------------------------- */

/* A pipe has neither: ERROR_SEEK_ON_DEVICE. */

/*
 * Moves the position; origin is FILE_BEGIN, FILE_CURRENT or FILE_END. It may
 * lie behind the end. Before the beginning: ERROR_NEGATIVE_SEEK, and it stays;
 * in a stream that appends, before where it began, too. *position, if not NULL,
 * is where it is then.
 */
DWORD file_stream_seek(struct file_stream *stream, int64_t offset, DWORD origin,
                       uint64_t *position);

DWORD file_stream_position(struct file_stream *stream, uint64_t *position);

/* With what is still buffered. */
DWORD file_stream_length(struct file_stream *stream, uint64_t *length);

/* Cuts the file, or lengthens it with zeros. A position behind the new end is
 * moved to it. */
DWORD file_stream_set_length(struct file_stream *stream, uint64_t length);

/* ---- Asynchronous ----------------------------------------------------- */

/* At the end of the file error is 0, and bytes are 0. With an error, too, some
 * bytes may have come. */
typedef void file_stream_callback(void *context, DWORD error, size_t bytes);

/*
 * One asynchronous call, and the token to wait for it; .NET's Task. The
 * caller's memory: it must stay until the call is over. That is when the
 * callback is called, or if there is none, when file_task_wait returns its
 * result. Then it may be used again. So no call allocates anything. Before its
 * first use it is all zero, but for what is the caller's.
 */
struct file_task {
    file_stream_callback *callback; /* the caller's; may be NULL */
    void *context;                  /* the caller's */
    /* The stream's own. */
    struct request request;
    struct pool *pool;
    struct file_stream *stream;
    struct file_task *next; /* in the stream's list */
    _Atomic enum { TASK_IDLE, TASK_WAITING, TASK_RUNNING, TASK_DONE } state;
    bool writes, fills;
    _Atomic bool cancelled;
    bool has_turn; /* in a pipe: no other may go on in its direction */
    uint64_t ticket;
    uint64_t offset; /* of its range, in bytes */
    char *buffer;
    size_t length, done; /* of its range, in bytes */
    unsigned seeks;      /* how often the position had been set when it began */
    DWORD error;
};

/*
 * Start to read or write at the position and return. The position moves on at
 * once, by the whole length; so calls that are made one after the other take
 * consecutive ranges, and may be under way together. When one brings
 * less, at the end of the file or since it fails, the position moves back by
 * what is missing, unless it was set meanwhile. In a file a read goes on until
 * the buffer is full or the file at its end; in a pipe it ends with the first
 * bytes, and calls take their turns.
 *
 * IO_QUEUED: the callback, if there is one, will be called once, on a worker;
 * if the pool stops meanwhile, perhaps on the thread that made it fail.
 * IO_DONE: it is over already, and well; bytes tell how much; no callback.
 * IO_FAILED: it could not be started, or has failed at once; no callback.
 *
 * Who does not care which it was may just wait for the task: that tells the
 * result in any case, but for a task that is under way already (ERROR_BUSY).
 *
 * Buffer and task must stay until the call is over.
 */
struct submission file_stream_read_async(struct file_stream *stream,
                                         void *buffer, size_t length,
                                         struct file_task *task);
struct submission file_stream_write_async(struct file_stream *stream,
                                          const void *buffer, size_t length,
                                          struct file_task *task);

/*
 * Waits until the call is over, for up to timeout ms, or INFINITE. Returns its
 * error, and sets *bytes (may be NULL); WAIT_TIMEOUT if it is not over yet. On
 * a worker of the pool: ERROR_POSSIBLE_DEADLOCK if it is not over. A callback,
 * if there is one, may be called only after that, or be running still.
 */
DWORD file_task_wait(struct file_task *task, DWORD timeout, size_t *bytes);

/* Asks for it to be cancelled: it ends with ERROR_OPERATION_ABORTED, or as if
 * nothing had been asked if it was over before. Not to be called when its end
 * may have been told already, and its memory be gone. On a synchronous handle
 * it only helps while no worker is at it yet. */
void file_task_cancel(struct file_task *task);

/* The same for all calls that are under way, synchronous ones too. */
void file_stream_cancel(struct file_stream *stream);

#endif
