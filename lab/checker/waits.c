/* The layer's waits: for locks, handles, and completion routines. */
#include "../interpose/caller.h"
#include "below.h"
#include "handles.h"
#include "layer.h"
#include "lifetimes.h"
#include "packets.h"
#include "threads.h"

/* ---- Locks --------------------------------------------------------------
 *
 * The compiler's library takes such locks for its thread-local variables. So
 * the functions that replace a lock must use no such variable: caller(), which
 * the other functions call, does. */

/* A wait begins only if another thread has the lock. The lab's own waits are
 * none of the program's: its I/O modes have a lock, which the watch of hangs
 * takes, too, with the records locked. */
static void WINAPI acquire(SRWLOCK *lock)
{
    const void *address = __builtin_return_address(0);
    if (TryAcquireSRWLockExclusive(lock))
        return;
    bool watched = !is_of_lab_or_library(address);
    if (watched)
        begin_lock_wait("AcquireSRWLockExclusive", lock, INFINITE, address);
    below_locks.acquire(lock);
    if (watched)
        end_wait();
}

static void WINAPI acquire_shared(SRWLOCK *lock)
{
    const void *address = __builtin_return_address(0);
    if (TryAcquireSRWLockShared(lock))
        return;
    bool watched = !is_of_lab_or_library(address);
    if (watched)
        begin_lock_wait("AcquireSRWLockShared", lock, INFINITE, address);
    below_locks.acquire_shared(lock);
    if (watched)
        end_wait();
}

static void WINAPI enter_section(CRITICAL_SECTION *section)
{
    const void *address = __builtin_return_address(0);
    if (TryEnterCriticalSection(section))
        return;
    bool watched = !is_of_lab_or_library(address);
    if (watched)
        begin_lock_wait("EnterCriticalSection", section, INFINITE, address);
    below_locks.enter_section(section);
    if (watched)
        end_wait();
}

static BOOL WINAPI wait_on_address(volatile void *address, void *compared,
                                   SIZE_T size, DWORD timeout)
{
    check_stack(__builtin_dwarf_cfa());
    begin_lock_wait("WaitOnAddress", (const void *)address, timeout,
                    __builtin_return_address(0));
    BOOL ok = below_locks.wait_on_address(address, compared, size, timeout);
    DWORD error = GetLastError();
    end_wait();
    return answer(ok, error);
}

static BOOL sleep_condition(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    enter("SleepConditionVariableSRW");
    begin_wait("SleepConditionVariableSRW", condition, timeout);
    BOOL ok = below.SleepConditionVariableSRW(condition, lock, timeout, flags);
    DWORD error = GetLastError();
    waited();
    return answer(ok, error);
}

static BOOL sleep_condition_cs(CONDITION_VARIABLE *condition,
                               CRITICAL_SECTION *section, DWORD timeout)
{
    enter("SleepConditionVariableCS");
    begin_wait("SleepConditionVariableCS", condition, timeout);
    BOOL ok = below.SleepConditionVariableCS(condition, section, timeout);
    DWORD error = GetLastError();
    waited();
    return answer(ok, error);
}

/* ---- Handles ------------------------------------------------------------ */

static DWORD after_wait(DWORD result)
{
    DWORD error = GetLastError();
    waited();
    SetLastError(error);
    return result;
}

static DWORD wait_for_one(HANDLE handle, DWORD timeout)
{
    enter("WaitForSingleObject");
    begin_wait_for("WaitForSingleObject", &handle, 1, false, timeout);
    return after_wait(below.WaitForSingleObject(handle, timeout));
}

static DWORD wait_for_one_ex(HANDLE handle, DWORD timeout, BOOL alertable)
{
    enter("WaitForSingleObjectEx");
    begin_wait_for("WaitForSingleObjectEx", &handle, 1, false, timeout);
    return after_wait(below.WaitForSingleObjectEx(handle, timeout, alertable));
}

static DWORD wait_for_several(DWORD count, const HANDLE *handles, BOOL all,
                              DWORD timeout)
{
    enter("WaitForMultipleObjects");
    begin_wait_for("WaitForMultipleObjects", handles, count, all, timeout);
    return after_wait(
        below.WaitForMultipleObjects(count, handles, all, timeout));
}

static DWORD wait_for_several_ex(DWORD count, const HANDLE *handles, BOOL all,
                                 DWORD timeout, BOOL alertable)
{
    enter("WaitForMultipleObjectsEx");
    begin_wait_for("WaitForMultipleObjectsEx", handles, count, all, timeout);
    return after_wait(below.WaitForMultipleObjectsEx(count, handles, all,
                                                     timeout, alertable));
}

static DWORD signal_and_wait(HANDLE signalled, HANDLE handle, DWORD timeout,
                             BOOL alertable)
{
    enter("SignalObjectAndWait");
    begin_wait_for("SignalObjectAndWait", &handle, 1, false, timeout);
    return after_wait(
        below.SignalObjectAndWait(signalled, handle, timeout, alertable));
}

