/* Servers of named pipes, with clients in threads of their own: with an event
 * each, with a port, and with completion routines. */
#include "right.h"

#include <string.h>

enum { CLIENTS = 3 };

static const char name[] = "\\\\.\\pipe\\right-servers";

static HANDLE create_pipe(void)
{
    return CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED,
                            PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, CLIENTS,
                            64, 64, 0, NULL);
}

static unsigned __stdcall client(void *unused)
{
    char answer[16] = "";
    DWORD bytes = 0;
    HANDLE pipe = INVALID_HANDLE_VALUE;
    (void)unused;
    while (pipe == INVALID_HANDLE_VALUE) {
        WaitNamedPipeA(name, 1000);
        pipe = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                           OPEN_EXISTING, 0, NULL);
    }
    if (WriteFile(pipe, "ask", 3, &bytes, NULL))
        ReadFile(pipe, answer, sizeof answer, &bytes, NULL);
    CloseHandle(pipe);
    return bytes == 6 && memcmp(answer, "answer", 6) == 0 ? 0 : 1;
}

static void start_clients(HANDLE clients[CLIENTS])
{
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = (HANDLE)_beginthreadex(NULL, 0, client, NULL, 0, NULL);
}

static bool join_clients(HANDLE clients[CLIENTS])
{
    DWORD status = 0, all = 0;
    WaitForMultipleObjects(CLIENTS, clients, TRUE, INFINITE);
    for (int i = 0; i < CLIENTS; i++) {
        GetExitCodeThread(clients[i], &status);
        all |= status;
        CloseHandle(clients[i]);
    }
    return all == 0;
}

/* An instance of the pipe, and what it does next. */
struct instance {
    OVERLAPPED overlapped;
    HANDLE pipe;
    enum { CONNECTS, READS, WRITES, CLOSES } state;
    char buffer[16];
};

/* Starts what is next. Returns false if the instance has nothing more to do. */
static bool go_on(struct instance *instance)
{
    HANDLE pipe = instance->pipe;
    instance->state++;
    if (instance->state == READS)
        return is_started(ReadFile(pipe, instance->buffer,
                                   sizeof instance->buffer, NULL,
                                   &instance->overlapped));
    if (instance->state == WRITES)
        return is_started(
            WriteFile(pipe, "answer", 6, NULL, &instance->overlapped));
    return false;
}

/* Returns false if a client has connected already: then nothing is pending. */
static bool connect_pipe(struct instance *instance)
{
    return ConnectNamedPipe(instance->pipe, &instance->overlapped) ||
           GetLastError() == ERROR_IO_PENDING;
}

static bool serve_by_events(void)
{
    static struct instance instances[CLIENTS];
    HANDLE events[CLIENTS], clients[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        events[i] = CreateEvent(NULL, TRUE, TRUE, NULL);
        instances[i] = (struct instance){.overlapped.hEvent = events[i],
                                         .pipe = create_pipe()};
        if (!connect_pipe(&instances[i]))
            SetEvent(events[i]);
    }
    start_clients(clients);
    for (int open = CLIENTS; open > 0;) {
        DWORD bytes,
            i = WaitForMultipleObjects(CLIENTS, events, FALSE, INFINITE);
        GetOverlappedResult(instances[i].pipe, &instances[i].overlapped, &bytes,
                            FALSE);
        if (!go_on(&instances[i])) {
            ResetEvent(events[i]);
            open--;
        }
    }
    bool served = join_clients(clients);
    for (int i = 0; i < CLIENTS; i++) {
        CloseHandle(instances[i].pipe);
        CloseHandle(events[i]);
    }
    return served;
}

static bool serve_by_port(void)
{
    HANDLE clients[CLIENTS];
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    struct instance *instances[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        instances[i] = calloc(1, sizeof *instances[i]);
        if (instances[i] == NULL)
            return false;
        instances[i]->pipe = create_pipe();
        CreateIoCompletionPort(instances[i]->pipe, port, 1, 0);
        if (!connect_pipe(instances[i]))
            PostQueuedCompletionStatus(port, 0, 1, &instances[i]->overlapped);
    }
    start_clients(clients);
    for (int open = CLIENTS; open > 0;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *taken = NULL;
        GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE);
        open -= !go_on(CONTAINING_RECORD(taken, struct instance, overlapped));
    }
    bool served = join_clients(clients);
    for (int i = 0; i < CLIENTS; i++) {
        CloseHandle(instances[i]->pipe);
        free(instances[i]);
    }
    CloseHandle(port);
    return served;
}

static unsigned done;

static void CALLBACK on_written(DWORD error, DWORD bytes,
                                OVERLAPPED *overlapped)
{
    (void)error, (void)bytes, (void)overlapped;
    done++;
}

static void CALLBACK on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct instance *instance =
        CONTAINING_RECORD(overlapped, struct instance, overlapped);
    (void)bytes;
    if (error != ERROR_SUCCESS ||
        !WriteFileEx(instance->pipe, "answer", 6, overlapped, on_written))
        done++;
}

static void wait_alertably(HANDLE event)
{
    DWORD result = WAIT_IO_COMPLETION;
    while (result == WAIT_IO_COMPLETION)
        result = WaitForSingleObjectEx(event, INFINITE, TRUE);
}

/* The connect has an event, the rest completion routines. */
static bool serve_by_routines(void)
{
    static struct instance instances[CLIENTS];
    HANDLE clients[CLIENTS];
    HANDLE connected = CreateEventA(NULL, TRUE, FALSE, NULL);
    start_clients(clients);
    for (int i = 0; i < CLIENTS; i++) {
        OVERLAPPED connect = {.hEvent = connected};
        instances[i].pipe = create_pipe();
        if (!ConnectNamedPipe(instances[i].pipe, &connect) &&
            GetLastError() == ERROR_IO_PENDING)
            wait_alertably(connected);
        ReadFileEx(instances[i].pipe, instances[i].buffer,
                   sizeof instances[i].buffer, &instances[i].overlapped,
                   on_read);
    }
    while (done < CLIENTS)
        SleepEx(INFINITE, TRUE);
    bool served = join_clients(clients);
    for (int i = 0; i < CLIENTS; i++)
        CloseHandle(instances[i].pipe);
    CloseHandle(connected);
    return served;
}

/* A lock that is free, and a request that the device refuses. */
static bool other_calls(const char *path)
{
    HANDLE file = open_file(path);
    OVERLAPPED overlapped = {.Offset = 10};
    DWORD bytes;
    bool locked =
        LockFileEx(file, LOCKFILE_EXCLUSIVE_LOCK, 0, 10, 0, &overlapped) ||
        (GetLastError() == ERROR_IO_PENDING &&
         GetOverlappedResult(file, &overlapped, &bytes, TRUE));
    UnlockFileEx(file, 0, 10, 0, &overlapped);
    OVERLAPPED control = {0};
    bool answered =
        DeviceIoControl(file, 0x222003, NULL, 0, NULL, 0, &bytes, &control);
    CloseHandle(file);
    return locked && !answered;
}

int read_all(const char *path)
{
    if (!serve_by_events())
        return 10;
    if (!serve_by_port())
        return 11;
    if (!serve_by_routines())
        return 12;
    return other_calls(path) ? 0 : 13;
}
