/*
 * The work: copy a file. Who has it done compares the two afterwards.
 *
 *      source=PATH
 *      destination=PATH  made, or overwritten
 *      flush=0           do not wait until the system has it on the disk; 1: do
 *
 * What is measured begins before the files are opened, and ends when they are
 * closed. final's copy.exe waits for the disk, and so all do, unless told not
 * to; it alone writes under another name first, to be seen whole or not at all.
 */
#ifndef JOB_H
#define JOB_H

#include "../measure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { JOB_BLOCK = 1 << 20 }; /* what copy.exe reads at once, in bytes */

extern struct job {
    const char *source, *destination;
    bool flush;
} job;

/* The contender's own part: calls measure_begin, copies, calls measure_end. */
void contend_copying(void);

#ifdef __cplusplus
}
#endif

#endif
