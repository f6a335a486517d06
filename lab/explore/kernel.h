/*
 * What the kernel has, in this model: objects, and requests in flight. A handle
 * is a number that this model has made up; none is used twice in an order.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include "decisions.h"
#include "disk.h"
#include "scheduler.h"

#include <winternl.h>

enum {
    MOST_OBJECTS = 64,
    MOST_REQUESTS = 64, /* in flight, and the last ones that were */
    MOST_PACKETS = 64,  /* in one port */
};

#define STATUS_OF_SUCCESS ((NTSTATUS)0)
#define STATUS_OF_PENDING ((NTSTATUS)0x103)
#define STATUS_OF_END     ((NTSTATUS)0xC0000011) /* of the file */
#define STATUS_OF_BREAK   ((NTSTATUS)0xC000014B) /* the pipe is broken */
#define STATUS_OF_CANCEL  ((NTSTATUS)0xC0000120)
/* The server has disconnected the pipe. */
#define STATUS_OF_DISCONNECT ((NTSTATUS)0xC00000B0)

/* ---- Objects ------------------------------------------------------------ */

enum kind { PORT, EVENT, THREAD_OBJECT, FILE_OBJECT, PIPE_OBJECT };

struct packet {
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    DWORD bytes;
    NTSTATUS status;
    unsigned request; /* its number; 0: the packet was posted */
};

struct object {
    enum kind kind;
    unsigned number; /* among those of its kind, from 1 on */
    bool is_open;
    /* an event */
    bool is_set, is_manual;
    /* a thread */
    const struct thread *thread;
    /* a file, or an end of a pipe */
    struct disk_file *disk; /* NULL: a pipe */
    struct pipe_end *end;   /* NULL: a file */
    DWORD access;           /* GENERIC_READ, GENERIC_WRITE, ... */
    bool is_synchronous;    /* opened without FILE_FLAG_OVERLAPPED */
    uint64_t position;      /* of a synchronous file, in bytes */
    struct object *port;    /* that it is bound to, or NULL */
    ULONG_PTR key;
    bool skips; /* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS */
    /* a port: packets[first] to packets[last - 1], in a circle */
    struct packet packets[MOST_PACKETS];
    unsigned first, last;
};

/* Before each order. */
void reset_kernel(void);

/* The new object's handle is *handle. */
struct object *new_object(enum kind kind, HANDLE *handle);

/* NULL, and the last error is ERROR_INVALID_HANDLE: there is no such object, or
 * its handle is closed. find_file finds a file, or an end of a pipe. */
struct object *find_object(HANDLE handle, enum kind kind);
struct object *find_any_object(HANDLE handle);
struct object *find_file(HANDLE handle);

/* "port 1". In one of several buffers. */
const char *name_of_object(const struct object *object);

/* The first object whose handle is open, or NULL. */
const struct object *first_open_object(void);

void push_packet(struct object *port, struct packet packet);

/* ---- Requests in flight ------------------------------------------------- */

struct request {
    unsigned number; /* in the order of their starts, from 1 on */
    bool is_active;  /* the I/O has not completed */
    bool has_packet; /* that nobody has taken */
    bool is_cancelled;
    bool writes;
    bool connects;               /* ConnectNamedPipe: it has no buffer */
    const void *place;           /* where the program has started it */
    const struct thread *thread; /* that has started it */
    struct object *file;
    OVERLAPPED *overlapped;
    char *buffer;
    uint64_t offset;
    DWORD length;    /* that the program asks for */
    DWORD most;      /* that the kernel transfers: less for a short read */
    DWORD bytes;     /* that it will transfer */
    NTSTATUS status; /* that it will have */
};

/* A write at this offset appends to the file: after the last byte that the file
 * has when the I/O completes. */
#define APPEND UINT64_MAX

/* The kernel accepts an I/O. It checks that neither the OVERLAPPED nor the
 * buffer is in use. */
struct request *start_request(struct object *file, OVERLAPPED *overlapped,
                              char *buffer, DWORD length, bool writes);

/* The read will get only some of the bytes. */
void shorten(struct request *request);

/* Adds an option for each I/O that can complete. */
void add_completions(struct options *options, unsigned cost);

/* The I/O with this number completes: its data is copied, and its packet is
 * queued. */
void complete(unsigned number);

/* The same, before the call that starts it has returned. */
void complete_inside(struct request *request);

/* The call fails, so the kernel forgets the request: no packet comes. */
void forget_request(struct request *request);

/* Cancels the I/O in flight of this file, or only the one with this OVERLAPPED,
 * or only those that this thread has started. NULL: each, any.
 * Returns whether there was one. */
bool cancel_requests(const struct object *file, const OVERLAPPED *overlapped,
                     const struct thread *thread);

/* Nobody takes the packet any more. */
void packet_taken(const struct packet *packet);

/* The last request that is in flight and uses one of these bytes, or NULL. In
 * flight: it is active, or its packet was not taken. */
const struct request *find_in_flight(const void *memory, size_t size);

/* The last request that had its OVERLAPPED in these bytes, or NULL. */
const struct request *find_request(const void *memory, size_t size);

/* The first request whose I/O has not completed, or NULL; file: NULL for any.
 */
const struct request *find_active(const struct object *file);

/* The first read on this end of a pipe that waits for data, or the first
 * ConnectNamedPipe that waits for a client; or NULL. */
struct request *find_waiting_read(const struct object *end);
struct request *find_waiting_connect(const struct object *end);

/* Whether the kernel is just writing to memory of the program. */
extern const struct request *copying;

/* A mistake if an OVERLAPPED in flight is below this frame on the current
 * thread's stack: its function has returned. */
void check_stack(const void *frame);

#endif
