/*
 * The program's threads. Only one of them runs at any time: the one whose turn
 * it is. It passes the turn on at a switch point, if the order says so.
 */
#ifndef SCHEDULER_H
#define SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

enum { MOST_THREADS = 12, MAIN_THREAD = 0, MOST_LOCALS = 64 };

#define NEVER UINT64_MAX

struct thread;
/* Whether the thread's wait can end. */
typedef bool ready_test(const struct thread *thread);

struct local {
    const void *variable;
    void *memory;
};

struct thread {
    unsigned number; /* in the order of their starts; main has 0 */
    bool is_used, has_ended;
    const char *call;     /* that it makes, or made last */
    const void *place;    /* where the program makes it */
    ready_test *is_ready; /* NULL: it can go on */
    void *awaited;        /* what is_ready looks at */
    uint64_t deadline;    /* of its wait, in virtual ms */
    bool is_woken;        /* from a condition variable, or an address */
    unsigned age; /* the calls that it has begun, and waits that ended */
    struct {
        const void *lock;
        unsigned count, age; /* in a row; when the last one failed */
    } tries;                 /* to acquire a lock, in vain */
    unsigned(__stdcall *routine)(void *);
    void *argument;
    unsigned status;                  /* that it has returned */
    struct local locals[MOST_LOCALS]; /* its thread-local variables */
    bool has_system_thread;           /* kept for the next order, too */
    volatile LONG turn;
};

/* The thread whose turn it is. */
extern struct thread *current;
extern struct thread threads[MOST_THREADS];

/* Before each order. The calling thread becomes main. */
void reset_threads(void);

/* Each modelled call begins with this: it says where the thread is. */
#define enter(call)                                                            \
    enter_from(call, __builtin_return_address(0), __builtin_frame_address(0))
void enter_from(const char *call, const void *place, const void *frame);

/* Another thread may run here, or the kernel act. Returns when it is this
 * thread's turn again. The last error stays as it is. */
void switch_point(void);

/* A switch point that returns only when the wait can end, which it then does.
 * Returns false if the time, in ms or INFINITE, was over before. */
bool wait_until(ready_test *is_ready, void *awaited, DWORD timeout);

/* Returns NULL if the program has too many threads. */
struct thread *new_thread(unsigned(__stdcall *routine)(void *), void *argument);

/* Whether all threads except main have ended. */
bool have_ended(void);

/* "main", or "thread 1". In one of several buffers. */
const char *name_of(const struct thread *thread);

/* Explains, for a mistake, where each thread is. */
void explain_threads(void);

#endif
