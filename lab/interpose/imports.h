/*
 * The functions that can be replaced, one IMPORT each: the type of the result,
 * the result that reports a failure, the name, the parameters, and the
 * parameters once more as arguments. To replace a further function, add a line.
 *
 * A file defines IMPORT, which says what to make of a line, and then includes
 * this header. The header undefines IMPORT at its end.
 *
 * IMPORT_VOID is the same for functions without a result: they cannot fail. If
 * it is not defined, they are left out.
 */
#ifndef IMPORT_VOID
#define IMPORT_VOID(name, parameters, arguments)
#endif
IMPORT(BOOL, FALSE, BindIoCompletionCallback,
       (HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE callback, ULONG flags),
       (file, callback, flags))
IMPORT(BOOL, FALSE, CancelIo, (HANDLE file), (file))
IMPORT(BOOL, FALSE, CancelIoEx, (HANDLE file, OVERLAPPED *overlapped),
       (file, overlapped))
IMPORT(BOOL, FALSE, CloseHandle, (HANDLE handle), (handle))
IMPORT(BOOL, FALSE, ConnectNamedPipe, (HANDLE pipe, OVERLAPPED *overlapped),
       (pipe, overlapped))
IMPORT(HANDLE, NULL, CreateEventA,
       (LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL set,
        const char *name),
       (security, manual, set, name))
IMPORT(HANDLE, NULL, CreateEventW,
       (LPSECURITY_ATTRIBUTES security, BOOL manual, BOOL set,
        const wchar_t *name),
       (security, manual, set, name))
IMPORT(HANDLE, INVALID_HANDLE_VALUE, CreateFileA,
       (const char *path, DWORD access, DWORD share,
        LPSECURITY_ATTRIBUTES security, DWORD disposition, DWORD flags,
        HANDLE like),
       (path, access, share, security, disposition, flags, like))
IMPORT(HANDLE, INVALID_HANDLE_VALUE, CreateFileW,
       (const wchar_t *path, DWORD access, DWORD share,
        LPSECURITY_ATTRIBUTES security, DWORD disposition, DWORD flags,
        HANDLE like),
       (path, access, share, security, disposition, flags, like))
IMPORT(HANDLE, NULL, CreateIoCompletionPort,
       (HANDLE file, HANDLE port, ULONG_PTR key, DWORD threads),
       (file, port, key, threads))
IMPORT(HANDLE, INVALID_HANDLE_VALUE, CreateNamedPipeA,
       (const char *name, DWORD flags, DWORD mode, DWORD instances, DWORD out,
        DWORD in, DWORD timeout, LPSECURITY_ATTRIBUTES security),
       (name, flags, mode, instances, out, in, timeout, security))
IMPORT(HANDLE, INVALID_HANDLE_VALUE, CreateNamedPipeW,
       (const wchar_t *name, DWORD flags, DWORD mode, DWORD instances,
        DWORD out, DWORD in, DWORD timeout, LPSECURITY_ATTRIBUTES security),
       (name, flags, mode, instances, out, in, timeout, security))
IMPORT(BOOL, FALSE, CreateProcessA,
       (const char *program, char *command, LPSECURITY_ATTRIBUTES process,
        LPSECURITY_ATTRIBUTES thread, BOOL inherit, DWORD flags,
        void *environment, const char *directory, LPSTARTUPINFOA start,
        LPPROCESS_INFORMATION information),
       (program, command, process, thread, inherit, flags, environment,
        directory, start, information))
IMPORT(BOOL, FALSE, CreateProcessW,
       (const wchar_t *program, wchar_t *command, LPSECURITY_ATTRIBUTES process,
        LPSECURITY_ATTRIBUTES thread, BOOL inherit, DWORD flags,
        void *environment, const wchar_t *directory, LPSTARTUPINFOW start,
        LPPROCESS_INFORMATION information),
       (program, command, process, thread, inherit, flags, environment,
        directory, start, information))
IMPORT(HANDLE, NULL, CreateThread,
       (LPSECURITY_ATTRIBUTES security, SIZE_T stack,
        LPTHREAD_START_ROUTINE routine, void *argument, DWORD flags, DWORD *id),
       (security, stack, routine, argument, flags, id))
