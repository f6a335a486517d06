#include "files.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_FILES = 1024 };

static SRWLOCK lock = SRWLOCK_INIT;
/* Guarded by the lock. */
static struct file files[MAX_FILES];
static unsigned count;

/* The lock is held. NULL: nothing is known of this handle. */
static struct file *at(HANDLE handle)
{
    for (unsigned i = 0; i < count; i++)
        if (files[i].handle == handle)
            return &files[i];
    return NULL;
}

struct file find_file(HANDLE handle)
{
    AcquireSRWLockExclusive(&lock);
    const struct file *known = at(handle);
    struct file file = known != NULL ? *known : (struct file){0};
    ReleaseSRWLockExclusive(&lock);
    return file;
}

/* Replaces what was known of this handle. */
static void put_file(struct file file)
{
    AcquireSRWLockExclusive(&lock);
    struct file *known = at(file.handle);
    if (known == NULL && count == MAX_FILES) {
        fputs("modes: too many files are open\n", stderr);
        exit(EXIT_FAILURE);
    }
    if (known == NULL)
        known = &files[count++];
    *known = file;
    ReleaseSRWLockExclusive(&lock);
}

void forget_file(HANDLE handle)
{
    AcquireSRWLockExclusive(&lock);
    struct file *known = at(handle);
    if (known != NULL)
        *known = files[--count];
    ReleaseSRWLockExclusive(&lock);
}

/* ---- Calls ------------------------------------------------------------ */

static struct imports next;

static HANDLE opened(HANDLE file, DWORD access, DWORD flags)
{
    const DWORD reads = GENERIC_ALL | GENERIC_READ | FILE_READ_DATA;
    const DWORD writes =
        GENERIC_ALL | GENERIC_WRITE | FILE_WRITE_DATA | FILE_APPEND_DATA;
    if (file != INVALID_HANDLE_VALUE && (flags & FILE_FLAG_OVERLAPPED))
        put_file((struct file){.handle = file,
                               .may_read = (access & reads) != 0,
                               .may_write = (access & writes) != 0});
    return file;
}

static HANDLE open_wide(const wchar_t *path, DWORD access, DWORD share,
                        LPSECURITY_ATTRIBUTES security, DWORD disposition,
                        DWORD flags, HANDLE like)
{
    return opened(next.CreateFileW(path, access, share, security, disposition,
                                   flags, like),
                  access, flags);
}

static HANDLE open_narrow(const char *path, DWORD access, DWORD share,
                          LPSECURITY_ATTRIBUTES security, DWORD disposition,
                          DWORD flags, HANDLE like)
{
    return opened(next.CreateFileA(path, access, share, security, disposition,
                                   flags, like),
                  access, flags);
}

static HANDLE bind_port(HANDLE handle, HANDLE port, ULONG_PTR key,
                        DWORD threads)
{
    HANDLE result = next.CreateIoCompletionPort(handle, port, key, threads);
    if (result != NULL && handle != INVALID_HANDLE_VALUE) {
        struct file file = find_file(handle);
        file.handle = handle;
        file.port = result;
        file.key = key;
        put_file(file);
    }
    return result;
}

static BOOL set_modes(HANDLE handle, UCHAR modes)
{
    BOOL ok = next.SetFileCompletionNotificationModes(handle, modes);
    if (ok && (modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS)) {
        struct file file = find_file(handle);
        file.handle = handle;
        file.skips = true;
        put_file(file);
    }
    return ok;
}

static void pool_file(HANDLE handle, LPOVERLAPPED_COMPLETION_ROUTINE callback)
{
    struct file file = find_file(handle);
    file.handle = handle;
    file.pooled = true;
    file.callback = callback;
    put_file(file);
}

static BOOL bind_callback(HANDLE handle,
                          LPOVERLAPPED_COMPLETION_ROUTINE callback, ULONG flags)
{
    BOOL ok = next.BindIoCompletionCallback(handle, callback, flags);
    if (ok)
        pool_file(handle, callback);
    return ok;
}

static PTP_IO create_io(HANDLE handle, PTP_WIN32_IO_CALLBACK callback,
                        void *context, PTP_CALLBACK_ENVIRON environment)
{
    PTP_IO io = next.CreateThreadpoolIo(handle, callback, context, environment);
    if (io != NULL)
        pool_file(handle, NULL);
    return io;
}

void watch_files(void)
{
    next = imports_now();
    __imp_CreateFileW = open_wide;
    __imp_CreateFileA = open_narrow;
    __imp_CreateIoCompletionPort = bind_port;
    __imp_SetFileCompletionNotificationModes = set_modes;
    __imp_BindIoCompletionCallback = bind_callback;
    __imp_CreateThreadpoolIo = create_io;
}
