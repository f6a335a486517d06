/*
 * A rundown counts the calls and callbacks that use an object, so that another
 * thread can wait until nothing uses it any more.
 *
 * To enter, hold a lock under which the object is known to exist. To leave
 * takes no lock. The last one that leaves may set free the thread that waits,
 * which may free the object. So a thread that has left does not touch it again.
 */
#ifndef RUNDOWN_H
#define RUNDOWN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <windows.h>

/* All bytes 0 is a rundown that nothing has entered. */
struct rundown {
    _Atomic unsigned word;
};

/* The caller counts `count` times. */
void rundown_enter(struct rundown *rundown, unsigned count);

/* Returns whether the caller is the last one after rundown_close: then the
 * object is the caller's. */
bool rundown_leave(struct rundown *rundown, unsigned count);

/* The caller is inside, and from now on nothing can enter: the last one that
 * leaves gets the object. */
void rundown_close(struct rundown *rundown);

/* Waits until nothing is inside. Returns false if the timeout, in ms or
 * INFINITE, comes first. */
bool rundown_wait(struct rundown *rundown, DWORD timeout);

#endif
