/*
 * sweep_errors KIND: copies the beginning of "source" to "target". If it cannot
 * read, it makes the mistake KIND, to show that lab/sweep finds this mistake.
 * With "none" it makes no mistake.
 */
#include "../../final/programs/report.h"

#include <process.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

const wchar_t program[] = L"sweep_errors";

static const wchar_t *kind;

static bool is(const wchar_t *name)
{
    return wcscmp(kind, name) == 0;
}

static unsigned __stdcall stay(void *begun)
{
    SetEvent(begun);
    Sleep(INFINITE);
    return 0;
}

/* Waits until the thread runs: Wine may print a line of its own on stderr if a
 * process exits while a thread of it is starting. */
static void leave_thread(void)
{
    HANDLE begun = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, stay, begun, 0, NULL);
    WaitForSingleObject(begun, INFINITE);
    CloseHandle(begun);
    CloseHandle(thread);
}

static void write_file(const wchar_t *name, const char *bytes, DWORD length)
{
    HANDLE file =
        CreateFileW(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    check(file != INVALID_HANDLE_VALUE, "create", name);
    check(WriteFile(file, bytes, length, &length, NULL), "write to", name);
    check(CloseHandle(file), "close", name);
}

static void leave(void)
{
    static OVERLAPPED packet;
    if (is(L"handle"))
        CreateEventW(NULL, FALSE, FALSE, NULL);
    if (is(L"thread"))
        leave_thread();
    if (is(L"packet")) {
        HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
        PostQueuedCompletionStatus(port, 0, 0, &packet);
        CloseHandle(port);
    }
    if (is(L"half"))
        write_file(L"target", "0000", 4);
    if (is(L"temporary"))
        write_file(L"copy.tmp", "0000", 4);
}

static int fail(DWORD error)
{
    leave();
    if (is(L"unreported") || is(L"output"))
        say("done");
    if (is(L"hang"))
        Sleep(INFINITE);
    if (is(L"crash"))
        RaiseException(EXCEPTION_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0,
                       NULL);
    if (is(L"unreported"))
        return EXIT_SUCCESS;
    if (!is(L"silent"))
        report("read", L"source", is(L"other") ? error + 1 : error);
    if (is(L"twice"))
        report("read", L"source", error);
    if (is(L"no-cleanup"))
        TerminateProcess(GetCurrentProcess(), EXIT_FAILURE);
    return is(L"status") ? EXIT_SUCCESS : EXIT_FAILURE;
}

int wmain(int argc, wchar_t **argv)
{
    enum { LENGTH = 40000 };
    DWORD bytes;
    kind = argc > 1 ? argv[1] : L"none";
    char *buffer = malloc(LENGTH);
    HANDLE file =
        CreateFileW(L"source", GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    check(buffer != NULL && file != INVALID_HANDLE_VALUE, "open", L"source");
    BOOL ok = ReadFile(file, buffer, LENGTH, &bytes, NULL);
    int status = ok ? EXIT_SUCCESS : fail(GetLastError());
    check(CloseHandle(file), "close", L"source");
    if (ok) {
        write_file(L"target", buffer, bytes);
        say("done");
    }
    if (ok || !is(L"memory"))
        free(buffer);
    return status;
}
