/*
 * The checker follows every OVERLAPPED, buffer, handle and packet of a program,
 * and reports mistakes with them: README.md lists these. It does nothing unless
 * the environment variable CHECK is set.
 *
 * This file is the layer: it translates the program's calls for the others.
 * Each file includes only those above it in this list:
 *
 *      below        what the checker itself calls, and the lock of all records
 *      report       what is printed, and when
 *      threads      the program's threads, and where they wait
 *      handles      what each handle is
 *      requests     what is in flight, and what was
 *      packets      how a request completes
 *      submissions  how a request begins
 *      lifetimes    whether memory and handles live as long as the I/O
 *      end          how the process ends: by itself, or in a hang
 *
 * A mistake is what the system accepts although it is wrong. It is reported
 * immediately. What the system refuses may be done on purpose: it is a hint,
 * and printed only if the program fails, hangs or makes a mistake.
 */
#include "../interpose/caller.h"
#include "../interpose/unseen.h"
#include "below.h"
#include "end.h"
#include "handles.h"
#include "lifetimes.h"
#include "packets.h"
#include "submissions.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- Locks -------------------------------------------------------------- */

/* A wait begins only if another thread has the lock. */
static void WINAPI acquire(SRWLOCK *lock)
{
    const void *address = __builtin_return_address(0);
    if (TryAcquireSRWLockExclusive(lock))
        return;
    begin_wait_at("AcquireSRWLockExclusive", lock, INFINITE, address);
    below_locks.acquire(lock);
    end_wait();
}

static void WINAPI acquire_shared(SRWLOCK *lock)
{
    const void *address = __builtin_return_address(0);
    if (TryAcquireSRWLockShared(lock))
        return;
    begin_wait_at("AcquireSRWLockShared", lock, INFINITE, address);
    below_locks.acquire_shared(lock);
    end_wait();
}

static BOOL WINAPI wait_on_address(volatile void *address, void *compared,
                                   SIZE_T size, DWORD timeout)
{
    check_stack(__builtin_dwarf_cfa());
    begin_wait_at("WaitOnAddress", (const void *)address, timeout,
                  __builtin_return_address(0));
    BOOL ok = below_locks.wait_on_address(address, compared, size, timeout);
    DWORD error = GetLastError();
    end_wait();
    SetLastError(error);
    return ok;
}

/* ---- Every call --------------------------------------------------------- */

/* Before each call of the program. */
static void enter(void)
{
    this_thread()->no_packet.address = NULL;
    check_stack(caller_stack());
}

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static result checked_##name parameters                                    \
    {                                                                          \
        enter();                                                               \
        return below.name arguments;                                           \
    }
#define IMPORT_VOID(name, parameters, arguments)                               \
    static void checked_##name parameters                                      \
    {                                                                          \
        enter();                                                               \
        below.name arguments;                                                  \
    }
#include "../interpose/imports.h"

/* ---- Reads and writes --------------------------------------------------- */

/* Returns to the program, with the error of its call. */
static BOOL answer(BOOL ok, DWORD error)
{
    SetLastError(error);
    return ok;
}

static void hint_no_overlapped(const char *function, HANDLE file, BOOL ok,
                               DWORD error)
{
    lock_records();
    const struct handle *handle = find_handle(file);
    bool is_wrong = handle != NULL && handle->kind == A_FILE &&
                    handle->overlapped && !handle->unseen;
    struct place made = is_wrong ? handle->made : here();
    unlock_records();
    char result[48] = "succeeded";
    if (!ok)
        snprintf(result, sizeof result, "failed with error %lu", error);
    if (is_wrong)
        hint("%s is called without an OVERLAPPED on an overlapped handle\n"
             "the call %s %s\nthe file was opened %s\n"
             "rule: an overlapped handle has no file position: pass the offset "
             "in an OVERLAPPED",
             function, place_text(here()), result, place_text(made));
}

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    enter();
    struct request *request =
        overlapped != NULL
            ? submit_begin(A_READ, file, buffer, length, overlapped)
            : NULL;
    BOOL ok = below.ReadFile(file, buffer, length, bytes, overlapped);
    DWORD error = GetLastError();
    if (request != NULL)
        submit_end(request, ok, ok ? ERROR_SUCCESS : error);
    else
        hint_no_overlapped("ReadFile", file, ok, error);
    return answer(ok, error);
}

