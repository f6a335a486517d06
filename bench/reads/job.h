/*
 * The work: read blocks of a file, in order or at random places, and add up
 * every byte. Every contender reads the same random places.
 *
 *      file=PATH block=BYTES order=random|sequential reads=COUNT
 *      warm=COUNT     reads before these, which do not count; default 0
 *      depth=COUNT    reads in flight at a time, up to JOB_MAX_DEPTH; default 1
 *      threads=COUNT  default 0: the contender's own default
 *      buffer=BYTES   for contenders that have a buffer; default 0: none
 *      style=WORD     for contenders that have several ways to read
 *      latency=1      add how long a read takes: median_ns, p99_ns
 *
 * The sum depends on the bytes and on their places. So two contenders that read
 * the same blocks get the same sum.
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

/* One read: its number, its offset, and when it began (in ns). */
struct item {
    uint64_t number, offset, began;
};

/* Each contender defines this. It opens the file, calls measure_begin, does all
 * reads, and calls measure_end. */
void do_reads(void);

/* Sets *item to the next read, and notes the time as its beginning. Returns
 * false if no read is left. Any thread may call it. */
bool job_next(struct item *item);

/* Adds up the bytes of a read. A read must bring a whole block. Returns true if
 * this read is the last one to complete. Any thread may call it. */
bool job_use(const struct item *item, const void *buffer, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
