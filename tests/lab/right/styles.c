/* One thread reads the file several times, each time in another style. No style
 * resets Internal or InternalHigh: the system does. */
#include "right.h"

struct request {
    OVERLAPPED overlapped;
    char buffer[BLOCK];
};

static uint64_t size_of(HANDLE file)
{
    LARGE_INTEGER size;
    return GetFileSizeEx(file, &size) ? (uint64_t)size.QuadPart : 0;
}

static void set_offset(OVERLAPPED *overlapped, uint64_t offset)
{
    overlapped->Offset = (DWORD)offset;
    overlapped->OffsetHigh = (DWORD)(offset >> 32);
}

static bool start(HANDLE file, struct request *request, uint64_t offset)
{
    set_offset(&request->overlapped, offset);
    return is_started(
        ReadFile(file, request->buffer, BLOCK, NULL, &request->overlapped));
}

/* Reads the rest of the file with this array of requests, whose packets come to
 * a port. */
static uint64_t read_by_port(HANDLE file, struct request *requests)
{
    HANDLE port = CreateIoCompletionPort(file, NULL, 7, 1);
    uint64_t next = 0, all = 0;
    unsigned pending = 0;
    for (; pending < DEPTH; next += BLOCK)
        pending += start(file, &requests[pending], next);
    while (pending > 0) {
        DWORD bytes = 0;
        ULONG_PTR key;
        OVERLAPPED *taken = NULL;
        if (!GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE))
            bytes = 0;
        all += bytes;
        pending--;
        if (bytes > 0 &&
            start(file, CONTAINING_RECORD(taken, struct request, overlapped),
                  next)) {
            next += BLOCK;
            pending++;
        }
    }
    CloseHandle(port);
    return all;
}

static uint64_t in_an_array(HANDLE file)
{
    struct request *requests = calloc(DEPTH, sizeof *requests);
    uint64_t bytes = requests != NULL ? read_by_port(file, requests) : 0;
    free(requests);
    return bytes;
}

static uint64_t in_pages(HANDLE file)
{
    struct request *requests =
        VirtualAlloc(NULL, DEPTH * sizeof *requests, MEM_RESERVE | MEM_COMMIT,
                     PAGE_READWRITE);
    uint64_t bytes = requests != NULL ? read_by_port(file, requests) : 0;
    VirtualFree(requests, 0, MEM_RELEASE);
    return bytes;
}

static uint64_t on_a_heap(HANDLE file)
{
    struct request *requests =
        HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, DEPTH * sizeof *requests);
    uint64_t bytes = requests != NULL ? read_by_port(file, requests) : 0;
    HeapFree(GetProcessHeap(), 0, requests);
    return bytes;
}

/* Asks again and again whether the I/O has completed; the OVERLAPPED is on the
 * stack, which other functions use afterwards. */
static __attribute__((noinline)) DWORD poll_once(HANDLE file, uint64_t offset)
{
    static char buffer[BLOCK];
    OVERLAPPED overlapped = at_offset(offset);
    if (!is_started(ReadFile(file, buffer, BLOCK, NULL, &overlapped)))
        return 0;
    while (!HasOverlappedIoCompleted(&overlapped))
        YieldProcessor();
    return (DWORD)overlapped.InternalHigh;
}

static __attribute__((noinline)) void use_stack(void)
{
    volatile char other[1024];
    for (size_t i = 0; i < sizeof other; i++)
        other[i] = 3;
}

static uint64_t by_polling(HANDLE file)
{
    uint64_t bytes = 0;
    for (DWORD came = BLOCK; came > 0; bytes += came) {
        came = poll_once(file, bytes);
        use_stack();
    }
    return bytes;
}

/* GetOverlappedResult does not wait. */
static uint64_t by_asking(HANDLE file)
{
    struct request *request = calloc(1, sizeof *request);
    uint64_t all = 0;
    DWORD bytes = BLOCK;
    if (request == NULL)
        return 0;
    for (; bytes > 0; all += bytes) {
        bytes = 0;
        if (!start(file, request, all))
            continue;
        while (
            !GetOverlappedResult(file, &request->overlapped, &bytes, FALSE) &&
            GetLastError() == ERROR_IO_INCOMPLETE)
            SwitchToThread();
    }
    free(request);
    return all;
}

/* An event of either kind, and no GetOverlappedResult. */
static uint64_t by_event(HANDLE file, bool manual)
{
    static struct request request;
    uint64_t all = 0;
    request.overlapped.hEvent = CreateEvent(NULL, manual, FALSE, NULL);
    for (DWORD bytes = BLOCK; bytes > 0; all += bytes) {
        ResetEvent(request.overlapped.hEvent);
        bytes = 0;
        if (start(file, &request, all) &&
            WaitForSingleObject(request.overlapped.hEvent, INFINITE) ==
                WAIT_OBJECT_0)
            bytes = (DWORD)request.overlapped.InternalHigh;
    }
    CloseHandle(request.overlapped.hEvent);
    return all;
}

static uint64_t by_manual_event(HANDLE file)
{
    return by_event(file, true);
}

static uint64_t by_auto_event(HANDLE file)
{
    return by_event(file, false);
}

/* The lowest bit of hEvent: no packet, although the file is bound. */
static uint64_t without_packets(HANDLE file)
{
    HANDLE port = CreateIoCompletionPort(file, NULL, 1, 1);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    struct request *request = calloc(1, sizeof *request);
    uint64_t all = 0;
    DWORD bytes = BLOCK;
    if (request == NULL)
        return 0;
    request->overlapped.hEvent = (HANDLE)((ULONG_PTR)event | 1);
    for (; bytes > 0; all += bytes)
        if (!start(file, request, all) ||
            !GetOverlappedResult(file, &request->overlapped, &bytes, TRUE))
            bytes = 0;
    free(request);
    CloseHandle(event);
    CloseHandle(port);
    return all;
}

/* The packet comes after the file was closed, which the I/O does not need any
 * more. */
static uint64_t after_closing(HANDLE file)
{
    static struct request request;
    OVERLAPPED *taken = NULL;
    ULONG_PTR key;
    DWORD bytes = 0;
    uint64_t size = size_of(file);
    HANDLE port = CreateIoCompletionPort(file, NULL, 1, 1);
    if (start(file, &request, 0)) {
        while (!HasOverlappedIoCompleted(&request.overlapped))
            SwitchToThread();
        CloseHandle(file);
        GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE);
    }
    CloseHandle(port);
    return taken != NULL ? size : 0;
}

int read_all(const char *path)
{
    uint64_t (*const styles[])(HANDLE) = {
        in_an_array,   in_pages,        on_a_heap,
        by_polling,    by_asking,       by_manual_event,
        by_auto_event, without_packets, after_closing};
    for (int i = 0; i < (int)(sizeof styles / sizeof *styles); i++) {
        HANDLE file = open_file(path);
        uint64_t size = size_of(file);
        if (styles[i](file) != size)
            return 10 + i;
        if (styles[i] != after_closing)
            CloseHandle(file);
    }
    return 0;
}
