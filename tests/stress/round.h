/*
 * A round: one pool, and the files that are open in it. And what is counted,
 * in all rounds.
 */
#ifndef ROUND_H
#define ROUND_H

#include "../../final/pool.h"
#include "files.h"

enum total {
    ISSUED, /* as the pool counts, down to BYTES */
    COMPLETED,
    FAILED,
    CANCELLED,
    BYTES,
    TIMED_OUT, /* of the cancelled */
    PARTS,     /* of messages that go on: of the completed, like the next */
    ENDS_OF_FILE,
    AT_ONCE,
    SYNCHRONOUS,
    BY_HAND,
    WORK,
    RESTARTED, /* by callbacks, like the next */
    FREED,
    CLOSED, /* refused, like the next two */
    STOPPED,
    INVALID,
    REOPENED,
    POOLS,
    TOTALS
};

extern _Atomic uint64_t totals[TOTALS];
void count(enum total total, uint64_t more);

/* It stays in memory until nobody can use it any more, to the end of the round:
 * a file that is closed refuses who comes late. */
struct opening {
    struct bound_file file;
    struct opening *older; /* of the same slot */
    atomic_bool closed;
    _Atomic uint64_t words, sum, last; /* of what the pipe's peer answered */
};

struct round {
    struct pool pool;
    enum pool_stop_mode mode;
    atomic_bool stopped;
    uint64_t target; /* of ISSUED */
    HANDLE enough;   /* event: it is reached */
    _Atomic(struct opening *) slots[SLOTS];
    atomic_flag changing[SLOTS];
    atomic_flag pipe_is_waited_for; /* by a synchronous call */
    /* Who cancels more than one request counts that, before and after. While a
     * file is being closed nobody else cancels: what that misses stays. */
    _Atomic uint64_t cancels_begun, cancels_over, closing;
};

extern struct round *now;

#endif
