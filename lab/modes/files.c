#include "files.h"

#include <stdio.h>
#include <stdlib.h>

static SRWLOCK lock = SRWLOCK_INIT;
/* Guarded by the lock. */
static struct file *files;
static unsigned count, room;

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

/* The lock is held. */
static struct file *append(void)
{
    if (count == room) {
        room = room > 0 ? 2 * room : 64;
        void *more = realloc(files, room * sizeof *files);
        if (more == NULL) {
            fputs("modes: no memory\n", stderr);
            exit(EXIT_FAILURE);
        }
        files = more;
    }
    return &files[count++];
}

/* Replaces what was known of this handle. */
static void put_file(struct file file)
{
    AcquireSRWLockExclusive(&lock);
    struct file *known = at(file.handle);
    if (known == NULL)
        known = append();
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
    DWORD error = GetLastError();
    if (file != INVALID_HANDLE_VALUE && (flags & FILE_FLAG_OVERLAPPED))
        put_file((struct file){.handle = file,
                               .may_read = (access & reads) != 0,
                               .may_write = (access & writes) != 0});
    else
        forget_file(file); /* an older handle of this value was closed unseen */
    SetLastError(error);
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

static BOOL duplicate(HANDLE from, HANDLE handle, HANDLE to, HANDLE *copy,
                      DWORD access, BOOL inherit, DWORD options)
{
    HANDLE own = GetCurrentProcess();
    struct file file =
        from == own ? find_file(handle) : (struct file){.handle = NULL};
    BOOL ok =
        next.DuplicateHandle(from, handle, to, copy, access, inherit, options);
    if (!ok || file.handle == NULL)
        return ok;
    if (options & DUPLICATE_CLOSE_SOURCE)
        forget_file(handle);
    if (to == own && copy != NULL) {
        file.handle = *copy;
        put_file(file);
    }
    return TRUE;
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
    __imp_DuplicateHandle = duplicate;
    __imp_CreateIoCompletionPort = bind_port;
    __imp_SetFileCompletionNotificationModes = set_modes;
    __imp_BindIoCompletionCallback = bind_callback;
    __imp_CreateThreadpoolIo = create_io;
}
