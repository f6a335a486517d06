/* Verdict: right: all */
#include "report.h"

#include <process.h>

const wchar_t program[] = L"four";

/* The OVERLAPPED is not the first field, and the requests are static. */
struct job {
    const char *text;
    const char *name;
    OVERLAPPED io;
    bool is_done;
};

static struct job jobs[2] = {
    {.text = "first buffer", .name = "on_first", .io = {.Offset = 64}},
    {.text = "second buffer",
     .name = "on_second",
     .io = {.Offset = 64, .OffsetHigh = 1}},
};
static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE changed = CONDITION_VARIABLE_INIT;

static unsigned __stdcall work(void *port)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *io;
    actor = "worker";
    for (;;) {
        io = NULL;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &io, INFINITE);
        DWORD error = ok ? 0 : GetLastError();
        check(ok || io != NULL, "take a packet from", L"port");
        if (io == NULL)
            return 0;
        struct job *job = CONTAINING_RECORD(io, struct job, io);
        say("%s: error %lu, %lu bytes in '%s', high half %lu, low half %lu",
            job->name, error, bytes, job->text, io->OffsetHigh, io->Offset);
        AcquireSRWLockExclusive(&lock);
        job->is_done = true;
        ReleaseSRWLockExclusive(&lock);
        WakeAllConditionVariable(&changed);
    }
}

static void post(HANDLE port, struct job *job)
{
    say("posting the packet of '%s'", job->text);
    check(
        PostQueuedCompletionStatus(port, (DWORD)strlen(job->text), 0, &job->io),
        "post to", L"port");
    AcquireSRWLockExclusive(&lock);
    while (!job->is_done)
        SleepConditionVariableSRW(&changed, &lock, INFINITE, 0);
    ReleaseSRWLockExclusive(&lock);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2)
        return fputs("usage: four FILE\n", stderr), 2;
    HANDLE file = CreateFileW(argv[1], GENERIC_READ, 7, NULL, OPEN_EXISTING,
                              FILE_FLAG_OVERLAPPED, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", argv[1], GetLastError());
    HANDLE port = CreateIoCompletionPort(file, NULL, 0, 0);
    check(port != NULL, "create", L"port");
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, work, port, 0, NULL);
    say("packing offset 64 with 'first buffer'");
    say("packing offset 4294967360 with 'second buffer'");
    post(port, &jobs[1]);
    post(port, &jobs[0]);
    say("packed 2, freed 2");
    PostQueuedCompletionStatus(port, 0, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(file);
    CloseHandle(port);
    say("done");
    return 0;
}
