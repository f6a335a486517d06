/* Rows about the port itself. */
#include "rows.h"
#include "tools.h"

#include <winternl.h>

NTSTATUS NTAPI NtSetIoCompletion(HANDLE port, ULONG_PTR key,
                                 ULONG_PTR overlapped, NTSTATUS status,
                                 SIZE_T bytes);

static void make_port(DWORD concurrency)
{
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, concurrency);
    need(port != NULL, "make a port");
}

static void post(OVERLAPPED *overlapped)
{
    need(PostQueuedCompletionStatus(port, 0, 0, overlapped), "post a packet");
}

/* ---- Binding ---- */

static void bind_synchronous(void)
{
    make_port(0);
    SAW_HANDLE(CreateIoCompletionPort(make_file(0), port, 0, 0));
}

static void bind_twice(void)
{
    HANDLE file = bound(make_file(FILE_FLAG_OVERLAPPED));
    SAW_HANDLE(CreateIoCompletionPort(file, port, 0, 0));
}

static void bind_no_handle(void)
{
    make_port(0);
    SAW_HANDLE(CreateIoCompletionPort((HANDLE)(uintptr_t)0xDEAD0, port, 0, 0));
}

/* ---- Packets ---- */

static void set_packet(NTSTATUS status)
{
    make_port(0);
    NTSTATUS result = NtSetIoCompletion(port, 1, (ULONG_PTR)&io, status, 7);
    need(result == 0, "queue a packet");
    saw_packet_within(0);
}

static void set_failure(void)
{
    set_packet((NTSTATUS)0xC0000011); /* STATUS_END_OF_FILE */
}

static void set_pending(void)
{
    set_packet((NTSTATUS)STATUS_PENDING);
}

static void batch(void)
{
    OVERLAPPED_ENTRY entries[3];
    ULONG count = 0;
    make_port(0);
    for (int i = 0; i < 5; i++)
        post(&io);
    for (int i = 0; i < 2; i++) {
        SAW_BOOL(
            GetQueuedCompletionStatusEx(port, entries, 3, &count, 0, FALSE));
        saw("count %lu", count);
    }
}

/* The packet of a read that fails because the pipe's other end was closed. */
static OVERLAPPED_ENTRY failed_entry(void)
{
    OVERLAPPED_ENTRY entry = {0};
    ULONG count = 0;
    struct ends pipe = make_pipe(PIPE_TYPE_BYTE);
    ReadFile(pipe.server, buffer, BLOCK, NULL, &io);
    CloseHandle(pipe.client);
    SAW_BOOL(
        GetQueuedCompletionStatusEx(port, &entry, 1, &count, LIMIT, FALSE));
    return entry;
}

static void batch_with_a_failure(void)
{
    failed_entry();
    saw("Internal 0x%llX", io.Internal);
}

static void internal_of_an_entry(void)
{
    saw("Internal 0x%llX", failed_entry().Internal);
}

static void batch_of_nothing(void)
{
    OVERLAPPED_ENTRY entries[3];
    ULONG count = 0;
    make_port(0);
    SAW_BOOL(GetQueuedCompletionStatusEx(port, entries, 3, &count, 0, FALSE));
    saw("count %lu", count);
}

static void CALLBACK do_nothing(ULONG_PTR unused)
{
    (void)unused;
}

static void batch_and_apc(void)
{
    OVERLAPPED_ENTRY entry;
    ULONG count;
    make_port(0);
    need(QueueUserAPC(do_nothing, GetCurrentThread(), 0), "queue an APC");
    SAW_BOOL(GetQueuedCompletionStatusEx(port, &entry, 1, &count, LIMIT, TRUE));
}

/* ---- Threads that wait ---- */

enum { THREADS = 4, MOMENT = 100 /* milliseconds */ };

static volatile LONG inside, most_inside, taker;
static HANDLE waits, took; /* events */

static DWORD WINAPI wait_for_a_packet(void *limit)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    return GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
                                     *(DWORD *)limit)
               ? ERROR_SUCCESS
               : GetLastError();
}

/* Error 6 means that the port was closed before the thread waited. Then the row
 * tries again, and gives the thread more time. */
static void close_with_a_waiter(void)
{
    DWORD error = ERROR_INVALID_HANDLE;
    for (DWORD moment = MOMENT; error == ERROR_INVALID_HANDLE && moment < LIMIT;
         moment *= 2) {
        DWORD limit = moment + NEVER;
        make_port(0);
        HANDLE thread =
            CreateThread(NULL, 0, wait_for_a_packet, &limit, 0, NULL);
        need(thread != NULL, "start a thread");
        Sleep(moment);
        CloseHandle(port);
        need(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0 &&
                 GetExitCodeThread(thread, &error),
             "wait for the thread");
        CloseHandle(thread);
    }
    saw("error %lu", error);
}

static bool take(void)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    return GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, LIMIT);
}

/* Takes a packet, and works (it does not block) until all threads work, or for
 * a while. */
static DWORD WINAPI take_and_work(void *unused)
{
    (void)unused;
    if (!take())
        return 1;
    ULONGLONG start = GetTickCount64();
    LONG now = InterlockedIncrement(&inside), most = most_inside;
    while (now > most)
        most = InterlockedCompareExchange(&most_inside, now, most);
    while (most_inside < THREADS && GetTickCount64() - start < LIMIT / THREADS)
        SwitchToThread();
    InterlockedDecrement(&inside);
    return 0;
}

