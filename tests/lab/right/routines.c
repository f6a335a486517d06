/* Completion routines. Their OVERLAPPED's hEvent belongs to the program. Each
 * kind of alertable wait lets them run. */
#include "right.h"

struct copy {
    HANDLE from, to;
    uint64_t bytes;
    unsigned pending;
};

struct request {
    OVERLAPPED overlapped;
    char buffer[BLOCK];
};

static struct copy *copy_of(const OVERLAPPED *overlapped)
{
    return overlapped->hEvent;
}

static void CALLBACK on_written(DWORD error, DWORD bytes,
                                OVERLAPPED *overlapped)
{
    struct copy *copy = copy_of(overlapped);
    copy->bytes += error == ERROR_SUCCESS ? bytes : 0;
    copy->pending--;
    free(CONTAINING_RECORD(overlapped, struct request, overlapped));
}

static void start_read(struct copy *copy, uint64_t offset);

/* Writes what came with the same request, and starts the next read. */
static void CALLBACK on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct copy *copy = copy_of(overlapped);
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    uint64_t offset =
        (uint64_t)overlapped->OffsetHigh << 32 | overlapped->Offset;
    if (error == ERROR_SUCCESS && bytes > 0) {
        start_read(copy, offset + bytes);
        if (WriteFileEx(copy->to, request->buffer, bytes, overlapped,
                        on_written))
            return;
    }
    copy->pending--;
    free(request);
}

static void start_read(struct copy *copy, uint64_t offset)
{
    struct request *request = malloc(sizeof *request);
    if (request == NULL)
        return;
    request->overlapped = at_offset(offset);
    request->overlapped.hEvent = copy;
    copy->pending++;
    if (!ReadFileEx(copy->from, request->buffer, BLOCK, &request->overlapped,
                    on_read)) {
        copy->pending--;
        free(request);
    }
}

/* Waits for a routine, in one of five ways. */
static void wait_alertably(unsigned way, HANDLE event, HANDLE port)
{
    OVERLAPPED_ENTRY entry;
    ULONG taken;
    switch (way % 5) {
    case 0:
        SleepEx(INFINITE, TRUE);
        break;
    case 1:
        WaitForSingleObjectEx(event, INFINITE, TRUE);
        break;
    case 2:
        WaitForMultipleObjectsEx(1, &event, FALSE, INFINITE, TRUE);
        break;
    case 3:
        SignalObjectAndWait(event, event, INFINITE, TRUE);
        ResetEvent(event);
        break;
    default:
        GetQueuedCompletionStatusEx(port, &entry, 1, &taken, INFINITE, TRUE);
    }
}

static HANDLE create(const char *path)
{
    return CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE, NULL);
}

static uint64_t copy_all(HANDLE file, const char *path)
{
    char name[MAX_PATH];
    snprintf(name, sizeof name, "%s.copy", path);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    struct copy copy = {.from = file, .to = create(name)};
    start_read(&copy, 0);
    for (unsigned way = 0; copy.pending > 0; way++)
        wait_alertably(way, event, port);
    CloseHandle(copy.to);
    CloseHandle(port);
    CloseHandle(event);
    return copy.bytes;
}

static void CALLBACK on_cancelled(DWORD error, DWORD bytes,
                                  OVERLAPPED *overlapped)
{
    (void)bytes;
    *(volatile DWORD *)overlapped->hEvent = error;
}

/* A read is cancelled, and its result taken, before its routine runs. */
static bool cancel(void)
{
    static char buffer[BLOCK];
    volatile DWORD answer = 0;
    DWORD bytes;
    HANDLE server = CreateNamedPipeA("\\\\.\\pipe\\routines",
                                     PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED,
                                     0, 1, 0, BLOCK, 0, NULL);
    HANDLE client = CreateFileA("\\\\.\\pipe\\routines", GENERIC_WRITE, 0, NULL,
                                OPEN_EXISTING, 0, NULL);
    OVERLAPPED *overlapped = calloc(1, sizeof *overlapped);
    if (overlapped == NULL)
        return false;
    overlapped->hEvent = (HANDLE)&answer;
    ReadFileEx(server, buffer, BLOCK, overlapped, on_cancelled);
    CancelIoEx(server, overlapped);
    while (answer == 0)
        SleepEx(INFINITE, TRUE);
    free(overlapped);
    overlapped = NULL;
    OVERLAPPED late = {.hEvent = (HANDLE)&answer};
    answer = 0;
    ReadFileEx(server, buffer, BLOCK, &late, on_cancelled);
    CancelIo(server);
    GetOverlappedResultEx(server, &late, &bytes, 0, FALSE);
    while (answer == 0)
        SleepEx(1, TRUE);
    CloseHandle(client);
    CloseHandle(server);
    return answer == ERROR_OPERATION_ABORTED;
}

int read_all(const char *path)
{
    HANDLE file = open_file(path);
    uint64_t bytes = copy_all(file, path);
    return cancel() ? compare_size(file, bytes) : 2;
}
