/* The decisions of an order, and which order comes next. */
#ifndef DECISIONS_H
#define DECISIONS_H

#include "mapped.h"

#include <stdbool.h>

extern struct shared *shared;
extern struct process *own; /* this process's part of it */

/* Who acts next. */
enum actor {
    THREAD, /* a thread goes on; `number` is the thread's */
    KERNEL, /* the kernel completes an I/O; `number` is the request's */
    CLOCK,  /* time passes until the wait of thread `number` ends */
    RESULT  /* a call has one of several results */
};

struct option {
    enum actor actor;
    unsigned number, cost; /* the cost is 0 or 1 */
};

struct options {
    unsigned count;
    struct option at[MOST_OPTIONS];
};

/* Ends the order if there is no room. */
void add_option(struct options *options, enum actor actor, unsigned number,
                unsigned cost);

/* Returns the option that this order chooses. There is at least one, and the
 * first costs 0. A choice between several is a decision. */
const struct option *decide(const struct options *options);

/* Returns the result, below `count`, that a call has in this order. 0 is the
 * usual one; each other one costs 1. */
unsigned decide_result(unsigned count);

/* Maps the shared file into memory, for process 0 or 1. Returns false if that
 * fails. */
bool open_shared(const wchar_t *path, unsigned process);

/* Chooses the next order. Returns false if all were tried. */
bool next_order(void);

/* The order has ended: counts it, and keeps the verdict. */
void end_order(enum verdict verdict);

#endif
