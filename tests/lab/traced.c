/* traced: makes calls that lab/trace must follow, and some that it does not.
 * The first argument is the name of a case, the second a file. */
#include <fcntl.h>
#include <io.h>
#include <process.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#include <winioctl.h>

LONG NTAPI NtSetIoCompletion(HANDLE port, ULONG_PTR key, ULONG_PTR overlapped,
                             LONG status, SIZE_T bytes);

static const wchar_t *path;
static char bytes_read[65536];

static HANDLE open_file(DWORD flags)
{
    return CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                       flags, NULL);
}

/* The handles of a pipe's server, which is overlapped, and client. */
static void make_pipe(HANDLE pipe[2])
{
    wchar_t name[64];
    swprintf(name, 64, L"\\\\.\\pipe\\traced-%lu", GetCurrentProcessId());
    pipe[0] = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                               PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1,
                               4096, 4096, 0, NULL);
    pipe[1] = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                          OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
}

static OVERLAPPED *take(HANDLE port)
{
    DWORD bytes = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 2000);
    return overlapped;
}

/* ---- Completion routines ------------------------------------------------ */

static HANDLE routine_file;
static int routines;

static void CALLBACK on_block(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    routines = error == 0 ? routines + 1 : -1;
    overlapped->Offset += bytes;
    if (error == 0)
        ReadFileEx(routine_file, bytes_read, 1000, overlapped, on_block);
}

/* Reads to the end of the file. */
static void a_loop_with_a_routine(void)
{
    OVERLAPPED overlapped = {.hEvent = (HANDLE)0x1234}; /* it is ours */
    routine_file = open_file(FILE_FLAG_OVERLAPPED);
    if (ReadFileEx(routine_file, bytes_read, 1000, &overlapped, on_block))
        while (routines >= 0)
            SleepEx(INFINITE, TRUE);
    CloseHandle(routine_file);
}

/* ---- Requests that are no reads and writes ------------------------------ */

/* The last packet is that of a call that is not followed. */
static void other_requests(void)
{
    static FILE_SEGMENT_ELEMENT segments[3];
    static char answer[16], question[16];
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE pipe[2];
    OVERLAPPED one = {0}, two = {0}, last = {0};
    wchar_t name[64];
    swprintf(name, 64, L"\\\\.\\pipe\\traced-%lu", GetCurrentProcessId());
    pipe[0] = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                               PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 1,
                               4096, 4096, 0, NULL);
    CreateIoCompletionPort(pipe[0], port, 0, 0);
    ConnectNamedPipe(pipe[0], &one);
    pipe[1] = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                          OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    take(port);
    DWORD mode = PIPE_READMODE_MESSAGE;
    SetNamedPipeHandleState(pipe[1], &mode, NULL, NULL);
    CreateIoCompletionPort(pipe[1], port, 0, 0);
    TransactNamedPipe(pipe[1], (void *)(uintptr_t) "ask", 3, answer,
                      sizeof answer, NULL, &one);
    ReadFile(pipe[0], question, sizeof question, NULL, &two);
    take(port);
    WriteFile(pipe[0], "told", 4, NULL, &two);
    take(port);
    take(port);
    CloseHandle(pipe[1]);
    CloseHandle(pipe[0]);

    HANDLE file = open_file(FILE_FLAG_OVERLAPPED | FILE_FLAG_NO_BUFFERING);
    DWORD bytes;
    one = (OVERLAPPED){0};
    LockFileEx(file, 0, 0, 100, 0, &one);
    GetOverlappedResult(file, &one, &bytes, TRUE);
    DeviceIoControl(file, FSCTL_GET_COMPRESSION, NULL, 0, answer, 2, NULL,
                    &one);
    GetOverlappedResult(file, &one, &bytes, TRUE);
    CreateIoCompletionPort(file, port, 0, 0);
    segments[0].Buffer =
        VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
    if (ReadFileScatter(file, segments, 4096, NULL, &last) ||
        GetLastError() == ERROR_IO_PENDING)
        take(port);
    CloseHandle(file);
    CloseHandle(port);
}

static void CALLBACK on_nothing(DWORD error, DWORD bytes,
                                OVERLAPPED *overlapped)
{
    (void)error, (void)bytes, (void)overlapped;
}

