/*
 * How each I/O ends, as the environment variable IO asks for it: a layer (see
 * lab/interpose/interpose.h) just above the system. README.md has the words.
 *
 *      ReadFile ---> modes.c: which way does it end?
 *                       |            |
 *                    at once       held.c: held back, done by a thread of
 *                       |            |     this layer, told like the kernel
 *                       '--> told <--'     would: OVERLAPPED, event, packet
 *
 * files.c remembers what handles are, and packets.c is where the program takes
 * what it is told: from a port, or in a callback of a pool of the system's.
 *
 * Only I/O on disk files that were opened overlapped is held or done at once.
 * That of pipes pends by itself, and must stay in order.
 */
#ifndef MODES_H
#define MODES_H

#include "../interpose/interpose.h"
#include "../interpose/settings.h"

#include <stdbool.h>

/* ---- files.c: what is known of a handle --------------------------------- */

struct file {
    HANDLE handle; /* NULL: nothing is known */
    HANDLE port;   /* NULL: not bound, or to a pool of the system's */
    ULONG_PTR key;
    bool may_read, may_write; /* as CreateFile was asked to open it */
    bool pooled;              /* bound to a pool of the system's */
    LPOVERLAPPED_COMPLETION_ROUTINE callback; /* that pool's, or NULL */
    bool skips; /* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS was granted */
};

struct file find_file(HANDLE handle);

/* From now on the layer sees what becomes of handles. */
void watch_files(void);

/* ---- modes.c: an I/O ----------------------------------------------------- */

struct io {
    bool writes;
    struct file file;
    HANDLE handle;
    void *buffer;
    DWORD length;
    OVERLAPPED *overlapped;
    bool skips;      /* it ends at once, and no packet comes */
    DWORD low, high; /* the offset, as it was when the I/O was started */
    HANDLE event;    /* likewise */
};

/* An NTSTATUS, and how many bytes came. */
struct answer {
    LONG status;
    DWORD bytes;
    bool refused; /* the system did not start it */
};

enum {
    PENDING = 0x103,                   /* STATUS_PENDING */
    CANCELLED = (int)0xC0000120,       /* STATUS_CANCELLED */
    BUFFER_OVERFLOW = (int)0x80000005, /* STATUS_BUFFER_OVERFLOW: 234 */
    END_OF_FILE = (int)0xC0000011,     /* STATUS_END_OF_FILE: 38 */
};

/* Does it, and waits for its end; no packet comes. */
struct answer do_io(const struct io *io);

/* Its end is told in the port, or by a callback. */
bool is_queued_io(const struct io *io);

/* The lowest bit of hEvent says: no packet. */
bool is_silent(const struct io *io);

/* The event itself, or NULL. */
HANDLE event_of(const struct io *io);

/* Something was read or written with an OVERLAPPED. */
bool has_started(void);

/* Sets the error, and is FALSE. */
BOOL fail(DWORD error);

/* The Win32 error of an NTSTATUS, and back; a number that is an NTSTATUS
 * already stays one. */
DWORD error_of(LONG status);
LONG status_of(unsigned long number);

/* A number below `count`: the word's seed gives always the same row of them. */
unsigned draw(struct word *word, unsigned count);

/* ---- held.c: what has not ended, or was not taken ------------------------ */

/* Its OVERLAPPED says "pending", and its event is reset. */
void begin_io(const struct io *io);

/* Starts it: pending, it ends later, if `cancelled` with 995. */
void hold(const struct io *io, bool cancelled);

/* A thread is about to wait, or has called back: time to let something end. */
void let_go(void);

/* What the OVERLAPPED says. */
void set_status(OVERLAPPED *overlapped, struct answer answer);

/* It has ended, so that its OVERLAPPED says so; a packet or callback comes. */
void tell(const struct io *io, struct answer answer);

/* One is started that the system itself ends with a packet; `forget` if not. */
void expect(const struct io *io);
void forget(const OVERLAPPED *overlapped);

/* A packet or callback has come for it. False if none was expected. The status
 * is PENDING if it is the system's own. */
bool take(const OVERLAPPED *overlapped, struct io *io, struct answer *answer);

/* Those of a file, or one, if `thread` is not 0 only those it has started.
 * Whether there was any that now ends with 995. */
bool cancel_held(HANDLE file, const OVERLAPPED *overlapped, DWORD thread);

/* Waits until none of them is in flight any more, or for `timeout`. */
bool wait_for_held(HANDLE file, const OVERLAPPED *overlapped, DWORD timeout);

/* ---- packets.c ----------------------------------------------------------- */

/* From now on packets and callbacks tell what the layer has made of them. */
void watch_packets(void);

#endif
