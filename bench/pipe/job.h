/*
 * The work: many reads are pending on a pipe that brings little. It measures
 * what pending reads cost, and how long a contender takes to notice new bytes.
 *
 *      reads=COUNT    all pending at the same time; default 1000
 *      piece=BYTES    a multiple of 8, up to JOB_MAX_PIECE; default 64
 *      pause=MS       before each piece; default 1
 *      threads=COUNT  default 0: the contender's own default
 *
 * A thread writes one piece at a time, and each read asks for one piece. So
 * each read gets exactly one piece, although the pipe is a stream of bytes.
 *
 * The output has further members. threads_pending and memory_pending_kib are
 * the threads and the memory when all reads were pending, before the first
 * piece; the thread that writes does not count. median_ns and p99_ns are the
 * time from the write of a piece to its use.
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

/* Each contender defines this. It opens the pipe for reading, calls
 * measure_begin, starts all reads, calls job_all_pending, and calls measure_end
 * when the last piece is used. */
void do_pipe_reads(void);

/* Notes the threads and the memory, and starts the thread that writes the
 * pieces. */
void job_all_pending(void);

/* Checks a piece and adds it up. Returns true if this piece is the last one.
 * Any thread may call it. */
bool job_use(const void *piece, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
