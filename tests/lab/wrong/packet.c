/* Mistakes with packets, and with waiting for them. */
#include "wrong.h"

/* Reads after the end of the file: the packet brings error 38. */
static void start_failing(HANDLE file)
{
    struct read *read = calloc(1, sizeof *read);
    read->overlapped.Offset = 0x7FFFFFFF;
    ReadFile(file, read->buffer, 64, NULL, &read->overlapped);
}

static int failing_packet(const char *path)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    start_failing(file);
    /* <- failing-packet */
    while (GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 1000))
        free(CONTAINING_RECORD(overlapped, struct read, overlapped));
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

static int no_packet(const char *path)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    (void)path;
    /* <- no-packet */
    GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 0);
    /* <- no-packet */
    return (int)((volatile OVERLAPPED *)overlapped)->Offset;
}

static int exits_in_flight(const char *path)
{
    static struct read read;
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    /* <- exits-in-flight */
    ReadFile(file, read.buffer, 64, NULL, &read.overlapped);
    return port == NULL;
}

/* The last function that returns before the end has the OVERLAPPED. Others have
 * used a part of its memory since. */
static int returns_in_flight(const char *path)
{
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    char buffer[16];
    struct pipe pipe = open_pipe();
    (void)path;
    /* <- returns-in-flight */
    ReadFile(pipe.client, buffer, sizeof buffer, NULL, &overlapped);
    WaitForSingleObject(overlapped.hEvent, 0);
    *(volatile ULONG_PTR *)&overlapped.Internal = 0;
    return 3;
}

static unsigned __stdcall worker(void *port)
{
    take(port);
    return 0;
}

/* main does not post the worker's sentinel. */
static int no_sentinel(const char *path)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, worker, port, 0, NULL);
    (void)path;
    /* <- no-sentinel */
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(port);
    return 0;
}

/* The loop ends at the packet of a failed I/O, so main waits for ever. */
static unsigned __stdcall weak_worker(void *port)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    /* <- dead-worker */
    while (GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE))
        free(CONTAINING_RECORD(overlapped, struct read, overlapped));
    return 0;
}

static int dead_worker(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, weak_worker, port, 0, NULL);
    start_failing(file);
    /* <- dead-worker */
    WaitForSingleObject(event, INFINITE);
    CloseHandle(thread);
    CloseHandle(event);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

/* The read has completed, but no thread takes its packet. */
static int packet_not_taken(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    start_failing(file);
    /* <- not-taken */
    WaitForSingleObject(event, INFINITE);
    CloseHandle(event);
    CloseHandle(port);
    CloseHandle(file);
    return 0;
}

static SRWLOCK lock = SRWLOCK_INIT;

static unsigned __stdcall lock_it(void *unused)
{
    (void)unused;
    /* <- deadlock */
    AcquireSRWLockExclusive(&lock);
    return 0;
}

static int deadlock(const char *path)
{
    AcquireSRWLockExclusive(&lock);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, lock_it, NULL, 0, NULL);
    (void)path;
    /* <- deadlock */
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return 0;
}

static CRITICAL_SECTION section;
static CONDITION_VARIABLE condition;

static unsigned __stdcall enter_section(void *unused)
{
    (void)unused;
    /* <- everywhere */
    EnterCriticalSection(&section);
    return 0;
}

static unsigned __stdcall wait_for_condition(void *unused)
{
    static CRITICAL_SECTION own;
    (void)unused;
    InitializeCriticalSection(&own);
    EnterCriticalSection(&own);
    /* <- everywhere */
    SleepConditionVariableCS(&condition, &own, INFINITE);
    return 0;
}

static unsigned __stdcall wait_for_routine(void *unused)
{
    (void)unused;
    /* <- everywhere */
    SleepEx(INFINITE, TRUE);
    return 0;
}

static unsigned __stdcall exit_early(void *unused)
{
    (void)unused;
    _endthreadex(0);
    return 0;
}

/* Each thread waits in another way; one has left by _endthreadex. */
static int everywhere(const char *path)
{
    static unsigned(__stdcall *const routines[])(void *) = {
        enter_section, wait_for_condition, wait_for_routine, exit_early};
    HANDLE threads[4];
    (void)path;
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    for (int i = 0; i < 4; i++)
        threads[i] =
            (HANDLE)_beginthreadex(NULL, 0, routines[i], NULL, 0, NULL);
    /* <- everywhere */
    WaitForMultipleObjectsEx(4, threads, TRUE, INFINITE, TRUE);
    return 0;
}

const struct mistake mistakes[] = {
    {"everywhere", everywhere},
    {"not-taken", packet_not_taken},
    {"deadlock", deadlock},
    {"failing-packet", failing_packet},
    {"no-packet", no_packet},
    {"exits-in-flight", exits_in_flight},
    {"returns-in-flight", returns_in_flight},
    {"no-sentinel", no_sentinel},
    {"dead-worker", dead_worker},
    {NULL, NULL},
};
