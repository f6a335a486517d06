/*
 * Hooks for the program compare. It reads a file in several ways, and two of
 * them do not use the program's own port: plain ReadFile without an OVERLAPPED,
 * and the system's own thread pools. Here tests choose how these two complete.
 * These are settings of HOOK, beside those of hooks.c. Counts begin at 1:
 *
 *   plain:K:CODE      the K-th ReadFile without an OVERLAPPED fails with CODE
 *   callback:K:CODE   the K-th callback of the system's pools reports error
 *                     CODE and 0 bytes
 *   threadpool        CloseThreadpoolIo prints on stderr how often the program
 *                     called StartThreadpoolIo and CancelThreadpoolIo, and how
 *                     often its callback was called
 *   files             when the program exits, prints on stderr how many files
 *                     it opened, and how many of them it did not close
 */
#include "../../../lab/interpose/interpose.h"
#include "../../../lab/interpose/settings.h"

#include <stdio.h>
#include <stdlib.h>

static struct imports next;

/* ---- Reads -------------------------------------------------------------- */

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    if (overlapped == NULL) {
        struct setting *plain = find_setting("plain");
        if (is_kth_call(plain))
            return fail_with(plain->numbers[1]);
    }
    return next.ReadFile(file, buffer, length, bytes, overlapped);
}

/* ---- Callbacks ---------------------------------------------------------- */

static volatile LONG started, cancelled, called;

/* Counts a callback. Returns the setting that changes what it reports; NULL if
 * none does. */
static const struct setting *count_callback(void)
{
    struct setting *callback = find_setting("callback");
    return is_kth_call(callback) ? callback : NULL;
}

static LPOVERLAPPED_COMPLETION_ROUTINE bound_callback;

/* The system passes an NTSTATUS here. 0xC0010000 marks a Win32 error inside an
 * NTSTATUS. */
static void CALLBACK on_bound(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    const struct setting *setting = count_callback();
    if (setting != NULL) {
        error = 0xC0010000 | setting->numbers[1];
        bytes = 0;
        overlapped->Internal = error;
    }
    bound_callback(error, bytes, overlapped);
}

static BOOL bind_callback(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE callback,
                          ULONG flags)
{
    bound_callback = callback;
    return next.BindIoCompletionCallback(file, on_bound, flags);
}

static PTP_WIN32_IO_CALLBACK threadpool_callback;

static void CALLBACK on_threadpool(TP_CALLBACK_INSTANCE *instance,
                                   void *context, void *overlapped, ULONG error,
                                   ULONG_PTR bytes, TP_IO *io)
{
    const struct setting *setting = count_callback();
    InterlockedIncrement(&called);
    if (setting != NULL) {
        error = setting->numbers[1];
        bytes = 0;
    }
    threadpool_callback(instance, context, overlapped, error, bytes, io);
}

static TP_IO *create_io(HANDLE file, PTP_WIN32_IO_CALLBACK callback,
                        void *context, TP_CALLBACK_ENVIRON *environment)
{
    threadpool_callback = callback;
    return next.CreateThreadpoolIo(file, on_threadpool, context, environment);
}

static void WINAPI start_io(TP_IO *io)
{
    InterlockedIncrement(&started);
    next.StartThreadpoolIo(io);
}

static void WINAPI cancel_io(TP_IO *io)
{
    InterlockedIncrement(&cancelled);
    next.CancelThreadpoolIo(io);
}

static void WINAPI close_io(TP_IO *io)
{
    if (find_setting("threadpool"))
        fprintf(stderr, "hooks: %ld started, %ld cancelled, %ld called\n",
                started, cancelled, called);
    next.CloseThreadpoolIo(io);
}

/* ---- Files -------------------------------------------------------------- */

enum { MAX_FILES = 64 };

static SRWLOCK lock = SRWLOCK_INIT;
/* Guarded by the lock. */
static HANDLE files[MAX_FILES];
static unsigned opened, open;

static HANDLE create_file(const wchar_t *path, DWORD access, DWORD share,
                          LPSECURITY_ATTRIBUTES security, DWORD disposition,
                          DWORD flags, HANDLE like)
{
    HANDLE file = next.CreateFileW(path, access, share, security, disposition,
                                   flags, like);
    AcquireSRWLockExclusive(&lock);
    if (file != INVALID_HANDLE_VALUE && open < MAX_FILES) {
        files[open++] = file;
        opened++;
    }
    ReleaseSRWLockExclusive(&lock);
    return file;
}

static BOOL close_handle(HANDLE handle)
{
    BOOL ok = next.CloseHandle(handle);
    AcquireSRWLockExclusive(&lock);
    for (unsigned i = 0; ok && i < open; i++)
        if (files[i] == handle)
            files[i] = files[--open];
    ReleaseSRWLockExclusive(&lock);
    return ok;
}

static void print_files(void)
{
    fprintf(stderr, "hooks: %u files opened, %u not closed\n", opened, open);
}

/* ---- The layer ---------------------------------------------------------- */

/* Below hooks.c, so that hooks.c sees what this layer has caused. */
__attribute__((constructor(200))) static void begin(void)
{
    next = imports_now();
    __imp_ReadFile = read_file;
    __imp_BindIoCompletionCallback = bind_callback;
    __imp_CreateThreadpoolIo = create_io;
    __imp_StartThreadpoolIo = start_io;
    __imp_CancelThreadpoolIo = cancel_io;
    __imp_CloseThreadpoolIo = close_io;
    if (find_setting("files")) {
        __imp_CreateFileW = create_file;
        __imp_CloseHandle = close_handle;
        atexit(print_files);
    }
}
