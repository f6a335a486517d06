/*
 * What the probes of file_stream share. Nothing here waits some time: what must
 * have happened before is waited for with an event.
 */
#ifndef STREAM_PROBE_H
#define STREAM_PROBE_H

#include "../../final/file_stream.h"
#include "../../final/programs/report.h"
#include "../../lab/interpose/writable.h"
#include "../support/handles.h"

#include <process.h>
#include <stdlib.h>

/* What only fails if something is badly wrong. */
static inline void must(DWORD error, const char *tried)
{
    check_error(error, tried, L"probe");
}

/* ---- Events and threads ------------------------------------------------ */

/* Set stays set. */
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

typedef unsigned __stdcall thread_routine(void *);

static inline HANDLE run_thread(thread_routine *routine, void *argument)
{
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, routine, argument, 0, NULL);
    check(thread != NULL, "create", L"thread");
    return thread;
}

static inline void close_object(HANDLE object)
{
    check(CloseHandle(object), "close", L"object");
}

static inline void join(HANDLE thread)
{
    wait_for(thread);
    close_object(thread);
}

/* ---- Windows, watched and changed -------------------------------------- */

/*
 * The compiler calls a function of a DLL through a pointer, __imp_NAME. So do
 * we and the library that is linked with us. `put_layer` lets some of these
 * pointers point to functions of the probe; `next` has where they pointed
 * before.
 */
struct layer {
    __typeof__(ReadFile) *read;
    __typeof__(WriteFile) *write;
    __typeof__(CancelIoEx) *cancel;
    __typeof__(GetQueuedCompletionStatus) *get_status;
    __typeof__(SleepConditionVariableSRW) *sleep;
    __typeof__(AcquireSRWLockExclusive) *acquire;
    __typeof__(ReleaseSRWLockExclusive) *release;
    __typeof__(SetFileInformationByHandle) *set_information;
    __typeof__(GetTickCount64) *tick_count;
    __typeof__(WaitOnAddress) *wait_on_address;
};

extern __typeof__(ReadFile) *__imp_ReadFile;
extern __typeof__(WriteFile) *__imp_WriteFile;
extern __typeof__(CancelIoEx) *__imp_CancelIoEx;
extern __typeof__(GetQueuedCompletionStatus) *__imp_GetQueuedCompletionStatus;
extern __typeof__(SleepConditionVariableSRW) *__imp_SleepConditionVariableSRW;
extern __typeof__(AcquireSRWLockExclusive) *__imp_AcquireSRWLockExclusive;
extern __typeof__(ReleaseSRWLockExclusive) *__imp_ReleaseSRWLockExclusive;
extern __typeof__(SetFileInformationByHandle) *__imp_SetFileInformationByHandle;
extern __typeof__(GetTickCount64) *__imp_GetTickCount64;
extern __typeof__(WaitOnAddress) *__imp_WaitOnAddress;

static struct layer next;

static inline void put_layer(struct layer mine)
{
    next = (struct layer){.read = __imp_ReadFile,
                          .write = __imp_WriteFile,
                          .cancel = __imp_CancelIoEx,
                          .get_status = __imp_GetQueuedCompletionStatus,
                          .sleep = __imp_SleepConditionVariableSRW,
                          .acquire = __imp_AcquireSRWLockExclusive,
                          .release = __imp_ReleaseSRWLockExclusive,
                          .set_information = __imp_SetFileInformationByHandle,
                          .tick_count = __imp_GetTickCount64,
                          .wait_on_address = __imp_WaitOnAddress};
    make_imports_writable();
    __imp_ReadFile = mine.read ? mine.read : next.read;
    __imp_WriteFile = mine.write ? mine.write : next.write;
    __imp_CancelIoEx = mine.cancel ? mine.cancel : next.cancel;
    __imp_GetQueuedCompletionStatus =
        mine.get_status ? mine.get_status : next.get_status;
    __imp_SleepConditionVariableSRW = mine.sleep ? mine.sleep : next.sleep;
    __imp_AcquireSRWLockExclusive = mine.acquire ? mine.acquire : next.acquire;
    __imp_ReleaseSRWLockExclusive = mine.release ? mine.release : next.release;
    __imp_SetFileInformationByHandle =
        mine.set_information ? mine.set_information : next.set_information;
    __imp_GetTickCount64 = mine.tick_count ? mine.tick_count : next.tick_count;
    __imp_WaitOnAddress =
        mine.wait_on_address ? mine.wait_on_address : next.wait_on_address;
}

/* ---- Packets of our own ------------------------------------------------ */

__declspec(dllimport) LONG NTAPI
    NtSetIoCompletion(HANDLE port, ULONG_PTR key, void *overlapped, LONG status,
                      ULONG_PTR bytes);

/* As if the kernel had finished the I/O; 1 is the pool's key. */
static inline void post_packet(HANDLE port, OVERLAPPED *overlapped, DWORD error,
                               DWORD bytes)
{
    LONG status = error == ERROR_SUCCESS             ? 0
                  : error == ERROR_HANDLE_EOF        ? (LONG)0xC0000011
                  : error == ERROR_OPERATION_ABORTED ? (LONG)0xC0000120
                                                     : (LONG)0xC0000001;
    check(NtSetIoCompletion(port, 1, overlapped, status, bytes) == 0, "post to",
          L"port");
}

static inline BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

#endif
