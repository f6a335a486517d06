/* Uses each static request again when its packet has come. The worker needs the
 * lock that main holds while it starts the requests. */
#include "right.h"

static struct request {
    OVERLAPPED overlapped;
    char buffer[BLOCK];
} requests[DEPTH];

static HANDLE file, port;
static SRWLOCK lock = SRWLOCK_INIT;
static uint64_t next_offset, bytes_read;
static unsigned pending;
static bool at_end;

static void start(struct request *request)
{
    request->overlapped = at_offset(next_offset);
    next_offset += BLOCK;
    pending++;
    if (!is_started(ReadFile(file, request->buffer, BLOCK, NULL,
                             &request->overlapped))) {
        at_end = true;
        pending--;
    }
}

static unsigned __stdcall worker(void *unused)
{
    (void)unused;
    for (bool more = true; more;) {
        DWORD bytes = 0;
        ULONG_PTR key;
        OVERLAPPED *overlapped = NULL;
        BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
                                            INFINITE);
        if (overlapped == NULL)
            return 1;
        AcquireSRWLockExclusive(&lock);
        pending--;
        bytes_read += bytes;
        if (!ok || bytes < BLOCK)
            at_end = true;
        if (!at_end)
            start(CONTAINING_RECORD(overlapped, struct request, overlapped));
        more = pending > 0;
        ReleaseSRWLockExclusive(&lock);
    }
    return 0;
}

int read_all(const char *path)
{
    file = open_file(path);
    port = CreateIoCompletionPort(file, NULL, 0, 0);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, worker, NULL, 0, NULL);
    AcquireSRWLockExclusive(&lock);
    for (unsigned i = 0; i < DEPTH; i++)
        start(&requests[i]);
    ReleaseSRWLockExclusive(&lock);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(port);
    return compare_size(file, bytes_read);
}