static BOOL write_file(HANDLE file, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    enter();
    show(buffer);
    struct request *request =
        overlapped != NULL
            ? submit_begin(A_WRITE, file, buffer, length, overlapped)
            : NULL;
    BOOL ok = below.WriteFile(file, buffer, length, bytes, overlapped);
    DWORD error = GetLastError();
    if (request != NULL)
        submit_end(request, ok, ok ? ERROR_SUCCESS : error);
    else
        hint_no_overlapped("WriteFile", file, ok, error);
    return answer(ok, error);
}

/* Whether GetOverlappedResult has reported how the I/O completed. */
static bool has_result(BOOL ok, DWORD error)
{
    return ok || (error != ERROR_IO_INCOMPLETE && error != WAIT_TIMEOUT &&
                  error != WAIT_IO_COMPLETION && error != ERROR_INVALID_HANDLE);
}

static BOOL get_result(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                       BOOL wait)
{
    enter();
    begin_wait("GetOverlappedResult", overlapped, wait ? INFINITE : 0);
    BOOL ok = below.GetOverlappedResult(file, overlapped, bytes, wait);
    DWORD error = GetLastError();
    end_wait();
    if (has_result(ok, error))
        result_taken(overlapped);
    return answer(ok, error);
}

static BOOL get_result_ex(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                          DWORD timeout, BOOL alertable)
{
    enter();
    begin_wait("GetOverlappedResultEx", overlapped, timeout);
    BOOL ok = below.GetOverlappedResultEx(file, overlapped, bytes, timeout,
                                          alertable);
    DWORD error = GetLastError();
    end_wait();
    if (has_result(ok, error))
        result_taken(overlapped);
    return answer(ok, error);
}

/* ---- Packets ------------------------------------------------------------ */

static BOOL get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                       OVERLAPPED **overlapped, DWORD timeout)
{
    OVERLAPPED *packet = NULL;
    enter();
    packet_over();
    check_port(port);
    begin_wait("GetQueuedCompletionStatus", port, timeout);
    BOOL ok =
        below.GetQueuedCompletionStatus(port, bytes, key, &packet, timeout);
    DWORD error = GetLastError();
    end_wait();
    if (packet != NULL)
        packet_taken(packet, ok ? ERROR_SUCCESS : error, !ok);
    else if (!ok)
        this_thread()->no_packet = here();
    *overlapped = packet;
    return answer(ok, error);
}

static BOOL get_status_ex(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG count,
                          ULONG *taken, DWORD timeout, BOOL alertable)
{
    enter();
    packet_over();
    check_port(port);
    begin_wait("GetQueuedCompletionStatusEx", port, timeout);
    BOOL ok = below.GetQueuedCompletionStatusEx(port, entries, count, taken,
                                                timeout, alertable);
    DWORD error = GetLastError();
    end_wait();
    for (ULONG i = 0; ok && i < *taken; i++)
        if (entries[i].lpOverlapped != NULL)
            packet_taken(entries[i].lpOverlapped, ERROR_SUCCESS, false);
    return answer(ok, error);
}

static BOOL post_status(HANDLE port, DWORD bytes, ULONG_PTR key,
                        OVERLAPPED *overlapped)
{
    enter();
    struct request *request =
        overlapped != NULL ? post_begin(port, overlapped) : NULL;
    BOOL ok = below.PostQueuedCompletionStatus(port, bytes, key, overlapped);
    DWORD error = GetLastError();
    if (request != NULL)
        post_end(request, ok);
    return answer(ok, error);
}

/* ---- The system's pools ------------------------------------------------- */

static void CALLBACK on_bound(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    static LPOVERLAPPED_COMPLETION_ROUTINE last;
    LPOVERLAPPED_COMPLETION_ROUTINE callback = callback_of(overlapped);
    if (callback != NULL)
        last = callback;
    packet_taken(overlapped, error, false);
    if (last != NULL)
        last(error, bytes, overlapped);
    packet_over();
}

static BOOL bind_callback(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE callback,
                          ULONG flags)
{
    enter();
    BOOL ok = below.BindIoCompletionCallback(file, on_bound, flags);
    DWORD error = GetLastError();
    if (ok)
        handle_bound(file, INVALID_HANDLE_VALUE, callback);
    else
        bind_failed(file, error);
    return answer(ok, error);
}

struct pool_io {
    PTP_WIN32_IO_CALLBACK callback;
    void *context;
};

static void CALLBACK on_threadpool(TP_CALLBACK_INSTANCE *instance,
                                   void *context, void *overlapped, ULONG error,
                                   ULONG_PTR bytes, TP_IO *io)
{
    const struct pool_io *pool_io = context;
    packet_taken(overlapped, error, false);
    pool_io->callback(instance, pool_io->context, overlapped, error, bytes, io);
    packet_over();
}

