/*
 * Locks, condition variables, and waits for a change at an address. All of them
 * are addresses in the program's memory. Whether a lock is held is known only
 * here: the program's memory does not change.
 *
 * A condition variable never wakes a thread without a reason, although the
 * system may do that.
 */
#include "locks.h"

#include "decisions.h"
#include "model.h"
#include "scheduler.h"
#include "timeline.h"
#include "verdict.h"

#include <string.h>

enum { MOST_LOCKS = 64, MOST_TRIES = 1000 };

struct lock {
    const void *address;
    const struct thread *holder; /* NULL: nobody */
};

static struct lock locks[MOST_LOCKS];
static unsigned lock_count;

void reset_locks(void)
{
    lock_count = 0;
}

static struct lock *find_lock(const void *address)
{
    for (unsigned i = 0; i < lock_count; i++)
        if (locks[i].address == address)
            return &locks[i];
    if (lock_count == MOST_LOCKS)
        refuse("more than %d locks", MOST_LOCKS);
    locks[lock_count] = (struct lock){.address = address};
    return &locks[lock_count++];
}

/* ---- Locks -------------------------------------------------------------- */

static bool is_free(const struct thread *thread)
{
    return ((const struct lock *)thread->awaited)->holder == NULL;
}

static void acquire(const void *address)
{
    struct lock *lock = find_lock(address);
    wait_until(is_free, lock, INFINITE);
    lock->holder = current;
}

static void release(const void *address)
{
    struct lock *lock = find_lock(address);
    if (lock->holder != current)
        mistake("a lock is released by a thread that does not hold it, at %s",
                place_text(current->place));
    lock->holder = NULL;
}

void WINAPI model_AcquireSRWLockExclusive(SRWLOCK *lock)
{
    enter("AcquireSRWLockExclusive");
    acquire(lock);
    tell("acquires a lock");
}

static unsigned tries_in_vain(const struct lock *lock)
{
    bool in_a_row =
        current->tries.lock == lock && current->tries.age + 1 == current->age;
    return in_a_row ? current->tries.count : 0;
}

/* After a try in vain, no other thread has run when this thread tries again: so
 * a switch point there would only repeat orders. A thread that tries for ever
 * waits. */
BOOLEAN WINAPI model_TryAcquireSRWLockExclusive(SRWLOCK *address)
{
    enter("TryAcquireSRWLockExclusive");
    struct lock *lock = find_lock(address);
    unsigned in_vain = tries_in_vain(lock);
    bool acquired = false;
    if (in_vain == 0)
        acquired = wait_until(is_free, lock, 0);
    else if (in_vain == MOST_TRIES)
        acquired = wait_until(is_free, lock, INFINITE);
    if (acquired) {
        lock->holder = current;
        tell("acquires a lock");
    } else {
        current->tries.lock = lock;
        current->tries.count = in_vain + 1;
        current->tries.age = current->age;
    }
    return acquired;
}

void WINAPI model_ReleaseSRWLockExclusive(SRWLOCK *lock)
{
    enter("ReleaseSRWLockExclusive");
    release(lock);
    tell("releases a lock");
    switch_point();
}

/* ---- Condition variables, addresses ------------------------------------- */

static bool is_woken(const struct thread *thread)
{
    return thread->is_woken;
}

/* Waits until another thread wakes those that wait at the address. */
static bool sleep_at(const volatile void *address, DWORD timeout)
{
    struct thread *self = current;
    self->is_woken = false;
    return wait_until(is_woken, (void *)address, timeout);
}

static bool sleeps_at(const struct thread *thread, const void *address)
{
    return thread->is_ready == is_woken && !thread->is_woken &&
           thread->awaited == address;
}

/* Of several threads, any can be the one that wakes. */
static void wake_one(const void *address)
{
    struct options options = {0};
    switch_point();
    for (unsigned i = 0; i < MOST_THREADS; i++)
        if (sleeps_at(&threads[i], address))
            add_option(&options, THREAD, i, 0);
    if (options.count > 0)
        threads[decide(&options)->number].is_woken = true;
    tell("wakes a thread: %s", options.count > 0 ? "one waits" : "none waits");
    switch_point();
}

static void wake_all(const void *address)
{
    unsigned woken = 0;
    switch_point();
    for (unsigned i = 0; i < MOST_THREADS; i++)
        if (sleeps_at(&threads[i], address)) {
            threads[i].is_woken = true;
            woken++;
        }
    tell("wakes all threads: %u wait", woken);
    switch_point();
}

BOOL WINAPI model_SleepConditionVariableSRW(PCONDITION_VARIABLE condition,
                                            PSRWLOCK lock, DWORD timeout,
                                            ULONG flags)
{
    enter("SleepConditionVariableSRW");
    if (flags != 0)
        refuse("SleepConditionVariableSRW with a shared lock");
    tell("waits for a condition variable");
    release(lock);
    bool woken = sleep_at(condition, timeout);
    acquire(lock);
    if (!woken)
        SetLastError(ERROR_TIMEOUT);
    return woken;
}

void WINAPI model_WakeConditionVariable(PCONDITION_VARIABLE condition)
{
    enter("WakeConditionVariable");
    wake_one(condition);
}

void WINAPI model_WakeAllConditionVariable(PCONDITION_VARIABLE condition)
{
    enter("WakeAllConditionVariable");
    wake_all(condition);
}

/* The comparison and the wait are one step, as in the system. */
BOOL WINAPI model_WaitOnAddress(volatile void *address, void *unwanted,
                                SIZE_T size, DWORD timeout)
{
    enter("WaitOnAddress");
    switch_point();
    if (memcmp((const void *)address, unwanted, size) != 0)
        return TRUE;
    tell("waits for a change at an address");
    if (sleep_at(address, timeout))
        return TRUE;
    SetLastError(ERROR_TIMEOUT);
    return FALSE;
}

void WINAPI model_WakeByAddressSingle(void *address)
{
    enter("WakeByAddressSingle");
    wake_one(address);
}

void WINAPI model_WakeByAddressAll(void *address)
{
    enter("WakeByAddressAll");
    wake_all(address);
}
