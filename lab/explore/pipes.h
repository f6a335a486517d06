/*
 * Named pipes of bytes. Both ends are in this process. A read waits for data,
 * and completes inside the call that writes the data, or that closes the other
 * end: Windows and Wine do the same.
 */
#ifndef PIPES_H
#define PIPES_H

#include "kernel.h"

/* Before each order. */
void reset_pipes(void);

/* Whether a path names a pipe, \\.\pipe\... */
bool is_pipe_name(const wchar_t *path);

/* Opens the client's end. Returns INVALID_HANDLE_VALUE, and sets the last
 * error, if there is no such pipe, or its client has come already. */
HANDLE open_pipe(const wchar_t *path, DWORD access, DWORD flags);

/* Why an I/O on this end must fail immediately, or 0. */
DWORD error_on_pipe(const struct pipe_end *end, bool writes);

/* How many bytes a read on this end can get. */
DWORD bytes_in_pipe(const struct pipe_end *end);

/* A read gets bytes: so many must be there. */
void take_from_pipe(struct pipe_end *end, char *to, DWORD bytes);

/* The other end can read these bytes. Completes the reads that wait there. */
void write_to_pipe(struct pipe_end *end, const char *data, DWORD bytes);

/* The program closes this end. Its own reads that wait, and those of the other
 * end, fail. */
void close_pipe(struct object *object);

#endif
