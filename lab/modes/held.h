/*
 * I/O that this layer completes itself, and completions that the program has
 * not taken yet. A held I/O is in flight for the program, but the system does
 * not know of it. A thread of this layer does it later, and reports its
 * completion as the kernel does: in the OVERLAPPED, by the event, by a packet.
 *
 * Here a *completion* is a packet, or a callback of a thread pool of the
 * system.
 *
 * Any thread may call these functions, also concurrently. If they cannot get
 * memory, a thread or a callback, they print one line on stderr and exit with
 * status 1.
 */
#ifndef HELD_H
#define HELD_H

#include "io.h"

/* Call it once, before main. */
void begin_held(void);

/* ---- Starting ------------------------------------------------------------ */

/* Prepares an I/O that this layer completes: the OVERLAPPED reports "pending",
 * and the event is reset. */
void mark_started(const struct io *io);

/* Starts an I/O that completes later. It completes with error 995 if
 * `cancelled`. The OVERLAPPED must stay until then. */
void hold_io(const struct io *io, bool cancelled);

/* Lets held I/O complete: all of it, or with "shuffle" one. Call it when a
 * thread is about to wait, or when a callback has returned. Returns
 * immediately. */
void release_held(void);

/* ---- Completing ---------------------------------------------------------- */

/* Writes the answer to the OVERLAPPED. */
void set_status(OVERLAPPED *overlapped, struct answer answer);

/* Completes an I/O that was done already: sets the OVERLAPPED and the event,
 * and queues the packet or the callback. Afterwards the program may free the
 * OVERLAPPED. */
void complete_io(const struct io *io, struct answer answer);

/* Announces a completion that the system itself queues. Call it before the I/O
 * is started. */
void expect_completion(const struct io *io);

/* Takes the announcement back: no completion comes. */
void expect_no_completion(const OVERLAPPED *overlapped);

/* Call it when a completion has come. True if it was expected: then `io` and
 * `answer` are set. The status is PENDING if the system did the I/O. */
bool take_completion(const OVERLAPPED *overlapped, struct io *io,
                     struct answer *answer);

/* ---- Cancelling, waiting ------------------------------------------------- */

/* Cancels the held I/O of the file. If `overlapped` is not NULL, it cancels
 * only the I/O of this OVERLAPPED. If `thread` is not 0, it cancels only the
 * I/O that the thread with this id has started. True if any was found: the
 * cancelled I/O completes with error 995. */
bool cancel_held(HANDLE file, const OVERLAPPED *overlapped, DWORD thread);

/* Whether the file has held I/O that has not completed. */
bool has_held(HANDLE file);

/* Blocks until the held I/O of the file has completed. If `overlapped` is not
 * NULL, it waits only for the I/O of this OVERLAPPED; then `file` may be NULL.
 * False if the timeout, in milliseconds or INFINITE, came first. */
bool wait_for_held(HANDLE file, const OVERLAPPED *overlapped, DWORD timeout);

#endif
