/*
 * Small programs for test_explore.c, one case each. enumerator.py counts the
 * orders of the first ones: the two must have the same switch points. The
 * others have one mistake each, or show what the explorer does.
 */
#include "../cases.h"

#include <process.h>
#include <stdbool.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

static HANDLE start(unsigned(__stdcall *routine)(void *), void *argument)
{
    return (HANDLE)_beginthreadex(NULL, 0, routine, argument, 0, NULL);
}

static void join(HANDLE thread)
{
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

/* Nothing else runs when the handles are closed. */
static void join_both(HANDLE first, HANDLE second)
{
    WaitForSingleObject(first, INFINITE);
    join(second);
    CloseHandle(first);
}

static void say(const char *line)
{
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)strlen(line),
              &written, NULL);
}

/* ---- Counted by enumerator.py ------------------------------------------- */

static SRWLOCK lock;
static HANDLE event, port;

static unsigned __stdcall set(void *handle)
{
    SetEvent(handle);
    return 0;
}

/* Two threads set an event each. */
static void two_events(void)
{
    HANDLE other = CreateEventW(NULL, TRUE, FALSE, NULL);
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE first = start(set, event), second = start(set, other);
    join_both(first, second);
    CloseHandle(event);
    CloseHandle(other);
}

static unsigned __stdcall use_lock(void *unused)
{
    (void)unused;
    AcquireSRWLockExclusive(&lock);
    ReleaseSRWLockExclusive(&lock);
    AcquireSRWLockExclusive(&lock);
    ReleaseSRWLockExclusive(&lock);
    return 0;
}

/* Two threads acquire a lock twice each. */
static void one_lock(void)
{
    HANDLE first = start(use_lock, NULL), second = start(use_lock, NULL);
    join_both(first, second);
}

static unsigned __stdcall wait_and_set(void *next)
{
    WaitForSingleObject(event, INFINITE);
    SetEvent(next);
    return 0;
}

/* An event that resets itself goes through two threads. */
static void one_token(void)
{
    event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE first = start(wait_and_set, event);
    HANDLE second = start(wait_and_set, event);
    SetEvent(event);
    join_both(first, second);
    CloseHandle(event);
}

static unsigned __stdcall take(void *unused)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    (void)unused;
    GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);
    return 0;
}

/* Two workers take a packet each. */
static void two_packets(void)
{
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE first = start(take, NULL), second = start(take, NULL);
    PostQueuedCompletionStatus(port, 0, 1, NULL);
    PostQueuedCompletionStatus(port, 0, 2, NULL);
    join_both(first, second);
    CloseHandle(port);
}

