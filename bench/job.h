/*
 * The work that all contenders do alike: read blocks of a file, in one given
 * order or at one given list of random places, and add up every byte.
 *
 *      program FILE BLOCK random|sequential READS DEPTH THREADS
 *
 * A contender is a program: job.c, which has its main, and a file of its own
 * with the function `contend`. It prints one line,
 *
 *      name,threads,reads,bytes,seconds,sum,allocations,peak KiB
 *
 * and whatever prints such a line can contend. The sum depends on what was read
 * and from where, so that contenders who did the same work have the same sum.
 */
#ifndef JOB_H
#define JOB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JOB_MAX_DEPTH = 256 };

struct job {
    const char *path;
    uint64_t blocks; /* in the file */
    size_t block;    /* in bytes */
    bool random;     /* else from the beginning on, and then again */
    uint64_t reads;
    unsigned depth;   /* in flight at once, up to JOB_MAX_DEPTH */
    unsigned threads; /* 0: the contender's own default */
    /* job.c's own. */
    _Atomic uint64_t taken, used, sum;
};

/* The contender. Opens the file, calls job_begin, does the reads, calls
 * job_end. */
void contend(struct job *job);
extern const char contender[];

/* From here to job_end time and allocations count: all is open and started. */
void job_begin(void);
void job_end(void);

/* Where the next read begins; false: there is none left. */
bool job_next(struct job *job, uint64_t *offset);

/* Adds up what a read has brought, which must be a whole block. Returns whether
 * it was the last. */
bool job_use(struct job *job, const void *buffer, uint64_t offset,
             size_t bytes);

/* Ends the process with one line on stderr, unless ok. */
void job_check(bool ok, const char *tried);

/* malloc, or the process ends. Nothing is freed: the process is short. */
void *job_allocate(size_t bytes);

#endif
