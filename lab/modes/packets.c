#include "modes.h"

#include <stdio.h>
#include <stdlib.h>

static struct imports next;

/* Who only looks sees that nothing has ended yet; who looks again sees more. */
static void let_go_before(DWORD timeout)
{
    if (timeout != 0)
        let_go();
}

static void let_go_after(DWORD timeout)
{
    if (timeout == 0)
        let_go();
}

/* ---- Packets ---------------------------------------------------------- */

/* "packet": true if it is to tell this instead. Once anything was read or
 * written, a packet that was posted by hand is none. */
static bool is_altered(OVERLAPPED *overlapped, struct answer *answer)
{
    struct word *packet = asked("packet");
    struct io io;
    bool found = take(overlapped, &io, answer);
    if ((!found && has_started()) || !is_due(packet))
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
    let_go();
    *overlapped = NULL;
    BOOL ok =
        next.GetQueuedCompletionStatus(port, bytes, key, overlapped, timeout);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    struct answer answer;
    if (*overlapped != NULL && is_altered(*overlapped, &answer)) {
        *bytes = answer.bytes;
        error = error_of(answer.status);
        ok = error == ERROR_SUCCESS;
    }
    return ok ? TRUE : fail(error);
}

static BOOL get_statuses(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG count,
                         ULONG *taken, DWORD timeout, BOOL alertable)
{
    let_go_before(timeout);
    BOOL ok = next.GetQueuedCompletionStatusEx(port, entries, count, taken,
                                               timeout, alertable);
    DWORD error = GetLastError();
    let_go_after(timeout);
    for (ULONG i = 0; ok && i < *taken; i++) {
        struct answer answer;
        if (entries[i].lpOverlapped != NULL &&
            is_altered(entries[i].lpOverlapped, &answer)) {
            entries[i].Internal = (ULONG)answer.status;
            entries[i].dwNumberOfBytesTransferred = answer.bytes;
        }
    }
    return ok ? TRUE : fail(error);
}

/* ---- Callbacks of the system's pools ---------------------------------- */

/* Whose I/O this was. True if this layer has done it: so it tells the answer.
 */
static bool is_ours(OVERLAPPED *overlapped, struct io *io,
                    struct answer *answer)
{
    if (!take(overlapped, io, answer)) {
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
        fputs("modes: a callback for an I/O that nobody has started\n", stderr);
        exit(EXIT_FAILURE);
    }
    io.file.callback(error, bytes, overlapped);
    let_go();
}

/* Above it, files.c remembers the program's own callback. */
static BOOL bind_callback(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE callback,
                          ULONG flags)
{
    (void)callback;
    return next.BindIoCompletionCallback(file, on_bound, flags);
}

/* The program's, for each of its TP_IOs; they stay as long as it runs. */
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
    let_go();
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
    let_go();
    next.WaitForThreadpoolIoCallbacks(io, cancel);
}

/* ---- Results, cancelling ---------------------------------------------- */

/* Without an event the file's handle is waited on, and to the system that has
 * nothing to do. */
static BOOL get_result(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                       BOOL wait)
{
    let_go_before(wait ? INFINITE : 0);
    if (wait && overlapped->hEvent == NULL)
        wait_for_held(file, overlapped, INFINITE);
    BOOL ok = next.GetOverlappedResult(file, overlapped, bytes, wait);
    DWORD error = GetLastError();
    let_go_after(wait ? INFINITE : 0);
    return ok ? TRUE : fail(error);
}

static BOOL get_result_in_time(HANDLE file, OVERLAPPED *overlapped,
                               DWORD *bytes, DWORD timeout, BOOL alertable)
{
    let_go_before(timeout);
    if (timeout > 0 && overlapped->hEvent == NULL &&
        !wait_for_held(file, overlapped, timeout))
        return fail(WAIT_TIMEOUT);
    BOOL ok =
        next.GetOverlappedResultEx(file, overlapped, bytes, timeout, alertable);
    DWORD error = GetLastError();
    let_go_after(timeout);
    return ok ? TRUE : fail(error);
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

/* ---- Waiting ---------------------------------------------------------- */

/* It may be a file. */
static DWORD wait_for_object(HANDLE object, DWORD timeout)
{
    let_go_before(timeout);
    bool over = find_file(object).handle == NULL ||
                wait_for_held(object, NULL, timeout);
    DWORD result =
        over ? next.WaitForSingleObject(object, timeout) : WAIT_TIMEOUT;
    DWORD error = GetLastError();
    let_go_after(timeout);
    SetLastError(error);
    return result;
}

static DWORD wait_for_objects(DWORD count, const HANDLE *objects, BOOL all,
                              DWORD timeout)
{
    let_go_before(timeout);
    DWORD result = next.WaitForMultipleObjects(count, objects, all, timeout);
    DWORD error = GetLastError();
    let_go_after(timeout);
    SetLastError(error);
    return result;
}

static BOOL sleep_condition(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    let_go();
    return next.SleepConditionVariableSRW(condition, lock, timeout, flags);
}

/* This one is not in imports.h: no other layer replaces it. */
extern __typeof__(WaitOnAddress) *__imp_WaitOnAddress;
static __typeof__(WaitOnAddress) *next_wait_on_address;

static BOOL WINAPI wait_on_address(volatile void *address, void *seen,
                                   SIZE_T size, DWORD timeout)
{
    let_go();
    return next_wait_on_address(address, seen, size, timeout);
}

void watch_packets(void)
{
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
    __imp_WaitForSingleObject = wait_for_object;
    __imp_WaitForMultipleObjects = wait_for_objects;
    __imp_SleepConditionVariableSRW = sleep_condition;
    __imp_WaitOnAddress = wait_on_address;
}
