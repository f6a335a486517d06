/*
 * io_results FILE [skip]: reads and writes without the pool. Prints what
 * ReadFile and WriteFile report, and how many packets come. FILE has 1000
 * bytes. skip asks for FILE_SKIP_COMPLETION_PORT_ON_SUCCESS.
 */
#include "../../final/programs/report.h"

#include <process.h>
#include <stdint.h>
#include <stdlib.h>

const wchar_t program[] = L"io_results";

enum { KEY_IO = 1, KEY_STOP, LENGTH = 100 };

static HANDLE port, file;
static char buffer[LENGTH];
static bool skips;
static volatile LONG packets;

static unsigned __stdcall worker(void *unused)
{
    (void)unused;
    actor = "worker";
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped = NULL;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
                                            INFINITE);
        check(ok || overlapped != NULL, "take a packet from", L"port");
        if (key == KEY_STOP)
            return 0;
        InterlockedIncrement(&packets);
    }
}

/* A new OVERLAPPED, which is never freed. */
static OVERLAPPED *at(DWORD offset)
{
    OVERLAPPED *overlapped = calloc(1, sizeof *overlapped);
    if (overlapped == NULL)
        exit(report("allocate", L"OVERLAPPED", ERROR_NOT_ENOUGH_MEMORY));
    overlapped->Offset = offset;
    return overlapped;
}

/* Prints what the call has reported; returns false if it has failed. `silent`:
 * a call that succeeds immediately sends no packet. */
static bool print_result(const char *what, BOOL ok, bool silent,
                         const OVERLAPPED *overlapped)
{
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    bool queued = error == ERROR_IO_PENDING || (ok && !silent);
    if (queued)
        say("%s: queued", what);
    else if (ok)
        say("%s: done, %lu bytes", what, (DWORD)overlapped->InternalHigh);
    else
        say("%s: failed, error %lu", what, error);
    return queued || ok;
}

static void read_at(const char *what, OVERLAPPED *overlapped)
{
    print_result(what, ReadFile(file, buffer, LENGTH, NULL, overlapped), skips,
                 overlapped);
}

static void write_at(const char *what, OVERLAPPED *overlapped)
{
    print_result(what, WriteFile(file, buffer, LENGTH, NULL, overlapped), skips,
                 overlapped);
}

static void read_with_event(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    check(event != NULL, "create", L"event");
    OVERLAPPED *overlapped = at(0);
    overlapped->hEvent = (HANDLE)((ULONG_PTR)event | 1);
    BOOL ok = ReadFile(file, buffer, LENGTH, NULL, overlapped);
    if (print_result("read with an event", ok, true, overlapped))
        check(WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0, "wait for",
              L"event");
    check(CloseHandle(event), "close", L"event");
}

static void count_early_callbacks(void)
{
    LONG early = 0;
    for (LONG i = 1; i <= LENGTH; i++) {
        LONG before = packets;
        ReadFile(file, buffer, 1, NULL, at(0));
        if (packets > before)
            early++;
    }
    say("%ld of %d callbacks ran before ReadFile returned", early, LENGTH);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc < 2)
        return 2;
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    check(port != NULL, "create", L"port");
    file = CreateFileW(argv[1], GENERIC_READ | GENERIC_WRITE, 0, NULL,
                       OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    check(file != INVALID_HANDLE_VALUE, "open", argv[1]);
    check(CreateIoCompletionPort(file, port, KEY_IO, 0) != NULL, "bind",
          argv[1]);
    skips = argc > 2;
    if (skips)
        check(SetFileCompletionNotificationModes(
                  file, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS),
              "set the modes of", argv[1]);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, worker, NULL, 0, NULL);
    check(thread != NULL, "create", L"worker");
    read_at("read", at(0));
    read_at("read across the end", at(950));
    if (skips) /* otherwise a packet comes on some systems only */
        read_at("read at the end", at(1000));
    write_at("write", at(0));
    read_with_event();
    count_early_callbacks();
    check(PostQueuedCompletionStatus(port, 0, KEY_STOP, NULL), "post to",
          L"port");
    check(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0, "wait for",
          L"worker");
    say("%ld packets", packets);
    return EXIT_SUCCESS;
}
