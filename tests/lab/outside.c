/*
 * outside CASE: what lies outside the import table's functions: functions that
 * the program gets by GetProcAddress, and other processes. "file" has 1000
 * bytes. The program also imports a function that no layer follows.
 */
#include "../../final/programs/report.h"
#include "cases.h"

#include <process.h>
#include <stdint.h>
#include <stdlib.h>

const wchar_t program[] = L"outside";

enum { LENGTH = 100, PENDING = 0x103 };

static char buffer[LENGTH];

/* ---- Functions by their names ----------------------------------------- */

typedef BOOL WINAPI read_function(HANDLE, void *, DWORD, DWORD *, OVERLAPPED *);

static FARPROC find(const wchar_t *library, const char *name)
{
    FARPROC found = GetProcAddress(GetModuleHandleW(library), name);
    check(found != NULL, "find", library);
    return found;
}

static void read_by(read_function *read)
{
    OVERLAPPED overlapped = {0};
    DWORD bytes = 0;
    HANDLE file = CreateFileW(L"file", GENERIC_READ, FILE_SHARE_READ, NULL,
                              OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    check(file != INVALID_HANDLE_VALUE, "open", L"file");
    BOOL ok = read(file, buffer, LENGTH, NULL, &overlapped);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    say("%s", overlapped.Internal == PENDING ? "pending" : "not pending");
    check(ok || error == ERROR_IO_PENDING, "read", L"file");
    check(GetOverlappedResult(file, &overlapped, &bytes, TRUE), "read",
          L"file");
    say("%lu bytes", bytes);
    CloseHandle(file);
}

static void show_name(void)
{
    read_by((read_function *)(uintptr_t)find(L"kernel32.dll", "ReadFile"));
    read_by((read_function *)(uintptr_t)find(L"kernelbase.dll", "ReadFile"));
}

/* The program asks for two functions, and calls neither. */
static void show_asked(void)
{
    find(L"ntdll.dll", "NtReadFile");
    find(L"ntdll.dll", "NtReadFile");
    find(L"kernel32.dll", "GetTickCount");
    say("asked");
}

/* A name that is no pointer, but a function's number. */
static void show_number(void)
{
    say("%s", GetProcAddress(GetModuleHandleW(L"kernel32.dll"),
                             (const char *)(uintptr_t)0xFFFF) == NULL
                  ? "no such number"
                  : "found");
}

/* ---- Calls ------------------------------------------------------------ */

static void CALLBACK on_signal(void *event, BOOLEAN timed_out)
{
    (void)timed_out;
    SetEvent(event);
}

static void show_imported(void)
{
    HANDLE events[2], wait;
    for (int i = 0; i < 2; i++)
        events[i] = CreateEventW(NULL, TRUE, i == 0, NULL);
    check(RegisterWaitForSingleObject(&wait, events[0], on_signal, events[1],
                                      INFINITE, WT_EXECUTEONLYONCE),
          "register", L"wait");
    WaitForSingleObject(events[1], INFINITE);
    UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
    for (int i = 0; i < 2; i++)
        CloseHandle(events[i]);
    say("registered");
}

/* Nothing is locked, but the call was made. */
static void show_lock(void)
{
    OVERLAPPED overlapped = {0};
    LockFileEx(INVALID_HANDLE_VALUE, 0, 0, 1, 0, &overlapped);
    LockFileEx(INVALID_HANDLE_VALUE, 0, 0, 1, 0, &overlapped);
    say("not locked");
}

/* ---- Other processes -------------------------------------------------- */

static void start_by_system(wchar_t *command)
{
    STARTUPINFOW start = {.cb = sizeof start};
    PROCESS_INFORMATION child;
    check(CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start,
                         &child),
          "start", command);
    WaitForSingleObject(child.hProcess, INFINITE);
    CloseHandle(child.hThread);
    CloseHandle(child.hProcess);
}

/* Each way to start a process; the children print what they inherit. */
static void show_children(void)
{
    static wchar_t self[MAX_PATH], command[MAX_PATH + 32];
    GetModuleFileNameW(NULL, self, MAX_PATH);
    swprintf(command, MAX_PATH + 32, L"\"%ls\" child", self);
    start_by_system(command);
    _wspawnl(_P_WAIT, self, L"outside", L"child", NULL);
    _wspawnle(_P_WAIT, self, L"outside", L"child", NULL, _wenviron);
    swprintf(command, MAX_PATH + 32, L"\"\"%ls\" child\"", self);
    _wsystem(command);
}

static void show_child(void)
{
    static const char *const names[] = {"CHECK", "IO", "LEDGER", "TRACE",
                                        "TRACE_RECORDS"};
    say("child");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getenv(names[i]) != NULL ||
            GetEnvironmentVariableA(names[i], NULL, 0) > 0)
            say("inherits %s", names[i]);
}

/* ---- Cases ------------------------------------------------------------ */

const struct named_case cases[] = {
    {L"name", show_name},     {L"asked", show_asked},
    {L"number", show_number}, {L"imported", show_imported},
    {L"lock", show_lock},     {L"children", show_children},
    {L"child", show_child},   {NULL, NULL},
};
