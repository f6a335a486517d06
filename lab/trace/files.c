/* Files, pipes and handles: they are made, copied and closed. */
#include "deep.h"
#include "layer.h"

/* A call that makes a handle; `length` is its flags. */
static struct record *begin_making(enum kind kind, DWORD flags)
{
    return begin_call((struct record){.kind = kind, .length = flags});
}

static HANDLE end_making(struct record *record, HANDLE made)
{
    record->other = (uintptr_t)made;
    end_call(record, made != INVALID_HANDLE_VALUE);
    return made;
}

static HANDLE create_file_w(const wchar_t *path, DWORD access, DWORD share,
                            LPSECURITY_ATTRIBUTES security, DWORD disposition,
                            DWORD flags, HANDLE like)
{
    struct record *record = begin_making(KIND_CreateFileW, flags);
    return end_making(record,
                      trace_next.CreateFileW(path, access, share, security,
                                             disposition, flags, like));
}

static HANDLE create_file_a(const char *path, DWORD access, DWORD share,
                            LPSECURITY_ATTRIBUTES security, DWORD disposition,
                            DWORD flags, HANDLE like)
{
    struct record *record = begin_making(KIND_CreateFileA, flags);
    return end_making(record,
                      trace_next.CreateFileA(path, access, share, security,
                                             disposition, flags, like));
}

static HANDLE create_pipe_w(const wchar_t *name, DWORD flags, DWORD mode,
                            DWORD instances, DWORD out, DWORD in, DWORD timeout,
                            LPSECURITY_ATTRIBUTES security)
{
    struct record *record = begin_making(KIND_CreateNamedPipeW, flags);
    return end_making(record,
                      trace_next.CreateNamedPipeW(name, flags, mode, instances,
                                                  out, in, timeout, security));
}

static HANDLE create_pipe_a(const char *name, DWORD flags, DWORD mode,
                            DWORD instances, DWORD out, DWORD in, DWORD timeout,
                            LPSECURITY_ATTRIBUTES security)
{
    struct record *record = begin_making(KIND_CreateNamedPipeA, flags);
    return end_making(record,
                      trace_next.CreateNamedPipeA(name, flags, mode, instances,
                                                  out, in, timeout, security));
}

static bool is_this(HANDLE process)
{
    return GetProcessId(process) == GetCurrentProcessId();
}

/* A handle of another process has a value of that process: it is not recorded.
 */
static BOOL duplicate(HANDLE from, HANDLE handle, HANDLE to, HANDLE *copy,
                      DWORD access, BOOL inherit, DWORD options)
{
    struct record *record = begin_call(
        (struct record){.kind = KIND_DuplicateHandle,
                        .handle = is_this(from) ? (uintptr_t)handle : 0,
                        .length = options});
    BOOL ok = trace_next.DuplicateHandle(from, handle, to, copy, access,
                                         inherit, options);
    DWORD error = GetLastError();
    if (ok && copy != NULL && is_this(to))
        record->other = (uintptr_t)*copy;
    SetLastError(error);
    end_call(record, ok);
    return ok;
}

static int open_osfhandle(intptr_t handle, int flags)
{
    struct record *record =
        begin_call_on(KIND__open_osfhandle, (const void *)handle);
    int descriptor = trace_next._open_osfhandle(handle, flags);
    end_call(record, descriptor != -1);
    return descriptor;
}

static BOOL close_handle(HANDLE handle)
{
    struct record *record = begin_call_on(KIND_CloseHandle, handle);
    deep_close(handle);
    BOOL ok = trace_next.CloseHandle(handle);
    end_call(record, ok);
    return ok;
}

static BOOL set_modes(HANDLE file, UCHAR modes)
{
    struct record *record = begin_call(
        (struct record){.kind = KIND_SetFileCompletionNotificationModes,
                        .handle = (uintptr_t)file,
                        .length = modes});
    BOOL ok = trace_next.SetFileCompletionNotificationModes(file, modes);
    end_call(record, ok);
    return ok;
}

void install_files(void)
{
    __imp_CloseHandle = close_handle;
    __imp_CreateFileA = create_file_a;
    __imp_CreateFileW = create_file_w;
    __imp_CreateNamedPipeA = create_pipe_a;
    __imp_CreateNamedPipeW = create_pipe_w;
    __imp_DuplicateHandle = duplicate;
    __imp_SetFileCompletionNotificationModes = set_modes;
    __imp__open_osfhandle = open_osfhandle;
}