static HANDLE start_thread(LPTHREAD_START_ROUTINE routine, int index)
{
    HANDLE thread =
        CreateThread(NULL, 0, routine, (void *)(uintptr_t)index, 0, NULL);
    need(thread != NULL, "start a thread");
    return thread;
}

static void concurrency_of_1(void)
{
    HANDLE threads[THREADS];
    make_port(1);
    for (int i = 0; i < THREADS; i++)
        post(&io);
    for (int i = 0; i < THREADS; i++)
        threads[i] = start_thread(take_and_work, i);
    need(WaitForMultipleObjects(THREADS, threads, TRUE, 2 * LIMIT) ==
             WAIT_OBJECT_0,
         "wait for the threads");
    saw("%ld of %d threads", most_inside, THREADS);
}

/* Takes one packet, and notes the number of this thread. */
static DWORD WINAPI take_and_note(void *index)
{
    SetEvent(waits);
    if (!take())
        return 1;
    taker = (LONG)(uintptr_t)index + 1;
    SetEvent(took);
    return 0;
}

/* The threads begin to wait one after the other. Then the row posts packets,
 * each after the packet before was taken. */
static void order_of_waiters(void)
{
    LONG order[THREADS];
    make_port(0);
    waits = CreateEventW(NULL, FALSE, FALSE, NULL);
    took = CreateEventW(NULL, FALSE, FALSE, NULL);
    need(waits != NULL && took != NULL, "make events");
    for (int i = 0; i < THREADS; i++) {
        start_thread(take_and_note, i);
        need(WaitForSingleObject(waits, LIMIT) == WAIT_OBJECT_0, "wait");
        Sleep(MOMENT); /* from the event into the port */
    }
    for (int i = 0; i < THREADS; i++) {
        post(&io);
        need(WaitForSingleObject(took, LIMIT) == WAIT_OBJECT_0, "wait");
        order[i] = taker;
    }
    saw("%ld %ld %ld %ld", order[0], order[1], order[2], order[3]);
}

#define IOCP_DOCUMENTATION "documentation, I/O Completion Ports"
#define FILE_TESTS         "Wine's dlls/ntdll/tests/file.c, "
#define EX_DOCUMENTATION   "documentation of GetQueuedCompletionStatusEx"

const struct row port_rows[] = {
    {"bind-synchronous", "CreateIoCompletionPort with a synchronous handle",
     bind_synchronous, "NULL/87", "NULL/87", FILE_TESTS "test_iocp_fileio"},
    {"bind-twice", "CreateIoCompletionPort with a handle that is already bound",
     bind_twice, "NULL/87", "NULL/87",
     "documentation of CreateIoCompletionPort; dotnet/runtime, "
     "ThreadPoolBoundHandle.BindHandle"},
    {"bind-bogus", "CreateIoCompletionPort with an invalid handle",
     bind_no_handle, "NULL/6", "NULL/6",
     "dotnet/runtime, ThreadPoolBoundHandle.BindHandle"},
    {"status", "NtSetIoCompletion with STATUS_END_OF_FILE and 7 bytes",
     set_failure, "packet 38 n=7", "packet 38 n=7",
     FILE_TESTS "test_iocp_setcompletion: the status comes out unchanged"},
    {"status-pending", "NtSetIoCompletion with STATUS_PENDING", set_pending,
     "packet ok n=7", "packet ok n=7",
     FILE_TESTS "test_iocp_setcompletion: the status comes out unchanged"},
    {"batch",
     "GetQueuedCompletionStatusEx for 3 packets, twice, with 5 in the port",
     batch, "TRUE, count 3, TRUE, count 2", "TRUE, count 3, TRUE, count 2",
     EX_DOCUMENTATION},
    {"batch-failure",
     "GetQueuedCompletionStatusEx of a failed read: Internal of its OVERLAPPED",
     batch_with_a_failure, "TRUE, Internal 0xC000014B",
     "TRUE, Internal 0xC000014B", EX_DOCUMENTATION},
    {"batch-internal",
     "GetQueuedCompletionStatusEx of a failed read: Internal of the entry",
     internal_of_an_entry, "TRUE, Internal 0xC000014B", NULL, NULL},
    {"batch-nothing", "GetQueuedCompletionStatusEx with no packet in the port",
     batch_of_nothing, "FALSE/258, count 1", NULL, NULL},
    {"batch-apc", "alertable GetQueuedCompletionStatusEx after QueueUserAPC",
     batch_and_apc, "FALSE/192", "FALSE/192", EX_DOCUMENTATION},
    {"close-port",
     "CloseHandle of a port while a thread waits at it: the thread's error",
     close_with_a_waiter, "error 258", "error 735",
     "documentation of GetQueuedCompletionStatus"},
    {"concurrency",
     "a port with concurrency 1: how many threads work at the same time?",
     concurrency_of_1, "4 of 4 threads", "1 of 4 threads", IOCP_DOCUMENTATION},
    {"waiters",
     "4 threads wait, then 4 packets come: which thread takes each packet?",
     order_of_waiters, "1 2 3 4", "4 3 2 1",
     IOCP_DOCUMENTATION ": last in, first out"},
    {.name = NULL},
};
