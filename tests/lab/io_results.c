/*
 * io_results FILE [skip]: reads and writes without the pool, and tells what
 * ReadFile and WriteFile answer and how many packets come. FILE has 1000 bytes.
 * skip asks for FILE_SKIP_COMPLETION_PORT_ON_SUCCESS.
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

/* Its own OVERLAPPED each, which stays until the program ends. */
static OVERLAPPED *at(DWORD offset)
{
    OVERLAPPED *overlapped = calloc(1, sizeof *overlapped);
    if (overlapped == NULL)
        exit(report("allocate", L"OVERLAPPED", ERROR_NOT_ENOUGH_MEMORY));
    overlapped->Offset = offset;
    return overlapped;
}

/* What it answered; false if that was a failure. Silent: success at once sends
 * no packet. */
static bool tell(const char *what, BOOL ok, bool silent,
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
    tell(what, ReadFile(file, buffer, LENGTH, NULL, overlapped), skips,
         overlapped);
}

static void write_at(const char *what, OVERLAPPED *overlapped)
{
    tell(what, WriteFile(file, buffer, LENGTH, NULL, overlapped), skips,
         overlapped);
}

static void read_with_event(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    check(event != NULL, "create", L"event");
    OVERLAPPED *overlapped = at(0);
    overlapped->hEvent = (HANDLE)((ULONG_PTR)event | 1);
    BOOL ok = ReadFile(file, buffer, LENGTH, NULL, overlapped);
    if (tell("read with an event", ok, true, overlapped))
        check(WaitForSingleObject(event, INFINITE) == WAIT_OBJECT_0, "wait for",
              L"event");
    check(CloseHandle(event), "close", L"event");
}

/* How many callbacks were over when ReadFile had returned. */
static void count_over(void)
{
    LONG over = 0;
    for (LONG i = 1; i <= LENGTH; i++) {
        LONG before = packets;
        ReadFile(file, buffer, 1, NULL, at(0));
        over += packets > before;
    }
    say("%ld of %d were over at once", over, LENGTH);
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
    if (skips) /* otherwise it depends on the system whether a packet comes */
        read_at("read at the end", at(1000));
    write_at("write", at(0));
    read_with_event();
    count_over();
    check(PostQueuedCompletionStatus(port, 0, KEY_STOP, NULL), "post to",
          L"port");
    check(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0, "wait for",
          L"worker");
    say("%ld packets", packets);
    return EXIT_SUCCESS;
}
