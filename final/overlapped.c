#include "overlapped.h"

#include <assert.h>
#include <stdlib.h>

struct request *overlapped_pack(io_completion_callback *callback, void *context,
                                void *buffer, DWORD length, uint64_t offset)
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

void overlapped_free(struct request *request)
{
    assert(request->state == REQUEST_IDLE);
    free(request);
}

void overlapped_reset(struct request *request, uint64_t offset)
{
    assert(request->state == REQUEST_IDLE);
    request->overlapped =
        (OVERLAPPED){.Offset = (DWORD)offset, /* both halves, or 4 GiB is 0 */
                     .OffsetHigh = (DWORD)(offset >> 32)};
}

bool is_end_of_file(DWORD error)
{
    return error == ERROR_HANDLE_EOF || error == ERROR_BROKEN_PIPE;
}

enum read_outcome overlapped_read(HANDLE file, struct request *request,
                                  DWORD *error)
{
    OVERLAPPED *at = &request->overlapped;
    uint64_t offset = (uint64_t)at->OffsetHigh << 32 | at->Offset;
    assert(request->state == REQUEST_IDLE);
    *error = ERROR_INVALID_PARAMETER;
    if (offset > (uint64_t)INT64_MAX - request->length)
        return READ_FAILED;
    request->state = REQUEST_IN_FLIGHT;
    /* NULL, since the packet tells how many bytes came. */
    if (ReadFile(file, request->buffer, request->length, NULL, at))
        return READ_QUEUED; /* even then a packet comes */
    *error = GetLastError();
    if (*error == ERROR_IO_PENDING || *error == ERROR_MORE_DATA)
        return READ_QUEUED; /* the second is a warning, not a failure */
    at->Internal = 0;       /* it may still say "pending" */
    request->state = REQUEST_IDLE;
    return is_end_of_file(*error) ? READ_DONE : READ_FAILED;
}
