/*
 * What lab/modes knows of a handle, from the calls that opened it and bound it.
 *
 * The parts of lab/modes include each other in one direction only:
 *
 *      modes.c ---> packets.h ---> held.h ---> io.h ---> files.h
 */
#ifndef FILES_H
#define FILES_H

#include "../interpose/interpose.h"

#include <stdbool.h>

struct file {
    HANDLE handle; /* NULL: nothing is known of this handle */
    HANDLE port;   /* the program's port; NULL: bound to none */
    ULONG_PTR key;
    bool may_read, may_write; /* the access that CreateFile was called with */
    bool pooled;              /* bound to a thread pool of the system */
    LPOVERLAPPED_COMPLETION_ROUTINE callback; /* of BindIoCompletionCallback */
    bool skips; /* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS was granted */
};

/*
 * Any thread may call these two, also concurrently.
 */

/* Returns a copy of what this layer knows now. It knows the handles that the
 * program opened overlapped or bound, or whose notification modes it set, and
 * their duplicates. */
struct file find_file(HANDLE handle);

/* Call it before the handle is closed. Afterwards another thread may open a
 * file and be given the same handle value. */
void forget_file(HANDLE handle);

/* Replaces the functions that open and bind files. Call it once, before main.
 */
void watch_files(void);

#endif
