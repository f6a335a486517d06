#include "packets.h"

#include "../interpose/settings.h"
#include "held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct imports next;

/* A call with a timeout of 0 only looks. It sees that held I/O has not
 * completed yet; the next such call may see more. */
static void release_before(DWORD timeout)
{
    if (timeout != 0)
        release_held();
}

static void release_after(DWORD timeout)
{
    if (timeout == 0)
        release_held();
}

/* ---- Packets ---------------------------------------------------------- */

static volatile LONG has_started_io;

void note_started_io(void)
{
    has_started_io = TRUE;
}

/* Whether "packet" makes this packet report another answer. Once the program
 * has started an I/O, a packet that was posted by hand is not counted. */
static bool is_altered(OVERLAPPED *overlapped, struct answer *answer)
{
    struct setting *packet = find_setting("packet");
    struct io io;
    bool found = take_completion(overlapped, &io, answer);
    if ((!found && has_started_io) || !is_kth_call(packet))
        return false;
    *answer = (struct answer){.status = status_of(packet->numbers[1]),
                              .bytes = packet->numbers[2]};
    if (found)
        set_status(overlapped, *answer);
    return true;
}

static BOOL get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                       OVERLAPPED **overlapped, DWORD timeout)
{
    release_before(timeout);
    *overlapped = NULL;
    BOOL ok =
        next.GetQueuedCompletionStatus(port, bytes, key, overlapped, timeout);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    release_after(timeout);
    struct answer answer;
    if (*overlapped != NULL && is_altered(*overlapped, &answer)) {
        *bytes = answer.bytes;
        error = error_of(answer.status);
        ok = error == ERROR_SUCCESS;
    }
    return ok ? TRUE : fail_with(error);
}

static BOOL get_statuses(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG count,
                         ULONG *taken, DWORD timeout, BOOL alertable)
{
    release_before(timeout);
    BOOL ok = next.GetQueuedCompletionStatusEx(port, entries, count, taken,
                                               timeout, alertable);
    DWORD error = GetLastError();
    release_after(timeout);
    for (ULONG i = 0; ok && i < *taken; i++) {
        struct answer answer;
        if (entries[i].lpOverlapped != NULL &&
            is_altered(entries[i].lpOverlapped, &answer)) {
            entries[i].Internal = (ULONG)answer.status;
            entries[i].dwNumberOfBytesTransferred = answer.bytes;
        }
    }
    return ok ? TRUE : fail_with(error);
}

/* ---- Callbacks of the system's pools ---------------------------------- */

/* Sets `io` to the I/O of this callback. True if this layer has done the I/O:
 * then the callback reports this answer. */
static bool is_ours(OVERLAPPED *overlapped, struct io *io,
                    struct answer *answer)
{
    if (!take_completion(overlapped, io, answer)) {
        *io = (struct io){0};
        return false;
    }
    if (answer->status == PENDING)
        return false;
    set_status(overlapped, *answer);
    return true;
}

static void CALLBACK on_bound(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct io io;
    struct answer answer;
    if (is_ours(overlapped, &io, &answer)) {
        error = error_of(answer.status);
        bytes = answer.bytes;
    }
    if (io.file.callback == NULL) {
        fputs("modes: a callback came for an I/O that was not started\n",
              stderr);
        exit(EXIT_FAILURE);
    }
    io.file.callback(error, bytes, overlapped);
    release_held();
}

/* Above this function, files.c remembers the program's own callback. */
static BOOL bind_callback(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE callback,
                          ULONG flags)
{
    (void)callback;
    return next.BindIoCompletionCallback(file, on_bound, flags);
}

/* The program's callback, one for each TP_IO. It is never freed: the system may
 * call back until the program exits. */
struct pool_callback {
    PTP_WIN32_IO_CALLBACK function;
    void *context;
};

static void CALLBACK on_pooled(PTP_CALLBACK_INSTANCE instance, void *context,
                               void *overlapped, ULONG error, ULONG_PTR bytes,
                               PTP_IO pool_io)
{
    const struct pool_callback *callback = context;
    struct io io;
    struct answer answer;
    if (is_ours(overlapped, &io, &answer)) {
        error = error_of(answer.status);
        bytes = answer.bytes;
    }
    callback->function(instance, callback->context, overlapped, error, bytes,
                       pool_io);
    release_held();
}

