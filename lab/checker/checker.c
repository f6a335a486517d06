/*
 * The checker follows every OVERLAPPED, buffer, handle and packet of a program,
 * and reports mistakes with them: README.md lists these. It does nothing unless
 * the environment variable CHECK is set.
 *
 * This file, waits.c and io.c are the layer: they translate the program's calls
 * for the others. Each file includes only those above it in this list:
 *
 *      below        what the checker itself calls, and the lock of all records
 *      system       what the system says about a handle
 *      report       what is printed, and when
 *      threads      the program's threads, and where they wait
 *      handles      what each handle is
 *      requests     what is in flight, and what was
 *      delays       the waiting that the checker adds
 *      packets      how a request completes
 *      routines     how it completes by a completion routine
 *      submissions  how a request begins
 *      lifetimes    whether memory and handles live as long as the I/O
 *      harmless     which functions cannot wake a thread later
 *      wakes        which thread goes on first after SetEvent
 *      hang         whether the program goes on
 *      end          how the process ends by itself
 *
 * A mistake is what the system accepts although it is wrong. It is reported
 * immediately. What the system refuses may be done on purpose: it is a hint,
 * and printed only if the program fails, hangs or makes a mistake.
 */
#include "../interpose/caller.h"
#include "../interpose/import_table.h"
#include "../interpose/unseen.h"
#include "below.h"
#include "delays.h"
#include "end.h"
#include "handles.h"
#include "hang.h"
#include "harmless.h"
#include "layer.h"
#include "lifetimes.h"
#include "packets.h"
#include "submissions.h"
#include "threads.h"
#include "wakes.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- Every call --------------------------------------------------------- */

void enter(const char *function)
{
    struct thread *thread = this_thread();
    thread->no_packet.address = NULL;
    thread->last_at = here();
    thread->last_call = function;
    thread->calls++;
    check_stack(caller_stack());
}

void enter_blocking(const char *function)
{
    enter(function);
    this_thread()->is_inside = true;
}

void leave_blocking(void)
{
    this_thread()->is_inside = false;
}

