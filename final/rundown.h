/*
 * A rundown counts the calls and callbacks that use an object, so that another
 * thread can wait until nothing uses it any more.
 *
 * A thread enters under a lock, while the object certainly exists. It leaves
 * without a lock. The last one that leaves sets free the thread that waits,
 * which may free the object. So a thread that has left does not touch it again.
 */
#ifndef RUNDOWN_H
#define RUNDOWN_H

#include "atomics.h"

#include <stdbool.h>
#include <windows.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All bytes 0: nothing is inside. */
struct rundown {
    ATOMIC(unsigned) word;
};

/* Enters `count` times. Returns whether nothing was inside before. */
bool rundown_enter(struct rundown *rundown, unsigned count);

enum rundown_rest {
    RUNDOWN_SOME, /* others are inside */
    RUNDOWN_NONE, /* the caller was the last one */
    RUNDOWN_END, /* the same, after rundown_close: the object is the caller's */
};

/* Leaves `count` times. Returns what is inside now. */
enum rundown_rest rundown_leave(struct rundown *rundown, unsigned count);

/* The caller is inside, and nothing can enter from now on. */
void rundown_close(struct rundown *rundown);

/* Waits until nothing is inside, up to `timeout` ms, or INFINITE. Returns 0 or
 * WAIT_TIMEOUT. */
DWORD rundown_wait(struct rundown *rundown, DWORD timeout);

#ifdef __cplusplus
}
#endif

#endif
