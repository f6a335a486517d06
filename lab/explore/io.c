/*
 * Reads and writes. An I/O on a file that was opened with FILE_FLAG_OVERLAPPED
 * is in flight until the order lets it complete. On a handle without that flag
 * it completes inside the call.
 *
 * A handle that this model does not know is the system's: stdout, for example.
 * What the program writes to stdout is kept, to compare orders.
 */
#include "../guard/guard.h"
#include "files.h"
#include "model.h"
#include "output.h"
#include "pipes.h"
#include "short_reads.h"
#include "timeline.h"
#include "verdict.h"

#include <string.h>

static BOOL end_with(DWORD error)
{
    return error == ERROR_SUCCESS ? TRUE : fail_with(error);
}

/* ---- I/O that completes inside the call --------------------------------- */

/* At the end of the file, a read with an OVERLAPPED fails. */
static DWORD transfer_at(struct object *file, uint64_t offset, char *buffer,
                         DWORD length, DWORD *bytes, bool writes)
{
    struct disk_file *disk = file->disk;
    *bytes = writes ? length : (DWORD)bytes_on_disk(disk, offset, length);
    if (writes && length > 0)
        write_to_disk(disk, offset, buffer, length);
    else if (*bytes > 0)
        memcpy(buffer, disk->data + offset, *bytes);
    if (!writes)
        note_bytes_read(disk, offset, *bytes);
    file->position = offset + *bytes;
    return length > 0 && *bytes == 0 ? ERROR_HANDLE_EOF : ERROR_SUCCESS;
}

static DWORD use_disk(struct object *file, char *buffer, DWORD length,
                      DWORD *bytes, OVERLAPPED *overlapped, bool writes)
{
    uint64_t offset = file->position;
    if (overlapped != NULL)
        offset = (uint64_t)overlapped->OffsetHigh << 32 | overlapped->Offset;
    if (offset == APPEND)
        offset = file->disk->size;
    DWORD error = transfer_at(file, offset, buffer, length, bytes, writes);
    if (overlapped == NULL)
        return ERROR_SUCCESS;
    overlapped->InternalHigh = *bytes;
    overlapped->Internal =
        (ULONG)(error == ERROR_SUCCESS ? STATUS_OF_SUCCESS : STATUS_OF_END);
    return error;
}

static bool can_read(const struct thread *thread)
{
    const struct pipe_end *end = thread->awaited;
    return bytes_in_pipe(end) > 0 || error_on_pipe(end, false) != ERROR_SUCCESS;
}

/* A read waits for data. */
static DWORD use_pipe(const struct object *file, char *buffer, DWORD length,
                      DWORD *bytes, bool writes)
{
    struct pipe_end *end = file->end;
    if (!writes)
        wait_until(can_read, end, INFINITE);
    DWORD error = error_on_pipe(end, writes);
    if (error != ERROR_SUCCESS)
        return error;
    *bytes = writes ? length : min(length, bytes_in_pipe(end));
    if (writes)
        write_to_pipe(end, buffer, length);
    else
        take_from_pipe(end, buffer, *bytes);
    return ERROR_SUCCESS;
}

/* ---- I/O that is in flight ---------------------------------------------- */

enum outcome { AS_USUAL, INSIDE_CALL, CUT_SHORT };

/* The kernel may complete the I/O inside the call, report the end of the file
 * there, or read fewer bytes than the file has. A row of lab/probe knows no
 * short reads: documentation of Windows has none, either. */
static enum outcome choose_outcome(const struct request *request)
{
    if (!shared->settings.surprises || shared->settings.endless)
        return AS_USUAL;
    bool can_be_short =
        !request->writes && request->bytes > 1 && !shared->settings.row;
    return (enum outcome)decide_result(can_be_short ? 3 : 2);
}

static BOOL start_on_disk(struct request *request)
{
    enum outcome outcome = choose_outcome(request);
    if (outcome == CUT_SHORT)
        shorten(request);
    if (outcome != INSIDE_CALL)
        return fail_with(ERROR_IO_PENDING);
    if (request->status == STATUS_OF_END) {
        tell_of("kernel reports the end of the file inside the call");
        note_completion(request);
        forget_request(request);
        return fail_with(ERROR_HANDLE_EOF);
    }
    complete_inside(request);
    return TRUE;
}

/* If there is data, or room, the I/O completes inside the call. */
static BOOL start_on_pipe(struct request *request)
{
    struct pipe_end *end = request->file->end;
    if (!request->writes && bytes_in_pipe(end) == 0)
        return fail_with(ERROR_IO_PENDING);
    if (request->writes)
        write_to_pipe(end, request->buffer, request->length);
    request->bytes = request->writes ? request->length
                                     : min(request->length, bytes_in_pipe(end));
    complete_inside(request);
    return TRUE;
}

/* ---- Start an I/O ------------------------------------------------------- */

/* The guard's own memory is judged when it is touched. */
static bool is_usable(const char *buffer)
{
    struct guard_block block;
    MEMORY_BASIC_INFORMATION page;
    return buffer != NULL && (guard_find(buffer, &block) ||
                              (VirtualQuery(buffer, &page, sizeof page) != 0 &&
                               page.State == MEM_COMMIT));
}

