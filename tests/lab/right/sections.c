/* Starts reads, and counts their ends, under a CRITICAL_SECTION; a condition
 * variable wakes main. A call under the lock must not wait for the worker that
 * needs the lock. */
#include "right.h"

enum { READS = 200 };

static CRITICAL_SECTION lock;
static CONDITION_VARIABLE all_over = CONDITION_VARIABLE_INIT;
static HANDLE file, port;
static DWORD started, ended;

static struct request {
    OVERLAPPED overlapped;
    char buffer[64];
} requests[DEPTH];

static void start(struct request *request)
{
    EnterCriticalSection(&lock);
    if (started < READS) {
        request->overlapped = at_offset(64 * (uint64_t)started++);
        if (!is_started(ReadFile(file, request->buffer, 64, NULL,
                                 &request->overlapped)))
            ended++;
    }
    LeaveCriticalSection(&lock);
}

static DWORD WINAPI worker(void *unused)
{
    (void)unused;
    for (;;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped = NULL;
        GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);
        if (overlapped == NULL)
            return 0;
        EnterCriticalSection(&lock);
        if (++ended == READS)
            WakeConditionVariable(&all_over);
        LeaveCriticalSection(&lock);
        start(CONTAINING_RECORD(overlapped, struct request, overlapped));
    }
}

int read_all(const char *path)
{
    HANDLE threads[2];
    ULONGLONG begin = GetTickCount64();
    InitializeCriticalSection(&lock);
    file = open_file(path);
    port = CreateIoCompletionPort(file, NULL, 0, 0);
    for (int i = 0; i < 2; i++)
        threads[i] = CreateThread(NULL, 0, worker, NULL, 0, NULL);
    for (int i = 0; i < DEPTH; i++)
        start(&requests[i]);
    EnterCriticalSection(&lock);
    while (ended < READS)
        SleepConditionVariableCS(&all_over, &lock, INFINITE);
    LeaveCriticalSection(&lock);
    for (int i = 0; i < 2; i++)
        PostQueuedCompletionStatus(port, 0, 0, NULL);
    WaitForMultipleObjects(2, threads, TRUE, INFINITE);
    for (int i = 0; i < 2; i++)
        CloseHandle(threads[i]);
    CloseHandle(file);
    CloseHandle(port);
    DeleteCriticalSection(&lock);
    return GetTickCount64() - begin < 10000 ? 0 : 1;
}
