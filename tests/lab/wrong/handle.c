/* Mistakes with handles. After a call that the system refuses, the program
 * exits with 1, so that the checker prints its hint. */
#include "wrong.h"

static int not_overlapped(const char *path)
{
    /* <- not-overlapped */
    HANDLE file = open_file(path, 0);
    /* <- not-overlapped */
    HANDLE port = port_of(file);
    CloseHandle(file);
    return port == NULL;
}

static int plain_with_event(const char *path)
{
    static struct read read;
    DWORD bytes;
    /* <- plain-with-event */
    HANDLE file = open_file(path, 0);
    read.overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    /* <- plain-with-event */
    ReadFile(file, read.buffer, 64, NULL, &read.overlapped);
    GetOverlappedResult(file, &read.overlapped, &bytes, TRUE);
    CloseHandle(read.overlapped.hEvent);
    CloseHandle(file);
    return 0;
}

static int bound_twice(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    /* <- bound-twice */
    HANDLE port = port_of(file);
    /* <- bound-twice */
    HANDLE again = port_of(file);
    CloseHandle(file);
    CloseHandle(port);
    return again == NULL;
}

static int no_overlapped(const char *path)
{
    char buffer[64];
    DWORD bytes;
    /* <- no-overlapped */
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    /* <- no-overlapped */
    BOOL ok = ReadFile(file, buffer, 64, &bytes, NULL);
    CloseHandle(file);
    return !ok;
}

/* The offset is that of a file on a disk: the checker does not take a closed
 * handle for a pipe's. */
static int used_after_close(const char *path)
{
    static struct read read = {.overlapped = {.Offset = 64}};
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    /* <- used-after-close */
    CloseHandle(file);
    /* <- used-after-close */
    BOOL ok = ReadFile(file, read.buffer, 64, NULL, &read.overlapped);
    return !ok;
}

static int never_closed(const char *path)
{
    /* <- never-closed */
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    return file == INVALID_HANDLE_VALUE;
}

static int never_closed_event(const char *path)
{
    static struct read read;
    DWORD bytes;
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    /* <- event-open */
    read.overlapped.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL);
    ReadFile(file, read.buffer, 64, NULL, &read.overlapped);
    GetOverlappedResult(file, &read.overlapped, &bytes, TRUE);
    CloseHandle(file);
    return 0;
}

static int never_closed_duplicate(const char *path)
{
    HANDLE copy, self = GetCurrentProcess();
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    /* <- duplicate-open */
    DuplicateHandle(self, file, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
    CloseHandle(file);
    return 0;
}

static int closed_while_connecting(const char *path)
{
    static OVERLAPPED overlapped;
    (void)path;
    HANDLE pipe = CreateNamedPipeW(L"\\\\.\\pipe\\wrong-handle",
                                   PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED,
                                   0, 1, 0, 64, 0, NULL);
    /* <- closed-connecting */
    ConnectNamedPipe(pipe, &overlapped);
    /* <- closed-connecting */
    CloseHandle(pipe);
    return 0;
}

static int closed_in_flight(const char *path)
{
    static struct read read;
    struct pipe pipe = open_pipe();
    HANDLE port = port_of(pipe.client);
    (void)path;
    /* <- closed-in-flight */
    ReadFile(pipe.client, read.buffer, 64, NULL, &read.overlapped);
    /* <- closed-in-flight */
    CloseHandle(pipe.client);
    take(port);
    CloseHandle(pipe.server);
    CloseHandle(port);
    return 0;
}

static unsigned __stdcall worker(void *port)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    /* <- port-closed */
    GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 300);
    return 0;
}

static int port_closed(const char *path)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, worker, port, 0, NULL);
    (void)path;
    /* <- port-closed */
    CloseHandle(port);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    return 0;
}

static int port_used_on(const char *path)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    (void)path;
    /* <- port-used-on */
    CloseHandle(port);
    /* <- port-used-on */
    GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 0);
    return 0;
}

static int not_checked(const char *path)
{
    HANDLE file = open_file("is not there", FILE_FLAG_OVERLAPPED); /* opens */
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    /* <- not-checked */
    HANDLE bound = CreateIoCompletionPort(file, port, 0, 0);
    (void)path;
    CloseHandle(port);
    return bound == NULL;
}

/* Each call is another place in the program. */
#define FIVE_TIMES(call) call, call, call, call, call

static int in_many_places(const char *path)
{
    (void)path;
    FIVE_TIMES(FIVE_TIMES(CloseHandle(INVALID_HANDLE_VALUE)));
    return 0;
}

const struct mistake mistakes[] = {
    {"in-many-places", in_many_places},
    {"not-overlapped", not_overlapped},
    {"plain-with-event", plain_with_event},
    {"bound-twice", bound_twice},
    {"no-overlapped", no_overlapped},
    {"event-open", never_closed_event},
    {"duplicate-open", never_closed_duplicate},
    {"closed-connecting", closed_while_connecting},
    {"never-closed", never_closed},
    {"used-after-close", used_after_close},
    {"closed-in-flight", closed_in_flight},
    {"port-closed", port_closed},
    {"port-used-on", port_used_on},
    {"not-checked", not_checked},
    {NULL, NULL},
};
