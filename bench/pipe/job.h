/*
 * The work: many reads wait at a pipe in which little comes. What a way to wait
 * costs meanwhile, and how long it takes to notice.
 *
 *      reads=COUNT    pending at once, each for one piece; 1000
 *      piece=BYTES    a multiple of 8, up to JOB_MAX_PIECE; 64
 *      pause=MS       before each piece that is written; 1
 *      threads=COUNT  0, if not given: the contender's own default
 *
 * Pieces are written one at a time, and each read asks for as much as one has.
 * So each read gets exactly one piece, though the pipe is a stream of bytes.
 *
 * It adds how many threads and how much memory there were when all reads were
 * pending, before the first piece (threads_pending, memory_pending_kib), and
 * the time from a piece's write to its use (median_ns, p99_ns). Whoever writes
 * is no thread of the contender's, and not counted.
 */
#ifndef JOB_H
#define JOB_H

#include "../measure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { JOB_MAX_PIECE = 4096 };

extern struct job {
    const char *pipe; /* its path */
    size_t piece;     /* in bytes */
    unsigned reads, threads;
} job;

/* The contender's own part. Opens the pipe to read from it, calls
 * measure_begin, starts all reads, calls job_all_pending, and, when the last
 * piece is used, measure_end. */
void contend_waiting(void);

/* From now on pieces come. */
void job_all_pending(void);

/* Checks a piece, and adds it up. Returns whether it was the last. Any thread
 * may call this. */
bool job_use(const void *piece, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
