/*
 * The work: open small files, read each, close it, and add up every byte.
 *
 *      directory=PATH  contains the files 00000, 00001, ...
 *      count=COUNT     how many files
 *      size=BYTES      of each file; used only to check the reads
 *      buffer=BYTES    the length of a read, more than size; default 65536
 *      depth=COUNT     files open at a time, up to JOB_MAX_DEPTH; default 1
 *      threads=COUNT   default 0: the contender's own default
 *      style=WORD      for contenders that have several ways to read
 *
 * One read brings a whole file, because the buffer is larger than the file. On
 * a disk, fewer bytes than asked for mean the end of the file. So a contender
 * need not ask for the size, and need not read again to meet the end. job_use
 * checks that the buffer is not full. Only an asynchronous file_stream reads
 * once more.
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
struct item {
    uint64_t number;
    char path[JOB_MAX_PATH];
};

/* Each contender defines this. It calls measure_begin, does all files, and
 * calls measure_end. */
void do_files(void);

/* Sets *item to the number and path of the next file. Returns false if no file
 * is left. Any thread may call it. */
bool job_next(struct item *item);

/* Adds up the bytes of a file. The buffer must have the whole file. Returns
 * true if this file is the last one to complete. Any thread may call it. */
bool job_use(const struct item *item, const void *buffer, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