/* What the call finds wrong before it does anything, or 0. */
static DWORD find_error(const struct object *file, const char *buffer,
                        DWORD length, const OVERLAPPED *overlapped, bool writes)
{
    if (!can_access(file, writes))
        return ERROR_ACCESS_DENIED;
    if (file->end == NULL && overlapped == NULL && !file->is_synchronous)
        return ERROR_INVALID_PARAMETER;
    if (file->end == NULL && overlapped != NULL &&
        (overlapped->OffsetHigh & 0x80000000)) {
        bool is_minus_1 =
            (overlapped->OffsetHigh & overlapped->Offset) == MAXDWORD;
        if (!writes || !is_minus_1)
            return ERROR_INVALID_PARAMETER;
    }
    if (length > 0 && !is_usable(buffer))
        return writes ? ERROR_INVALID_USER_BUFFER : ERROR_NOACCESS;
    return ERROR_SUCCESS;
}

static BOOL do_now(struct object *file, char *buffer, DWORD length,
                   DWORD *bytes, OVERLAPPED *overlapped, bool writes)
{
    return end_with(
        file->disk != NULL
            ? use_disk(file, buffer, length, bytes, overlapped, writes)
            : use_pipe(file, buffer, length, bytes, writes));
}

static BOOL begin(const char *call, struct object *file, char *buffer,
                  DWORD length, OVERLAPPED *overlapped, bool writes)
{
    DWORD error =
        file->end != NULL ? error_on_pipe(file->end, writes) : ERROR_SUCCESS;
    if (error != ERROR_SUCCESS)
        return fail_with(error);
    struct request *request =
        start_request(file, overlapped, buffer, length, writes);
    tell("starts %s: request %u", call, request->number);
    return file->disk != NULL ? start_on_disk(request) : start_on_pipe(request);
}

static BOOL start(const char *call, HANDLE handle, char *buffer, DWORD length,
                  DWORD *bytes, OVERLAPPED *overlapped, bool writes)
{
    DWORD unused;
    if (bytes == NULL)
        bytes = &unused;
    *bytes = 0;
    switch_point();
    struct object *file = find_file(handle);
    if (file == NULL)
        return FALSE;
    if (overlapped != NULL) /* it stays so if the call fails */
        overlapped->Internal = (ULONG_PTR)STATUS_OF_PENDING;
    DWORD error = find_error(file, buffer, length, overlapped, writes);
    if (error != ERROR_SUCCESS)
        return fail_with(error);
    BOOL ok = file->is_synchronous || overlapped == NULL
                  ? do_now(file, buffer, length, bytes, overlapped, writes)
                  : begin(call, file, buffer, length, overlapped, writes);
    switch_point(); /* keeps the last error */
    return ok;
}

BOOL WINAPI model_ReadFile(HANDLE handle, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    enter("ReadFile");
    return start("ReadFile", handle, buffer, length, bytes, overlapped, false);
}

static BOOL print(HANDLE handle, const void *buffer, DWORD length, DWORD *bytes)
{
    if (handle == GetStdHandle(STD_OUTPUT_HANDLE))
        keep_output(buffer, length);
    if (handle == GetStdHandle(STD_OUTPUT_HANDLE) && !shared->settings.replays)
        *bytes = length;
    else if (!WriteFile(handle, buffer, length, bytes, NULL))
        return FALSE;
    tell("prints \"%.*s\"", (int)length - 1, (const char *)buffer);
    return TRUE;
}

BOOL WINAPI model_WriteFile(HANDLE handle, const void *buffer, DWORD length,
                            DWORD *bytes, OVERLAPPED *overlapped)
{
    enter("WriteFile");
    if (overlapped == NULL && find_any_object(handle) == NULL)
        return print(handle, buffer, length, bytes);
    return start("WriteFile", handle, (void *)buffer, length, bytes, overlapped,
                 true);
}

/* ---- Cancel, and the result --------------------------------------------- */

static bool cancel(HANDLE handle, const OVERLAPPED *overlapped,
                   const struct thread *thread)
{
    switch_point();
    const struct object *file = find_file(handle);
    if (file == NULL)
        return false;
    bool found = cancel_requests(file, overlapped, thread);
    tell("cancels: %s", found ? "the kernel has it" : "there is nothing");
    if (!found)
        SetLastError(ERROR_NOT_FOUND);
    switch_point();
    return found;
}

BOOL WINAPI model_CancelIoEx(HANDLE handle, OVERLAPPED *overlapped)
{
    enter("CancelIoEx");
    return cancel(handle, overlapped, NULL);
}

/* Succeeds if there is nothing to cancel, too. */
BOOL WINAPI model_CancelIo(HANDLE handle)
{
    enter("CancelIo");
    return cancel(handle, NULL, current) || find_file(handle) != NULL;
}

static bool has_completed(const struct thread *thread)
{
    return HasOverlappedIoCompleted((OVERLAPPED *)thread->awaited);
}

BOOL WINAPI model_GetOverlappedResult(HANDLE handle, OVERLAPPED *overlapped,
                                      DWORD *bytes, BOOL wait)
{
    (void)handle;
    enter("GetOverlappedResult");
    if (!wait_until(has_completed, overlapped, wait ? INFINITE : 0))
        return fail_with(ERROR_IO_INCOMPLETE);
    *bytes = (DWORD)overlapped->InternalHigh;
    DWORD error = RtlNtStatusToDosError((NTSTATUS)overlapped->Internal);
    return end_with(error);
}
