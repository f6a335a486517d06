/*
 * The work: copy a file. run.py compares the copy with the original afterwards.
 *
 *      source=PATH
 *      destination=PATH  created or overwritten
 *      flush=0           do not wait until the bytes are on the disk; default 1
 *
 * The time begins before the files are opened, and ends when they are closed.
 * final's copy.exe waits for the disk, so by default the contenders that use
 * this header do, too. cp and final.exe --cat do not wait. Unlike the other
 * contenders, copy.exe first writes under another name. It renames
 * the copy at the end, so that no program ever sees a part of it.
 */
#ifndef JOB_H
#define JOB_H

#include "../measure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { JOB_BLOCK = 1 << 20 }; /* bytes in one read, as in copy.exe */

extern struct job {
    const char *source, *destination;
    bool flush;
} job;

/* Each contender defines this. It calls measure_begin, copies, and calls
 * measure_end. */
void do_copy(void);

#ifdef __cplusplus
}
#endif

#endif
