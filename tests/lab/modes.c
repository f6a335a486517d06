/*
 * modes CASE: starts an I/O on "file", which has 1000 bytes, and prints what a
 * program sees of it under the modes of lab/modes: what ReadFile reports, what
 * the OVERLAPPED contains then, and how the completion is reported.
 */
#include "../../final/programs/report.h"
#include "cases.h"

#include <io.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const wchar_t program[] = L"modes";

enum { KEY_IO = 1, KEY_LAST, LENGTH = 100, READS = 8 };
enum { PENDING = 0x103 }; /* STATUS_PENDING */

static HANDLE port, file;
static char buffer[READS][LENGTH];

static void open_file(bool bind)
{
    file = CreateFileW(L"file", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ,
                       NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    check(file != INVALID_HANDLE_VALUE, "open", L"file");
    if (!bind)
        return;
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    check(port != NULL, "create", L"port");
    check(CreateIoCompletionPort(file, port, KEY_IO, 0) != NULL, "bind",
          L"file");
}

static void ask_to_skip(void)
{
    check(SetFileCompletionNotificationModes(
              file, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS),
          "set", L"modes");
}

static HANDLE new_event(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, TRUE, NULL); /* set already */
    check(event != NULL, "create", L"event");
    return event;
}

/* ---- What ReadFile reports -------------------------------------------- */

enum answer { REFUSED, ANSWERED_TRUE, IS_PENDING };

static enum answer print_answer(BOOL ok, const OVERLAPPED *overlapped)
{
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    const char *state =
        overlapped->Internal == PENDING ? "pending" : "not pending";
    if (ok)
        say("TRUE, %s, %llu bytes", state, overlapped->InternalHigh);
    else
        say("error %lu, %s", error, state);
    if (ok)
        return ANSWERED_TRUE;
    return error == ERROR_IO_PENDING || error == ERROR_MORE_DATA ? IS_PENDING
                                                                 : REFUSED;
}

static enum answer read_at(DWORD offset, OVERLAPPED *overlapped)
{
    overlapped->Offset = offset;
    return print_answer(ReadFile(file, buffer[0], LENGTH, NULL, overlapped),
                        overlapped);
}

/* The bytes of the test's file show from which offset they were read. */
static void print_bytes(void)
{
    say("bytes: %.16s", buffer[0]);
}

/* ---- Packets ---------------------------------------------------------- */

/* False: this was the last packet, which take_last has posted by hand. */
static bool take(const OVERLAPPED *wanted)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped = NULL;
    BOOL ok =
        GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    check(overlapped != NULL || key == KEY_LAST, "take a packet from", L"port");
    if (key == KEY_LAST)
        return false;
    say("packet: error %lu, %lu bytes%s, status %08lx", error, bytes,
        overlapped == wanted && key == KEY_IO ? "" : " (of another)",
        (DWORD)wanted->Internal);
    return true;
}

static void take_last(const OVERLAPPED *overlapped)
{
    check(PostQueuedCompletionStatus(port, 0, KEY_LAST, NULL), "post to",
          L"port");
    if (!take(overlapped))
        say("no more packets");
}

static void with_port(DWORD offset, bool skips)
{
    OVERLAPPED overlapped = {0};
    open_file(true);
    if (skips)
        ask_to_skip();
    enum answer answer = read_at(offset, &overlapped);
    if (answer == IS_PENDING || (answer == ANSWERED_TRUE && !skips))
        take(&overlapped);
    take_last(&overlapped);
    print_bytes();
}

static void show_read(void)
{
    with_port(64, false);
}

static void show_end(void)
{
    with_port(1000, false);
}

static void show_skip(void)
{
    with_port(64, true);
}

static void show_skip_end(void)
{
    with_port(1000, true);
}

static void show_write(void)
{
    OVERLAPPED overlapped = {0};
    open_file(true);
    enum answer answer = print_answer(
        WriteFile(file, "written", 7, NULL, &overlapped), &overlapped);
    if (answer != REFUSED)
        take(&overlapped);
    take_last(&overlapped);
    overlapped = (OVERLAPPED){0};
    if (read_at(0, &overlapped) != REFUSED)
        take(&overlapped);
    print_bytes();
}

