/*
 * The work: read blocks of a file, in their order or at one given list of
 * random places, and add up every byte.
 *
 *      file=PATH block=BYTES order=random|sequential reads=COUNT
 *      warm=COUNT     reads before these, which do not count; 0
 *      depth=COUNT    reads in flight at once, up to JOB_MAX_DEPTH; 1
 *      threads=COUNT  0, if not given: the contender's own default
 *      buffer=BYTES   for those who have one; 0: none
 *      style=WORD     which of several ways, for those who have more than one
 *      latency=1      add how long a read takes: median_ns, p99_ns
 *
 * The sum depends on what was read and from where, so that contenders who did
 * the same work have the same sum.
 */
#ifndef JOB_H
#define JOB_H

#include "../measure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { JOB_MAX_DEPTH = 256 };

extern struct job {
    const char *file, *style;
    size_t block, buffer; /* in bytes */
    unsigned depth, threads;
} job;

/* One read. */
struct turn {
    uint64_t number, offset, began;
};

/* The contender's own part. Opens the file, calls measure_begin, does the
 * reads, calls measure_end. */
void contend_reading(void);

/* What the next read is, which begins now; false: there is none left. */
bool job_next(struct turn *turn);

/* Adds up what a read has brought, which must be a whole block. Returns whether
 * it was the last. Any thread may call this and job_next. */
bool job_use(const struct turn *turn, const void *buffer, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