/* pool_io is never freed: a callback may still run. */
static TP_IO *create_io(HANDLE file, PTP_WIN32_IO_CALLBACK callback,
                        void *context, TP_CALLBACK_ENVIRON *environment)
{
    enter();
    struct pool_io *pool_io = malloc(sizeof *pool_io);
    if (pool_io == NULL)
        abort();
    *pool_io = (struct pool_io){callback, context};
    TP_IO *io =
        below.CreateThreadpoolIo(file, on_threadpool, pool_io, environment);
    DWORD error = GetLastError();
    if (io != NULL)
        handle_bound(file, INVALID_HANDLE_VALUE, NULL);
    else
        bind_failed(file, error);
    SetLastError(error);
    return io;
}

static void wait_for_callbacks(TP_IO *io, BOOL cancel)
{
    enter();
    begin_wait("WaitForThreadpoolIoCallbacks", io, INFINITE);
    below.WaitForThreadpoolIoCallbacks(io, cancel);
    end_wait();
}

/* ---- Handles ------------------------------------------------------------ */

static HANDLE opened(HANDLE file, DWORD flags)
{
    DWORD error = GetLastError();
    if (file == INVALID_HANDLE_VALUE)
        open_failed(error);
    else
        handle_made(file, A_FILE, (flags & FILE_FLAG_OVERLAPPED) != 0);
    SetLastError(error);
    return file;
}

static HANDLE create_file(const wchar_t *path, DWORD access, DWORD share,
                          LPSECURITY_ATTRIBUTES security, DWORD disposition,
                          DWORD flags, HANDLE like)
{
    enter();
    return opened(below.CreateFileW(path, access, share, security, disposition,
                                    flags, like),
                  flags);
}

static HANDLE create_file_a(const char *path, DWORD access, DWORD share,
                            LPSECURITY_ATTRIBUTES security, DWORD disposition,
                            DWORD flags, HANDLE like)
{
    enter();
    return opened(below.CreateFileA(path, access, share, security, disposition,
                                    flags, like),
                  flags);
}

static HANDLE create_event(LPSECURITY_ATTRIBUTES security, BOOL manual,
                           BOOL set, const wchar_t *name)
{
    enter();
    HANDLE event = below.CreateEventW(security, manual, set, name);
    DWORD error = GetLastError();
    if (event != NULL && name == NULL)
        handle_made(event, AN_EVENT, false);
    SetLastError(error);
    return event;
}

static HANDLE create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                          DWORD threads)
{
    enter();
    HANDLE result = below.CreateIoCompletionPort(file, port, key, threads);
    DWORD error = GetLastError();
    if (result != NULL && port == NULL)
        handle_made(result, A_PORT, false);
    if (result != NULL && file != INVALID_HANDLE_VALUE)
        handle_bound(file, result, NULL);
    if (result == NULL)
        bind_failed(file, error);
    SetLastError(error);
    return result;
}

