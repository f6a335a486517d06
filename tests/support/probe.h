/*
 * Shared by the probes. A probe is a Windows program that a suite starts. It
 * calls the library, and prints the results.
 *
 * A probe never waits for a fixed time. It waits for an event, or until a
 * counter shows that another thread has reached a certain point.
 */
#ifndef PROBE_H
#define PROBE_H

#include "../../final/programs/report.h"
#include "../../lab/interpose/interpose.h"
#include "../../lab/interpose/writable.h"
#include "handles.h"

#include <stdlib.h>

/* Ends the probe if a call has failed that should always succeed. */
static inline void must(DWORD error, const char *tried)
{
    check_error(error, tried, L"probe");
}

/* ---- Events and threads ------------------------------------------------ */

/* Once it is set, it stays set. */
static inline HANDLE new_event(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    check(event != NULL, "create", L"event");
    return event;
}

static inline void set(HANDLE event)
{
    check(SetEvent(event), "set", L"event");
}

static inline void wait_for(HANDLE object)
{
    check(WaitForSingleObject(object, INFINITE) == WAIT_OBJECT_0, "wait for",
          L"object");
}

static inline void close_object(HANDLE object)
{
    check(CloseHandle(object), "close", L"object");
}

typedef unsigned __stdcall thread_routine(void *);

static inline HANDLE run_thread(thread_routine *routine, void *argument)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, routine, argument, 0, NULL);
    check(thread != NULL, "create", L"thread");
    return thread;
}

static inline void join(HANDLE thread)
{
    wait_for(thread);
    close_object(thread);
}

/* ---- Windows, watched and changed -------------------------------------- */

/*
 * A probe can replace these functions of Windows, for itself and for the
 * library that is linked with it. lab/interpose/interpose.h explains how.
 */
#define REPLACEABLE(EACH)                                                      \
    EACH(AcquireSRWLockExclusive)                                              \
    EACH(CancelIoEx)                                                           \
    EACH(CreateEventW)                                                         \
    EACH(CreateIoCompletionPort)                                               \
    EACH(GetQueuedCompletionStatus)                                            \
    EACH(GetTickCount64)                                                       \
    EACH(PostQueuedCompletionStatus)                                           \
    EACH(ReadFile)                                                             \
    EACH(ReleaseSRWLockExclusive)                                              \
    EACH(SetFileCompletionNotificationModes)                                   \
    EACH(SetFileInformationByHandle)                                           \
    EACH(SleepConditionVariableSRW)                                            \
    EACH(TryAcquireSRWLockExclusive)                                           \
    EACH(WaitForSingleObject)                                                  \
    EACH(WaitOnAddress)                                                        \
    EACH(WriteFile)                                                            \
    EACH(_beginthreadex)

struct layer {
#define FIELD(name) __typeof__(name) *name;
    REPLACEABLE(FIELD)
};

#define IMPORT_POINTER(name) extern __typeof__(name) *__imp_##name;
REPLACEABLE(IMPORT_POINTER)

/* The functions as they were before put_layer. Through these pointers the probe
 * calls a function, and not its replacement. */
static struct layer next;

static inline BOOLEAN WINAPI acquire_instead(SRWLOCK *lock)
{
    AcquireSRWLockExclusive(lock);
    return TRUE;
}

/* Replaces each function that `mine` has. If `mine` has AcquireSRWLockExclusive
 * but no TryAcquireSRWLockExclusive, its function also gets each try to acquire
 * a lock: the try waits, and succeeds. */
static inline void put_layer(struct layer mine)
{
    make_imports_writable();
#define REPLACE(name)                                                          \
    next.name = __imp_##name;                                                  \
    if (mine.name != NULL)                                                     \
        __imp_##name = mine.name;
    REPLACEABLE(REPLACE)
    if (mine.AcquireSRWLockExclusive != NULL &&
        mine.TryAcquireSRWLockExclusive == NULL)
        __imp_TryAcquireSRWLockExclusive = acquire_instead;
}

/* ---- Packets ----------------------------------------------------------- */

LONG NTAPI NtSetIoCompletion(HANDLE, ULONG_PTR, ULONG_PTR, LONG, SIZE_T);

/* Queues a packet as the kernel does after an I/O: with any NTSTATUS, and any
 * number of bytes. */
static inline void queue_packet(HANDLE port, ULONG_PTR key, void *overlapped,
                                DWORD status, DWORD bytes)
{
    LONG failed = NtSetIoCompletion(port, key, (ULONG_PTR)overlapped,
                                    (LONG)status, bytes);
    check(failed == 0, "queue a packet to", L"port");
}

#endif
