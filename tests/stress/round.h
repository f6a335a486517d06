/* A round uses one pool and its open files. The totals count all rounds. */
#ifndef ROUND_H
#define ROUND_H

#include "../../final/pool.h"
#include "files.h"

enum total {
    /* The pool counts these, too: */
    ISSUED,
    COMPLETED,
    FAILED,
    CANCELLED,
    BYTES,
    /* Cancelled: */
    TIMED_OUT,
    /* Completed: */
    PARTS, /* a part of a message; the rest is still in the pipe */
    ENDS_OF_FILE,
    /* How they were started: */
    IMMEDIATE, /* completed before the call returned */
    SYNCHRONOUS,
    BY_HAND, /* queued with pool_queue_request */
    WORK,    /* queued with pool_queue_work */
    /* By callbacks: */
    RESTARTED,
    FREED,
    /* Refused, because: */
    CLOSED,
    STOPPED,
    INVALID,
    /* By the program: */
    REOPENED,
    POOLS,
    TOTALS
};

extern _Atomic uint64_t totals[TOTALS];

/* Adds to a total. Any thread may call it. */
void count(enum total total, uint64_t more);

/* A file or a pipe that the round has opened. It stays in memory until the end
 * of the round: a late call must find the closed file, which refuses it. */
struct opening {
    struct bound_file file;
    struct opening *older; /* of the same slot */
    atomic_bool is_closing, closed;
    _Atomic uint64_t words, sum, last; /* of the peer's answers */
};

struct round {
    struct pool pool;
    enum pool_stop_mode mode;
    atomic_bool stopped;
    uint64_t target; /* for ISSUED */
    HANDLE enough;   /* event, set when the target is reached */
    _Atomic(struct opening *) slots[SLOTS];
    atomic_flag changing[SLOTS];    /* a thread closes and opens the slot */
    atomic_flag pipe_is_waited_for; /* by a synchronous call */
    /* A thread that cancels several requests counts the cancel before and
     * after. While a file is being closed (closing), no thread cancels anything
     * else: so no other cancel hides a request that the close misses. */
    _Atomic uint64_t cancels_begun, cancels_over, closing;
};

extern struct round *now; /* the current round */

#endif
