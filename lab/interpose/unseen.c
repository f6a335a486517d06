#include "unseen.h"

#include "import_table.h"
#include "interpose.h"
#include "settings.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Functions that start overlapped I/O, complete it, wait, or wake a thread, and
 * those that give memory for buffers. Zw is another name for Nt. */
static const char *const listed[] = {
    /* files, pipes, devices */
    "CallNamedPipeA",
    "CallNamedPipeW",
    "CancelSynchronousIo",
    "ConnectNamedPipe",
    "CreateFile2",
    "DeviceIoControl",
    "FindFirstChangeNotificationA",
    "FindFirstChangeNotificationW",
    "LockFileEx",
    "OpenFileById",
    "ReOpenFile",
    "ReadDirectoryChangesExW",
    "ReadDirectoryChangesW",
    "ReadFile",
    "ReadFileEx",
    "ReadFileScatter",
    "TransactNamedPipe",
    "UnlockFileEx",
    "WaitCommEvent",
    "WriteFile",
    "WriteFileEx",
    "WriteFileGather",
    /* the same, below kernel32 */
    "NtCancelIoFile",
    "NtCancelIoFileEx",
    "NtCreateFile",
    "NtCreateIoCompletion",
    "NtDeviceIoControlFile",
    "NtFsControlFile",
    "NtLockFile",
    "NtNotifyChangeDirectoryFile",
    "NtOpenFile",
    "NtReadFile",
    "NtReadFileScatter",
    "NtRemoveIoCompletion",
    "NtRemoveIoCompletionEx",
    "NtSetIoCompletion",
    "NtSetIoCompletionEx",
    "NtWaitForMultipleObjects",
    "NtWaitForSingleObject",
    "NtWriteFile",
    "NtWriteFileGather",
    /* sockets */
    "AcceptEx",
    "TransmitFile",
    "WSAAccept",
    "WSAAsyncSelect",
    "WSAConnect",
    "WSACreateEvent",
    "WSAEventSelect",
    "WSAGetOverlappedResult",
    "WSAIoctl",
    "WSAPoll",
    "WSARecv",
    "WSARecvFrom",
    "WSASend",
    "WSASendMsg",
    "WSASendTo",
    "WSASetEvent",
    "WSAWaitForMultipleEvents",
    "accept",
    "connect",
    "recv",
    "recvfrom",
    "select",
    "send",
    "sendto",
    /* results and waits */
    "GetOverlappedResult",
    "GetOverlappedResultEx",
    "GetQueuedCompletionStatus",
    "GetQueuedCompletionStatusEx",
    "MsgWaitForMultipleObjects",
    "MsgWaitForMultipleObjectsEx",
    "SignalObjectAndWait",
    "SleepConditionVariableCS",
    "SleepConditionVariableSRW",
    "SleepEx",
    "WaitForMultipleObjects",
    "WaitForMultipleObjectsEx",
    "WaitForSingleObject",
    "WaitForSingleObjectEx",
    "WaitForThreadpoolTimerCallbacks",
    "WaitForThreadpoolWaitCallbacks",
    "WaitForThreadpoolWorkCallbacks",
    /* callbacks and timers */
    "CreateThreadpoolTimer",
    "CreateThreadpoolWait",
    "CreateThreadpoolWork",
    "CreateTimerQueueTimer",
    "NtQueueApcThread",
    "QueueUserAPC",
    "QueueUserAPC2",
    "QueueUserWorkItem",
    "RegisterWaitForSingleObject",
    "SetInformationJobObject",
    "SetWaitableTimer",
    "SetWaitableTimerEx",
    "TrySubmitThreadpoolCallback",
    /* I/O rings */
    "BuildIoRingReadFile",
    "BuildIoRingWriteFile",
    "CreateIoRing",
    "PopIoRingCompletion",
    "SubmitIoRing",
    /* other stacks, other memory */
    "ConvertThreadToFiber",
    "ConvertThreadToFiberEx",
    "CreateFiber",
    "CreateFiberEx",
    "GlobalAlloc",
    "HeapAlloc",
    "HeapReAlloc",
    "LocalAlloc",
    "VirtualAlloc",
    "VirtualAllocEx",
};
enum { LISTED = sizeof listed / sizeof *listed };
static volatile LONG said[LISTED];

