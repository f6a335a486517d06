/* Lets every worker of a pool run once, before a benchmark begins. */
#ifndef POOL_START_H
#define POOL_START_H

#include "../final/pool.h"
#include "measure.h"

static inline void pool_start_meet(void *pool)
{
    meet(((struct pool *)pool)->worker_count);
}

/* Returns when every worker has run. */
static inline void pool_start_all(struct pool *pool)
{
    for (unsigned i = 0; i < pool->worker_count; i++)
        must(pool_queue_work(pool, pool_start_meet, pool) == 0, "queue work");
    must(pool_wait_idle(pool, INFINITE) == 0, "wait");
}

#endif
