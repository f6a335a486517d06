#include "io.h"

BOOL start_io(const struct io *io, DWORD *bytes, OVERLAPPED *overlapped)
{
    return io->writes ? real.WriteFile(io->handle, io->buffer, io->length,
                                       bytes, overlapped)
                      : real.ReadFile(io->handle, io->buffer, io->length, bytes,
                                      overlapped);
}

struct answer do_io(const struct io *io)
{
    struct answer answer = {0};
    HANDLE event = real.CreateEventW(NULL, TRUE, FALSE, NULL);
    OVERLAPPED own = {.Offset = io->low,
                      .OffsetHigh = io->high,
                      .hEvent = (HANDLE)((ULONG_PTR)event | 1)};
    BOOL ok = start_io(io, NULL, &own);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    answer.refused = !ok && error != ERROR_IO_PENDING;
    if (answer.refused) {
        answer.status = status_of(error);
    } else {
        if (!ok)
            real.WaitForSingleObject(event, INFINITE);
        answer.status = (LONG)own.Internal;
        answer.bytes = (DWORD)own.InternalHigh;
    }
    real.CloseHandle(event);
    return answer;
}

bool is_silent_io(const struct io *io)
{
    return ((ULONG_PTR)io->event & 1) != 0;
}

HANDLE event_of(const struct io *io)
{
    return (HANDLE)((ULONG_PTR)io->event & ~(ULONG_PTR)1);
}

bool is_queued_io(const struct io *io)
{
    return !io->skips && io->routine == NULL && !is_silent_io(io) &&
           (io->file.port != NULL || io->file.pooled);
}

ULONG NTAPI RtlNtStatusToDosError(LONG);

DWORD error_of(LONG status)
{
    return RtlNtStatusToDosError(status);
}

LONG status_of(unsigned long number)
{
    switch (number) {
    case ERROR_SUCCESS:
        return 0;
    case ERROR_HANDLE_EOF:
        return END_OF_FILE;
    case ERROR_MORE_DATA:
        return BUFFER_OVERFLOW;
    case ERROR_OPERATION_ABORTED:
        return CANCELLED;
    default: /* 0xC0010000 marks a Win32 error inside an NTSTATUS */
        return (LONG)(number > 0xFFFF ? number : 0xC0010000 | number);
    }
}
