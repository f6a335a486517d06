/*
 * The state of a file_stream, and the functions that its three parts share.
 * Calls go one way, from the first part down to the last:
 *
 *      file_stream.c   open and close, synchronous calls, position and length
 *      file_task.c     asynchronous calls: how each proceeds, turns, cancelling
 *      file_buffer.c   the system's calls, the buffer, and reading ahead
 */
#ifndef FILE_STREAM_INTERNAL_H
#define FILE_STREAM_INTERNAL_H

#include "error.h"
#include "file_stream.h"

#include <stdlib.h>

/* A part of the file in memory. */
struct buffer {
    char *data;
    uint64_t offset; /* in the file, in bytes */
    size_t filled;   /* bytes */
};

/* Reading ahead is a queued request of the pool. A call that needs the bytes
 * before a worker has begun drops that request and reads by itself: so no call
 * waits until a worker is free. */
enum ahead_state {
    AHEAD_NONE,
    AHEAD_QUEUED,
    AHEAD_DROPPED, /* queued, but no longer needed */
    AHEAD_CLOSED,  /* dropped, and closed: the callback frees the stream */
    AHEAD_READING, /* a worker reads */
    AHEAD_READY,
};

/* In file_stream.pending: the stream is being closed. Callbacks may still come,
 * but they cannot start calls any more. */
static const unsigned STREAM_CLOSING = 1U << 31;

struct file_stream {
    struct pool *pool;
    HANDLE handle;
    struct bound_file file; /* on an asynchronous stream: owns the handle */
    bool asynchronous, seekable, is_pipe, reads_ahead;
    _Atomic unsigned pending; /* pins, and STREAM_CLOSING: see stream_pin */
    enum file_access access;
    uint64_t append_start; /* no write may start before this offset */
    DWORD preallocation_error;
    size_t buffer_size;

    /* Held for a whole call. A pipe has one for each direction; a file uses
     * only the first. Guards the buffer, except while an asynchronous read
     * fills it. */
    SRWLOCK calls[2];
    struct buffer buffer;
    bool dirty; /* the buffer has bytes that the file does not have yet */
    _Atomic bool filling;     /* an asynchronous read fills the buffer */
    _Atomic unsigned writing; /* asynchronous writes in a file */

    /* Guards the fields below; held only for moments. A thread without this
     * lock may do two things: read an atomic field, and add to one. */
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
    _Atomic uint64_t position; /* of the stream, in bytes */
    _Atomic uint64_t pointer;  /* of a handle that is not overlapped */
    unsigned seeks;            /* how often the position was set */
    bool stale; /* a write changed what the read in flight brings */
    struct buffer ahead;
    enum ahead_state ahead_state;
    bool ahead_unwanted;
    struct request ahead_request;
    unsigned cancels; /* how often a call was cancelled */
    struct file_task *running;
    struct file_task *waiting[2]; /* in a pipe, for their turn; in order */
    bool busy[2];                 /* in a pipe, a call has its turn */
};

/* ---- What all three parts need ------------------------------------------ */

/* Whether the stream allows such a call: 0, ERROR_ACCESS_DENIED or
 * ERROR_INVALID_PARAMETER. */
static inline DWORD stream_check_call(const struct file_stream *stream,
                                      bool writes, const void *buffer,
                                      size_t length)
{
    unsigned access = writes ? FILE_ACCESS_WRITE : FILE_ACCESS_READ;
    if (!(stream->access & access))
        return ERROR_ACCESS_DENIED;
    if ((buffer == NULL && length > 0) || length > MAXDWORD)
        return ERROR_INVALID_PARAMETER;
    return ERROR_SUCCESS;
}

/* Whether a range ends beyond the largest offset that a file can have. */
static inline bool stream_reaches_too_far(uint64_t offset, size_t length)
{
    return offset > (uint64_t)INT64_MAX - length;
}

static inline bool stream_is_closing(const struct file_stream *stream)
{
    return (stream->pending & STREAM_CLOSING) != 0;
}

/* Adds a pin, which keeps the stream from being freed: file_stream_close waits
 * until every pin is taken back. */
static inline void stream_pin(struct file_stream *stream)
{
    stream->pending++;
}

/* After the last pin the stream may be freed immediately; so this function uses
 * only the address of the counter. */
static inline void stream_unpin(struct file_stream *stream)
{
    _Atomic unsigned *pending = &stream->pending;
    if (atomic_fetch_sub(pending, 1) & STREAM_CLOSING)
        WakeByAddressAll(pending);
}

static inline void stream_free(struct file_stream *stream)
{
    free(stream->buffer.data);
    free(stream->ahead.data);
    free(stream);
}

/* ---- file_task.c ------------------------------------------------------ */

/* In a pipe, gives the turn in this direction to the call that has waited
 * longest, and returns that call, or NULL. The lock is held. */
struct file_task *stream_next_turn(struct file_stream *stream, bool writes);

/* Lets this call proceed on a worker. If the pool stops, ends the call here.
 * Does nothing for NULL. */
void stream_go_on(struct file_task *next);

/* ---- file_buffer.c ---------------------------------------------------- */

/* Make one read, or as many writes as are needed, and wait for them. */
DWORD stream_read_at(struct file_stream *stream, void *buffer, size_t length,
                     uint64_t offset, size_t *bytes);
DWORD stream_write_at(struct file_stream *stream, const char *buffer,
                      size_t length, uint64_t offset);

/* Drops the bytes that were read ahead. The lock is held. */
void stream_drop_ahead(struct file_stream *stream);

/* The caller of each function below holds a lock of stream->calls. */

/* Read and write through the buffer. */
DWORD stream_read_buffered(struct file_stream *stream, char *to, size_t length,
                           uint64_t offset, size_t *bytes);
DWORD stream_write_buffered(struct file_stream *stream, const char *from,
                            size_t length, uint64_t offset);

/* Copies the part of a range that is in the buffer; returns the bytes copied.
 */
size_t stream_copy_buffered(const struct file_stream *stream, void *to,
                            size_t length, uint64_t offset);

/* Whether a read of `length` bytes at this offset may fill the buffer. */
bool stream_can_fill(const struct file_stream *stream, uint64_t offset,
                     size_t length);

/* Writes the buffer to the file, if it is dirty. */
DWORD stream_flush_buffer(struct file_stream *stream);

/* Forgets the bytes that were read, because they will be overwritten. */
void stream_forget_buffer(struct file_stream *stream);

#endif
