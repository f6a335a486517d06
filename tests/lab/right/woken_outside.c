/* Another process wakes main, or a thread that makes no calls. The program
 * imports no function that could wake a thread later. */
#include "wakes.h"

/* A second process of this program does the case `name`, inherits handles, and
 * is not checked. */
static bool start_other(const char *name)
{
    char self[MAX_PATH], command[MAX_PATH + 32];
    STARTUPINFOA start = {.cb = sizeof start};
    PROCESS_INFORMATION made;
    GetModuleFileNameA(NULL, self, sizeof self);
    snprintf(command, sizeof command, "\"%s\" %s", self, name);
    SetEnvironmentVariableA("CHECK", NULL);
    if (!CreateProcessA(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start,
                        &made))
        return false;
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
    return true;
}

static const char name_of_pipe[] = "\\\\.\\pipe\\woken-outside";

static bool connect_other(void)
{
    Sleep(LATER);
    HANDLE pipe = CreateFileA(name_of_pipe, GENERIC_WRITE, 0, NULL,
                              OPEN_EXISTING, 0, NULL);
    CloseHandle(pipe);
    return pipe != INVALID_HANDLE_VALUE;
}

static bool by_client(void)
{
    HANDLE pipe = CreateNamedPipeA(name_of_pipe,
                                   PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED,
                                   0, 1, 0, 64, 0, NULL);
    OVERLAPPED connect = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD bytes;
    ConnectNamedPipe(pipe, &connect);
    bool started = start_other("connects");
    WaitForSingleObject(connect.hEvent, INFINITE);
    bool ok = GetOverlappedResult(pipe, &connect, &bytes, FALSE);
    CloseHandle(connect.hEvent);
    CloseHandle(pipe);
    return started && ok;
}

static bool make_file(void)
{
    Sleep(LATER);
    HANDLE file = CreateFileA("watched\\new", GENERIC_WRITE, 0, NULL,
                              CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    CloseHandle(file);
    return file != INVALID_HANDLE_VALUE;
}

static bool by_change(void)
{
    static DWORD changes[256];
    OVERLAPPED overlapped = {0}, *taken = NULL;
    DWORD bytes;
    ULONG_PTR key;
    CreateDirectoryA("watched", NULL);
    HANDLE watched =
        CreateFileA("watched", FILE_LIST_DIRECTORY,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    HANDLE port = CreateIoCompletionPort(watched, NULL, 0, 1);
    ReadDirectoryChangesW(watched, changes, sizeof changes, FALSE,
                          FILE_NOTIFY_CHANGE_FILE_NAME, NULL, &overlapped,
                          NULL);
    bool started = start_other("changes");
    GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE);
    CloseHandle(watched);
    CloseHandle(port);
    return started && taken == &overlapped;
}

/* An inherited handle has the same value in the other process. */
static bool start_setter(HANDLE event)
{
    char name[32];
    snprintf(name, sizeof name, "sets:%llu", (ULONGLONG)(uintptr_t)event);
    return start_other(name);
}

static bool set_inherited(void)
{
    Sleep(LATER);
    return SetEvent((HANDLE)(uintptr_t)strtoull(wake_argument, NULL, 10));
}

static bool by_inherited_event(void)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited,
                                     .bInheritHandle = TRUE};
    HANDLE event = CreateEventA(&inherited, TRUE, FALSE, NULL);
    bool started = start_setter(event);
    WaitForSingleObject(event, INFINITE);
    CloseHandle(event);
    return started;
}

static bool by_duplicate(void)
{
    HANDLE copy, event = CreateEventA(NULL, TRUE, FALSE, NULL);
    DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &copy, 0,
                    TRUE, DUPLICATE_SAME_ACCESS);
    bool started = start_setter(copy);
    WaitForSingleObject(event, INFINITE);
    CloseHandle(event);
    CloseHandle(copy);
    return started;
}

static HANDLE done;

static unsigned __stdcall sleep_long(void *unused)
{
    (void)unused;
    Sleep(LATER);
    SetEvent(done);
    return 0;
}

static bool by_thread(void)
{
    done = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, sleep_long, NULL, 0, NULL);
    WaitForSingleObject(done, INFINITE);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(done);
    return true;
}

static void set_later(void *event)
{
    Sleep(LATER);
    SetEvent(event);
}

/* The checker has not seen this thread start. */
static bool by_other_thread(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    _beginthread(set_later, 0, event);
    WaitForSingleObject(event, INFINITE);
    CloseHandle(event);
    return true;
}

/* Closes no handle, and exits with another status: CHECK=waits leaves both. */
static bool by_thread_that_leaks(void)
{
    by_thread();
    CreateEventW(NULL, TRUE, FALSE, NULL);
    exit(3);
}

const struct wake wakes[] = {
    {"client", by_client},
    {"connects", connect_other},
    {"change", by_change},
    {"changes", make_file},
    {"inherited", by_inherited_event},
    {"sets", set_inherited},
    {"duplicate", by_duplicate},
    {"thread", by_thread},
    {"other-thread", by_other_thread},
    {"leaks", by_thread_that_leaks},
    {NULL, NULL},
};
