/*
 * Shared by the probes of the pool. Each probe is one program with many cases:
 * `pool_cancel CASE [WORKERS [ROUNDS]]` runs one of them. See
 * tests/support/case.h. More ROUNDS make a race longer.
 */
#ifndef POOL_PROBE_H
#define POOL_PROBE_H

#include "../../final/pool.h"
#include "../support/case.h"
#include "../support/probe.h"

#include <tlhelp32.h>
#include <wchar.h>

const wchar_t program[] = L"probe";

/* ---- Functions of Windows that a case can change ------------------------ */

static __typeof__(ReadFile) *read_hook; /* called instead of ReadFile */

static BOOL WINAPI my_read(HANDLE handle, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    if (read_hook != NULL)
        return read_hook(handle, buffer, length, bytes, overlapped);
    return next.ReadFile(handle, buffer, length, bytes, overlapped);
}

/* Called instead of WriteFile, except for lines on stdout. */
static __typeof__(WriteFile) *write_hook;

static BOOL WINAPI my_write(HANDLE handle, const void *buffer, DWORD length,
                            DWORD *bytes, OVERLAPPED *overlapped)
{
    if (write_hook != NULL && overlapped != NULL)
        return write_hook(handle, buffer, length, bytes, overlapped);
    return next.WriteFile(handle, buffer, length, bytes, overlapped);
}

static void (*cancel_hook)(void); /* called after CancelIoEx */

static BOOL WINAPI my_cancel(HANDLE handle, OVERLAPPED *overlapped)
{
    BOOL ok = next.CancelIoEx(handle, overlapped);
    DWORD error = GetLastError();
    if (cancel_hook != NULL)
        cancel_hook();
    SetLastError(error);
    return ok;
}

static struct pool pool;
static volatile LONG locks;        /* how often the pool's lock was acquired */
static void (*acquire_hook)(void); /* called before it is acquired */

static void WINAPI my_acquire(SRWLOCK *lock)
{
    if (lock == &pool.lock) {
        InterlockedIncrement(&locks);
        if (acquire_hook != NULL)
            acquire_hook();
    }
    next.AcquireSRWLockExclusive(lock);
}

static DWORD post_error; /* with which each post of a packet fails, or 0 */

static BOOL WINAPI my_post(HANDLE port, DWORD bytes, ULONG_PTR key,
                           OVERLAPPED *overlapped)
{
    return post_error != 0
               ? fail_with(post_error)
               : next.PostQueuedCompletionStatus(port, bytes, key, overlapped);
}

static DWORD port_error;         /* with which each port fails, or 0 */
static DWORD concurrency = 9999; /* of the last port made */
static ULONG_PTR key_of_files;   /* of the last bind */
static void (*bind_hook)(void);  /* called before a handle is bound */

static HANDLE WINAPI my_create_port(HANDLE handle, HANDLE port, ULONG_PTR key,
                                    DWORD threads)
{
    if (port == NULL)
        concurrency = threads;
    else
        key_of_files = key;
    if (port != NULL && bind_hook != NULL)
        bind_hook();
    if (port_error == 0)
        return next.CreateIoCompletionPort(handle, port, key, threads);
    SetLastError(port_error);
    return NULL;
}

/* How many times a thread began to wait for an address, as the pool does until
 * nothing runs any more. Whatever the thread did before, it has done. */
static volatile LONG sleepers;
static bool (*sleep_hook)(DWORD); /* true: this one wakes for no reason */

static BOOL WINAPI my_wait_on_address(volatile void *address, void *compared,
                                      SIZE_T size, DWORD timeout)
{
    InterlockedIncrement(&sleepers);
    if (sleep_hook != NULL && sleep_hook(timeout))
        return TRUE;
    return next.WaitOnAddress(address, compared, size, timeout);
}

static inline void wait_for_sleepers(LONG count)
{
    while (sleepers < count)
        SwitchToThread();
}