/* One call creates the port and binds the file. */
static void show_bound_by_one_call(void)
{
    OVERLAPPED overlapped = {0};
    open_file(false);
    port = CreateIoCompletionPort(file, NULL, KEY_IO, 0);
    check(port != NULL, "create", L"port");
    if (read_at(64, &overlapped) != REFUSED)
        take(&overlapped);
    take_last(&overlapped);
    print_bytes();
}

/* Starts 8 reads, then takes their packets, and prints which read completed. */
static void show_order(void)
{
    OVERLAPPED overlapped[READS] = {0};
    open_file(true);
    for (unsigned i = 0; i < READS; i++) {
        overlapped[i].Offset = i * LENGTH;
        ReadFile(file, buffer[i], LENGTH, NULL, &overlapped[i]);
    }
    for (unsigned i = 0; i < READS; i++) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *taken = NULL;
        check(GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE),
              "take a packet from", L"port");
        say("read %d: %lu bytes", (int)(taken - overlapped), bytes);
    }
}

static void show_entries(void)
{
    OVERLAPPED overlapped[READS] = {0};
    OVERLAPPED_ENTRY entries[READS];
    ULONG count, all = 0;
    open_file(true);
    for (unsigned i = 0; i < READS; i++)
        ReadFile(file, buffer[i], LENGTH, NULL, &overlapped[i]);
    for (; all < READS; all += count) {
        check(GetQueuedCompletionStatusEx(port, entries, READS, &count,
                                          INFINITE, FALSE),
              "take packets from", L"port");
        for (ULONG i = 0; i < count; i++)
            say("read %d: %lu bytes, status %08lx",
                (int)(entries[i].lpOverlapped - overlapped),
                entries[i].dwNumberOfBytesTransferred,
                (DWORD)entries[i].lpOverlapped->Internal);
    }
}

/* ---- Events, and the handle itself ------------------------------------ */

static void print_result(OVERLAPPED *overlapped, BOOL wait)
{
    DWORD bytes = 0;
    BOOL ok = GetOverlappedResult(file, overlapped, &bytes, wait);
    say("result: error %lu, %lu bytes", ok ? ERROR_SUCCESS : GetLastError(),
        bytes);
}

static void print_object(const char *name, HANDLE object, DWORD timeout)
{
    say("%s: %s", name,
        WaitForSingleObject(object, timeout) == WAIT_OBJECT_0 ? "set"
                                                              : "not set");
}

static void with_event(DWORD offset)
{
    HANDLE event = new_event();
    OVERLAPPED overlapped = {.hEvent = event};
    open_file(false);
    enum answer answer = read_at(offset, &overlapped);
    print_object("event", event, 0);
    if (answer == REFUSED)
        return;
    print_object("event", event, INFINITE);
    print_result(&overlapped, FALSE);
    print_bytes();
}

static void show_event(void)
{
    with_event(64);
}

static void show_event_end(void)
{
    with_event(1000);
}

/* The lowest bit of hEvent is set: no packet comes. */
static void show_silent(void)
{
    HANDLE event = new_event();
    OVERLAPPED overlapped = {.hEvent = (HANDLE)((ULONG_PTR)event | 1)};
    open_file(true);
    if (read_at(64, &overlapped) != REFUSED) {
        print_object("event", event, INFINITE);
        print_result(&overlapped, FALSE);
    }
    take_last(&overlapped);
}

static void show_handle(void)
{
    OVERLAPPED overlapped = {0};
    open_file(false);
    if (read_at(64, &overlapped) == REFUSED)
        return;
    print_object("file", file, INFINITE);
    print_result(&overlapped, FALSE);
    print_bytes();
}

/* Each kind of wait. The read that it waits for has begun just before. */
static HANDLE began_with_event(OVERLAPPED *overlapped)
{
    overlapped->hEvent = new_event();
    read_at(64, overlapped);
    return overlapped->hEvent;
}