static BOOL set_modes(HANDLE file, UCHAR modes)
{
    enter();
    BOOL ok = below.SetFileCompletionNotificationModes(file, modes);
    DWORD error = GetLastError();
    if (ok && (modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        handle_skips(file);
    return answer(ok, error);
}

static BOOL close_handle(HANDLE handle)
{
    enter();
    judge_closing(handle);
    bool was_open = handle_closing(handle);
    BOOL ok = below.CloseHandle(handle);
    DWORD error = GetLastError();
    if (!ok)
        close_failed(handle, error, was_open);
    return answer(ok, error);
}

/* ---- Waits -------------------------------------------------------------- */

static DWORD wait_for_one(HANDLE handle, DWORD timeout)
{
    enter();
    begin_wait_for("WaitForSingleObject", &handle, 1, timeout);
    DWORD result = below.WaitForSingleObject(handle, timeout);
    DWORD error = GetLastError();
    end_wait();
    SetLastError(error);
    return result;
}

static DWORD wait_for_several(DWORD count, const HANDLE *handles, BOOL all,
                              DWORD timeout)
{
    enter();
    begin_wait_for("WaitForMultipleObjects", handles, count, timeout);
    DWORD result = below.WaitForMultipleObjects(count, handles, all, timeout);
    DWORD error = GetLastError();
    end_wait();
    SetLastError(error);
    return result;
}

static BOOL sleep_condition(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    enter();
    begin_wait("SleepConditionVariableSRW", condition, timeout);
    BOOL ok = below.SleepConditionVariableSRW(condition, lock, timeout, flags);
    DWORD error = GetLastError();
    end_wait();
    return answer(ok, error);
}

static BOOL set_console_handler(PHANDLER_ROUTINE routine, BOOL add)
{
    enter();
    if (routine != NULL && add)
        console_is_handled();
    return below.SetConsoleCtrlHandler(routine, add);
}

/* ---- Threads ------------------------------------------------------------ */

struct start {
    unsigned(__stdcall *routine)(void *);
    LPTHREAD_START_ROUTINE plain_routine;
    void *argument;
};

static unsigned __stdcall run_thread(void *argument)
{
    struct start start = *(struct start *)argument;
    struct thread *thread = begin_thread_record();
    free(argument);
    unsigned status = start.routine != NULL
                          ? start.routine(start.argument)
                          : start.plain_routine(start.argument);
    packet_over();
    check_whole_stack(thread);
    end_thread_record(thread);
    return status;
}

static DWORD WINAPI run_plain_thread(void *argument)
{
    return run_thread(argument);
}

static struct start *new_start(struct start start)
{
    struct start *copy = malloc(sizeof *copy);
    if (copy == NULL)
        abort();
    *copy = start;
    return copy;
}

static HANDLE started(HANDLE thread, struct start *start)
{
    DWORD error = GetLastError();
    if (thread != NULL)
        handle_made(thread, A_THREAD, false);
    else
        free(start);
    SetLastError(error);
    return thread;
}

static uintptr_t begin_thread(void *security, unsigned stack,
                              unsigned(__stdcall *routine)(void *),
                              void *argument, unsigned flags, unsigned *id)
{
    enter();
    struct start *start =
        new_start((struct start){.routine = routine, .argument = argument});
    uintptr_t thread =
        below._beginthreadex(security, stack, run_thread, start, flags, id);
    unsigned long error = *__doserrno();
    started((HANDLE)thread, start);
    *__doserrno() = error;
    return thread;
}

static HANDLE create_thread(LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                            LPTHREAD_START_ROUTINE routine, void *argument,
                            DWORD flags, DWORD *id)
{
    enter();
    struct start *start = new_start(
        (struct start){.plain_routine = routine, .argument = argument});
    return started(
        below.CreateThread(security, stack, run_plain_thread, start, flags, id),
        start);
}

/* ---- The layer ---------------------------------------------------------- */

static void replace(void)
{
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __imp_##name = checked_##name;
#define IMPORT_VOID(name, parameters, arguments) __imp_##name = checked_##name;
#include "../interpose/imports.h"
    begin_following();
    __imp_AcquireSRWLockExclusive = acquire;
    __imp_AcquireSRWLockShared = acquire_shared;
    __imp_WaitOnAddress = wait_on_address;
    __imp_BindIoCompletionCallback = bind_callback;
    __imp_CloseHandle = close_handle;
    __imp_CreateEventW = create_event;
    __imp_CreateFileA = create_file_a;
    __imp_CreateFileW = create_file;
    __imp_CreateIoCompletionPort = create_port;
    __imp_CreateThread = create_thread;
    __imp_CreateThreadpoolIo = create_io;
    __imp_GetOverlappedResult = get_result;
    __imp_GetOverlappedResultEx = get_result_ex;
    __imp_GetQueuedCompletionStatus = get_status;
    __imp_GetQueuedCompletionStatusEx = get_status_ex;
    __imp_PostQueuedCompletionStatus = post_status;
    __imp_ReadFile = read_file;
    __imp_SetConsoleCtrlHandler = set_console_handler;
    __imp_SetFileCompletionNotificationModes = set_modes;
    __imp_SleepConditionVariableSRW = sleep_condition;
    __imp_TerminateProcess = terminate_checked;
    __imp_WaitForMultipleObjects = wait_for_several;
    __imp_WaitForSingleObject = wait_for_one;
    __imp_WaitForThreadpoolIoCallbacks = wait_for_callbacks;
    __imp_WriteFile = write_file;
    __imp__beginthreadex = begin_thread;
    end_following();
}

__attribute__((constructor(400))) static void begin(void)
{
    char check[2];
    if (GetEnvironmentVariableA("CHECK", check, sizeof check) == 0)
        return;
    begin_below();
    begin_thread_record();
    begin_lifetimes();
    begin_end();
    replace();
}
