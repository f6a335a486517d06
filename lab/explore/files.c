/*
 * Files that are opened with FILE_FLAG_OVERLAPPED. An I/O on one is in flight
 * until the order lets it complete.
 *
 * A handle that this model does not know is the system's: stdout, for example.
 * What the program writes to stdout is kept, to compare orders.
 */
#include "kernel.h"
#include "model.h"
#include "output.h"
#include "timeline.h"
#include "verdict.h"

static BOOL fail_with(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

/* ---- Open --------------------------------------------------------------- */

HANDLE WINAPI model_CreateFileW(const wchar_t *path, DWORD access, DWORD share,
                                LPSECURITY_ATTRIBUTES security,
                                DWORD disposition, DWORD flags, HANDLE like)
{
    HANDLE handle;
    (void)access, (void)share, (void)security, (void)like;
    enter("CreateFileW");
    if (!(flags & FILE_FLAG_OVERLAPPED))
        refuse("CreateFileW without FILE_FLAG_OVERLAPPED");
    if (disposition != OPEN_EXISTING)
        refuse("CreateFileW that makes a file");
    struct disk_file *disk = find_on_disk(path);
    if (disk == NULL)
        return INVALID_HANDLE_VALUE;
    struct object *file = new_object(FILE_OBJECT, &handle);
    file->disk = disk;
    tell("opens %s", name_of_object(file));
    return handle;
}

DWORD WINAPI model_GetFileType(HANDLE handle)
{
    enter("GetFileType");
    return find_object(handle, FILE_OBJECT) != NULL ? FILE_TYPE_DISK
                                                    : GetFileType(handle);
}

BOOL WINAPI model_GetFileSizeEx(HANDLE handle, LARGE_INTEGER *size)
{
    enter("GetFileSizeEx");
    const struct object *file = find_object(handle, FILE_OBJECT);
    if (file == NULL)
        return FALSE;
    size->QuadPart = (LONGLONG)file->disk->size;
    return TRUE;
}

BOOL WINAPI model_SetFileCompletionNotificationModes(HANDLE handle, UCHAR modes)
{
    enter("SetFileCompletionNotificationModes");
    struct object *file = find_object(handle, FILE_OBJECT);
    if (file == NULL)
        return FALSE;
    file->skips |= modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;
    return TRUE;
}

/* ---- Start an I/O ------------------------------------------------------- */

/* The kernel may do two things inside the call, instead of later: complete the
 * I/O, and report the end of the file. Returns what the call returns. */
static BOOL surprise(struct request *request)
{
    if (request->status == STATUS_OF_END) {
        tell_of("kernel reports the end of the file inside the call");
        forget_request(request);
        return fail_with(ERROR_HANDLE_EOF);
    }
    complete_inside(request);
    return TRUE;
}

static BOOL start(const char *call, HANDLE handle, char *buffer, DWORD length,
                  OVERLAPPED *overlapped, bool writes)
{
    switch_point();
    struct object *file = find_object(handle, FILE_OBJECT);
    if (file == NULL)
        return FALSE;
    if (overlapped == NULL || (overlapped->OffsetHigh & 0x80000000))
        return fail_with(ERROR_INVALID_PARAMETER);
    struct request *request =
        start_request(file, overlapped, buffer, length, writes);
    tell("starts %s: request %u", call, request->number);
    bool is_usual = !shared->settings.surprises || shared->settings.endless ||
                    decide_result(2) == 0;
    BOOL ok = is_usual ? fail_with(ERROR_IO_PENDING) : surprise(request);
    switch_point(); /* keeps the last error */
    return ok;
}

BOOL WINAPI model_ReadFile(HANDLE handle, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    enter("ReadFile");
    if (bytes != NULL)
        *bytes = 0;
    return start("ReadFile", handle, buffer, length, overlapped, false);
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
    if (bytes != NULL)
        *bytes = 0;
    return start("WriteFile", handle, (void *)buffer, length, overlapped, true);
}

/* ---- Cancel, and the result --------------------------------------------- */

BOOL WINAPI model_CancelIoEx(HANDLE handle, OVERLAPPED *overlapped)
{
    enter("CancelIoEx");
    switch_point();
    struct object *file = find_object(handle, FILE_OBJECT);
    if (file == NULL)
        return FALSE;
    bool found = cancel_requests(file, overlapped);
    tell("cancels: %s", found ? "the kernel has it" : "there is nothing");
    if (!found)
        SetLastError(ERROR_NOT_FOUND);
    switch_point();
    return found;
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
    return error == ERROR_SUCCESS ? TRUE : fail_with(error);
}