static void print_wait(DWORD result)
{
    say("wait: %s", result == WAIT_OBJECT_0 ? "set" : "not set");
}

static DWORD WINAPI await_event(void *event)
{
    return WaitForSingleObject(event, INFINITE);
}

static void wait_for_thread(HANDLE event)
{
    HANDLE thread = CreateThread(NULL, 0, await_event, event, 0, NULL);
    check(thread != NULL, "create", L"thread");
    print_wait(WaitForSingleObjectEx(thread, INFINITE, FALSE));
}

static void show_waits(void)
{
    HANDLE other = CreateEventA(NULL, TRUE, FALSE, NULL), both[2], files[2];
    check(other != NULL, "create", L"event");
    open_file(false);
    print_wait(WaitForSingleObjectEx(began_with_event(&(OVERLAPPED){0}),
                                     INFINITE, TRUE));
    both[0] = began_with_event(&(OVERLAPPED){0});
    both[1] = other;
    print_wait(WaitForMultipleObjects(2, both, FALSE, INFINITE));
    both[0] = began_with_event(&(OVERLAPPED){0});
    print_wait(WaitForMultipleObjectsEx(2, both, FALSE, INFINITE, FALSE));
    print_wait(SignalObjectAndWait(other, began_with_event(&(OVERLAPPED){0}),
                                   INFINITE, FALSE));
    wait_for_thread(began_with_event(&(OVERLAPPED){0}));
    files[0] = other;
    files[1] = file;
    read_at(64, &(OVERLAPPED){0});
    print_wait(WaitForMultipleObjects(2, files, TRUE, 0));
    print_wait(WaitForMultipleObjects(2, files, TRUE, INFINITE));
    read_at(64, &(OVERLAPPED){0});
    print_wait(WaitForMultipleObjectsEx(1, &file, FALSE, INFINITE, TRUE));
}

/* The event is set, so only a mode can make the time be up. */
static void show_expiry(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL);
    check(event != NULL, "create", L"event");
    print_object("look", event, 0);
    print_object("no limit", event, INFINITE);
    print_object("limit 1", event, 9000);
    print_object("limit 2", event, 9000);
}

static void show_result(void)
{
    OVERLAPPED overlapped = {0};
    open_file(false);
    if (read_at(64, &overlapped) == REFUSED)
        return;
    print_result(&overlapped, FALSE);
    print_result(&overlapped, TRUE);
    print_bytes();
}

static void show_result_in_time(void)
{
    OVERLAPPED overlapped = {0};
    DWORD bytes = 0;
    open_file(false);
    read_at(64, &overlapped);
    BOOL ok = GetOverlappedResultEx(file, &overlapped, &bytes, 1, FALSE);
    say("in 1 ms: error %lu", ok ? ERROR_SUCCESS : GetLastError());
    ok = GetOverlappedResultEx(file, &overlapped, &bytes, INFINITE, FALSE);
    say("at last: error %lu, %lu bytes", ok ? ERROR_SUCCESS : GetLastError(),
        bytes);
}

/* The program never waits: it polls the OVERLAPPED. */
static void show_spin(void)
{
    OVERLAPPED overlapped = {0};
    open_file(false);
    read_at(64, &overlapped);
    while (!HasOverlappedIoCompleted((volatile OVERLAPPED *)&overlapped))
        YieldProcessor();
    print_result(&overlapped, FALSE);
}

/* ---- Locks ------------------------------------------------------------ */

static CRITICAL_SECTION section;
static CONDITION_VARIABLE condition;
static HANDLE has_section;

/* Leaves the section when the read has completed. */
static DWORD WINAPI keep_section(void *overlapped)
{
    const volatile OVERLAPPED *read = overlapped;
    EnterCriticalSection(&section);
    SetEvent(has_section);
    while (!HasOverlappedIoCompleted(read))
        YieldProcessor();
    LeaveCriticalSection(&section);
    WakeConditionVariable(&condition);
    return 0;
}

