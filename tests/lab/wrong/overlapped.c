/* Mistakes with an OVERLAPPED or a buffer that is in flight. */
#include "wrong.h"

static struct read *new_read(void)
{
    return calloc(1, sizeof(struct read));
}

static void start(HANDLE file, struct read *read)
{
    ReadFile(file, read->buffer, sizeof read->buffer, NULL, &read->overlapped);
}

static int reused(const char *path)
{
    static struct read read;
    static char other[64];
    struct pipe pipe = open_pipe();
    HANDLE port = port_of(pipe.client);
    (void)path;
    /* <- reused */
    ReadFile(pipe.client, read.buffer, 64, NULL, &read.overlapped);
    read.overlapped = (OVERLAPPED){0};
    /* <- reused */
    ReadFile(pipe.client, other, 64, NULL, &read.overlapped);
    write_pipe(pipe);
    take(port);
    write_pipe(pipe);
    take(port);
    close_pipe(pipe);
    CloseHandle(port);
    return 0;
}

/* Thousands of times, in one loop. */
static int reused_often(const char *path)
{
    static char byte;
    OVERLAPPED overlapped = {.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL)};
    HANDLE file =
        CreateFileA(path, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    for (int i = 0; i < 6000; i++) {
        overlapped.Offset = (DWORD)i;
        WriteFile(file, &byte, 1, NULL, &overlapped);
    }
    WaitForSingleObject(overlapped.hEvent, INFINITE);
    CloseHandle(file);
    CloseHandle(overlapped.hEvent);
    return 0;
}

static int freed(const char *path)
{
    struct pipe pipe = open_pipe();
    HANDLE port = port_of(pipe.client);
    struct read *read = new_read();
    (void)path;
    /* <- freed */
    ReadFile(pipe.client, read->buffer, 64, NULL, &read->overlapped);
    /* <- freed */
    free(read);
    write_pipe(pipe);
    take(port);
    close_pipe(pipe);
    CloseHandle(port);
    return 0;
}

/* Only one of the two requests in this memory has completed. */
static int array_freed(const char *path)
{
    struct pipe pipe = open_pipe();
    HANDLE port = port_of(pipe.client);
    struct read *reads = calloc(2, sizeof *reads);
    (void)path;
    start(pipe.client, &reads[0]);
    /* <- array-freed */
    ReadFile(pipe.client, reads[1].buffer, 64, NULL, &reads[1].overlapped);
    write_pipe(pipe);
    take(port);
    /* <- array-freed */
    free(reads);
    write_pipe(pipe);
    take(port);
    close_pipe(pipe);
    CloseHandle(port);
    return 0;
}

static void CALLBACK on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)error, (void)bytes, (void)overlapped;
}

static int routine_freed(const char *path)
{
    struct pipe pipe = open_pipe();
    struct read *read = new_read();
    (void)path;
    /* <- routine-freed */
    ReadFileEx(pipe.client, read->buffer, 64, &read->overlapped, on_read);
    /* <- routine-freed */
    free(read);
    write_pipe(pipe);
    SleepEx(INFINITE, TRUE);
    close_pipe(pipe);
    return 0;
}

static int watch_freed(const char *path)
{
    static OVERLAPPED overlapped;
    DWORD bytes;
    (void)path;
    HANDLE directory = CreateFileA(
        ".", FILE_LIST_DIRECTORY, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
        OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OVERLAPPED, NULL);
    DWORD *changes = malloc(4096);
    /* <- watch-freed */
    ReadDirectoryChangesW(directory, changes, 4096, FALSE,
                          FILE_NOTIFY_CHANGE_SIZE, NULL, &overlapped, NULL);
    /* <- watch-freed */
    free(changes);
    CancelIo(directory);
    GetOverlappedResult(directory, &overlapped, &bytes, TRUE);
    CloseHandle(directory);
    return 0;
}