static volatile LONG timer_sleeps; /* how often the timer began to sleep */

static BOOL WINAPI my_sleep(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    InterlockedIncrement(&timer_sleeps);
    return next.SleepConditionVariableSRW(condition, lock, timeout, flags);
}

static bool waits_are_short; /* a worker that waits some time waits 1 ms */

static BOOL WINAPI my_get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                                 OVERLAPPED **overlapped, DWORD timeout)
{
    if (waits_are_short && timeout != INFINITE)
        timeout = 1;
    return next.GetQueuedCompletionStatus(port, bytes, key, overlapped,
                                          timeout);
}

static bool clock_is_coarse; /* GetTickCount64 moves on by 16 ms, as Windows' */

static ULONGLONG WINAPI my_tick_count(void)
{
    ULONGLONG now = next.GetTickCount64();
    return clock_is_coarse ? now - now % 16 : now;
}

static unsigned thread_to_fail; /* 1: the next one; 0: none */

static uintptr_t my_begin_thread(void *security, unsigned stack,
                                 thread_routine *routine, void *argument,
                                 unsigned flags, unsigned *id)
{
    if (thread_to_fail != 0 && --thread_to_fail == 0) {
        *__doserrno() = ERROR_MAX_THRDS_REACHED;
        return 0;
    }
    return next._beginthreadex(security, stack, routine, argument, flags, id);
}

static bool refuse_modes;
static int requested_modes = -1; /* for the last handle; -1: none */

static BOOL WINAPI my_set_modes(HANDLE handle, UCHAR modes)
{
    requested_modes = modes;
    return refuse_modes
               ? fail_with(ERROR_INVALID_FUNCTION)
               : next.SetFileCompletionNotificationModes(handle, modes);
}

static volatile LONG events; /* how many were created */

static HANDLE WINAPI my_create_event(LPSECURITY_ATTRIBUTES security,
                                     BOOL manual, BOOL is_set,
                                     const wchar_t *name)
{
    InterlockedIncrement(&events);
    return next.CreateEventW(security, manual, is_set, name);
}

static void (*wait_hook)(HANDLE); /* called before WaitForSingleObject */

static DWORD WINAPI my_wait(HANDLE object, DWORD timeout)
{
    if (wait_hook != NULL)
        wait_hook(object);
    return next.WaitForSingleObject(object, timeout);
}

static inline void watch_windows(void)
{
    put_layer((struct layer){
        .AcquireSRWLockExclusive = my_acquire,
        .CancelIoEx = my_cancel,
        .CreateEventW = my_create_event,
        .CreateIoCompletionPort = my_create_port,
        .GetQueuedCompletionStatus = my_get_status,
        .GetTickCount64 = my_tick_count,
        .PostQueuedCompletionStatus = my_post,
        .ReadFile = my_read,
        .SetFileCompletionNotificationModes = my_set_modes,
        .SleepConditionVariableSRW = my_sleep,
        .WaitForSingleObject = my_wait,
        .WaitOnAddress = my_wait_on_address,
        .WriteFile = my_write,
        ._beginthreadex = my_begin_thread,
    });
}

/* ---- Threads and handles ----------------------------------------------- */

static inline unsigned thread_count(void)
{
    unsigned count = 0;
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    check(snapshot != INVALID_HANDLE_VALUE, "list", L"threads");
    for (BOOL ok = Thread32First(snapshot, &entry); ok;
         ok = Thread32Next(snapshot, &entry))
        count += entry.th32OwnerProcessID == GetCurrentProcessId();
    close_object(snapshot);
    return count;
}

static inline bool is_open(HANDLE handle)
{
    DWORD flags;
    return GetHandleInformation(handle, &flags);
}

/* ---- The pool ---------------------------------------------------------- */

static unsigned workers = 2;

static inline void begin(void)
{
    must(pool_create(&pool, workers, 0), "create");
}

