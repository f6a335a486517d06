/* The records of requests: what is in flight, and what was. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "report.h"

#include <windows.h>

struct thread;

/* What the kernel does with the buffer, and what the offset means. A post has
 * neither. */
enum io_kind {
    A_READ,  /* from an offset into the buffer */
    A_WRITE, /* from the buffer to an offset */
    A_CALL,  /* any other I/O; it may write into the buffer */
    A_POST,
};

/* One use of an OVERLAPPED. */
struct request {
    struct request *next;
    unsigned number; /* by order of submission; 0: posted by hand */
    enum io_kind kind;
    const char *function; /* that submitted it */
    enum { IN_FLIGHT, ENDED } state;
    OVERLAPPED *overlapped;
    HANDLE handle, event; /* the file, or the port it was posted to */
    const char *buffer;
    DWORD length;
    ULONGLONG offset;
    DWORD thread;     /* if a completion routine reports its completion: the id
                       * of the thread that will run it; otherwise 0 */
    bool owes_packet; /* a packet, or a callback, reports its completion */
    bool early;       /* its submission returns after its callback */
    bool late;        /* a packet posted by hand, which the checker holds */
    bool answered;    /* its submission has returned */
    bool over;        /* its callback has returned */
    bool unseen;   /* the packet of a failed I/O, at which the program has not
                    * looked */
    bool reported; /* in a report */
    unsigned pins; /* how many threads still use this record */
    struct thread *stack_of, *buffer_stack_of; /* the stack's owner, or NULL */
    struct thread *submitter, *taker;
    const void *memory; /* the allocation that has it; NULL: none */
    struct place submitted, taken, freed;
    DWORD error; /* of its packet */
};

/* In the reports about frees. */
#define ONE_OWNER_FREES                                                        \
    "rule: one owner frees a request: the callback if the I/O was queued, "    \
    "otherwise the code that started it"

/* "request 3 (ReadFile)", in one of four buffers of this thread. */
const char *request_text(const struct request *request);

/* ---- Records ------------------------------------------------------------ */

/* A record of a submission that this thread makes. Its other fields are 0. */
struct request *new_request(enum io_kind kind, const char *function,
                            HANDLE handle, OVERLAPPED *overlapped);
/* Pins it for the caller. Takes the lock. */
void put_in_flight(struct request *request);

/* The lock is held in all of these. */
void take_from_flight(struct request *request);
void remember_freed(struct request *request, struct place place);
void unpin(struct request *request);

/* The newest in flight; `next` leads to older ones. */
struct request *newest_in_flight(void);
/* The newest request in a list of requests that were in flight; `next` leads to
 * older ones. The list has those in the memory of this key (or, if the key has
 * no memory, those with its OVERLAPPED). It may have others, too. */
struct request *newest_past(const struct request *key);
/* Iterates over all that were in flight: NULL gives the first, the last gives
 * NULL. */
struct request *next_past(const struct request *request);

/* The last request in this memory of lab/guard, or NULL. */
struct request *request_in(const void *memory);
/* The request that a packet with this OVERLAPPED is about, or NULL. */
struct request *find_in_flight(const OVERLAPPED *overlapped);
bool is_in_flight(const struct request *request);
/* Whether the request has something in this memory. */
bool is_in(const struct request *request, const void *memory, size_t size);
/* Of I/O without a packet that has something in this memory, Internal has said
 * that it has completed: takes it from flight. For I/O with its OVERLAPPED on a
 * stack, check_stack does this. */
void forget_ended_in(const void *memory, size_t size);
/* The same for all memory. It looks at every I/O in flight: this is slow. */
void forget_ended(void);
/* Whether the kernel may still write to its OVERLAPPED or buffer: Internal is
 * still "pending", or its memory is gone. */
bool is_pending(const struct request *request);
/* The same for an OVERLAPPED on a stack whose function has returned. If its
 * memory is used again, Internal says nothing. Then I/O is pending whose event,
 * or file, is not signalled. False if this cannot be known. */
bool is_pending_after_return(const struct request *request);
/* Whether anything in flight can still wake a thread. */
bool something_can_come(void);

/* ---- Memory ------------------------------------------------------------- */

/* The allocation of lab/guard that has this address, or NULL. */
const void *memory_of(const void *address);

bool overlap(const void *a, size_t a_size, const void *b, size_t b_size);

#endif