static int moved(const char *path)
{
    struct pipe pipe = open_pipe();
    HANDLE port = port_of(pipe.client);
    struct read *read = new_read();
    (void)path;
    /* <- moved */
    ReadFile(pipe.client, read->buffer, 64, NULL, &read->overlapped);
    /* <- moved */
    read = realloc(read, 2 * sizeof *read);
    write_pipe(pipe);
    take(port);
    close_pipe(pipe);
    CloseHandle(port);
    free(read);
    return 0;
}

static __attribute__((noinline)) void start_on_stack(HANDLE file)
{
    static char buffer[64];
    OVERLAPPED overlapped = {0};
    /* <- on-stack */
    ReadFile(file, buffer, sizeof buffer, NULL, &overlapped);
    __asm__ volatile("" ::"r"(&overlapped) : "memory");
}

static int on_stack(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    start_on_stack(file);
    /* <- on-stack */
    GetFileType(file);
    take(port);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

/* There is no port, and error 997 is passed on as any other error. */
static __attribute__((noinline)) DWORD read_on_stack(HANDLE file)
{
    static char buffer[64];
    OVERLAPPED overlapped = {0};
    /* <- no-port */
    BOOL ok = ReadFile(file, buffer, sizeof buffer, NULL, &overlapped);
    return ok ? ERROR_SUCCESS : GetLastError();
}

static __attribute__((noinline)) void use_stack(void)
{
    volatile char other[1024];
    for (size_t i = 0; i < sizeof other; i++)
        other[i] = 3;
}

static int no_port(const char *path)
{
    struct pipe pipe = open_pipe();
    (void)path;
    read_on_stack(pipe.client);
    use_stack();
    write_pipe(pipe);
    close_pipe(pipe);
    return 0;
}

static unsigned __stdcall start_in_thread(void *file)
{
    static char buffer[64];
    OVERLAPPED overlapped = {0};
    /* <- thread-ends */
    ReadFile(file, buffer, sizeof buffer, NULL, &overlapped);
    __asm__ volatile("" ::"r"(&overlapped) : "memory");
    return 0;
}

static int thread_ends(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    HANDLE thread =
        (HANDLE)_beginthreadex(NULL, 0, start_in_thread, file, 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    take(port);
    CloseHandle(thread);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

static int buffer_freed(const char *path)
{
    static OVERLAPPED overlapped;
    struct pipe pipe = open_pipe();
    HANDLE port = port_of(pipe.client);
    char *buffer = malloc(64);
    (void)path;
    /* <- buffer-freed */
    ReadFile(pipe.client, buffer, 64, NULL, &overlapped);
    /* <- buffer-freed */
    free(buffer);
    write_pipe(pipe);
    take(port);
    close_pipe(pipe);
    CloseHandle(port);
    return 0;
}

static int buffer_shared(const char *path)
{
    static OVERLAPPED overlapped[2];
    static char buffer[64];
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    for (DWORD i = 0; i < 2; i++) {
        overlapped[i].Offset = 64 * i;
        /* <- buffer-shared */
        ReadFile(file, buffer, 64, NULL, &overlapped[i]);
    }
    take(port);
    take(port);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

static unsigned __stdcall take_two(void *port)
{
    take(port);
    take(port);
    return 0;
}

/* A quick worker takes the first packet before the second read begins, unless
 * the checker holds this packet. */
static int shared_in_turn(const char *path)
{
    static OVERLAPPED overlapped[2];
    static char buffer[64];
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, take_two, port, 0, NULL);
    Sleep(20); /* it waits by now */
    for (DWORD i = 0; i < 2; i++) {
        overlapped[i].Offset = 64 * i;
        /* <- shared-in-turn */
        ReadFile(file, buffer, 64, NULL, &overlapped[i]);
        for (volatile int spin = 0; spin < 200000; spin++)
            continue; /* time enough for a quick worker */
    }
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

static __attribute__((noinline)) void start_into_stack(HANDLE file)
{
    static OVERLAPPED overlapped;
    char buffer[64];
    /* <- buffer-on-stack */
    ReadFile(file, buffer, 64, NULL, &overlapped);
    __asm__ volatile("" ::"r"(buffer) : "memory");
}

static int buffer_on_stack(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    start_into_stack(file);
    /* <- buffer-on-stack */
    GetFileType(file);
    take(port);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

static int never_freed(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    /* <- never-freed */
    struct read *read = calloc(1, sizeof *read);
    /* <- never-freed */
    ReadFile(file, read->buffer, 64, NULL, &read->overlapped);
    take(port);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

static unsigned __stdcall allocate_for_ever(void *unused)
{
    (void)unused;
    for (;;) {
        void *volatile memory =
            malloc(64); /* the compiler would leave it out */
        free(memory);
    }
    return 0;
}

static unsigned __stdcall exit_now(void *unused)
{
    (void)unused;
    exit(0);
}

/* One thread exits, as a handler of Ctrl-C does, while others allocate. */
static int never_freed_and_busy(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    for (int i = 0; i < 200; i++) {
        struct read *read = new_read();
        /* <- never-freed-and-busy */
        ReadFile(file, read->buffer, 64, NULL, &read->overlapped);
        take(port);
    }
    CloseHandle(file);
    CloseHandle(port);
    for (int i = 0; i < 3; i++)
        CloseHandle(
            (HANDLE)_beginthreadex(NULL, 0, allocate_for_ever, NULL, 0, NULL));
    Sleep(20); /* they run by now */
    CloseHandle((HANDLE)_beginthreadex(NULL, 0, exit_now, NULL, 0, NULL));
    Sleep(INFINITE);
    return 0;
}

static int freed_twice(const char *path)
{
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    struct read *read = new_read();
    start(file, read);
    take(port);
    void *volatile same = read; /* the compiler would notice */
    /* <- freed-twice */
    free(read);
    /* <- freed-twice */
    free(same);
    CloseHandle(file);
    CloseHandle(port);
    return 0;
}

/* Frees the request that it knows, not the one that the packet brought. */
static int wrong_packet(const char *path)
{
    struct pipe pipe = open_pipe();
    HANDLE port = port_of(pipe.client);
    struct read *first = new_read(), *second = new_read();
    (void)path;
    start(pipe.client, first);
    start(pipe.client, second);
    write_pipe(pipe);
    take(port);
    /* <- wrong-packet */
    free(second);
    write_pipe(pipe);
    take(port);
    free(first);
    close_pipe(pipe);
    CloseHandle(port);
    return 0;
}

static unsigned __stdcall free_one(void *port)
{
    OVERLAPPED *overlapped = take(port);
    /* <- touched */
    free(CONTAINING_RECORD(overlapped, struct read, overlapped));
    return 0;
}

static int touched(const char *path)
{
    int status = 0;
    HANDLE file = open_file(path, FILE_FLAG_OVERLAPPED);
    HANDLE port = port_of(file);
    /* A worker may begin too late: then the mistake does not show. */
    for (int i = 0; i < 50; i++) {
        HANDLE thread =
            (HANDLE)_beginthreadex(NULL, 0, free_one, port, 0, NULL);
        struct read *read = new_read();
        Sleep(20); /* it waits by now */
        /* <- touched */
        ReadFile(file, read->buffer, 64, NULL, &read->overlapped);
        /* <- touched */
        status |= read->buffer[0] == 'x';
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    CloseHandle(file);
    CloseHandle(port);
    return status;
}

const struct mistake mistakes[] = {
    {"reused", reused},
    {"reused-often", reused_often},
    {"freed", freed},
    {"array-freed", array_freed},
    {"routine-freed", routine_freed},
    {"watch-freed", watch_freed},
    {"no-port", no_port},
    {"moved", moved},
    {"on-stack", on_stack},
    {"thread-ends", thread_ends},
    {"buffer-freed", buffer_freed},
    {"buffer-shared", buffer_shared},
    {"shared-in-turn", shared_in_turn},
    {"buffer-on-stack", buffer_on_stack},
    {"never-freed", never_freed},
    {"never-freed-and-busy", never_freed_and_busy},
    {"freed-twice", freed_twice},
    {"wrong-packet", wrong_packet},
    {"touched", touched},
    {NULL, NULL},
};
