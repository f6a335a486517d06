/* Whether memory and handles live as long as the I/O that uses them. */
#ifndef LIFETIMES_H
#define LIFETIMES_H

#include "requests.h"

/* Each call of the program: is anything in flight on a stack that is gone?
 * Addresses below `stack` are no longer in use. */
void check_stack(const void *stack);
/* The thread ends. */
void check_whole_stack(const struct thread *thread);

/* Memory of lab/guard is freed, or moved by realloc. Returns false to keep it:
 * something in it is in flight. */
bool memory_freed(const char *memory, size_t size, bool moved,
                  struct place freed);

/* Before the handle is closed: nothing in flight may use it. */
void judge_closing(HANDLE handle);

/* The process ends: what is in flight, and what was never freed? */
void judge_in_flight(void);
void judge_requests(void);

#endif
