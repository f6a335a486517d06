/*
 * How the library acquires its locks. Each of them is held for less than a
 * microsecond. So a thread that finds a lock held tries again for a moment: to
 * sleep, and to be woken, takes longer.
 */
#ifndef LOCK_H
#define LOCK_H

#include <windows.h>

static inline void lock_acquire(SRWLOCK *lock)
{
    enum { TRIES = 100 };
    for (unsigned i = 0; i < TRIES; i++) {
        if (TryAcquireSRWLockExclusive(lock))
            return;
        YieldProcessor();
    }
    AcquireSRWLockExclusive(lock);
}

static inline void lock_release(SRWLOCK *lock)
{
    ReleaseSRWLockExclusive(lock);
}

#endif
