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

/* Calls that take turns. */
struct lane {
    struct file_task *owner;        /* has the turn; NULL: none has */
    struct file_task *first, *last; /* wait for it */
};

struct file_stream {
    struct pool *pool;
    HANDLE handle;
    struct bound_file file; /* on an asynchronous stream: owns the handle */
    bool asynchronous, seekable, is_pipe, grows;
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
    struct buffer buffer; /* the call that has the turn uses it without lock */
};

/* Whether a range ends beyond the largest offset that a file can have. */
static inline bool stream_reaches_too_far(uint64_t offset, size_t length)
{
    return length > INT64_MAX || offset > (uint64_t)INT64_MAX - length;
}

/* ---- file_stream.c ------------------------------------------------------ */

/* Cuts or extends the file. The caller has the turn, and the buffer is clean.
 */
DWORD stream_set_length(struct file_stream *stream, uint64_t length);

/* The last call has left a stream that closes: closes the handle, and frees the
 * stream. */
void stream_end(struct file_stream *stream);

/* ---- file_task.c -------------------------------------------------------- */

/* Runs a synchronous call: waits for its turn, then for its I/O. The caller has
 * set stream, kind, buffer, length, offset and positional. */
DWORD stream_call(struct file_task *task);

/* Only the I/O of such a call. */
void stream_run(struct file_task *task);

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