IMPORT(PTP_IO, NULL, CreateThreadpoolIo,
       (HANDLE file, PTP_WIN32_IO_CALLBACK callback, void *context,
        PTP_CALLBACK_ENVIRON environment),
       (file, callback, context, environment))
IMPORT(BOOL, FALSE, DeleteFileW, (const wchar_t *path), (path))
IMPORT(BOOL, FALSE, DeviceIoControl,
       (HANDLE device, DWORD code, void *in, DWORD in_size, void *out,
        DWORD out_size, DWORD *bytes, OVERLAPPED *overlapped),
       (device, code, in, in_size, out, out_size, bytes, overlapped))
IMPORT(BOOL, FALSE, DuplicateHandle,
       (HANDLE from, HANDLE handle, HANDLE to, HANDLE *copy, DWORD access,
        BOOL inherit, DWORD options),
       (from, handle, to, copy, access, inherit, options))
IMPORT(BOOL, FALSE, FlushFileBuffers, (HANDLE file), (file))
IMPORT(BOOL, FALSE, GetFileSizeEx, (HANDLE file, LARGE_INTEGER *size),
       (file, size))
IMPORT(DWORD, FILE_TYPE_UNKNOWN, GetFileType, (HANDLE file), (file))
IMPORT(BOOL, FALSE, GetNamedPipeInfo,
       (HANDLE pipe, DWORD *flags, DWORD *out, DWORD *in, DWORD *instances),
       (pipe, flags, out, in, instances))
IMPORT(BOOL, FALSE, GetOverlappedResult,
       (HANDLE file, OVERLAPPED *overlapped, DWORD *bytes, BOOL wait),
       (file, overlapped, bytes, wait))
IMPORT(BOOL, FALSE, GetOverlappedResultEx,
       (HANDLE file, OVERLAPPED *overlapped, DWORD *bytes, DWORD timeout,
        BOOL alertable),
       (file, overlapped, bytes, timeout, alertable))
IMPORT(FARPROC, NULL, GetProcAddress, (HMODULE module, const char *name),
       (module, name))
IMPORT(BOOL, FALSE, GetQueuedCompletionStatus,
       (HANDLE port, DWORD *bytes, ULONG_PTR *key, OVERLAPPED **overlapped,
        DWORD timeout),
       (port, bytes, key, overlapped, timeout))
IMPORT(BOOL, FALSE, GetQueuedCompletionStatusEx,
       (HANDLE port, OVERLAPPED_ENTRY *entries, ULONG count, ULONG *taken,
        DWORD timeout, BOOL alertable),
       (port, entries, count, taken, timeout, alertable))
IMPORT(BOOL, FALSE, LockFileEx,
       (HANDLE file, DWORD flags, DWORD reserved, DWORD low, DWORD high,
        OVERLAPPED *overlapped),
       (file, flags, reserved, low, high, overlapped))
IMPORT(BOOL, FALSE, MoveFileExW,
       (const wchar_t *from, const wchar_t *to, DWORD flags), (from, to, flags))
IMPORT(BOOL, FALSE, PostQueuedCompletionStatus,
       (HANDLE port, DWORD bytes, ULONG_PTR key, OVERLAPPED *overlapped),
       (port, bytes, key, overlapped))
IMPORT(BOOL, FALSE, ReadDirectoryChangesW,
       (HANDLE directory, void *buffer, DWORD length, BOOL subtree,
        DWORD filter, DWORD *bytes, OVERLAPPED *overlapped,
        LPOVERLAPPED_COMPLETION_ROUTINE routine),
       (directory, buffer, length, subtree, filter, bytes, overlapped, routine))
IMPORT(BOOL, FALSE, ReadFile,
       (HANDLE file, void *buffer, DWORD length, DWORD *bytes,
        OVERLAPPED *overlapped),
       (file, buffer, length, bytes, overlapped))
IMPORT(BOOL, FALSE, ReadFileEx,
       (HANDLE file, void *buffer, DWORD length, OVERLAPPED *overlapped,
        LPOVERLAPPED_COMPLETION_ROUTINE routine),
       (file, buffer, length, overlapped, routine))
IMPORT(BOOL, FALSE, ResetEvent, (HANDLE event), (event))
IMPORT(BOOL, FALSE, SetConsoleCtrlHandler, (PHANDLER_ROUTINE routine, BOOL add),
       (routine, add))
