/* The calls that start a request, or make its transfer without one; and those
 * that cancel a request or ask for its result. */
#include "deep.h"
#include "layer.h"

/* Copies the request's fields before the call. */
static struct record *begin_transfer(enum kind kind, HANDLE file,
                                     const void *buffer, DWORD length,
                                     const OVERLAPPED *overlapped)
{
    struct record what = {.kind = kind,
                          .handle = (uintptr_t)file,
                          .overlapped = (uintptr_t)overlapped,
                          .length = length};
    if (overlapped != NULL) {
        what.other = (uintptr_t)overlapped->hEvent;
        what.offset =
            (uint64_t)overlapped->OffsetHigh << 32 | overlapped->Offset;
        deep_request(overlapped, buffer, length);
    }
    return begin_call(what);
}

/* Without an OVERLAPPED the transfer is done when the call returns. */
static BOOL end_transfer(struct record *record, BOOL ok, const DWORD *bytes)
{
    if (ok && record->overlapped == 0 && bytes != NULL)
        record->bytes = *bytes;
    end_call(record, ok);
    return ok;
}

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    struct record *record =
        begin_transfer(KIND_ReadFile, file, buffer, length, overlapped);
    return end_transfer(
        record, trace_next.ReadFile(file, buffer, length, bytes, overlapped),
        bytes);
}

static bool prints(HANDLE file)
{
    return file == GetStdHandle(STD_OUTPUT_HANDLE) ||
           file == GetStdHandle(STD_ERROR_HANDLE);
}

static BOOL print(HANDLE file, const void *text, DWORD length, DWORD *bytes,
                  OVERLAPPED *overlapped)
{
    deep_begin_print();
    BOOL ok = trace_next.WriteFile(file, text, length, bytes, overlapped);
    deep_end_print();
    return ok;
}

static BOOL write_file(HANDLE file, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    struct record *record =
        begin_transfer(KIND_WriteFile, file, buffer, length, overlapped);
    BOOL ok =
        is_deep && prints(file)
            ? print(file, buffer, length, bytes, overlapped)
            : trace_next.WriteFile(file, buffer, length, bytes, overlapped);
    return end_transfer(record, ok, bytes);
}

/* With a completion routine, hEvent belongs to the program. */
static struct record *begin_with_routine(enum kind kind, HANDLE file,
                                         const void *buffer, DWORD length,
                                         const OVERLAPPED *overlapped)
{
    struct record *record =
        begin_transfer(kind, file, buffer, length, overlapped);
    record->other = 0;
    return record;
}

static BOOL read_file_ex(HANDLE file, void *buffer, DWORD length,
                         OVERLAPPED *overlapped,
                         LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    struct record *record =
        begin_with_routine(KIND_ReadFileEx, file, buffer, length, overlapped);
    return end_transfer(record,
                        trace_next.ReadFileEx(file, buffer, length, overlapped,
                                              traced_routine(routine)),
                        NULL);
}

static BOOL write_file_ex(HANDLE file, const void *buffer, DWORD length,
                          OVERLAPPED *overlapped,
                          LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    struct record *record =
        begin_with_routine(KIND_WriteFileEx, file, buffer, length, overlapped);
    return end_transfer(record,
                        trace_next.WriteFileEx(file, buffer, length, overlapped,
                                               traced_routine(routine)),
                        NULL);
}

static BOOL read_changes(HANDLE directory, void *buffer, DWORD length,
                         BOOL subtree, DWORD filter, DWORD *bytes,
                         OVERLAPPED *overlapped,
                         LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    struct record *record =
        routine != NULL
            ? begin_with_routine(KIND_ReadDirectoryChangesW, directory, buffer,
                                 length, overlapped)
            : begin_transfer(KIND_ReadDirectoryChangesW, directory, buffer,
                             length, overlapped);
    return end_transfer(record,
                        trace_next.ReadDirectoryChangesW(
                            directory, buffer, length, subtree, filter, bytes,
                            overlapped, traced_routine(routine)),
                        bytes);
}