/* Returns LISTED for a function that is not in the list. */
static size_t find_listed(const char *name)
{
    bool is_zw = name[0] == 'Z' && name[1] == 'w';
    size_t i = 0;
    while (i < LISTED && strcmp(listed[i], name) != 0 &&
           !(is_zw && strncmp(listed[i], "Nt", 2) == 0 &&
             strcmp(listed[i] + 2, name + 2) == 0))
        i++;
    return i;
}

/* ---- What is followed --------------------------------------------------- */

static bool is_in_use; /* a layer follows something */

void begin_following(void)
{
    for (unsigned i = 0; i < import_count; i++)
        imports[i].before = *imports[i].slot;
}

void end_following(void)
{
    is_in_use = true;
    for (unsigned i = 0; i < import_count; i++)
        if (*imports[i].slot != imports[i].before)
            imports[i].is_followed = true;
}

static bool is_followed(const char *name)
{
    for (unsigned i = 0; i < import_count; i++)
        if (imports[i].is_followed && strcmp(imports[i].name, name) == 0)
            return true;
    return false;
}

/* ---- Functions that the lab imports itself ------------------------------ */

static struct imports next;

static void say_once(const char *name)
{
    size_t place = find_listed(name);
    if (place == LISTED || is_followed(name) ||
        InterlockedExchange(&said[place], TRUE))
        return;
    DWORD error = GetLastError();
    fprintf(stderr,
            "lab: also calls %s: not followed, so nothing is said about it\n",
            name);
    SetLastError(error);
}

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static result unseen_##name parameters                                     \
    {                                                                          \
        say_once(#name);                                                       \
        return next.name arguments;                                            \
    }
#include "imports.h"

static bool is_of_the_lab(const char *name)
{
#define IMPORT(result, failure, name, parameters, arguments) #name,
    static const char *const names[] = {
#include "imports.h"
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* Replaces those that are listed, and not followed. */
static void await_first_calls(void)
{
#define IMPORT(result, failure, name, parameters, arguments)                   \
    if (find_listed(#name) < LISTED && !is_followed(#name))                    \
        __imp_##name = unseen_##name;
#include "imports.h"
}

/* ---- Functions that the program asks for -------------------------------- */

/* kernelbase.dll has functions of kernel32.dll once more. */
static bool is_in_kernelbase(HMODULE module, const char *name,
                             const struct import *import)
{
    return module == GetModuleHandleW(L"kernelbase.dll") &&
           strcmp(import->name, name) == 0;
}

/* Gives the program the function that its import table has: the topmost
 * layer's. */
static FARPROC get_address(HMODULE module, const char *name)
{
    FARPROC found = next.GetProcAddress(module, name);
    DWORD error = GetLastError();
    bool has_name = (uintptr_t)name > 0xFFFF; /* otherwise it is a number */
    if (found == NULL)
        return NULL;
    if (has_name && !is_quiet())
        say_once(name);
    for (unsigned i = 0; i < import_count; i++)
        if (imports[i].system == (void *)(uintptr_t)found ||
            (has_name && is_in_kernelbase(module, name, &imports[i])))
            return (FARPROC)(uintptr_t)*imports[i].slot;
    SetLastError(error);
    return found;
}

/* ---- The line at the start ---------------------------------------------- */

static bool is_unseen(const char *name)
{
    size_t place = find_listed(name);
    return place < LISTED && !is_followed(name) && !is_of_the_lab(name) &&
           !InterlockedExchange(&said[place], TRUE);
}

static void say_imports(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < import_count; i++)
        if (is_unseen(imports[i].name))
            fprintf(stderr, "%s%s", count++ == 0 ? "lab: also calls " : ", ",
                    imports[i].name);
    if (count > 0)
        fprintf(stderr, ": not followed, so nothing is said about %s\n",
                count == 1 ? "it" : "them");
}

static void say_followed(void)
{
    for (unsigned i = 0; i < import_count; i++)
        if (imports[i].is_followed)
            fprintf(stderr, "lab: follows %s\n", imports[i].name);
}

/* Above all layers that follow something, below caller.c. */
__attribute__((constructor(470))) static void begin(void)
{
    char lab[8] = "";
    GetEnvironmentVariableA("LAB", lab, sizeof lab);
    if (!is_in_use)
        return;
    next = imports_now();
    __imp_GetProcAddress = get_address;
    if (strcmp(lab, "follows") == 0)
        say_followed();
    if (is_quiet())
        return;
    say_imports();
    await_first_calls();
}
