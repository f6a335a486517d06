/* Verdict: right: all */
/* Workers are two callbacks of the system's pool. */
#include "report.h"
#include <winternl.h>

const wchar_t program[] = L"three-work";
NTSTATUS NTAPI NtSetIoCompletion(HANDLE, ULONG_PTR, ULONG_PTR, NTSTATUS,
                                 ULONG_PTR);
static HANDLE port, went;

static void CALLBACK take_all(PTP_CALLBACK_INSTANCE i, void *c, PTP_WORK w)
{
    (void)i, (void)c, (void)w;
    actor = "worker";
    for (;;) {
        DWORD n;
        ULONG_PTR key;
        OVERLAPPED *o = NULL;
        BOOL ok = GetQueuedCompletionStatus(port, &n, &key, &o, INFINITE);
        DWORD e = ok ? 0 : GetLastError();
        check(ok || o, "take a packet from", L"port");
        if (key == 99)
            return;
        if (e)
            say("callback: failure (error %lu), %lu bytes", e, n);
        else
            say("callback: success, %lu bytes", n);
        check(SetEvent(went), "set", L"event");
    }
}

int wmain(int argc, wchar_t **argv)
{
    OVERLAPPED o = {0};
    if (argc != 2)
        return fprintf(stderr, "usage: three FILE\n"), 2;
    HANDLE f = CreateFileW(argv[1], GENERIC_READ, 7, NULL, OPEN_EXISTING,
                           FILE_FLAG_OVERLAPPED, NULL);
    if (f == INVALID_HANDLE_VALUE)
        return report("open", argv[1], GetLastError());
    port = CreateIoCompletionPort(f, NULL, 1, 0);
    check(port != NULL, "create", L"port");
    went = CreateEventW(NULL, FALSE, FALSE, NULL);
    check(went != NULL, "create", L"event");
    PTP_WORK work = CreateThreadpoolWork(take_all, NULL, NULL);
    check(work != NULL, "create", L"work");
    SubmitThreadpoolWork(work);
    say("posting a success with 42 bytes");
    check(PostQueuedCompletionStatus(port, 42, 1, &o), "post to", L"port");
    check(WaitForSingleObject(went, INFINITE) == 0, "wait for", L"event");
    say("posting a failure with 0 bytes");
    check(NtSetIoCompletion(port, 1, (ULONG_PTR)&o, (NTSTATUS)0xC000009C, 0) ==
              0,
          "post to", L"port");
    check(WaitForSingleObject(went, INFINITE) == 0, "wait for", L"event");
    check(PostQueuedCompletionStatus(port, 0, 99, NULL), "post to", L"port");
    WaitForThreadpoolWorkCallbacks(work, FALSE);
    CloseThreadpoolWork(work);
    CloseHandle(went);
    CloseHandle(f);
    CloseHandle(port);
    say("done");
    return 0;
}
