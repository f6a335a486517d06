/* Whether memory and handles live as long as the I/O that uses them. */
#ifndef LIFETIMES_H
#define LIFETIMES_H

#include "requests.h"

/* From now on each free, and each access to freed memory, is checked. */
void begin_lifetimes(void);

/* Each call of the program, and each return from a wait: is anything in flight
 * on a stack that is gone? Addresses below `stack` are no longer in use. If
 * `stack` is not on this thread's own stack, the thread runs a fiber: then
 * nothing is known. */
void check_stack(const void *stack);
/* The same before the process ends by itself: no call shows where. */
void check_stack_at_end(const void *stack);
/* The thread ends. */
void check_whole_stack(const struct thread *thread);

/* Before the handle is closed: nothing in flight may use it. */
void judge_closing(HANDLE handle);

/* The process ends: what is in flight, and what was never freed? */
void judge_in_flight(void);
void judge_requests(void);

#endif
