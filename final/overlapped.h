/*
 * Requests: one overlapped read each, packed into one piece of memory.
 *
 * A request is packed, started any number of times (never while it is in
 * flight), and freed. Who owns it at each moment:
 *
 *      overlapped_pack                               overlapped_free
 *            |                                              ^
 *            v        overlapped_read: queued               |
 *      REQUEST_IDLE ----------------------> REQUEST_IN_FLIGHT
 *      its holder's <----------------------    the kernel's
 *                     its packet is taken out;
 *                     the callback holds it now
 *
 * Any thread may call any of these functions, for requests that it holds.
 * .NET's Overlapped and PreAllocatedOverlapped are the same idea.
 */
#ifndef OVERLAPPED_H
#define OVERLAPPED_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/*
 * What a worker of the pool calls with each packet; .NET's
 * IOCompletionCallback. It has the parameters of ReadFileEx's routine, but is
 * no APC: it runs on a worker, not on the thread that started the I/O.
 *
 *   error       a Win32 error, 0 for success: ERROR_HANDLE_EOF, for example.
 *               A failure says so here, even if bytes came with it.
 *   bytes       how many bytes came, perhaps fewer than were asked for.
 *   overlapped  the address that went out with the I/O. The request around it
 *               belongs to the callback now, which may free it or start it
 *               again: CONTAINING_RECORD(overlapped, struct request,
 *               overlapped).
 */
typedef void io_completion_callback(DWORD error, DWORD bytes,
                                    OVERLAPPED *overlapped);

enum request_state { REQUEST_IDLE, REQUEST_IN_FLIGHT };

/* While it is idle its holder may set the fields; in flight nobody may. */
struct request {
    OVERLAPPED overlapped; /* overlapped_reset sets it */
    io_completion_callback *callback;
    void *context;            /* the callback's own */
    void *buffer;             /* stays put while in flight: "pinned" */
    DWORD length;             /* of the buffer, in bytes */
    enum request_state state; /* set by overlapped_read and by the pool */
};

/*
 * Makes an idle request, which the caller holds, for a read of length bytes at
 * offset (in bytes, from the start of the file; 0 for a pipe). The buffer stays
 * the caller's, and must not be freed while the request is in flight. Returns
 * NULL if there is no memory.
 */
struct request *overlapped_pack(io_completion_callback *callback, void *context,
                                void *buffer, DWORD length, uint64_t offset);

/* Frees an idle request. */
void overlapped_free(struct request *request);

/*
 * Readies an idle request for its next use, at this offset. All of the
 * OVERLAPPED is set, so that nothing of the last use reaches the next.
 */
void overlapped_reset(struct request *request, uint64_t offset);

enum read_outcome {
    READ_QUEUED, /* a packet comes, or has come: hands off the request */
    READ_DONE,   /* the end of the file, at once: no packet, still yours */
    READ_FAILED, /* no packet, still yours */
};

/*
 * Starts the read that an idle request describes, on a handle that is bound to
 * a pool and has not asked for FILE_SKIP_COMPLETION_PORT_ON_SUCCESS. Does not
 * wait. READ_DONE and READ_FAILED set *error to a Win32 error; a range that
 * ends beyond 2^63 - 1 is refused with ERROR_INVALID_PARAMETER.
 *
 * By the time it returns READ_QUEUED the callback may have run, and may have
 * freed the request.
 */
enum read_outcome overlapped_read(HANDLE file, struct request *request,
                                  DWORD *error);

/*
 * Whether a Win32 error means only that there is nothing more to read: the end
 * of a file, or of a pipe whose other end was closed. Not so for 233, what a
 * pipe's server leaves behind with DisconnectNamedPipe: that throws away what
 * was not read yet.
 */
bool is_end_of_file(DWORD error);

#endif