void waited(void)
{
    end_wait();
    check_stack(caller_stack());
}

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static result checked_##name parameters                                    \
    {                                                                          \
        enter_blocking(#name);                                                 \
        result value = below.name arguments;                                   \
        leave_blocking();                                                      \
        return value;                                                          \
    }
#define IMPORT_VOID(name, parameters, arguments)                               \
    static void checked_##name parameters                                      \
    {                                                                          \
        enter_blocking(#name);                                                 \
        below.name arguments;                                                  \
        leave_blocking();                                                      \
    }
#include "../interpose/imports.h"

/* ---- Posts ----------------------------------------------------------------
 */

static BOOL post_status(HANDLE port, DWORD bytes, ULONG_PTR key,
                        OVERLAPPED *overlapped)
{
    enter("PostQueuedCompletionStatus");
    struct request *request =
        overlapped != NULL ? post_begin(port, overlapped) : NULL;
    BOOL ok = below.PostQueuedCompletionStatus(port, bytes, key, overlapped);
    DWORD error = GetLastError();
    if (request != NULL)
        post_end(request, ok);
    return answer(ok, error);
}

/* This function of ntdll is not in imports.h. */
typedef LONG(NTAPI *set_completion_function)(HANDLE port, ULONG_PTR key,
                                             ULONG_PTR overlapped, LONG status,
                                             SIZE_T bytes);
static set_completion_function next_set_completion;

static LONG NTAPI set_completion(HANDLE port, ULONG_PTR key,
                                 ULONG_PTR overlapped, LONG status,
                                 SIZE_T bytes)
{
    note_caller(__builtin_return_address(0), __builtin_dwarf_cfa());
    enter("NtSetIoCompletion");
    struct request *request =
        overlapped != 0 ? post_begin(port, (OVERLAPPED *)overlapped) : NULL;
    LONG result = next_set_completion(port, key, overlapped, status, bytes);
    DWORD error = GetLastError();
    if (request != NULL)
        post_end(request, result >= 0);
    SetLastError(error);
    return result;
}

static void replace_set_completion(void)
{
    for (unsigned i = 0; i < import_count; i++)
        if (strcmp(imports[i].name, "NtSetIoCompletion") == 0) {
            next_set_completion =
                (set_completion_function)(uintptr_t)*imports[i].slot;
            *imports[i].slot = (void *)(uintptr_t)set_completion;
        }
}

/* ---- Events ---------------------------------------------------------------
 */

static BOOL set_event(HANDLE event)
{
    enter_blocking("SetEvent");
    BOOL ok = set_event_first(event);
    leave_blocking();
    return ok;
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
    enter("BindIoCompletionCallback");
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
    enter("CreateThreadpoolIo");
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

/* ---- Handles ------------------------------------------------------------ */

static HANDLE opened(HANDLE file, DWORD flags,
                     const SECURITY_ATTRIBUTES *security)
{
    DWORD error = GetLastError();
    if (file == INVALID_HANDLE_VALUE)
        open_failed(error);
    else
        handle_made(file, A_FILE, (flags & FILE_FLAG_OVERLAPPED) != 0,
                    security);
    SetLastError(error);
    return file;
}

static HANDLE create_file(const wchar_t *path, DWORD access, DWORD share,
                          LPSECURITY_ATTRIBUTES security, DWORD disposition,
                          DWORD flags, HANDLE like)
{
    enter("CreateFileW");
    return opened(below.CreateFileW(path, access, share, security, disposition,
                                    flags, like),
                  flags, security);
}

static HANDLE create_file_a(const char *path, DWORD access, DWORD share,
                            LPSECURITY_ATTRIBUTES security, DWORD disposition,
                            DWORD flags, HANDLE like)
{
    enter("CreateFileA");
    return opened(below.CreateFileA(path, access, share, security, disposition,
                                    flags, like),
                  flags, security);
}

static HANDLE pipe_made(HANDLE pipe, DWORD flags,
                        const SECURITY_ATTRIBUTES *security)
{
    DWORD error = GetLastError();
    if (pipe != INVALID_HANDLE_VALUE)
        handle_made(pipe, A_PIPE, (flags & FILE_FLAG_OVERLAPPED) != 0,
                    security);
    SetLastError(error);
    return pipe;
}

static HANDLE create_pipe(const wchar_t *name, DWORD flags, DWORD mode,
                          DWORD instances, DWORD out, DWORD in, DWORD timeout,
                          LPSECURITY_ATTRIBUTES security)
{
    enter("CreateNamedPipeW");
    return pipe_made(below.CreateNamedPipeW(name, flags, mode, instances, out,
                                            in, timeout, security),
                     flags, security);
}

static HANDLE create_pipe_a(const char *name, DWORD flags, DWORD mode,
                            DWORD instances, DWORD out, DWORD in, DWORD timeout,
                            LPSECURITY_ATTRIBUTES security)
{
    enter("CreateNamedPipeA");
    return pipe_made(below.CreateNamedPipeA(name, flags, mode, instances, out,
                                            in, timeout, security),
                     flags, security);
}

/* Others may open an event that has a name: the checker does not follow it. */
static HANDLE event_made(HANDLE event, const SECURITY_ATTRIBUTES *security,
                         bool has_name)
{
    DWORD error = GetLastError();
    if (event != NULL && !has_name)
        handle_made(event, AN_EVENT, false, security);
    else if (event != NULL)
        handle_given_away(event); /* what had this value is gone */
    SetLastError(error);
    return event;
}

static HANDLE create_event(LPSECURITY_ATTRIBUTES security, BOOL manual,
                           BOOL set, const wchar_t *name)
{
    enter("CreateEventW");
    return event_made(below.CreateEventW(security, manual, set, name), security,
                      name != NULL);
}

static HANDLE create_event_a(LPSECURITY_ATTRIBUTES security, BOOL manual,
                             BOOL set, const char *name)
{
    enter("CreateEventA");
    return event_made(below.CreateEventA(security, manual, set, name), security,
                      name != NULL);
}

static HANDLE create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                          DWORD threads)
{
    enter("CreateIoCompletionPort");
    HANDLE result = below.CreateIoCompletionPort(file, port, key, threads);
    DWORD error = GetLastError();
    if (result != NULL && port == NULL)
        handle_made(result, A_PORT, false, NULL);
    if (result != NULL && file != INVALID_HANDLE_VALUE)
        handle_bound(file, result, NULL);
    if (result == NULL)
        bind_failed(file, error);
    SetLastError(error);
    return result;
}

static BOOL set_modes(HANDLE file, UCHAR modes)
{
    enter("SetFileCompletionNotificationModes");
    BOOL ok = below.SetFileCompletionNotificationModes(file, modes);
    DWORD error = GetLastError();
    if (ok && (modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        handle_skips(file);
    return answer(ok, error);
}

static BOOL duplicate(HANDLE from, HANDLE handle, HANDLE to, HANDLE *copy,
                      DWORD access, BOOL inherit, DWORD options)
{
    HANDLE made = NULL, self = GetCurrentProcess();
    enter("DuplicateHandle");
    BOOL ok = below.DuplicateHandle(from, handle, to, &made, access, inherit,
                                    options);
    DWORD error = GetLastError();
    if (ok && from == self)
        handle_duplicated(handle, to == self ? made : NULL);
    if (from == self && (options & DUPLICATE_CLOSE_SOURCE))
        handle_given_away(handle);
    if (copy != NULL)
        *copy = made;
    return answer(ok, error);
}

/* The C library's descriptor owns the handle from now on. */
static int open_descriptor(intptr_t handle, int flags)
{
    enter("_open_osfhandle");
    int descriptor = below._open_osfhandle(handle, flags);
    unsigned long error = *__doserrno();
    if (descriptor != -1)
        handle_given_away((HANDLE)handle);
    *__doserrno() = error;
    return descriptor;
}

static BOOL close_handle(HANDLE handle)
{
    enter("CloseHandle");
    judge_closing(handle);
    bool was_open = handle_closing(handle);
    BOOL ok = below.CloseHandle(handle);
    DWORD error = GetLastError();
    if (!ok)
        close_failed(handle, error, was_open);
    return answer(ok, error);
}

/* ---- What may wake a thread at any time --------------------------------- */

static BOOL set_console_handler(PHANDLER_ROUTINE routine, BOOL add)
{
    enter("SetConsoleCtrlHandler");
    if (routine != NULL && add)
        others_may_wake();
    return below.SetConsoleCtrlHandler(routine, add);
}

/* Functions that are found by name are not followed. */
static FARPROC find_function(HMODULE module, const char *name)
{
    enter("GetProcAddress");
    if ((uintptr_t)name <= UINT16_MAX || !is_harmless(name))
        others_may_wake();
    return below.GetProcAddress(module, name);
}

extern __typeof__(signal) *__imp_signal;
static __typeof__(signal) *next_signal;

/* Ctrl-C starts a thread that calls the handler. */
static __p_sig_fn_t handle_signal(int number, __p_sig_fn_t handler)
{
    if (number == SIGINT || number == SIGBREAK)
        others_may_wake();
    return next_signal(number, handler);
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
    InterlockedDecrement(&threads_to_begin);
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
    InterlockedIncrement(&threads_to_begin);
    return copy;
}

static HANDLE started(HANDLE thread, struct start *start,
                      const SECURITY_ATTRIBUTES *security)
{
    DWORD error = GetLastError();
    if (thread != NULL) {
        handle_made(thread, A_THREAD, false, security);
    } else {
        InterlockedDecrement(&threads_to_begin);
        free(start);
    }
    SetLastError(error);
    return thread;
}

static uintptr_t begin_thread(void *security, unsigned stack,
                              unsigned(__stdcall *routine)(void *),
                              void *argument, unsigned flags, unsigned *id)
{
    enter("_beginthreadex");
    struct start *start =
        new_start((struct start){.routine = routine, .argument = argument});
    uintptr_t thread =
        below._beginthreadex(security, stack, run_thread, start, flags, id);
    unsigned long error = *__doserrno();
    started((HANDLE)thread, start, security);
    *__doserrno() = error;
    return thread;
}

static HANDLE create_thread(LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                            LPTHREAD_START_ROUTINE routine, void *argument,
                            DWORD flags, DWORD *id)
{
    enter("CreateThread");
    struct start *start = new_start(
        (struct start){.plain_routine = routine, .argument = argument});
    return started(
        below.CreateThread(security, stack, run_plain_thread, start, flags, id),
        start, security);
}

/* ---- The layer ---------------------------------------------------------- */

static void replace_every_call(void)
{
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __imp_##name = checked_##name;
#define IMPORT_VOID(name, parameters, arguments) __imp_##name = checked_##name;
#include "../interpose/imports.h"
}

static void replace_threads(void)
{
    __imp_CreateThread = create_thread;
    __imp__beginthreadex = begin_thread;
}

static void replace_others(void)
{
    __imp_BindIoCompletionCallback = bind_callback;
    __imp_CloseHandle = close_handle;
    __imp_CreateEventA = create_event_a;
    __imp_CreateEventW = create_event;
    __imp_CreateFileA = create_file_a;
    __imp_CreateFileW = create_file;
    __imp_CreateIoCompletionPort = create_port;
    __imp_CreateNamedPipeA = create_pipe_a;
    __imp_CreateNamedPipeW = create_pipe;
    __imp_CreateThreadpoolIo = create_io;
    __imp_DuplicateHandle = duplicate;
    __imp_GetProcAddress = find_function;
    __imp_PostQueuedCompletionStatus = post_status;
    __imp_SetConsoleCtrlHandler = set_console_handler;
    __imp_SetEvent = set_event;
    __imp_SetFileCompletionNotificationModes = set_modes;
    __imp_TerminateProcess = terminate_checked;
    __imp__open_osfhandle = open_descriptor;
    next_signal = __imp_signal;
    __imp_signal = handle_signal;
}

static void begin_checks(const char *check)
{
    begin_submissions(check[0] == '2' || check[0] == '4',
                      check[0] == '3'   ? POSTS_EARLY
                      : check[0] == '4' ? POSTS_LATE
                                        : POSTS_ALONE);
    begin_delays(strcmp(check, "undelayed") != 0);
    begin_wakes(check[0] == '3');
    begin_lifetimes();
    begin_end();
    replace_every_call();
    begin_following();
    replace_waits();
    replace_io();
    replace_threads();
    replace_others();
    replace_set_completion();
    end_following();
    begin_hang_watch(true);
}

/* Only follows where the threads wait: without a request on record, and without
 * begin_lifetimes, nothing is judged or held. */
static void begin_waits(void)
{
    replace_every_call();
    replace_waits();
    replace_threads();
    begin_hang_watch(false);
}

__attribute__((constructor(400))) static void begin(void)
{
    char check[16];
    DWORD length = GetEnvironmentVariableA("CHECK", check, sizeof check);
    if (length == 0 || length >= sizeof check)
        return;
    begin_below();
    begin_threads();
    begin_thread_record();
    if (strcmp(check, "waits") == 0)
        begin_waits();
    else
        begin_checks(check);
}
