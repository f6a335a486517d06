/*
 * How the library acquires its locks. They are nearly always held only for a
 * moment. So a thread that finds a lock held tries again some times: that is
 * mostly shorter than to sleep, and to be woken. If the lock stays held, the
 * thread sleeps.
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