/* Two waits that no function of imports.h makes, or that has no handle. */
static void show_locks(void)
{
    static OVERLAPPED overlapped;
    InitializeCriticalSection(&section);
    has_section = CreateEventW(NULL, TRUE, FALSE, NULL);
    open_file(false);
    EnterCriticalSection(&section);
    read_at(64, &overlapped);
    HANDLE thread = CreateThread(NULL, 0, keep_section, &overlapped, 0, NULL);
    check(thread != NULL && has_section != NULL, "create", L"thread");
    while (!HasOverlappedIoCompleted((volatile OVERLAPPED *)&overlapped))
        SleepConditionVariableCS(&condition, &section, INFINITE);
    LeaveCriticalSection(&section);
    WaitForSingleObject(thread, INFINITE);
    overlapped = (OVERLAPPED){0};
    read_at(64, &overlapped);
    ResetEvent(has_section);
    thread = CreateThread(NULL, 0, keep_section, &overlapped, 0, NULL);
    check(thread != NULL, "create", L"thread");
    while (WaitForSingleObject(has_section, 0) != WAIT_OBJECT_0)
        YieldProcessor();
    EnterCriticalSection(&section);
    print_result(&overlapped, FALSE);
}

/* ---- Completion routines ---------------------------------------------- */

static void CALLBACK on_routine(DWORD error, DWORD bytes,
                                OVERLAPPED *overlapped)
{
    say("routine: error %lu, %lu bytes, hEvent %s", error, bytes,
        overlapped->hEvent == (HANDLE)buffer ? "unchanged" : "changed");
}

static enum answer print_started(BOOL ok, const OVERLAPPED *overlapped)
{
    DWORD error = GetLastError();
    const char *state =
        overlapped->Internal == PENDING ? "pending" : "not pending";
    if (ok)
        say("TRUE, %s", state);
    else
        say("error %lu, %s", error, state);
    return ok ? IS_PENDING : REFUSED;
}

/* The program may use hEvent for itself. */
static void with_routine(DWORD offset, bool cancels)
{
    OVERLAPPED overlapped = {.Offset = offset, .hEvent = (HANDLE)buffer};
    open_file(false);
    BOOL ok = ReadFileEx(file, buffer[0], LENGTH, &overlapped, on_routine);
    if (print_started(ok, &overlapped) == REFUSED)
        return;
    if (cancels)
        check(CancelIoEx(file, &overlapped), "cancel", L"read");
    say("waits: %lu", SleepEx(0, FALSE));
    say("waits alertably: %lu", SleepEx(INFINITE, TRUE));
    print_bytes();
}

static void show_routine(void)
{
    with_routine(64, false);
}

static void show_routine_end(void)
{
    with_routine(1000, false);
}

static void show_routine_cancel(void)
{
    with_routine(64, true);
}

static void show_routine_write(void)
{
    OVERLAPPED overlapped = {.hEvent = (HANDLE)buffer};
    open_file(false);
    BOOL ok = WriteFileEx(file, "written", 7, &overlapped, on_routine);
    print_started(ok, &overlapped);
    HANDLE never = CreateEventW(NULL, TRUE, FALSE, NULL);
    say("waits alertably: %lu", WaitForSingleObjectEx(never, INFINITE, TRUE));
    overlapped = (OVERLAPPED){.hEvent = (HANDLE)buffer};
    ok = ReadFileEx(file, buffer[0], LENGTH, &overlapped, on_routine);
    print_started(ok, &overlapped);
    say("waits alertably: %lu",
        WaitForMultipleObjectsEx(1, &never, FALSE, INFINITE, TRUE));
    print_bytes();
}

/* A file that is bound to a port is refused. */
static void show_routine_bound(void)
{
    OVERLAPPED overlapped = {0};
    open_file(true);
    BOOL ok = ReadFileEx(file, buffer[0], LENGTH, &overlapped, on_routine);
    print_started(ok, &overlapped);
}

/* ---- Handles ---------------------------------------------------------- */

