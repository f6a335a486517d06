/* Verdict: right: all */
#include <windows.h>
#include <winternl.h>

#include <stdio.h>
#include <stdlib.h>

NTSTATUS NTAPI NtSetIoCompletion(HANDLE, ULONG_PTR, ULONG_PTR, NTSTATUS,
                                 ULONG_PTR);

static HANDLE port, ready;

static void must(int ok, const char *what)
{
    DWORD error = GetLastError();
    if (ok)
        return;
    fprintf(stderr, "cannot %s (error %lu)\n", what, error);
    exit(1);
}

/* One worker. Packet 0 without an OVERLAPPED ends it. */
static DWORD WINAPI serve(void *unused)
{
    (void)unused;
    while (1) {
        DWORD count, code = 0;
        ULONG_PTR key;
        OVERLAPPED *request = NULL;
        if (!GetQueuedCompletionStatus(port, &count, &key, &request, INFINITE))
            code = GetLastError();
        must(!code || request, "take out a packet");
        if (!request)
            return 0;
        if (code)
            printf("worker: callback: failure (error %lu), %lu bytes\n", code,
                   count);
        else
            printf("worker: callback: success, %lu bytes\n", count);
        ReleaseSemaphore(ready, 1, NULL);
    }
}

int main(int argc, char **argv)
{
    static OVERLAPPED request;
    if (argc != 2)
        return fprintf(stderr, "usage: step3 FILE\n"), 2;
    HANDLE file = CreateFileA(argv[1], GENERIC_READ, 7, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED, NULL);
    must(file != INVALID_HANDLE_VALUE, "open the file");
    port = CreateIoCompletionPort(file, NULL, 1, 0);
    must(port != NULL, "create a port");
    ready = CreateSemaphoreA(NULL, 0, 9, NULL);
    HANDLE thread = CreateThread(NULL, 0, serve, NULL, 0, NULL);
    printf("main: posting a success with 42 bytes\n");
    must(PostQueuedCompletionStatus(port, 42, 1, &request), "post a packet");
    WaitForSingleObject(ready, INFINITE);
    printf("main: posting a failure with 0 bytes\n");
    NtSetIoCompletion(port, 1, (ULONG_PTR)&request, (NTSTATUS)0xC000009C, 0);
    WaitForSingleObject(ready, INFINITE);
    PostQueuedCompletionStatus(port, 0, 0, NULL);
    WaitForMultipleObjects(1, &thread, TRUE, INFINITE);
    CloseHandle(thread);
    CloseHandle(ready);
    CloseHandle(file);
    CloseHandle(port);
    printf("main: done\n");
    return 0;
}
