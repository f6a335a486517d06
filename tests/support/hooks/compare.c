/*
 * What hooks.c does not bring about: how compare's other ways of reading end,
 * without an OVERLAPPED, and through the system's own thread pools. Words of
 * HOOK, with hooks.c's; counts begin at 1:
 *
 *   plain:K:CODE      the K-th ReadFile without an OVERLAPPED fails with CODE
 *   callback:K:CODE   the K-th callback that a pool of the system's makes tells
 *                     CODE and 0 bytes
 *   threadpool        tells on stderr, at CloseThreadpoolIo, how many reads it
 *                     was told of, how many of them were taken back, and how
 *                     often it has called back
 *   files             tells on stderr, when the program exits, how many files
 *                     were opened, and how many of them were not closed
 */
#include "../../../lab/interpose/interpose.h"
#include "../../../lab/interpose/settings.h"

#include <stdio.h>
#include <stdlib.h>

static struct imports next;

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

/* ---- Reads -------------------------------------------------------------- */

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    if (overlapped == NULL) {
        struct word *plain = asked("plain");
        if (is_due(plain))
            return fail(plain->numbers[1]);
    }
    return next.ReadFile(file, buffer, length, bytes, overlapped);
}

/* ---- Callbacks ---------------------------------------------------------- */

static volatile LONG started, cancelled, called;

/* NULL, or what this callback is to tell. */
static const struct word *altered(void)
{
    struct word *callback = asked("callback");
    return is_due(callback) ? callback : NULL;
}

static LPOVERLAPPED_COMPLETION_ROUTINE bound_callback;

/* An NTSTATUS that stands for a Win32 error. */
static void CALLBACK on_bound(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    const struct word *word = altered();
    if (word != NULL) {
        error = 0xC0010000 | word->numbers[1];
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
    const struct word *word = altered();
    InterlockedIncrement(&called);
    if (word != NULL) {
        error = word->numbers[1];
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
    if (asked("threadpool"))
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

static void tell_files(void)
{
    fprintf(stderr, "hooks: %u files opened, %u not closed\n", opened, open);
}

/* ---- The layer ---------------------------------------------------------- */

/* Below hooks.c, which so sees what is brought about here. */
__attribute__((constructor(200))) static void begin(void)
{
    next = imports_now();
    __imp_ReadFile = read_file;
    __imp_BindIoCompletionCallback = bind_callback;
    __imp_CreateThreadpoolIo = create_io;
    __imp_StartThreadpoolIo = start_io;
    __imp_CancelThreadpoolIo = cancel_io;
    __imp_CloseThreadpoolIo = close_io;
    if (asked("files")) {
        __imp_CreateFileW = create_file;
        __imp_CloseHandle = close_handle;
        atexit(tell_files);
    }
}