static void show_duplicate(void)
{
    OVERLAPPED overlapped = {0};
    HANDLE own = GetCurrentProcess(), original;
    DWORD bytes = 0;
    open_file(false);
    original = file;
    check(DuplicateHandle(own, original, own, &file, 0, FALSE,
                          DUPLICATE_SAME_ACCESS),
          "duplicate", L"file");
    read_at(64, &overlapped);
    BOOL ok = GetOverlappedResult(original, &overlapped, &bytes, TRUE);
    say("result: error %lu, %lu bytes", ok ? ERROR_SUCCESS : GetLastError(),
        bytes);
    check(CloseHandle(original), "close", L"file");
    overlapped = (OVERLAPPED){0};
    read_at(64, &overlapped);
    print_result(&overlapped, TRUE);
    print_bytes();
}

/* The C library closes the file. Its handle value is then another file's, which
 * is not overlapped. */
static void show_reopened(void)
{
    open_file(false);
    HANDLE closed = file;
    _close(_open_osfhandle((intptr_t)file, 0));
    file = CreateFileA("file", GENERIC_READ, FILE_SHARE_READ, NULL,
                       OPEN_EXISTING, 0, NULL);
    check(file == closed, "get the same handle for", L"file");
    read_at(64, &(OVERLAPPED){0});
    print_bytes();
}

/* More files than any table has place for. */
static void show_many_files(void)
{
    for (unsigned i = 0; i < 1500; i++)
        check(CreateFileA("file", GENERIC_READ,
                          FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                          OPEN_EXISTING, FILE_FLAG_OVERLAPPED,
                          NULL) != INVALID_HANDLE_VALUE,
              "open", L"file");
    show_handle();
}

/* ---- Ends of the process ---------------------------------------------- */

/* The read is in flight for a minute. */
static void show_left(void)
{
    static OVERLAPPED overlapped;
    open_file(false);
    read_at(64, &overlapped);
}

static void show_exit_process(void)
{
    show_handle();
    ExitProcess(0);
}

static void show_terminate(void)
{
    show_handle();
    TerminateProcess(GetCurrentProcess(), 0);
}

static void show_crash(void)
{
    show_handle();
    /* cppcheck-suppress nullPointer */
    *(volatile int *)NULL = 1; /* NOLINT(clang-analyzer-core.NullDereference) */
}

/* ---- Cancelling ------------------------------------------------------- */

static void print_cancel(BOOL ok)
{
    say("cancel: error %lu", ok ? ERROR_SUCCESS : GetLastError());
}

static void show_cancel(void)
{
    OVERLAPPED overlapped = {0};
    open_file(true);
    read_at(64, &overlapped);
    print_cancel(CancelIoEx(file, &overlapped));
    take(&overlapped);
    print_cancel(CancelIoEx(file, &overlapped));
    take_last(&overlapped);
}

static void show_cancel_thread(void)
{
    OVERLAPPED overlapped = {0};
    open_file(true);
    read_at(64, &overlapped);
    print_cancel(CancelIo(file));
    take(&overlapped);
    take_last(&overlapped);
}

static void show_cancel_event(void)
{
    HANDLE event = new_event();
    OVERLAPPED overlapped = {.hEvent = event};
    open_file(false);
    read_at(64, &overlapped);
    print_cancel(CancelIoEx(file, NULL));
    print_object("event", event, INFINITE);
    print_result(&overlapped, FALSE);
}

static void show_close(void)
{
    OVERLAPPED overlapped = {0};
    open_file(true);
    read_at(64, &overlapped);
    check(CloseHandle(file), "close", L"file");
    take(&overlapped);
    take_last(&overlapped);
}

/* ---- The system's pools ----------------------------------------------- */

static HANDLE called;

/* A callback may run before ReadFile or CancelIoEx returns. To print the lines
 * always in the same order, the callback waits until main has set this event.
 */
static HANDLE answered;

static void await_answer(void)
{
    check(WaitForSingleObject(answered, INFINITE) == WAIT_OBJECT_0, "wait for",
          L"answer");
}

static enum answer read_and_cancel(DWORD offset, bool cancels,
                                   OVERLAPPED *overlapped)
{
    enum answer answer = read_at(offset, overlapped);
    if (cancels)
        print_cancel(CancelIoEx(file, overlapped));
    check(SetEvent(answered), "set", L"event");
    return answer;
}

