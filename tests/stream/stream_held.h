/*
 * Holds back the calls of ReadFile and WriteFile that asynchronous calls on the
 * stream make. The probe releases them one by one, in any order. It puts
 * held_read, held_write and held_cancel into its layer, and sets
 * `asynchronous`. Calls are held back while `holding` is set.
 */
#ifndef STREAM_HELD_H
#define STREAM_HELD_H

#include "stream_probe.h"

/* On an asynchronous stream a held call returns "pending" immediately, and the
 * system gets it when it is released. On a synchronous stream a worker makes
 * the call, and waits until it is released. */
struct held {
    bool writes;
    HANDLE file;
    void *buffer;
    DWORD length;
    OVERLAPPED *overlapped;
    bool done; /* released or cancelled */
};

static SRWLOCK held_lock = SRWLOCK_INIT;
static CONDITION_VARIABLE held_changed = CONDITION_VARIABLE_INIT;
static struct held held[32];
static unsigned held_count; /* released and cancelled calls included */
static bool holding;
static DWORD limit = MAXDWORD; /* bytes in one system call */

static inline void wait_for_change(void)
{
    check(
        next.SleepConditionVariableSRW(&held_changed, &held_lock, INFINITE, 0),
        "wait for", L"call");
}

static inline BOOL call_system(const struct held *call, DWORD *bytes)
{
    if (call->writes)
        return next.WriteFile(call->file, call->buffer, call->length, bytes,
                              call->overlapped);
    return next.ReadFile(call->file, call->buffer, call->length, bytes,
                         call->overlapped);
}

/* A synchronous call has an event if the stream is asynchronous, and is made by
 * no worker if the stream is synchronous. */
static inline bool must_hold(const struct held *call)
{
    if (!holding)
        return false;
    if (call->overlapped == NULL || call->overlapped->hEvent != NULL)
        return !asynchronous && is_worker();
    return asynchronous || is_worker();
}

static inline BOOL hold(struct held call, DWORD *bytes)
{
    if (call.file == GetStdHandle(STD_OUTPUT_HANDLE))
        return call_system(&call, bytes);
    if (call.length > limit)
        call.length = limit;
    next.AcquireSRWLockExclusive(&held_lock);
    bool is_held = must_hold(&call);
    if (is_held) {
        check(held_count < sizeof held / sizeof *held, "hold back", L"call");
        struct held *place = &held[held_count++];
        *place = call;
        WakeAllConditionVariable(&held_changed);
        while (!asynchronous && !place->done)
            wait_for_change();
    }
    next.ReleaseSRWLockExclusive(&held_lock);
    if (is_held && asynchronous)
        return fail_with(ERROR_IO_PENDING);
    return call_system(&call, bytes);
}

static inline BOOL WINAPI held_read(HANDLE file, void *buffer, DWORD length,
                                    DWORD *bytes, OVERLAPPED *overlapped)
{
    return hold((struct held){.file = file,
                              .buffer = buffer,
                              .length = length,
                              .overlapped = overlapped},
                bytes);
}

static inline BOOL WINAPI held_write(HANDLE file, const void *buffer,
                                     DWORD length, DWORD *bytes,
                                     OVERLAPPED *overlapped)
{
    return hold((struct held){.writes = true,
                              .file = file,
                              .buffer = (void *)buffer,
                              .length = length,
                              .overlapped = overlapped},
                bytes);
}

/* Takes one call that the system does not have yet: one with this OVERLAPPED,
 * or, for NULL, any call on this file. Returns its OVERLAPPED, or NULL. */
static inline OVERLAPPED *take_held(HANDLE file, const OVERLAPPED *overlapped)
{
    OVERLAPPED *found = NULL;
    next.AcquireSRWLockExclusive(&held_lock);
    for (unsigned i = 0; i < held_count && asynchronous && !found; i++)
        if (held[i].file == file && !held[i].done &&
            (overlapped == NULL || held[i].overlapped == overlapped)) {
            held[i].done = true;
            found = held[i].overlapped;
        }
    next.ReleaseSRWLockExclusive(&held_lock);
    return found;
}

/* A call that the system does not have yet completes here. */
static inline BOOL WINAPI held_cancel(HANDLE file, OVERLAPPED *overlapped)
{
    BOOL found = FALSE;
    for (OVERLAPPED *at; (at = take_held(file, overlapped)) != NULL;) {
        complete(at, ERROR_OPERATION_ABORTED, 0);
        found = TRUE;
    }
    if (found && overlapped != NULL)
        return TRUE;
    return next.CancelIoEx(file, overlapped) || found;
}

static inline void wait_until_held(unsigned count)
{
    next.AcquireSRWLockExclusive(&held_lock);
    while (held_count < count)
        wait_for_change();
    next.ReleaseSRWLockExclusive(&held_lock);
}

/* Makes the system call for an asynchronous stream. The packet comes in any
 * case, even if the call completes immediately. */
static inline void submit(const struct held *call)
{
    DWORD error = ERROR_SUCCESS, bytes = 0;
    if (call_system(call, NULL))
        bytes = (DWORD)call->overlapped->InternalHigh;
    else
        error = GetLastError();
    if (error != ERROR_IO_PENDING)
        complete(call->overlapped, error, bytes);
}

/* Waits until the call with this index is held, and releases it. The first call
 * that was held has index 0. */
static inline void release(unsigned index)
{
    wait_until_held(index + 1);
    next.AcquireSRWLockExclusive(&held_lock);
    struct held call = held[index];
    held[index].done = true;
    WakeAllConditionVariable(&held_changed);
    next.ReleaseSRWLockExclusive(&held_lock);
    if (asynchronous && !call.done)
        submit(&call);
}

#endif
