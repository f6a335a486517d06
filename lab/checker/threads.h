/* The program's threads, and where each of them waits. */
#ifndef THREADS_H
#define THREADS_H

#include "report.h"

#include <windows.h>

struct request;

enum { MAX_PACKETS = 64 }; /* of one call: further ones are not followed */

struct thread {
    struct thread *next;
    char name[16]; /* "main", "thread 1" */
    DWORD id;
    const char *stack_end;  /* the highest address of its stack, and */
    const char *stack;      /* the lowest */
    bool ended, is_foreign; /* foreign: the checker did not see it
                             * start, such as a thread of a system pool */
    unsigned in_flight;     /* requests with something on its stack */
    struct request *packets[MAX_PACKETS]; /* whose callbacks it runs */
    unsigned packet_count;
    struct place no_packet; /* its last call, if that was a failed dequeue */
    /* Where it waits; NULL: it does not. */
    const char *volatile waits_in;
    const void *waits_for; /* a port, an address; NULL: see handles */
    HANDLE handles[MAXIMUM_WAIT_OBJECTS];
    DWORD handle_count;
    bool for_ever;
    struct place waits_at;
};

/* The newest of all threads; their `next` leads to the others. The lock is
 * held. */
struct thread *newest_thread(void);

/* The calling thread's record. */
struct thread *this_thread(void);

/* The record of the thread that starts now. */
struct thread *begin_thread_record(void);
void end_thread_record(struct thread *thread);

/* The call that this thread is making. */
struct place here(void);
struct place place_at(const void *address);

/* Around a call that may wait. */
void begin_wait(const char *function, const void *object, DWORD timeout);
void begin_wait_at(const char *function, const void *object, DWORD timeout,
                   const void *address);
void begin_wait_for(const char *function, const HANDLE *handles, DWORD count,
                    DWORD timeout);
void end_wait(void);

/* Counts all changes. Two equal values show that nothing has changed between
 * them. */
extern volatile LONG changes;
void note_change(void);
/* Waits until `changes` is no longer `seen`, for 5 ms at most. */
void await_change(LONG seen);

/* How many other threads wait at this port, and where one of them does. The
 * lock is held. */
unsigned count_waiters(HANDLE port, struct place *place);
bool has_waiter(HANDLE port);

/* The thread on whose stack an address is, or NULL. The lock is held. */
struct thread *stack_owner(const void *address);

#endif
