/* The program's threads, and where each of them waits. */
#ifndef THREADS_H
#define THREADS_H

#include "report.h"

#include <windows.h>

struct request;

enum { MAX_PACKETS = 64 }; /* of one call: further ones are not followed */

/* A call that may wait. */
struct wait {
    const char *volatile in; /* the function; NULL: the thread does not wait */
    const void *object;      /* a lock, an address; NULL: see handles */
    HANDLE handles[MAXIMUM_WAIT_OBJECTS];
    DWORD handle_count;
    bool all;        /* it waits until all handles are signalled */
    bool for_ever;   /* without a timeout */
    ULONGLONG since; /* GetTickCount64() at its start */
    struct place at;
};

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
    struct wait wait;
    /* Its last call that the checker follows. */
    const char *volatile last_call;
    struct place last_at;
    volatile LONG calls;     /* how many there were */
    volatile bool is_inside; /* the last call may block, and has not returned */
};

/* The newest of all threads; their `next` leads to the others. The lock is
 * held. */
struct thread *newest_thread(void);

/* Before any other function of this header. */
void begin_threads(void);

/* The calling thread's record. It needs no thread-local variable of the
 * compiler, whose library takes a lock. */
struct thread *this_thread(void);

/* The record of the thread that starts now. */
struct thread *begin_thread_record(void);
void end_thread_record(struct thread *thread);

/* Threads that were made and have no record yet: they soon begin. */
extern volatile LONG threads_to_begin;

/* The call that this thread is making. */
struct place here(void);
struct place place_at(const void *address);

/* ---- Waits -------------------------------------------------------------- */

/* Around a call that may wait: for an object that is no handle, or for
 * handles. */
void begin_wait(const char *function, const void *object, DWORD timeout);
void begin_wait_for(const char *function, const HANDLE *handles, DWORD count,
                    bool all, DWORD timeout);
void end_wait(void);

/* Around a wait for a lock. `address` is the return address of the call. */
void begin_lock_wait(const char *function, const void *object, DWORD timeout,
                     const void *address);

/* Around a completion routine, which runs inside a wait. */
struct wait suspend_wait(void);
void resume_wait(const struct wait *wait);

/* Counts all changes. Two equal values show that nothing has changed between
 * them. */
extern volatile LONG changes;
void note_change(void);
/* Waits until `changes` is no longer `seen`, for 5 ms at most. */
void await_change(LONG seen);

/* The lock is held in all of these. */

/* Counts the changes, and the calls of all threads. */
LONG progress(void);
/* How many other threads wait at this port, and where one of them does. */
unsigned count_waiters(HANDLE port, struct place *place);
bool has_waiter(HANDLE port);
/* Whether another thread can soon take a packet from this port: it waits there,
 * or it does not wait. */
bool has_taker(HANDLE port);

/* Another thread that waits for this handle, perhaps with others; or NULL. */
const struct thread *find_waiter(HANDLE handle);

/* The thread on whose stack an address is, or NULL. */
struct thread *stack_owner(const void *address);
bool is_on_stack(const struct thread *thread, const void *address);

#endif
