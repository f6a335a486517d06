/*
 * modes CASE: starts an I/O on "file", which has 1000 bytes, and prints what a
 * program sees of it under the modes of lab/modes: what ReadFile reports, what
 * the OVERLAPPED contains then, and how the completion is reported.
 */
#include "../../final/programs/report.h"

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
    return ok                          ? ANSWERED_TRUE
           : error == ERROR_IO_PENDING ? IS_PENDING
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
    if (read_at(offset, &overlapped) == REFUSED)
        return;
    print_object("event", event, 0);
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

static const struct {
    const wchar_t *name;
    void (*show)(void);
} cases[] = {
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
};

int wmain(int argc, wchar_t **argv)
{
    for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof *cases; i++)
        if (wcscmp(argv[1], cases[i].name) == 0) {
            cases[i].show();
            return EXIT_SUCCESS;
        }
    fprintf(stderr, "there is no such case\n");
    return 2;
}
