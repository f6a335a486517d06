/* Watches a directory: with a port, with an event, and with a completion
 * routine. A thread makes each change. */
#include "right.h"

static char directory[MAX_PATH];
static DWORD changes[256];
static HANDLE go;

static unsigned __stdcall change(void *unused)
{
    char path[MAX_PATH + 8];
    (void)unused;
    snprintf(path, sizeof path, "%s\\new", directory);
    WaitForSingleObject(go, INFINITE);
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_FLAG_DELETE_ON_CLOSE, NULL);
    CloseHandle(file);
    return 0;
}

static HANDLE begin_change(void)
{
    return (HANDLE)_beginthreadex(NULL, 0, change, NULL, 0, NULL);
}

static HANDLE open_directory(void)
{
    return CreateFileA(directory, FILE_LIST_DIRECTORY,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
}

static BOOL watch(HANDLE watched, OVERLAPPED *overlapped,
                  LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    BOOL ok = ReadDirectoryChangesW(watched, changes, sizeof changes, FALSE,
                                    FILE_NOTIFY_CHANGE_FILE_NAME, NULL,
                                    overlapped, routine);
    SetEvent(go);
    return ok;
}

static void join(HANDLE thread)
{
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

static bool by_port(void)
{
    HANDLE watched = open_directory();
    HANDLE port = CreateIoCompletionPort(watched, NULL, 0, 1);
    HANDLE thread = begin_change();
    OVERLAPPED overlapped = {0}, *taken = NULL;
    DWORD bytes;
    ULONG_PTR key;
    watch(watched, &overlapped, NULL);
    BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE);
    join(thread);
    watch(watched, &overlapped, NULL);
    CancelIo(watched);
    GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE);
    watch(watched, &overlapped, NULL);
    CloseHandle(watched); /* this ends the watch, too */
    GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE);
    CloseHandle(port);
    return ok && taken == &overlapped;
}

static bool by_event(void)
{
    HANDLE watched = open_directory(), thread = begin_change();
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, FALSE, FALSE, NULL)};
    DWORD bytes = 0;
    watch(watched, &overlapped, NULL);
    WaitForSingleObject(overlapped.hEvent, INFINITE);
    BOOL ok = GetOverlappedResult(watched, &overlapped, &bytes, FALSE);
    join(thread);
    watch(watched, &overlapped, NULL);
    CancelIoEx(watched, &overlapped);
    GetOverlappedResult(watched, &overlapped, &bytes, TRUE);
    CloseHandle(watched);
    CloseHandle(overlapped.hEvent);
    return ok;
}

static bool has_come;

static void CALLBACK on_change(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)error, (void)bytes;
    has_come = true;
    free(overlapped);
}

static bool by_routine(void)
{
    HANDLE watched = open_directory(), thread = begin_change();
    OVERLAPPED *overlapped = calloc(1, sizeof *overlapped);
    if (overlapped == NULL || !watch(watched, overlapped, on_change))
        return false;
    while (!has_come)
        SleepEx(INFINITE, TRUE);
    join(thread);
    CloseHandle(watched);
    return true;
}

int read_all(const char *path)
{
    snprintf(directory, sizeof directory, "%s.directory", path);
    CreateDirectoryA(directory, NULL);
    go = CreateEventW(NULL, FALSE, FALSE, NULL);
    bool seen = by_port();
    ResetEvent(go);
    seen = by_event() && seen;
    ResetEvent(go);
    seen = by_routine() && seen;
    CloseHandle(go);
    RemoveDirectoryA(directory);
    return seen ? 0 : 1;
}