static HANDLE open_here(void)
{
    return CreateFileW(L".", FILE_LIST_DIRECTORY,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
}

/* A change is reported in a packet, and a cancellation to a routine. */
static void a_directory(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE here = open_here();
    OVERLAPPED one = {0}, two = {0};
    CreateIoCompletionPort(here, port, 0, 0);
    ReadDirectoryChangesW(here, bytes_read, 1000, FALSE,
                          FILE_NOTIFY_CHANGE_FILE_NAME, NULL, &one, NULL);
    CloseHandle(CreateFileW(L"new", GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                            FILE_FLAG_DELETE_ON_CLOSE, NULL));
    take(port);
    CloseHandle(here);
    CloseHandle(port);
    here = open_here();
    if (ReadDirectoryChangesW(here, bytes_read, 1000, FALSE,
                              FILE_NOTIFY_CHANGE_FILE_NAME, NULL, &two,
                              on_nothing)) {
        CancelIo(here);
        SleepEx(2000, TRUE);
    }
    CloseHandle(here);
}

/* ---- Handles ------------------------------------------------------------ */

/* The system gives the value of a closed handle to the next one. */
static void handles(void)
{
    HANDLE mutex = CreateMutexW(NULL, FALSE, NULL); /* not followed */
    WaitForSingleObject(mutex, INFINITE);
    CloseHandle(mutex);
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL), copy = NULL;
    DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &copy, 0,
                    FALSE, DUPLICATE_SAME_ACCESS);
    SetEvent(copy);
    WaitForSingleObjectEx(event, INFINITE, FALSE);
    ResetEvent(event);
    CloseHandle(copy);
    CloseHandle(event);
    CloseHandle(event);
    CloseHandle(NULL);
    HANDLE file = open_file(0);
    _close(_open_osfhandle((intptr_t)file, _O_RDONLY));
    CloseHandle(CreateEventW(NULL, TRUE, FALSE, NULL));
}

/* ---- Binds -------------------------------------------------------------- */

static void binds(void)
{
    HANDLE file = open_file(FILE_FLAG_OVERLAPPED);
    HANDLE port = CreateIoCompletionPort(file, NULL, 0, 0);
    CreateIoCompletionPort(file, port, 0, 0);
    OVERLAPPED overlapped = {0};
    ReadFile(file, bytes_read, 10, NULL, &overlapped);
    take(port);
    CloseHandle(file);
    CloseHandle(port);
    file = open_file(FILE_FLAG_OVERLAPPED);
    BindIoCompletionCallback(file, on_nothing, 0);
    BindIoCompletionCallback(file, on_nothing, 0);
    CloseHandle(file);
}

/* ---- Packets ------------------------------------------------------------ */

/* The program calls the function of ntdll by its name, and by an address. */
static void packets_of_ntdll(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    OVERLAPPED overlapped = {0};
    LONG(NTAPI * by_address)(HANDLE, ULONG_PTR, ULONG_PTR, LONG, SIZE_T) = NULL;
    FARPROC address =
        GetProcAddress(GetModuleHandleW(L"ntdll"), "NtSetIoCompletion");
    memcpy(&by_address, &address, sizeof address);
    NtSetIoCompletion(port, 0, (ULONG_PTR)&overlapped, 0, 42);
    take(port);
    by_address(port, 0, (ULONG_PTR)&overlapped, 0, 43);
    take(port);
    CloseHandle(port);
}

/* ---- Waits -------------------------------------------------------------- */

struct pair {
    HANDLE go, done;
};

static unsigned __stdcall answer_once(void *argument)
{
    struct pair *pair = argument;
    WaitForSingleObject(pair->go, INFINITE);
    SetEvent(pair->done);
    return 0;
}