/* Prints the counters that are not 0. */
static inline void say_counters(void)
{
    struct pool_counters counters = pool_counters(&pool);
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        {"completed", counters.completed}, {"failed", counters.failed},
        {"cancelled", counters.cancelled}, {"live", counters.live},
        {"bytes", counters.bytes},         {"stray", counters.stray}};
    char line[200];
    int length = snprintf(line, sizeof line, "issued %llu", counters.issued);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (counts[i].count != 0)
            length += snprintf(line + length, sizeof line - (size_t)length,
                               ", %s %llu", counts[i].name, counts[i].count);
    say("%s", line);
}

/* All packets are taken out of the port before the pool has stopped. */
static inline void end(void)
{
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    say_counters();
}

static inline void wait_idle(void)
{
    must(pool_wait_idle(&pool, INFINITE), "wait for");
}

static inline void wait_file_idle(struct bound_file *file)
{
    must(bound_file_wait_idle(file, INFINITE), "wait for");
}

static inline void wait_until_live(uint64_t count)
{
    while (pool_counters(&pool).live != count)
        SwitchToThread();
}

/* Work that blocks its worker until the gate is opened. */
static HANDLE gate;
static volatile LONG blocked;

static inline void block(void *unused)
{
    (void)unused;
    InterlockedIncrement(&blocked);
    wait_for(gate);
    InterlockedDecrement(&blocked);
}

static inline void block_workers(unsigned count)
{
    gate = new_event();
    for (unsigned i = 0; i < count; i++)
        must(pool_queue_work(&pool, block, NULL), "queue");
    while (blocked < (LONG)count)
        SwitchToThread();
}

static inline void open_gate(void)
{
    set(gate);
}

/* ---- One I/O, and how it completed -------------------------------------- */

struct io {
    struct request *request;
    volatile LONG calls; /* of its callback */
    DWORD error, bytes;
    char buffer[65];
};

static inline struct request *request_of(OVERLAPPED *overlapped)
{
    return CONTAINING_RECORD(overlapped, struct request, overlapped);
}

static inline void on_completion(DWORD error, DWORD bytes,
                                 OVERLAPPED *overlapped)
{
    struct io *io = request_of(overlapped)->context;
    io->error = error;
    io->bytes = bytes;
    InterlockedIncrement(&io->calls);
}

