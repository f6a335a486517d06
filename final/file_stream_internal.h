/*
 * The state of a file_stream, and the functions that its three parts share.
 * Calls go one way, from the first part down to the last:
 *
 *      file_stream.c   open and close, position and length
 *      file_task.c     calls: turns, I/O, cancelling
 *      file_buffer.c   the buffer: which I/O a call needs next
 *
 * A synchronous call is a task, too; its thread runs it.
 */
#ifndef FILE_STREAM_INTERNAL_H
#define FILE_STREAM_INTERNAL_H

#include "error.h"
#include "file_stream.h"
#include "lock.h"

#include <stdlib.h>

/* A part of the file in memory. */
struct buffer {
    char *data;
    size_t capacity;  /* bytes; at least file_stream.buffer_size */
    size_t fill;      /* bytes that the last read of the system asked for */
    uint64_t offset;  /* in the file, in bytes */
    size_t filled;    /* bytes */
    bool dirty;       /* the file does not have these bytes yet */
    unsigned version; /* file_stream.version when they were read */
};

/* Calls that take turns. The first one has the turn, the others wait. */
struct lane {
    struct file_task *first, *last;
};

struct file_stream {
    struct pool *pool;
    HANDLE handle;
    struct bound_file file; /* on an asynchronous stream: owns the handle */
    bool asynchronous, seekable, is_pipe;
    bool grows;         /* the buffer, while reads are sequential */
    bool reads_sectors; /* whole ones: there is no read after a short one */
    enum file_access access;
    uint64_t append_start; /* no write may start before this offset */
    DWORD preallocation_error;
    size_t buffer_size;
    struct rundown calls; /* that run, or wait for their turn */
    file_stream_callback *closed;
    void *closed_context;
    DWORD close_error;

    /* A change of these makes bytes stale that were read before, and cancels
     * the calls that were started before. */
    _Atomic unsigned version, cancels;
    _Atomic uint64_t dirty_end; /* of the buffered bytes to write, or 0 */

    /* Guards the fields below. It is never held during a system call. */
    SRWLOCK lock;
    bool closing;
    uint64_t position; /* in bytes */
    unsigned seeks;    /* how often the position was set */
    /* A pipe has one for reads and one for writes. A file uses the first. */
    struct lane lanes[2];
    /* The call that has the turn uses these without lock. */
    struct buffer buffer;
    uint64_t pointer; /* the file pointer of a synchronous handle, in bytes */
    /* The program has the handle, too, and can move its file pointer. */
    _Atomic bool shares_handle;
};

/* Whether a range ends beyond the largest offset that a file can have. */
static inline bool stream_reaches_too_far(uint64_t offset, size_t length)
{
    return length > INT64_MAX || offset > (uint64_t)INT64_MAX - length;
}

/* Whether its I/O writes. */
static inline bool stream_writes(const struct file_task *task)
{
    return task->kind == TASK_WRITE || task->step == STEP_FLUSH;
}

static inline bool stream_is_cancelled(const struct file_task *task)
{
    return task->cancelled || task->cancels != task->stream->cancels;
}

/* ---- file_stream.c ------------------------------------------------------ */

/* Cuts or extends the file. The caller has the turn, and the buffer is clean.
 */
DWORD stream_set_length(struct file_stream *stream, uint64_t length);

/* The last call has left a stream that closes: closes the handle, and frees the
 * stream. */
void stream_end(struct file_stream *stream);

/* ---- file_task.c -------------------------------------------------------- */

/* Between these two calls the stream stays, and its handle is open.
 * stream_enter fails with ERROR_INVALID_HANDLE if the stream closes. */
DWORD stream_enter(struct file_stream *stream);
void stream_leave(struct file_stream *stream);

/* What a call does. */
struct stream_call {
    enum file_task_kind kind;
    bool positional; /* at `offset`, not at the position */
    void *buffer;
    size_t length; /* bytes */
    uint64_t offset;
};

/* Make a call. The synchronous one waits for its turn, then for its I/O. bytes
 * may be NULL. */
DWORD stream_do(struct file_stream *stream, const struct stream_call *call,
                size_t *bytes);
struct submission stream_do_async(struct file_stream *stream,
                                  struct file_task *task,
                                  const struct stream_call *call);

/* Only the I/O of a synchronous call. */
void stream_run(struct file_task *task);

void stream_cancel_all(struct file_stream *stream);

/* ---- file_buffer.c ------------------------------------------------------ */

/* Completes a call that needs only the buffer; otherwise returns false. The
 * lock is held, and no call has the turn. */
bool stream_use_buffer(struct file_task *task);

/* Describes the next I/O of the call that has the turn, or of a call that needs
 * none: task->step, and buffer, length and OVERLAPPED of its request. Returns
 * false if the call has completed. */
bool stream_next_io(struct file_task *task);

/* Handles the result of that I/O. Returns whether the call has completed. */
bool stream_end_io(struct file_task *task, DWORD error, DWORD bytes);

#endif
