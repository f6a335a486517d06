/* Virtual time, in ms. It stands still while threads run, and only passes when
 * the order lets a wait with a timeout end. */
#ifndef CLOCK_H
#define CLOCK_H

#include "decisions.h"
#include "scheduler.h"

void reset_clock(void);

uint64_t deadline_after(DWORD timeout);

/* Adds an option for each thread whose wait time can end next. */
void add_timeout(struct options *options, unsigned cost);

/* Time passes until this thread's wait ends. */
void pass_time(struct thread *thread);

#endif