static inline void pack(struct io *io, size_t length, uint64_t offset)
{
    /* The caller has checked its memory; clang-tidy does not see that.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    *io = (struct io){0};
    io->request =
        overlapped_pack(on_completion, io, io->buffer, length, offset);
    check(io->request != NULL, "pack", L"request");
}

static inline void reset(struct io *io, uint64_t offset)
{
    must(overlapped_reset(io->request, offset), "reset");
    io->calls = 0;
    memset(io->buffer, 0, sizeof io->buffer);
}

static inline void unpack(struct io *io)
{
    must(overlapped_free(io->request), "free");
}

static inline void say_started(const char *name, struct submission started)
{
    if (started.outcome == IO_QUEUED)
        say("%s: queued", name);
    else
        say("%s: %s, error %lu, %lu bytes", name,
            started.outcome == IO_DONE ? "done" : "failed", started.error,
            started.bytes);
}

static inline const char *times(LONG count)
{
    static const char *const words[] = {"never", "once", "twice"};
    return count < 3 ? words[count] : "too often";
}

/* How often its callback was called, and with which result. */
static inline void say_calls(const char *name, const struct io *io)
{
    if (io->calls == 0)
        say("%s: not called", name);
    else
        say("%s: called %s, error %lu, %lu bytes", name, times(io->calls),
            io->error, io->bytes);
}

static inline void must_be_queued(struct submission started)
{
    must(started.outcome == IO_QUEUED ? ERROR_SUCCESS : started.error, "start");
}

/* For an I/O that may complete immediately or by a packet: waits, then prints
 * how often it was reported, and with which result. */
static inline void say_result(const char *name, struct bound_file *file,
                              struct io *io, struct submission started)
{
    wait_file_idle(file);
    bool queued = started.outcome == IO_QUEUED;
    say("%s: reported %s, error %lu, %lu bytes", name,
        times(io->calls + !queued), queued ? io->error : started.error,
        queued ? io->bytes : started.bytes);
}

/* ---- Files ------------------------------------------------------------- */

static inline HANDLE open_handle(const wchar_t *name, DWORD access, DWORD flags)
{
    HANDLE handle =
        CreateFileW(name, access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                    OPEN_EXISTING, flags, NULL);
    check(handle != INVALID_HANDLE_VALUE, "open", name);
    return handle;
}

static inline void open_named(struct bound_file *file, const wchar_t *name,
                              UCHAR modes)
{
    HANDLE handle =
        open_handle(name, GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
    must(pool_bind_handle(&pool, handle, modes, file), "bind");
}

static inline void open_file(struct bound_file *file)
{
    open_named(file, L"file", 0);
}

static inline void close_file(struct bound_file *file)
{
    must(bound_file_close(file), "close");
}

/* A pipe with our end bound to the pool. A read of it completes when the other
 * end is written to or closed, and not before. */
struct pipe {
    HANDLE theirs;
    struct bound_file file;
};

static inline HANDLE make_pipe(HANDLE *theirs, DWORD type)
{
    static volatile LONG count;
    wchar_t name[64];
    swprintf(name, 64, L"\\\\.\\pipe\\probe-%lu-%ld", GetCurrentProcessId(),
             InterlockedIncrement(&count));
    HANDLE ours =
        CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, type,
                         1, 65536, 65536, 0, NULL);
    check(ours != INVALID_HANDLE_VALUE, "create", name);
    *theirs = open_handle(name, GENERIC_READ | GENERIC_WRITE, 0);
    return ours;
}

static inline void open_typed_pipe(struct pipe *pipe, DWORD type, UCHAR modes)
{
    HANDLE ours = make_pipe(&pipe->theirs, type);
    must(pool_bind_handle(&pool, ours, modes, &pipe->file), "bind");
}

static inline void open_pipe(struct pipe *pipe)
{
    open_typed_pipe(pipe, PIPE_TYPE_BYTE, 0);
}

static inline void feed(const struct pipe *pipe, const char *text)
{
    DWORD written;
    check(WriteFile(pipe->theirs, text, (DWORD)strlen(text), &written, NULL),
          "write to", L"pipe");
}

/* Prints the bytes that our end has written. */
static inline void say_written(const struct pipe *pipe)
{
    char text[65] = "";
    DWORD bytes;
    check(ReadFile(pipe->theirs, text, 64, &bytes, NULL), "read from", L"pipe");
    say("the other end reads '%s'", text);
}

static inline void hang_up(const struct pipe *pipe)
{
    close_object(pipe->theirs);
}

static inline void close_pipe(struct pipe *pipe)
{
    close_file(&pipe->file);
    hang_up(pipe);
}

/* Starts a read of a pipe without data: it stays in flight. */
static inline void start_read(struct pipe *pipe, struct io *io)
{
    pack(io, 64, 0);
    must_be_queued(bound_file_read(&pipe->file, io->request));
}

/* ---- Cases -------------------------------------------------------------- */

static unsigned rounds; /* of a race; 0: the case's own number */

static inline int run_pool_case(int argc, wchar_t **argv)
{
    watch_windows();
    if (argc > 2)
        workers = (unsigned)wcstoul(argv[2], NULL, 10);
    if (argc > 3)
        rounds = (unsigned)wcstoul(argv[3], NULL, 10);
    if (argc > 1 && run_case(argv[1]))
        return EXIT_SUCCESS;
    fprintf(stderr, "usage: CASE [WORKERS [ROUNDS]]\n");
    return 2;
}

#endif
