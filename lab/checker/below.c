#include "below.h"

struct imports below;
struct lock_imports below_locks;

static SRWLOCK records = SRWLOCK_INIT;

void begin_below(void)
{
    below = imports_now();
    below_locks = (struct lock_imports){
        .acquire = __imp_AcquireSRWLockExclusive,
        .acquire_shared = __imp_AcquireSRWLockShared,
        .release = __imp_ReleaseSRWLockExclusive,
        .wait_on_address = __imp_WaitOnAddress,
        .enter_section = __imp_EnterCriticalSection,
    };
}

void lock_records(void)
{
    below_locks.acquire(&records);
}

void unlock_records(void)
{
    below_locks.release(&records);
}