/* Only a completion routine can end this wait. */
static DWORD sleep_ex(DWORD timeout, BOOL alertable)
{
    enter("SleepEx");
    begin_wait("SleepEx", this_thread(), timeout);
    return after_wait(below.SleepEx(timeout, alertable));
}

/* ---- Results ------------------------------------------------------------ */

/* Whether GetOverlappedResult has reported how the I/O completed. */
static bool has_result(BOOL ok, DWORD error)
{
    return ok || (error != ERROR_IO_INCOMPLETE && error != WAIT_TIMEOUT &&
                  error != WAIT_IO_COMPLETION && error != ERROR_INVALID_HANDLE);
}

static BOOL take_result(OVERLAPPED *overlapped, BOOL ok)
{
    DWORD error = GetLastError();
    waited();
    if (has_result(ok, error))
        result_taken(overlapped);
    return answer(ok, error);
}

static BOOL get_result(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                       BOOL wait)
{
    enter("GetOverlappedResult");
    begin_wait("GetOverlappedResult", overlapped, wait ? INFINITE : 0);
    return take_result(
        overlapped, below.GetOverlappedResult(file, overlapped, bytes, wait));
}

static BOOL get_result_ex(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                          DWORD timeout, BOOL alertable)
{
    enter("GetOverlappedResultEx");
    begin_wait("GetOverlappedResultEx", overlapped, timeout);
    return take_result(overlapped,
                       below.GetOverlappedResultEx(file, overlapped, bytes,
                                                   timeout, alertable));
}

/* ---- Packets ------------------------------------------------------------ */

static BOOL get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                       OVERLAPPED **overlapped, DWORD timeout)
{
    OVERLAPPED *packet = NULL;
    enter("GetQueuedCompletionStatus");
    packet_over();
    check_port(port);
    begin_wait_for("GetQueuedCompletionStatus", &port, 1, false, timeout);
    BOOL ok =
        below.GetQueuedCompletionStatus(port, bytes, key, &packet, timeout);
    DWORD error = GetLastError();
    waited();
    if (packet != NULL)
        packet_taken(packet, ok ? ERROR_SUCCESS : error, !ok);
    else if (ok)
        InterlockedIncrement64(&seen_packets);
    else
        this_thread()->no_packet = here();
    *overlapped = packet;
    return answer(ok, ok ? NO_MEANING : error);
}

static void packets_taken(const OVERLAPPED_ENTRY *entries, ULONG count)
{
    for (ULONG i = 0; i < count; i++)
        if (entries[i].lpOverlapped != NULL)
            packet_taken(entries[i].lpOverlapped, ERROR_SUCCESS, false);
        else
            InterlockedIncrement64(&seen_packets);
}

static BOOL get_status_ex(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG count,
                          ULONG *taken, DWORD timeout, BOOL alertable)
{
    enter("GetQueuedCompletionStatusEx");
    packet_over();
    check_port(port);
    begin_wait_for("GetQueuedCompletionStatusEx", &port, 1, false, timeout);
    BOOL ok = below.GetQueuedCompletionStatusEx(port, entries, count, taken,
                                                timeout, alertable);
    DWORD error = GetLastError();
    waited();
    packets_taken(entries, ok ? *taken : 0);
    return answer(ok, ok ? NO_MEANING : error);
}

static void wait_for_callbacks(TP_IO *io, BOOL cancel)
{
    enter("WaitForThreadpoolIoCallbacks");
    begin_wait("WaitForThreadpoolIoCallbacks", io, INFINITE);
    below.WaitForThreadpoolIoCallbacks(io, cancel);
    waited();
}

void replace_waits(void)
{
    __imp_AcquireSRWLockExclusive = acquire;
    __imp_AcquireSRWLockShared = acquire_shared;
    __imp_EnterCriticalSection = enter_section;
    __imp_GetOverlappedResult = get_result;
    __imp_GetOverlappedResultEx = get_result_ex;
    __imp_GetQueuedCompletionStatus = get_status;
    __imp_GetQueuedCompletionStatusEx = get_status_ex;
    __imp_SignalObjectAndWait = signal_and_wait;
    __imp_SleepConditionVariableCS = sleep_condition_cs;
    __imp_SleepConditionVariableSRW = sleep_condition;
    __imp_SleepEx = sleep_ex;
    __imp_WaitForMultipleObjects = wait_for_several;
    __imp_WaitForMultipleObjectsEx = wait_for_several_ex;
    __imp_WaitForSingleObject = wait_for_one;
    __imp_WaitForSingleObjectEx = wait_for_one_ex;
    __imp_WaitForThreadpoolIoCallbacks = wait_for_callbacks;
    __imp_WaitOnAddress = wait_on_address;
}