static BOOL connect_pipe(HANDLE pipe, OVERLAPPED *overlapped)
{
    struct record *record =
        begin_transfer(KIND_ConnectNamedPipe, pipe, NULL, 0, overlapped);
    return end_transfer(record, trace_next.ConnectNamedPipe(pipe, overlapped),
                        NULL);
}

static BOOL transact(HANDLE pipe, void *in, DWORD in_size, void *out,
                     DWORD out_size, DWORD *bytes, OVERLAPPED *overlapped)
{
    struct record *record =
        begin_transfer(KIND_TransactNamedPipe, pipe, out, in_size, overlapped);
    return end_transfer(record,
                        trace_next.TransactNamedPipe(pipe, in, in_size, out,
                                                     out_size, bytes,
                                                     overlapped),
                        bytes);
}

static BOOL control_device(HANDLE device, DWORD code, void *in, DWORD in_size,
                           void *out, DWORD out_size, DWORD *bytes,
                           OVERLAPPED *overlapped)
{
    struct record *record =
        begin_transfer(KIND_DeviceIoControl, device, out, out_size, overlapped);
    record->offset = code;
    return end_transfer(record,
                        trace_next.DeviceIoControl(device, code, in, in_size,
                                                   out, out_size, bytes,
                                                   overlapped),
                        bytes);
}

static BOOL lock_file(HANDLE file, DWORD flags, DWORD reserved, DWORD low,
                      DWORD high, OVERLAPPED *overlapped)
{
    struct record *record =
        begin_transfer(KIND_LockFileEx, file, NULL, low, overlapped);
    return end_transfer(
        record,
        trace_next.LockFileEx(file, flags, reserved, low, high, overlapped),
        NULL);
}

static BOOL cancel_io(HANDLE file)
{
    struct record *record = begin_call_on(KIND_CancelIo, file);
    BOOL ok = trace_next.CancelIo(file);
    end_call(record, ok);
    return ok;
}

static BOOL cancel_io_ex(HANDLE file, OVERLAPPED *overlapped)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CancelIoEx,
                                   .handle = (uintptr_t)file,
                                   .overlapped = (uintptr_t)overlapped});
    BOOL ok = trace_next.CancelIoEx(file, overlapped);
    end_call(record, ok);
    return ok;
}

static BOOL get_result(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                       BOOL wait)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_GetOverlappedResult,
                                   .handle = (uintptr_t)file,
                                   .overlapped = (uintptr_t)overlapped,
                                   .length = wait ? INFINITE : 0});
    BOOL ok = trace_next.GetOverlappedResult(file, overlapped, bytes, wait);
    if (ok)
        record->bytes = *bytes;
    end_call(record, ok);
    return ok;
}

static BOOL get_result_ex(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                          DWORD timeout, BOOL alertable)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_GetOverlappedResultEx,
                                   .handle = (uintptr_t)file,
                                   .overlapped = (uintptr_t)overlapped,
                                   .length = timeout});
    BOOL ok = trace_next.GetOverlappedResultEx(file, overlapped, bytes, timeout,
                                               alertable);
    if (ok)
        record->bytes = *bytes;
    end_call(record, ok);
    return ok;
}

void install_transfers(void)
{
    __imp_CancelIo = cancel_io;
    __imp_CancelIoEx = cancel_io_ex;
    __imp_ConnectNamedPipe = connect_pipe;
    __imp_DeviceIoControl = control_device;
    __imp_GetOverlappedResult = get_result;
    __imp_GetOverlappedResultEx = get_result_ex;
    __imp_LockFileEx = lock_file;
    __imp_ReadDirectoryChangesW = read_changes;
    __imp_ReadFile = read_file;
    __imp_ReadFileEx = read_file_ex;
    __imp_TransactNamedPipe = transact;
    __imp_WriteFile = write_file;
    __imp_WriteFileEx = write_file_ex;
}
