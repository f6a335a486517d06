/*
 * What the three parts of a file_stream share, and nobody else uses:
 *
 *      file_stream.c   open and close, synchronous calls, position and length
 *      file_task.c     asynchronous calls: their way, who is next, cancelling
 *      file_buffer.c   the system's calls, the buffer, and reading ahead
 */
#ifndef FILE_STREAM_INTERNAL_H
#define FILE_STREAM_INTERNAL_H

#include "file_stream.h"

/* A piece of the file in memory. */
struct buffer {
    char *data;
    uint64_t offset;
    size_t filled;
};

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
    _Atomic unsigned pending; /* calls that may wait, and what else is pinned */
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

/* ---- file_stream.c ---------------------------------------------------- */

/* Whether a call may be made at all. */
DWORD stream_check_call(const struct file_stream *stream, bool writes,
                        const void *buffer, size_t length);

/* Whether a range ends where no file can have bytes. */
bool stream_reaches_too_far(uint64_t offset, size_t length);

bool stream_is_closing(const struct file_stream *stream);

/* Takes back what was added to `pending`: the stream stays until then. */
void stream_unpin(struct file_stream *stream);

void stream_free(struct file_stream *stream);

/* ---- file_task.c ------------------------------------------------------ */

/* Of a pipe, takes the call that has waited longest, and may now go on. The
 * lock is held. */
struct file_task *stream_next_turn(struct file_stream *stream, bool writes);

/* Lets this call go on, or if it cannot have its turn, ends it. NULL: none. */
void stream_go_on(struct file_task *next);

/* ---- file_buffer.c ---------------------------------------------------- */

/* One read of the system's, and all writes that are needed; they wait. */
DWORD stream_read_at(struct file_stream *stream, void *buffer, size_t length,
                     uint64_t offset, size_t *bytes);
DWORD stream_write_at(struct file_stream *stream, const char *buffer,
                      size_t length, uint64_t offset);

/* What is read ahead is not wanted any more. The lock is held. */
void stream_drop_ahead(struct file_stream *stream);

/* All below is called with stream->calls held. */

/* Reads and writes through the buffer. */
DWORD stream_read_buffered(struct file_stream *stream, char *to, size_t length,
                           uint64_t offset, size_t *bytes);
DWORD stream_write_buffered(struct file_stream *stream, const char *from,
                            size_t length, uint64_t offset);

/* Copies what the buffer has of a range; returns how many bytes. */
size_t stream_copy_buffered(const struct file_stream *stream, void *to,
                            size_t length, uint64_t offset);

/* Whether the buffer may be filled from there on, for so many bytes. */
bool stream_can_fill(const struct file_stream *stream, uint64_t offset,
                     size_t length);

/* Writes what is buffered, if anything was written to it. */
DWORD stream_flush_buffer(struct file_stream *stream);

/* Forgets what has been read, since it is going to be overwritten. */
void stream_forget_buffer(struct file_stream *stream);

#endif