static void waits(void)
{
    struct pair pair = {CreateEventA(NULL, FALSE, FALSE, NULL),
                        CreateEventA(NULL, FALSE, FALSE, NULL)};
    HANDLE threads[2];
    for (int i = 0; i < 2; i++)
        threads[i] =
            (HANDLE)_beginthreadex(NULL, 0, answer_once, &pair, 0, NULL);
    SignalObjectAndWait(pair.go, pair.done, INFINITE, FALSE);
    SetEvent(pair.go);
    HANDLE some[] = {threads[0], pair.done};
    WaitForMultipleObjectsEx(1, &some[1], FALSE, INFINITE, FALSE);
    WaitForMultipleObjects(2, threads, TRUE, INFINITE);
    WaitForMultipleObjects(2, some, FALSE, INFINITE);
    WaitForSingleObject(pair.done, 0);
    SleepEx(0, TRUE);
    CRITICAL_SECTION section;
    CONDITION_VARIABLE never = CONDITION_VARIABLE_INIT;
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    SleepConditionVariableCS(&never, &section, 1);
    LeaveCriticalSection(&section);
    DeleteCriticalSection(&section);
    for (int i = 0; i < 2; i++)
        CloseHandle(threads[i]);
    CloseHandle(pair.go);
    CloseHandle(pair.done);
}

/* Each wait is repeated, and finds nothing except for the last time. */
static void polls(void)
{
    HANDLE pipe[2], events[2];
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    OVERLAPPED overlapped = {0}, other = {0}, *taken = NULL;
    DWORD bytes = 0;
    ULONG_PTR key;
    make_pipe(pipe);
    for (int i = 0; i < 2; i++)
        events[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
    for (int i = 0; i < 1000; i++)
        WaitForSingleObject(events[0], 0);
    for (int i = 0; i < 300; i++) { /* two waits in turn */
        WaitForMultipleObjects(2, events, FALSE, 0);
        GetQueuedCompletionStatus(port, &bytes, &key, &taken, i % 50 == 0);
    }
    SetEvent(events[0]);
    WaitForSingleObject(events[0], 0);
    ReadFile(pipe[0], bytes_read, 10, NULL, &overlapped);
    for (int i = 0; i < 200; i++)
        GetOverlappedResult(pipe[0], &overlapped, &bytes, FALSE);
    WriteFile(pipe[1], "hello", 5, NULL, &other);
    GetOverlappedResult(pipe[0], &overlapped, &bytes, FALSE);
    CloseHandle(pipe[0]);
    CloseHandle(pipe[1]);
    CloseHandle(port);
    for (int i = 0; i < 2; i++)
        CloseHandle(events[i]);
}

/* The thread waits for the event of the request, and asks for no result. */
static void an_event_of_a_request(void)
{
    HANDLE pipe[2];
    make_pipe(pipe);
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    ReadFile(pipe[0], bytes_read, 10, NULL, &overlapped);
    OVERLAPPED other = {0};
    WriteFile(pipe[1], "hello", 5, NULL, &other);
    WaitForSingleObject(overlapped.hEvent, INFINITE);
    CloseHandle(overlapped.hEvent);
    CloseHandle(pipe[0]);
    CloseHandle(pipe[1]);
}

/* ---- Loops -------------------------------------------------------------- */

/* Reads and posts in turn, without a wait. */
static void a_loop_without_a_wait(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE file = open_file(0);
    for (DWORD bytes = 1; bytes > 0;) {
        ReadFile(file, bytes_read, 1000, &bytes, NULL);
        PostQueuedCompletionStatus(port, bytes, 0, NULL);
    }
    CloseHandle(file);
    CloseHandle(port);
}

static const struct {
    const wchar_t *name;
    void (*run)(void);
} cases[] = {
    {L"a_loop_with_a_routine", a_loop_with_a_routine},
    {L"other_requests", other_requests},
    {L"a_directory", a_directory},
    {L"handles", handles},
    {L"binds", binds},
    {L"packets_of_ntdll", packets_of_ntdll},
    {L"waits", waits},
    {L"polls", polls},
    {L"an_event_of_a_request", an_event_of_a_request},
    {L"a_loop_without_a_wait", a_loop_without_a_wait},
};

int wmain(int argc, wchar_t **argv)
{
    size_t i = 0, count = sizeof cases / sizeof *cases;
    if (argc == 3)
        while (i < count && wcscmp(cases[i].name, argv[1]) != 0)
            i++;
    if (argc != 3 || i == count)
        return 2;
    path = argv[2];
    cases[i].run();
    return 0;
}