static HANDLE open_file(void)
{
    HANDLE file =
        CreateFileW(L"build/explore/blocks.txt", GENERIC_READ, FILE_SHARE_READ,
                    NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    port = CreateIoCompletionPort(file, NULL, 0, 0);
    return file;
}

/* A worker takes the packet of a read. */
static void one_read(void)
{
    static OVERLAPPED overlapped;
    static char buffer[16];
    HANDLE file = open_file();
    HANDLE thread = start(take, NULL);
    ReadFile(file, buffer, sizeof buffer, NULL, &overlapped);
    join(thread);
    CloseHandle(file);
    CloseHandle(port);
}

/* An event is set, or the time is over. */
static void one_timeout(void)
{
    event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE thread = start(set, event);
    WaitForSingleObject(event, 10);
    join(thread);
    CloseHandle(event);
}

/* ---- Mistakes ----------------------------------------------------------- */

static unsigned __stdcall use_two_locks(void *address)
{
    SRWLOCK *locks = address;
    AcquireSRWLockExclusive(&locks[1]);
    AcquireSRWLockExclusive(&locks[0]);
    ReleaseSRWLockExclusive(&locks[0]);
    ReleaseSRWLockExclusive(&locks[1]);
    return 0;
}

/* Two threads acquire two locks, each in its own order. */
static void deadlock(void)
{
    static SRWLOCK locks[2];
    HANDLE thread = start(use_two_locks, locks);
    AcquireSRWLockExclusive(&locks[0]);
    AcquireSRWLockExclusive(&locks[1]);
    ReleaseSRWLockExclusive(&locks[1]);
    ReleaseSRWLockExclusive(&locks[0]);
    join(thread);
}

/* Waits for ever, again and again. */
static void livelock(void)
{
    for (;;)
        Sleep(1);
}

static LONG counted;

static unsigned __stdcall count(void *unused)
{
    (void)unused;
    LONG before = counted;
    AcquireSRWLockExclusive(&lock);
    ReleaseSRWLockExclusive(&lock);
    counted = before + 1;
    return 0;
}

static unsigned __stdcall spin(void *unused)
{
    (void)unused;
    while (!TryAcquireSRWLockExclusive(&lock))
        YieldProcessor();
    LONG before = counted;
    SetEvent(event); /* another thread may run now */
    counted = before + 1;
    ReleaseSRWLockExclusive(&lock);
    return 0;
}

/* Two threads count, with a lock for which they never sleep. */
static void spins(void)
{
    event = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE first = start(spin, NULL), second = start(spin, NULL);
    join_both(first, second);
    CloseHandle(event);
    say(counted == 2 ? "main: 2\n" : "main: 1\n");
}

/* Two threads count without a lock. */
static void lost_count(void)
{
    HANDLE first = start(count, NULL), second = start(count, NULL);
    join_both(first, second);
    say(counted == 2 ? "main: 2\n" : "main: 1\n");
}

static unsigned __stdcall set_flag(void *flag)
{
    *(volatile bool *)flag = true;
    SetEvent(event);
    return 0;
}

/* Takes the flag for the event, which is set later. */
static void flag_for_event(void)
{
    static volatile bool flag;
    event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE thread = start(set_flag, (void *)&flag);
    if (!flag)
        WaitForSingleObject(event, INFINITE);
    if (WaitForSingleObject(event, 0) != WAIT_OBJECT_0)
        exit(EXIT_FAILURE);
    join(thread);
    CloseHandle(event);
}

/* ---- What the explorer does --------------------------------------------- */

/* Static and thread-local variables have their first values in each order. */
static void statics(void)
{
    static _Thread_local int local = 5;
    static int zero, five = 5;
    HANDLE thread = start(use_lock, NULL);
    if (zero++ != 0 || five++ != 5 || local++ != 5)
        exit(EXIT_FAILURE);
    join(thread);
    say("main: as at first\n");
}

static HANDLE client;

/* On the system, several of these programs may run at the same time. */
static const wchar_t *pipe_name(void)
{
    static wchar_t name[40];
    swprintf(name, 40, L"\\\\.\\pipe\\explored-%lu", GetCurrentProcessId());
    return name;
}

static unsigned __stdcall come(void *unused)
{
    DWORD written;
    (void)unused;
    client = CreateFileW(pipe_name(), GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0,
                         NULL);
    WriteFile(client, "hello", 5, &written, NULL);
    return 0;
}

static void await_client(HANDLE pipe, OVERLAPPED *overlapped, HANDLE listens)
{
    bool waits = !ConnectNamedPipe(pipe, overlapped) &&
                 GetLastError() == ERROR_IO_PENDING;
    if (listens != NULL)
        SetEvent(listens);
    if (waits)
        WaitForSingleObject(overlapped->hEvent, INFINITE);
}

/* Reads what `come` has written, and closes everything. */
static void end_client(HANDLE pipe, OVERLAPPED *overlapped, HANDLE thread)
{
    char text[8];
    DWORD bytes = 0;
    ReadFile(pipe, text, sizeof text, NULL, overlapped);
    WaitForSingleObject(overlapped->hEvent, INFINITE);
    GetOverlappedResult(pipe, overlapped, &bytes, FALSE);
    say(bytes == 5 ? "main: 5 bytes\n" : "main: not 5 bytes\n");
    join(thread);
    CloseHandle(client);
    CloseHandle(pipe);
    CloseHandle(overlapped->hEvent);
}

/* A client comes before or after the server waits for it, and writes before or
 * after the server reads. */
static void one_client(void)
{
    static OVERLAPPED overlapped;
    HANDLE pipe = CreateNamedPipeW(pipe_name(),
                                   PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED,
                                   PIPE_TYPE_BYTE, 1, 0, 0, 0, NULL);
    overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE thread = start(come, NULL);
    await_client(pipe, &overlapped, NULL);
    end_client(pipe, &overlapped, thread);
}

static bool has_failed(HANDLE pipe, OVERLAPPED *overlapped, DWORD error)
{
    DWORD bytes;
    WaitForSingleObject(overlapped->hEvent, INFINITE);
    return !GetOverlappedResult(pipe, overlapped, &bytes, FALSE) &&
           GetLastError() == error;
}

/* The server sends its first client away. */
static unsigned __stdcall come_twice(void *listens)
{
    char byte;
    DWORD bytes;
    client =
        CreateFileW(pipe_name(), GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (ReadFile(client, &byte, 1, &bytes, NULL) ||
        GetLastError() != ERROR_PIPE_NOT_CONNECTED)
        exit(EXIT_FAILURE);
    WaitForSingleObject(listens, INFINITE);
    HANDLE first = client;
    come(NULL);
    CloseHandle(first);
    return 0;
}

/* A read is in flight when the server disconnects. The next client is served as
 * if there had been none. */
static void two_clients(void)
{
    static OVERLAPPED overlapped;
    static char text[8];
    HANDLE listens = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE pipe =
        CreateNamedPipeW(pipe_name(), PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                         PIPE_TYPE_BYTE, 1, 0, 0, 0, NULL);
    overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE thread = start(come_twice, listens);
    await_client(pipe, &overlapped, NULL);
    ReadFile(pipe, text, sizeof text, NULL, &overlapped);
    DisconnectNamedPipe(pipe);
    if (!has_failed(pipe, &overlapped, ERROR_PIPE_NOT_CONNECTED))
        exit(EXIT_FAILURE);
    await_client(pipe, &overlapped, listens);
    end_client(pipe, &overlapped, thread);
    CloseHandle(listens);
}

/* It writes and leaves before the server waits for it. On the system, the pipe
 * needs room for what it writes. */
static void gone_client(void)
{
    char text[8];
    DWORD bytes = 0;
    HANDLE pipe = CreateNamedPipeW(pipe_name(), PIPE_ACCESS_INBOUND,
                                   PIPE_TYPE_BYTE, 1, 0, 64, 0, NULL);
    come(NULL);
    CloseHandle(client);
    if (ConnectNamedPipe(pipe, NULL) || GetLastError() != ERROR_NO_DATA)
        exit(EXIT_FAILURE);
    ReadFile(pipe, text, sizeof text, &bytes, NULL);
    say(bytes == 5 ? "main: 5 bytes\n" : "main: not 5 bytes\n");
    CloseHandle(pipe);
}

static void refused(void)
{
    PeekNamedPipe(event, NULL, 0, NULL, NULL, NULL);
}

const struct named_case cases[] = {{L"two-events", two_events},
                                   {L"one-lock", one_lock},
                                   {L"one-token", one_token},
                                   {L"two-packets", two_packets},
                                   {L"one-read", one_read},
                                   {L"one-timeout", one_timeout},
                                   {L"deadlock", deadlock},
                                   {L"livelock", livelock},
                                   {L"lost-count", lost_count},
                                   {L"flag-for-event", flag_for_event},
                                   {L"statics", statics},
                                   {L"one-client", one_client},
                                   {L"two-clients", two_clients},
                                   {L"gone-client", gone_client},
                                   {L"refused", refused},
                                   {L"spins", spins},
                                   {NULL, NULL}};
