/*
 * Requests: one overlapped read or write each, packed into one piece of memory.
 *
 * A request is packed, started any number of times (never while it is in
 * flight), and freed. Who owns it at each moment:
 *
 *      overlapped_pack                               overlapped_free
 *            |                                              ^
 *            v            started: IO_QUEUED                |
 *      REQUEST_IDLE ----------------------> REQUEST_IN_FLIGHT
 *      its holder's <----------------------    the kernel's
 *                     its packet is taken out;
 *                     the callback holds it now
 *
 * So one request serves any number of reads without another allocation: what
 * .NET calls a PreAllocatedOverlapped. To use a request that is in flight is a
 * mistake that would corrupt memory later and elsewhere; each function here
 * refuses it at once, with ERROR_BUSY.
 */
#ifndef OVERLAPPED_H
#define OVERLAPPED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

struct bound_file;

/*
 * What a worker of the pool calls with each packet; .NET's
 * IOCompletionCallback. It has the parameters of ReadFileEx's routine, but is
 * no APC: it runs on a worker, not on the thread that started the I/O.
 *
 *   error       a Win32 error, 0 for success: ERROR_HANDLE_EOF, for example;
 *               see overlapped_status. Bytes may have come with an error, too.
 *   bytes       how many bytes came or went, perhaps fewer than asked for.
 *   overlapped  the address that went out with the I/O. The request around it
 *               belongs to the callback now, which may free it or start it
 *               again: CONTAINING_RECORD(overlapped, struct request,
 *               overlapped).
 */
typedef void io_completion_callback(DWORD error, DWORD bytes,
                                    OVERLAPPED *overlapped);

enum request_state { REQUEST_IDLE, REQUEST_IN_FLIGHT };

/* While it is idle its holder may set what is the holder's; in flight nobody
 * may touch any of it. */
struct request {
    OVERLAPPED overlapped;            /* overlapped_reset sets it */
    io_completion_callback *callback; /* the holder's, down to timeout */
    void *context;                    /* what the callback wants to know */
    void *buffer;    /* stays put while in flight: .NET would "pin" it */
    size_t length;   /* of the buffer, in bytes; what is no DWORD is refused */
    DWORD timeout;   /* in ms, after which the pool cancels it; 0: never */
    uint64_t ticket; /* names this use of the request: see overlapped_reset */
    _Atomic enum request_state state;
    /* The pool's own, while in flight. */
    struct bound_file *file;
    struct request *next;
    uint64_t deadline;
    bool writes, cancelled, timed_out;
};

/*
 * Makes an idle request, which the caller holds, for an I/O of length bytes at
 * offset (in bytes, from the start of the file; 0 for a pipe). The buffer stays
 * the caller's, and must not be freed while the request is in flight. Returns
 * NULL if there is no memory.
 */
struct request *overlapped_pack(io_completion_callback *callback, void *context,
                                void *buffer, size_t length, uint64_t offset);

/* Frees an idle request, or does nothing with NULL. One in flight is not freed:
 * ERROR_BUSY, else 0. */
DWORD overlapped_free(struct request *request);

/*
 * Readies an idle request for its next use, at this offset. All of the
 * OVERLAPPED is set, so that nothing of the last use reaches the next. Its
 * other fields stay, but for the ticket: that is a number which the process has
 * not used before, and outlives the request. Who may want to cancel the I/O
 * keeps a copy, taken before it is started. Returns 0, or ERROR_BUSY.
 */
DWORD overlapped_reset(struct request *request, uint64_t offset);

/* Where its I/O begins: OVERLAPPED has the offset in two halves. */
uint64_t overlapped_offset(const struct request *request);

/* ---- What an error means ---------------------------------------------- */

/* How an I/O stands. */
enum io_status {
    IO_STATUS_SUCCESS,     /* 0 */
    IO_STATUS_PENDING,     /* 997: started, and a packet comes */
    IO_STATUS_MORE_DATA,   /* 234: as success, and the message goes on */
    IO_STATUS_END_OF_FILE, /* 38, or 109: the pipe's other end was closed; of a
                              write it is a failure */
    IO_STATUS_CANCELLED,   /* 995; 1460 if its timeout did it */
    IO_STATUS_FAILED,      /* the rest */
};

/*
 * What a Win32 error says about an I/O. This is the only such table: it is used
 * for what ReadFile and WriteFile return and for what packets bring, since
 * Windows gives the same answer through either door.
 *
 * Not an end is 233, what a pipe's server leaves behind with
 * DisconnectNamedPipe: that throws away what was not read yet. Nor 232, which
 * WriteFile gives when nobody will read what it wrote.
 */
enum io_status overlapped_status(DWORD error);

/* Whether an error means only that there is nothing more to read. */
bool is_end_of_file(DWORD error);

/* ---- Starting an I/O -------------------------------------------------- */

enum io_outcome {
    IO_QUEUED, /* a packet comes, or has come: hands off the request */
    IO_DONE,   /* it has ended at once: no packet, and the request is yours */
    IO_FAILED, /* it was not started, or not well: likewise */
};

/* How starting an I/O went. IO_QUEUED leaves error and bytes 0. */
struct submission {
    enum io_outcome outcome;
    DWORD error; /* as a callback gets it */
    DWORD bytes;
};

/*
 * Start the read or write that a request describes, on an overlapped handle
 * that is bound to a port. They do not wait, and do not call the callback. The
 * pool's users call bound_file_read and bound_file_write, which check and count
 * the request, set its state, and then call these.
 *
 * skips: what succeeds at once sends no packet, since the handle has
 * FILE_SKIP_COMPLETION_PORT_ON_SUCCESS or the request an event that says so.
 *
 * By the time they return IO_QUEUED the callback may have run, and may have
 * freed the request. It may even have done so when they return IO_DONE or
 * IO_FAILED: some systems send a packet though the call has failed. So they do
 * not look into the request after the call, and leave the bytes 0; who knows
 * that it has not been freed asks overlapped_ended for them.
 */
struct submission overlapped_read(HANDLE handle, struct request *request,
                                  bool skips);
struct submission overlapped_write(HANDLE handle, struct request *request,
                                   bool skips);

/* For an I/O that has ended at once: fills in the bytes, and clears what a call
 * that failed may have left in the OVERLAPPED. */
void overlapped_ended(struct request *request, struct submission *ended);

#endif
