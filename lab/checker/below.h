/*
 * The layer below the checker: what the checker itself calls. The checker does
 * not follow these calls.
 */
#ifndef BELOW_H
#define BELOW_H

#include "../interpose/interpose.h"

extern struct imports below;

/* These are not in imports.h: only the checker replaces them. */
struct lock_imports {
    __typeof__(AcquireSRWLockExclusive) *acquire;
    __typeof__(AcquireSRWLockShared) *acquire_shared;
    __typeof__(ReleaseSRWLockExclusive) *release;
    __typeof__(WaitOnAddress) *wait_on_address;
    __typeof__(EnterCriticalSection) *enter_section;
};
extern struct lock_imports below_locks;

extern __typeof__(AcquireSRWLockExclusive) *__imp_AcquireSRWLockExclusive;
extern __typeof__(AcquireSRWLockShared) *__imp_AcquireSRWLockShared;
extern __typeof__(ReleaseSRWLockExclusive) *__imp_ReleaseSRWLockExclusive;
extern __typeof__(WaitOnAddress) *__imp_WaitOnAddress;
extern __typeof__(EnterCriticalSection) *__imp_EnterCriticalSection;

/* Fills both. Called before the checker replaces anything. */
void begin_below(void);

/* The one lock of all records: of threads, handles and requests. No thread
 * holds it while the program's code runs, or while it waits. */
void lock_records(void);
void unlock_records(void);

#endif
