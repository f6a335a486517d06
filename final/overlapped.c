#include "overlapped.h"

#include <stdlib.h>
#include <winternl.h>

struct request *overlapped_pack(io_completion_callback *callback, void *context,
                                void *buffer, size_t length, uint64_t offset)
{
    struct request *request = malloc(sizeof *request);
    if (request == NULL)
        return NULL;
    *request = (struct request){.callback = callback,
                                .context = context,
                                .buffer = buffer,
                                .length = length};
    overlapped_reset(request, offset);
    return request;
}

DWORD overlapped_free(struct request *request)
{
    if (request != NULL && request->state != REQUEST_IDLE)
        return ERROR_BUSY;
    free(request);
    return ERROR_SUCCESS;
}

DWORD overlapped_reset(struct request *request, uint64_t offset)
{
    static _Atomic uint64_t uses; /* of all requests of the process */
    if (request->state != REQUEST_IDLE)
        return ERROR_BUSY;
    request->overlapped = (OVERLAPPED){
        .Offset = (DWORD)offset, /* both halves, or 4 GiB becomes 0 */
        .OffsetHigh = (DWORD)(offset >> 32)};
    request->ticket =
        ++uses * OVERLAPPED_HASHES + overlapped_hash(&request->overlapped);
    return ERROR_SUCCESS;
}

/* Requests of one page get hashes near each other. So calls for such requests,
 * one after the other, find the buckets in the processor's caches. The number
 * of the page has zeros at its end, and often in the middle: these bits of the
 * product depend on all others. */
uint32_t overlapped_hash(const OVERLAPPED *overlapped)
{
    uintptr_t address = (uintptr_t)overlapped;
    uint64_t product = (address >> 12) * 0x9E3779B97F4A7C15;
    return ((address >> 7) + (product >> 24)) % OVERLAPPED_HASHES;
}

uint64_t overlapped_offset(const struct request *request)
{
    const OVERLAPPED *overlapped = &request->overlapped;
    return (uint64_t)overlapped->OffsetHigh << 32 | overlapped->Offset;
}

enum io_status overlapped_status(DWORD error)
{
    switch (error) {
    case ERROR_SUCCESS:
        return IO_STATUS_SUCCESS;
    case ERROR_IO_PENDING:
        return IO_STATUS_PENDING;
    case ERROR_MORE_DATA: /* a warning: the message is longer */
        return IO_STATUS_MORE_DATA;
    case ERROR_HANDLE_EOF:
    case ERROR_BROKEN_PIPE:
        return IO_STATUS_END_OF_FILE;
    case ERROR_OPERATION_ABORTED:
    case ERROR_TIMEOUT: /* the pool's error for a request that it cancelled */
        return IO_STATUS_CANCELLED;
    case ERROR_NO_DATA: /* written into a pipe without a reader: lost */
    default:
        return IO_STATUS_FAILED;
    }
}

bool is_end_of_file(DWORD error)
{
    return overlapped_status(error) == IO_STATUS_END_OF_FILE;
}

static bool has_succeeded(DWORD error)
{
    enum io_status status = overlapped_status(error);
    return status == IO_STATUS_SUCCESS || status == IO_STATUS_MORE_DATA;
}

DWORD overlapped_result(const OVERLAPPED *overlapped, DWORD *bytes)
{
    *bytes = (DWORD)overlapped->InternalHigh;
    return RtlNtStatusToDosError((NTSTATUS)overlapped->Internal);
}

/* NULL for the bytes: the packet has them. */
BOOL overlapped_read(HANDLE handle, OVERLAPPED *overlapped, void *argument)
{
    const struct request *request = argument;
    return ReadFile(handle, request->buffer, (DWORD)request->length, NULL,
                    overlapped);
}

BOOL overlapped_write(HANDLE handle, OVERLAPPED *overlapped, void *argument)
{
    const struct request *request = argument;
    return WriteFile(handle, request->buffer, (DWORD)request->length, NULL,
                     overlapped);
}

/* TRUE and a warning queue a packet just as "pending" does, unless the handle
 * skips it. At the end of a file, a write has failed. */
struct submission overlapped_start(HANDLE handle, struct request *request,
                                   bool skips, overlapped_call *function,
                                   void *argument)
{
    bool writes = request->writes; /* after the call it may be freed */
    BOOL ok = function(handle, &request->overlapped, argument);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (error == ERROR_IO_PENDING || (has_succeeded(error) && !skips))
        return (struct submission){.outcome = IO_QUEUED};
    bool well = has_succeeded(error) || (is_end_of_file(error) && !writes);
    return (struct submission){.outcome = well ? IO_DONE : IO_FAILED,
                               .error = error};
}
