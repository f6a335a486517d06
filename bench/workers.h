/*
 * Worker threads that do synchronous calls for an event loop. libuv reads files
 * this way.
 *
 * The loop's thread queues work. One of the workers does the work and puts it
 * into a second queue, the queue of finished work. The loop's thread takes the
 * work out of the second queue and calls back. As in libuv,
 *
 *  - there are four workers by default (docs.libuv.org, "Thread pool work
 *    scheduling");
 *  - the first queue has a lock and a condition variable (src/threadpool.c);
 *  - the loop waits on a completion port. A worker posts a packet to wake it,
 *    unless a packet is already on its way (src/win/async.c).
 *
 * A process has one such pool.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <stdbool.h>

/* A member of the contender's own structure. */
struct work {
    struct work *next; /* in a queue */
};

/* Starts the workers; threads: how many, or 0 for four. Each of them calls
 * do_work for the work that it takes out of the queue. */
void workers_start(unsigned threads, void (*do_work)(struct work *work));

/* Queues work. Only the loop's thread calls this. */
void workers_queue(struct work *work);

/* Waits for finished work, and calls back for each piece. Returns after a
 * callback has returned true. A callback must return true only for the last
 * piece: no other work may be in a queue then. */
void workers_run_loop(bool (*call_back)(struct work *work));

/* Stops the workers and waits for their end. */
void workers_stop(void);

#endif
