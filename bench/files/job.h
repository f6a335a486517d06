/*
 * The work: open small files, read each, close it, and add up every byte.
 *
 *      directory=PATH  has the files 00000, 00001, ...
 *      count=COUNT     how many
 *      size=BYTES      how large each is; only the check of what came knows it
 *      buffer=BYTES    what a read asks for, more than that; 65536
 *      depth=COUNT     files under way at once, up to JOB_MAX_DEPTH; 1
 *      threads=COUNT   0, if not given: the contender's own default
 *      style=WORD      which of several ways, for those who have more than one
 *
 * A file is read with one read, into a buffer larger than it: fewer bytes than
 * asked for are the end of a file on a disk. So who reads it need not ask how
 * large it is, nor read a second time to be told that nothing is left. All
 * contenders do so; what job_use is given must fall short of the buffer.
 */
#ifndef JOB_H
#define JOB_H

#include "../measure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { JOB_MAX_DEPTH = 256, JOB_MAX_PATH = 260 };

extern struct job {
    const char *style;
    size_t buffer; /* in bytes */
    unsigned depth, threads;
} job;

/* One file. */
struct turn {
    uint64_t number;
    char path[JOB_MAX_PATH];
};

/* The contender's own part. Calls measure_begin, does all files, calls
 * measure_end. */
void contend_with_files(void);

/* What the next file is; false: there is none left. */
bool job_next(struct turn *turn);

/* Adds up what a file has brought, which must be all of it. Returns whether it
 * was the last. Any thread may call this and job_next. */
bool job_use(const struct turn *turn, const void *buffer, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