static PTP_IO create_io(HANDLE file, PTP_WIN32_IO_CALLBACK function,
                        void *context, PTP_CALLBACK_ENVIRON environment)
{
    struct pool_callback *callback = malloc(sizeof *callback);
    if (callback == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    *callback = (struct pool_callback){function, context};
    PTP_IO io = next.CreateThreadpoolIo(file, on_pooled, callback, environment);
    if (io == NULL)
        free(callback);
    return io;
}

static void wait_for_callbacks(PTP_IO io, BOOL cancel)
{
    release_held();
    next.WaitForThreadpoolIoCallbacks(io, cancel);
}

/* ---- Results, cancelling, closing ------------------------------------- */

/* Without an event, GetOverlappedResult waits for the file's handle. The system
 * does not know of held I/O, so this function waits for it first. */
static BOOL get_result(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                       BOOL wait)
{
    release_before(wait ? INFINITE : 0);
    if (wait && overlapped->hEvent == NULL)
        wait_for_held(NULL, overlapped, INFINITE);
    BOOL ok = next.GetOverlappedResult(file, overlapped, bytes, wait);
    DWORD error = GetLastError();
    release_after(wait ? INFINITE : 0);
    return ok ? TRUE : fail_with(error);
}

static BOOL get_result_in_time(HANDLE file, OVERLAPPED *overlapped,
                               DWORD *bytes, DWORD timeout, BOOL alertable)
{
    release_before(timeout);
    if (timeout > 0 && overlapped->hEvent == NULL &&
        !wait_for_held(NULL, overlapped, timeout))
        return fail_with(WAIT_TIMEOUT);
    BOOL ok =
        next.GetOverlappedResultEx(file, overlapped, bytes, timeout, alertable);
    DWORD error = GetLastError();
    release_after(timeout);
    return ok ? TRUE : fail_with(error);
}

static BOOL cancel_io_ex(HANDLE file, OVERLAPPED *overlapped)
{
    bool found = cancel_held(file, overlapped, 0);
    return next.CancelIoEx(file, overlapped) || found;
}

static BOOL cancel_io(HANDLE file)
{
    bool found = cancel_held(file, NULL, GetCurrentThreadId());
    return next.CancelIo(file) || found;
}

/* As on the system, I/O that is in flight then is cancelled. */
static BOOL close_handle(HANDLE handle)
{
    if (find_file(handle).handle == NULL)
        return next.CloseHandle(handle);
    cancel_held(handle, NULL, 0);
    wait_for_held(handle, NULL, INFINITE);
    forget_file(handle);
    return next.CloseHandle(handle);
}

/* ---- Waiting ---------------------------------------------------------- */

/* The system does not know that a file has held I/O: for the system, the file's
 * handle is signalled. So an event that is never set takes the handle's place.
 * Returns whether it did so for any. */
static bool hide_files_with_held(HANDLE *handles, DWORD count)
{
    static HANDLE never[MAXIMUM_WAIT_OBJECTS];
    bool any = false;
    for (DWORD i = 0; i < count; i++) {
        if (!has_held(handles[i]))
            continue;
        if (never[i] == NULL)
            never[i] = real.CreateEventW(NULL, TRUE, FALSE, NULL);
        handles[i] = never[i];
        any = true;
    }
    return any;
}

/* Looks every millisecond whether the held I/O of a file has completed. */
static DWORD wait_for_known(DWORD count, const HANDLE *objects, BOOL all,
                            DWORD timeout, BOOL alertable)
{
    ULONGLONG start = GetTickCount64();
    HANDLE handles[MAXIMUM_WAIT_OBJECTS];
    for (;;) {
        memcpy(handles, objects, count * sizeof *handles);
        bool held = hide_files_with_held(handles, count);
        ULONGLONG waited = GetTickCount64() - start;
        DWORD left = timeout == INFINITE ? INFINITE
                     : waited < timeout  ? timeout - (DWORD)waited
                                         : 0;
        DWORD result = next.WaitForMultipleObjectsEx(
            count, handles, all, held ? min(left, 1) : left, alertable);
        if (result != WAIT_TIMEOUT || !held || left == 0)
            return result;
    }
}

/* Whether "expire" makes the time of this wait be up immediately. */
static bool expires(DWORD timeout)
{
    return timeout != 0 && timeout != INFINITE &&
           is_kth_call(find_setting("expire"));
}

static DWORD wait_for_objects_ex(DWORD count, const HANDLE *objects, BOOL all,
                                 DWORD timeout, BOOL alertable)
{
    if (expires(timeout))
        return WAIT_TIMEOUT;
    release_before(timeout);
    DWORD result = count <= MAXIMUM_WAIT_OBJECTS
                       ? wait_for_known(count, objects, all, timeout, alertable)
                       : next.WaitForMultipleObjectsEx(count, objects, all,
                                                       timeout, alertable);
    DWORD error = GetLastError();
    release_after(timeout);
    SetLastError(error);
    return result;
}

static DWORD wait_for_objects(DWORD count, const HANDLE *objects, BOOL all,
                              DWORD timeout)
{
    return wait_for_objects_ex(count, objects, all, timeout, FALSE);
}

static DWORD wait_for_object_ex(HANDLE object, DWORD timeout, BOOL alertable)
{
    return wait_for_objects_ex(1, &object, FALSE, timeout, alertable);
}

/* The object may be a file: then its held I/O has to complete first. */
static DWORD wait_for_object(HANDLE object, DWORD timeout)
{
    release_before(timeout);
    if (timeout != 0 && has_held(object) &&
        !wait_for_held(object, NULL, timeout))
        return WAIT_TIMEOUT;
    return wait_for_objects_ex(1, &object, FALSE, timeout, FALSE);
}

/* A file's handle is not waited for: see README.md. */
static DWORD signal_and_wait(HANDLE signalled, HANDLE object, DWORD timeout,
                             BOOL alertable)
{
    release_held();
    return next.SignalObjectAndWait(signalled, object, timeout, alertable);
}

static DWORD sleep_ex(DWORD timeout, BOOL alertable)
{
    release_held();
    return next.SleepEx(timeout, alertable);
}

static BOOL sleep_condition(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    release_held();
    return next.SleepConditionVariableSRW(condition, lock, timeout, flags);
}

static BOOL sleep_condition_cs(CONDITION_VARIABLE *condition,
                               CRITICAL_SECTION *section, DWORD timeout)
{
    release_held();
    return next.SleepConditionVariableCS(condition, section, timeout);
}

/* This function is not in imports.h: no other layer replaces it. */
extern __typeof__(WaitOnAddress) *__imp_WaitOnAddress;
static __typeof__(WaitOnAddress) *next_wait_on_address;

static BOOL WINAPI wait_on_address(volatile void *address, void *seen,
                                   SIZE_T size, DWORD timeout)
{
    release_held();
    return next_wait_on_address(address, seen, size, timeout);
}

void watch_packets(void)
{
    begin_held();
    next = imports_now();
    next_wait_on_address = __imp_WaitOnAddress;
    __imp_GetQueuedCompletionStatus = get_status;
    __imp_GetQueuedCompletionStatusEx = get_statuses;
    __imp_BindIoCompletionCallback = bind_callback;
    __imp_CreateThreadpoolIo = create_io;
    __imp_WaitForThreadpoolIoCallbacks = wait_for_callbacks;
    __imp_GetOverlappedResult = get_result;
    __imp_GetOverlappedResultEx = get_result_in_time;
    __imp_CancelIoEx = cancel_io_ex;
    __imp_CancelIo = cancel_io;
    __imp_CloseHandle = close_handle;
    __imp_WaitForSingleObject = wait_for_object;
    __imp_WaitForSingleObjectEx = wait_for_object_ex;
    __imp_WaitForMultipleObjects = wait_for_objects;
    __imp_WaitForMultipleObjectsEx = wait_for_objects_ex;
    __imp_SignalObjectAndWait = signal_and_wait;
    __imp_SleepEx = sleep_ex;
    __imp_SleepConditionVariableCS = sleep_condition_cs;
    __imp_SleepConditionVariableSRW = sleep_condition;
    __imp_WaitOnAddress = wait_on_address;
}