IMPORT(BOOL, FALSE, SetEvent, (HANDLE event), (event))
IMPORT(BOOL, FALSE, SetFileCompletionNotificationModes,
       (HANDLE file, UCHAR modes), (file, modes))
IMPORT(BOOL, FALSE, SetFileInformationByHandle,
       (HANDLE file, FILE_INFO_BY_HANDLE_CLASS class, void *information,
        DWORD length),
       (file, class, information, length))
IMPORT(BOOL, FALSE, SetFilePointerEx,
       (HANDLE file, LARGE_INTEGER distance, LARGE_INTEGER *position,
        DWORD origin),
       (file, distance, position, origin))
IMPORT(DWORD, WAIT_FAILED, SignalObjectAndWait,
       (HANDLE signalled, HANDLE handle, DWORD timeout, BOOL alertable),
       (signalled, handle, timeout, alertable))
IMPORT(BOOL, FALSE, SleepConditionVariableCS,
       (PCONDITION_VARIABLE condition, PCRITICAL_SECTION section,
        DWORD timeout),
       (condition, section, timeout))
IMPORT(BOOL, FALSE, SleepConditionVariableSRW,
       (PCONDITION_VARIABLE condition, PSRWLOCK lock, DWORD timeout,
        ULONG flags),
       (condition, lock, timeout, flags))
IMPORT(DWORD, 0, SleepEx, (DWORD timeout, BOOL alertable), (timeout, alertable))
IMPORT(BOOL, FALSE, TerminateProcess, (HANDLE process, UINT status),
       (process, status))
IMPORT(BOOL, FALSE, TransactNamedPipe,
       (HANDLE pipe, void *in, DWORD in_size, void *out, DWORD out_size,
        DWORD *bytes, OVERLAPPED *overlapped),
       (pipe, in, in_size, out, out_size, bytes, overlapped))
IMPORT(DWORD, WAIT_FAILED, WaitForMultipleObjects,
       (DWORD count, const HANDLE *handles, BOOL all, DWORD timeout),
       (count, handles, all, timeout))
IMPORT(DWORD, WAIT_FAILED, WaitForMultipleObjectsEx,
       (DWORD count, const HANDLE *handles, BOOL all, DWORD timeout,
        BOOL alertable),
       (count, handles, all, timeout, alertable))
IMPORT(DWORD, WAIT_FAILED, WaitForSingleObject, (HANDLE handle, DWORD timeout),
       (handle, timeout))
IMPORT(DWORD, WAIT_FAILED, WaitForSingleObjectEx,
       (HANDLE handle, DWORD timeout, BOOL alertable),
       (handle, timeout, alertable))
IMPORT(BOOL, FALSE, WriteFile,
       (HANDLE file, const void *buffer, DWORD length, DWORD *bytes,
        OVERLAPPED *overlapped),
       (file, buffer, length, bytes, overlapped))
IMPORT(BOOL, FALSE, WriteFileEx,
       (HANDLE file, const void *buffer, DWORD length, OVERLAPPED *overlapped,
        LPOVERLAPPED_COMPLETION_ROUTINE routine),
       (file, buffer, length, overlapped, routine))
IMPORT(uintptr_t, 0, _beginthreadex,
       (void *security, unsigned stack, unsigned(__stdcall *routine)(void *),
        void *argument, unsigned flags, unsigned *id),
       (security, stack, routine, argument, flags, id))
IMPORT(int, -1, _open_osfhandle, (intptr_t handle, int flags), (handle, flags))
IMPORT_VOID(CancelThreadpoolIo, (PTP_IO io), (io))
IMPORT_VOID(CloseThreadpoolIo, (PTP_IO io), (io))
IMPORT_VOID(GetNativeSystemInfo, (SYSTEM_INFO * system), (system))
IMPORT_VOID(GetSystemInfo, (SYSTEM_INFO * system), (system))
IMPORT_VOID(StartThreadpoolIo, (PTP_IO io), (io))
IMPORT_VOID(WaitForThreadpoolIoCallbacks, (PTP_IO io, BOOL cancel),
            (io, cancel))
#undef IMPORT
#undef IMPORT_VOID