static void CALLBACK on_bound(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    await_answer();
    say("callback: error %lu, %lu bytes, status %08lx", error, bytes,
        (DWORD)overlapped->Internal);
    check(SetEvent(called), "set", L"event");
}

static void with_bind(DWORD offset, bool cancels)
{
    static OVERLAPPED overlapped;
    called = CreateEventW(NULL, TRUE, FALSE, NULL);
    answered = CreateEventW(NULL, TRUE, FALSE, NULL);
    check(called != NULL && answered != NULL, "create", L"event");
    open_file(false);
    check(BindIoCompletionCallback(file, on_bound, 0), "bind", L"file");
    if (read_and_cancel(offset, cancels, &overlapped) != REFUSED)
        print_object("callback", called, INFINITE);
    print_bytes();
}

static void show_bind(void)
{
    with_bind(64, false);
}

static void show_bind_end(void)
{
    with_bind(1000, false);
}

static void show_bind_cancel(void)
{
    with_bind(64, true);
}

static void CALLBACK on_pooled(PTP_CALLBACK_INSTANCE instance, void *context,
                               void *overlapped, ULONG error, ULONG_PTR bytes,
                               PTP_IO io)
{
    const void *own = context;
    (void)instance, (void)io;
    await_answer();
    say("callback: error %lu, %llu bytes, status %08lx%s", error, bytes,
        (DWORD)((OVERLAPPED *)overlapped)->Internal,
        own == buffer ? "" : " (in another context)");
}

static void with_pool(DWORD offset, bool cancels)
{
    static OVERLAPPED overlapped;
    answered = CreateEventW(NULL, TRUE, FALSE, NULL);
    check(answered != NULL, "create", L"event");
    open_file(false);
    PTP_IO io = CreateThreadpoolIo(file, on_pooled, buffer, NULL);
    check(io != NULL, "bind", L"file");
    StartThreadpoolIo(io);
    if (read_and_cancel(offset, cancels, &overlapped) == REFUSED)
        CancelThreadpoolIo(io);
    WaitForThreadpoolIoCallbacks(io, FALSE);
    CloseThreadpoolIo(io);
    print_bytes();
}

static void show_pool(void)
{
    with_pool(64, false);
}

static void show_pool_end(void)
{
    with_pool(1000, false);
}

static void show_pool_cancel(void)
{
    with_pool(64, true);
}

/* ---- Cases ------------------------------------------------------------ */

const struct named_case cases[] = {
    {L"read", show_read},
    {L"end", show_end},
    {L"skip", show_skip},
    {L"skip-end", show_skip_end},
    {L"write", show_write},
    {L"order", show_order},
    {L"entries", show_entries},
    {L"event", show_event},
    {L"event-end", show_event_end},
    {L"silent", show_silent},
    {L"handle", show_handle},
    {L"result", show_result},
    {L"result-in-time", show_result_in_time},
    {L"spin", show_spin},
    {L"cancel", show_cancel},
    {L"cancel-thread", show_cancel_thread},
    {L"cancel-event", show_cancel_event},
    {L"close", show_close},
    {L"bind", show_bind},
    {L"bind-end", show_bind_end},
    {L"bind-cancel", show_bind_cancel},
    {L"pool", show_pool},
    {L"pool-end", show_pool_end},
    {L"pool-cancel", show_pool_cancel},
    {L"one-call", show_bound_by_one_call},
    {L"waits", show_waits},
    {L"locks", show_locks},
    {L"expiry", show_expiry},
    {L"routine", show_routine},
    {L"routine-end", show_routine_end},
    {L"routine-cancel", show_routine_cancel},
    {L"routine-write", show_routine_write},
    {L"routine-bound", show_routine_bound},
    {L"duplicate", show_duplicate},
    {L"reopened", show_reopened},
    {L"many-files", show_many_files},
    {L"left", show_left},
    {L"exit-process", show_exit_process},
    {L"terminate", show_terminate},
    {L"crash", show_crash},
    {NULL, NULL},
};
