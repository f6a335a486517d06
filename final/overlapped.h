/*
 * A request describes one overlapped read or write, in one piece of memory. The
 * caller packs it, starts it any number of times (never while it is in flight),
 * and frees it. The holder of a request is the code that may use or free it
 * while it is idle. The owner at each moment:
 *
 *      overlapped_pack                               overlapped_free
 *            |                                              ^
 *            v            started: IO_QUEUED                |
 *      REQUEST_IDLE ----------------------> REQUEST_IN_FLIGHT
 *      owner: its holder <-----------------  owner: the kernel
 *                     a worker takes its packet;
 *                     the callback is its holder now
 *
 * One request serves any number of reads without another allocation: .NET calls
 * that a PreAllocatedOverlapped. To use a request in flight would corrupt
 * memory, and the failure would show later, in other code. So all functions
 * fail immediately with ERROR_BUSY if the request is in flight.
 */
#ifndef OVERLAPPED_H
#define OVERLAPPED_H

#include "atomics.h"
#include "deadlines.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bound_file;

/*
 * A worker of the pool calls this function for each packet. .NET:
 * IOCompletionCallback. It has the parameters of ReadFileEx's routine, but that
 * is an APC (asynchronous procedure call): it runs on the thread that started
 * the I/O.
 *
 *   error       a Win32 error, for example ERROR_HANDLE_EOF; 0 for success. See
 *               overlapped_status. Some bytes may have come with an error.
 *   bytes       how many bytes were read or written, perhaps fewer than the
 *               request asked for.
 *   overlapped  the address that was passed to ReadFile. The request around it
 *               is CONTAINING_RECORD(overlapped, struct request, overlapped).
 *               The callback is its holder: it may free it, or start it again.
 */
typedef void io_completion_callback(DWORD error, DWORD bytes,
                                    OVERLAPPED *overlapped);

enum request_state { REQUEST_IDLE, REQUEST_IN_FLIGHT };

/* While a request is idle, its holder may set callback, context, buffer,
 * length and timeout. While it is in flight, the holder must not touch any
 * field. */
struct request {
    OVERLAPPED overlapped; /* set by overlapped_reset */
    io_completion_callback *callback;
    void *context; /* for the callback */
    void *buffer;  /* must not move while in flight: .NET would "pin" it */
    size_t length; /* of the buffer, in bytes; must fit into a DWORD */
    DWORD timeout; /* in ms; the pool cancels the I/O then; 0: never */
    ATOMIC(enum request_state) state;
    uint64_t ticket; /* the name of this use of the request: overlapped_reset */
    /* Only the pool uses these, while the request is in flight. */
    struct request *next; /* in the pool's table */
    struct bound_file *file;
    unsigned cancels; /* of the file, when the I/O was started */
    bool has_deadline, writes, cancelled, timed_out;
    struct deadline deadline;
};

/*
 * Allocates an idle request for an I/O of `length` bytes at `offset` (in bytes,
 * from the start of the file; 0 for a pipe). The caller is its holder, and
 * frees it with overlapped_free. The caller also owns the buffer, and must not
 * free it while the request is in flight. Returns NULL if there is no memory.
 */
struct request *overlapped_pack(io_completion_callback *callback, void *context,
                                void *buffer, size_t length, uint64_t offset);

/* Frees an idle request; does nothing for NULL. Returns 0, or ERROR_BUSY for a
 * request in flight, which is not freed. */
DWORD overlapped_free(struct request *request);

/*
 * Prepares an idle request for its next use, at this offset in bytes. Sets the
 * whole OVERLAPPED, so that no field of the last use reaches the next one. Sets
 * a new ticket: a number that this process has not used before. To be able to
 * cancel the I/O later, copy the ticket before you start it. The other fields
 * stay as they are. The request must not move between this call and the start.
 * Returns 0, or ERROR_BUSY for a request in flight.
 */
DWORD overlapped_reset(struct request *request, uint64_t offset);

/* The hash of a request's address: ticket % OVERLAPPED_HASHES. */
enum { OVERLAPPED_HASHES = 1 << 20 };
uint32_t overlapped_hash(const OVERLAPPED *overlapped);

/* The offset of its I/O, in bytes. OVERLAPPED has it in two halves. */
uint64_t overlapped_offset(const struct request *request);

/* ---- What an error means ---------------------------------------------- */

enum io_status {
    IO_STATUS_SUCCESS,     /* 0 */
    IO_STATUS_PENDING,     /* 997: started; a packet will come */
    IO_STATUS_MORE_DATA,   /* 234: success, and the message has more bytes */
    IO_STATUS_END_OF_FILE, /* 38; or 109, if the other end of a pipe was closed.
                              The caller of a write treats both as failures */
    IO_STATUS_CANCELLED,   /* 995; 1460 if the pool cancelled it (timeout) */
    IO_STATUS_FAILED,      /* every other error */
};

/*
 * Returns what a Win32 error means for an I/O. No other code in the library
 * decides that: Windows may report the same result by the call or by a packet.
 *
 * 233 is not an end of file: a pipe's server causes it with
 * DisconnectNamedPipe, which discards the bytes that were not read yet. 232 is
 * not one either: WriteFile reports it when no reader is left.
 */
enum io_status overlapped_status(DWORD error);

/* Whether an error only means that there is nothing more to read: 38 or 109. */
bool is_end_of_file(DWORD error);

/* ---- Starting an I/O -------------------------------------------------- */

enum io_outcome {
    IO_QUEUED, /* a packet will come, or has come: do not touch the request */
    IO_DONE,   /* it completed immediately: no packet; you hold the request */
    IO_FAILED, /* it was not started, or failed immediately: likewise */
};

/* The result of starting an I/O. */
struct submission {
    enum io_outcome outcome;
    DWORD error, bytes; /* as a callback gets them; for IO_QUEUED both are 0 */
};

/* An overlapped call of the system, on a handle that is bound to a port. Its
 * result and GetLastError are those of the call. */
typedef BOOL overlapped_call(HANDLE handle, OVERLAPPED *overlapped,
                             void *argument);

/* ReadFile and WriteFile. The argument is the request. */
overlapped_call overlapped_read, overlapped_write;

/*
 * Makes such a call, which starts an I/O. Does not wait for the packet, and
 * does not call the callback. Users of the pool call bound_file_read,
 * bound_file_write and bound_file_start instead.
 *
 * skips: an I/O that succeeds immediately queues no packet, because of
 * FILE_SKIP_COMPLETION_PORT_ON_SUCCESS or of an event whose lowest bit is set.
 *
 * When the function returns, the callback may have run, and may have freed the
 * request, on some systems after any outcome. So the function does not look
 * into the request after the call, and leaves `bytes` 0. If the request still
 * exists, its OVERLAPPED has the bytes.
 */
struct submission overlapped_start(HANDLE handle, struct request *request,
                                   bool skips, overlapped_call *function,
                                   void *argument);

/* The error and the bytes of an I/O that has completed. The kernel stores them
 * in the OVERLAPPED before it queues the packet. */
DWORD overlapped_result(const OVERLAPPED *overlapped, DWORD *bytes);

#ifdef __cplusplus
}
#endif

#endif
