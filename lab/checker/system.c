#include "system.h"

#include "below.h"

#include <stdio.h>
#include <string.h>
#include <winternl.h>

/* What winternl.h does not declare. */
enum {
    FILE_MODE = 16,
    SYNCHRONOUS = 0x30,
    EVENT_BASIC = 0,
    PORT_BASIC = 0,
    THREAD_START = 9,
};
struct event_basic {
    LONG type; /* 0: manual-reset */
    LONG state;
};
typedef NTSTATUS NTAPI query_file(HANDLE handle, IO_STATUS_BLOCK *status,
                                  void *answer, ULONG size, int question);
typedef NTSTATUS NTAPI query_object(HANDLE handle, int question, void *answer,
                                    ULONG size, ULONG *length);

/* Found by name: an import of its own would make the program seem to call the
 * function. 0: this system has none. */
static uintptr_t in_ntdll(const char *name)
{
    return (uintptr_t)below.GetProcAddress(GetModuleHandleW(L"ntdll.dll"),
                                           name);
}

static bool query(const char *function, HANDLE handle, int question,
                  void *answer, ULONG size)
{
    query_object *ask = (query_object *)in_ntdll(function);
    return ask != NULL && ask(handle, question, answer, size, NULL) >= 0;
}

bool ask_type(HANDLE handle, char type[static TYPE_NAME])
{
    DWORD flags;
    ULONG64 answer[64]; /* a UNICODE_STRING, further answers, and the text */
    const UNICODE_STRING *name = (const UNICODE_STRING *)(const void *)answer;
    type[0] = '\0';
    if (!GetHandleInformation(handle, &flags))
        return false;
    if (query("NtQueryObject", handle, ObjectTypeInformation, answer,
              sizeof answer))
        snprintf(type, TYPE_NAME, "%.*ls",
                 (int)(name->Length / sizeof(wchar_t)), name->Buffer);
    return true;
}

bool ask_overlapped(HANDLE file, bool *overlapped)
{
    IO_STATUS_BLOCK status;
    ULONG mode;
    query_file *ask = (query_file *)in_ntdll("NtQueryInformationFile");
    if (ask == NULL || ask(file, &status, &mode, sizeof mode, FILE_MODE) < 0)
        return false;
    *overlapped = (mode & SYNCHRONOUS) == 0;
    return true;
}

enum event_state ask_event(HANDLE event, bool *manual)
{
    struct event_basic answer;
    if (!query("NtQueryEvent", event, EVENT_BASIC, &answer, sizeof answer))
        return UNKNOWN;
    if (manual != NULL)
        *manual = answer.type == 0;
    return answer.state != 0 ? SET : NOT_SET;
}

const void *ask_start(DWORD thread)
{
    const void *start = NULL;
    typedef HANDLE WINAPI open_thread(DWORD access, BOOL inherit, DWORD id);
    open_thread *open = (open_thread *)(uintptr_t)below.GetProcAddress(
        GetModuleHandleW(L"kernel32.dll"), "OpenThread");
    HANDLE handle =
        open != NULL ? open(THREAD_QUERY_INFORMATION, FALSE, thread) : NULL;
    if (handle == NULL)
        return NULL;
    if (!query("NtQueryInformationThread", handle, THREAD_START, &start,
               sizeof start))
        start = NULL;
    below.CloseHandle(handle);
    return start;
}

unsigned ask_packets(HANDLE port)
{
    LONG depth;
    bool known =
        query("NtQueryIoCompletion", port, PORT_BASIC, &depth, sizeof depth);
    return known && depth > 0 ? (unsigned)depth : 0;
}
