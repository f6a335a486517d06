/*
 * One read or write that the program has asked for.
 */
#ifndef IO_H
#define IO_H

#include "files.h"

struct io {
    bool writes;      /* otherwise it reads */
    struct file file; /* what was known of the handle at the start */
    HANDLE handle;
    void *buffer;
    DWORD length;
    OVERLAPPED *overlapped; /* the program's */
    /* Of ReadFileEx or WriteFileEx; NULL: this is another call. The system, or
     * this layer, calls it on the thread that has started the I/O. */
    LPOVERLAPPED_COMPLETION_ROUTINE routine;
    bool skips;      /* it completes immediately, and no packet comes */
    DWORD low, high; /* the offset in the OVERLAPPED at the start */
    HANDLE event;    /* hEvent at the start, with its lowest bit */
};

/* How an I/O completed. */
struct answer {
    LONG status; /* an NTSTATUS */
    DWORD bytes;
    bool refused; /* the system did not start it */
};

/* NTSTATUS values, and the Win32 errors that GetLastError reports for them. */
enum {
    PENDING = 0x103,                   /* STATUS_PENDING: 997 */
    CANCELLED = (int)0xC0000120,       /* STATUS_CANCELLED: 995 */
    BUFFER_OVERFLOW = (int)0x80000005, /* STATUS_BUFFER_OVERFLOW: 234 */
    END_OF_FILE = (int)0xC0000011,     /* STATUS_END_OF_FILE: 38 */
};

/*
 * Any thread may call these functions. They only read the io.
 */

/* Calls the system's ReadFile or WriteFile with this OVERLAPPED, and not the
 * routine; `bytes` as in ReadFile. Returns its result; GetLastError reports its
 * error. */
BOOL start_io(const struct io *io, DWORD *bytes, OVERLAPPED *overlapped);

/* Does the I/O with an OVERLAPPED of its own, and blocks until it has
 * completed. No packet comes. The program's OVERLAPPED stays as it is. */
struct answer do_io(const struct io *io);

/* Whether a packet or a callback reports its completion. */
bool is_queued_io(const struct io *io);

/* Whether the lowest bit of hEvent is set: then no packet comes. */
bool is_silent_io(const struct io *io);

/* The event without that bit; NULL if there is none. */
HANDLE event_of(const struct io *io);

/* The Win32 error of an NTSTATUS. */
DWORD error_of(LONG status);

/* The NTSTATUS of a Win32 error. A number that is an NTSTATUS already stays as
 * it is. */
LONG status_of(unsigned long number);

#endif
