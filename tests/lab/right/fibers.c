/* A thread runs fibers: each has a stack of its own, with its OVERLAPPED on it.
 * The requests are in flight while the thread runs the other fibers. */
#include "right.h"

enum { FIBERS = 3 };

static const char name[] = "\\\\.\\pipe\\right-fibers";

static struct job {
    HANDLE server, client;
    void *fiber;
    bool read;
} jobs[FIBERS];

static void *first;

/* Calls while its frames are above, and below, those of the others. */
static void CALLBACK run(void *argument)
{
    struct job *job = argument;
    char buffer[64];
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD bytes = 0;
    ReadFile(job->server, buffer, sizeof buffer, NULL, &overlapped);
    SwitchToFiber(first);
    job->read = GetOverlappedResult(job->server, &overlapped, &bytes, TRUE) &&
                bytes == 4;
    CloseHandle(overlapped.hEvent);
    SwitchToFiber(first);
}

static __attribute__((noinline)) void go_deep(unsigned depth)
{
    volatile char frame[512];
    frame[0] = (char)depth;
    if (depth > 0)
        go_deep(depth - 1);
    else
        for (int i = 0; i < FIBERS; i++)
            SwitchToFiber(jobs[i].fiber);
    frame[1] = frame[0];
}

static void write_four(HANDLE pipe)
{
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD bytes;
    if (is_started(WriteFile(pipe, "four", 4, NULL, &overlapped)))
        GetOverlappedResult(pipe, &overlapped, &bytes, TRUE);
    CloseHandle(overlapped.hEvent);
}

/* A read of the thread's own stack is in flight while it runs the fibers. */
static bool run_all(void)
{
    char buffer[64];
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    DWORD bytes = 0;
    bool all = true;
    ReadFile(jobs[0].client, buffer, sizeof buffer, NULL, &overlapped);
    go_deep(10);
    for (int i = 0; i < FIBERS; i++)
        write_four(jobs[i].client);
    write_four(jobs[0].server);
    go_deep(0);
    GetOverlappedResult(jobs[0].client, &overlapped, &bytes, TRUE);
    CloseHandle(overlapped.hEvent);
    for (int i = 0; i < FIBERS; i++)
        all = all && jobs[i].read;
    return all;
}

int read_all(const char *path)
{
    (void)path;
    first = ConvertThreadToFiber(NULL);
    for (int i = 0; i < FIBERS; i++) {
        jobs[i].server =
            CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, 0,
                             FIBERS, BLOCK, BLOCK, 0, NULL);
        jobs[i].client =
            CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                        OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
        jobs[i].fiber = CreateFiber(0, run, &jobs[i]);
    }
    bool all = run_all();
    for (int i = 0; i < FIBERS; i++) {
        DeleteFiber(jobs[i].fiber);
        CloseHandle(jobs[i].client);
        CloseHandle(jobs[i].server);
    }
    ConvertFiberToThread();
    return all ? 0 : 1;
}
