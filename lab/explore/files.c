/* Files: how they are opened and closed, what they are, and their length. */
#include "files.h"

#include "model.h"
#include "pipes.h"
#include "timeline.h"
#include "verdict.h"

#include <stdio.h>
#include <wchar.h>

/* ---- Open and close ----------------------------------------------------- */

static bool is_device(const wchar_t *path)
{
    return wcsncmp(path, L"\\\\.\\", 4) == 0 || wcscmp(path, L"NUL") == 0;
}

/* Which other handles the file has does not matter: sharing is not modelled. */
HANDLE WINAPI model_CreateFileW(const wchar_t *path, DWORD access, DWORD share,
                                LPSECURITY_ATTRIBUTES security,
                                DWORD disposition, DWORD flags, HANDLE like)
{
    HANDLE handle;
    struct disk_file *disk;
    (void)share, (void)security, (void)like;
    enter("CreateFileW");
    if (is_pipe_name(path))
        return open_pipe(path, access, flags);
    if (is_device(path))
        refuse("CreateFileW of a device");
    if (flags & FILE_FLAG_NO_BUFFERING)
        refuse("CreateFileW with FILE_FLAG_NO_BUFFERING");
    DWORD error = open_on_disk(path, disposition, &disk);
    if (error != ERROR_SUCCESS) {
        SetLastError(error);
        return INVALID_HANDLE_VALUE;
    }
    struct object *file = new_object(FILE_OBJECT, &handle);
    file->disk = disk;
    file->access = access;
    file->is_synchronous = !(flags & FILE_FLAG_OVERLAPPED);
    disk->is_deleted |= (flags & FILE_FLAG_DELETE_ON_CLOSE) != 0;
    tell("opens %s", name_of_object(file));
    return handle;
}

void close_file(struct object *file)
{
    if (file->disk != NULL)
        close_on_disk(file->disk);
    else
        close_pipe(file);
}

static unsigned names; /* that GetTempFileNameW has made */

void reset_files(void)
{
    names = 0;
}

/* Always makes the same names, and an empty file for each. */
UINT WINAPI model_GetTempFileNameW(const wchar_t *directory,
                                   const wchar_t *prefix, UINT unique,
                                   wchar_t *path)
{
    struct disk_file *made;
    enter("GetTempFileNameW");
    if (unique != 0)
        refuse("GetTempFileNameW with a number");
    unique = ++names;
    swprintf(path, MAX_PATH, L"%ls%ls%u.tmp", directory, prefix, unique);
    DWORD error = open_on_disk(path, CREATE_ALWAYS, &made);
    if (error != ERROR_SUCCESS)
        return (UINT)fail_with(error);
    close_on_disk(made);
    return unique;
}

/* ---- What a file is ----------------------------------------------------- */

DWORD WINAPI model_GetFileType(HANDLE handle)
{
    enter("GetFileType");
    const struct object *file = find_file(handle);
    if (file == NULL)
        return GetFileType(handle);
    return file->disk != NULL ? FILE_TYPE_DISK : FILE_TYPE_PIPE;
}

/* For a pipe, as Wine 8. */
BOOL WINAPI model_GetFileSizeEx(HANDLE handle, LARGE_INTEGER *size)
{
    enter("GetFileSizeEx");
    const struct object *file = find_file(handle);
    if (file == NULL)
        return FALSE;
    if (file->disk == NULL)
        return fail_with(ERROR_INVALID_FUNCTION);
    size->QuadPart = (LONGLONG)file->disk->size;
    return TRUE;
}

BOOL WINAPI model_SetFileCompletionNotificationModes(HANDLE handle, UCHAR modes)
{
    enter("SetFileCompletionNotificationModes");
    struct object *file = find_file(handle);
    if (file == NULL)
        return FALSE;
    file->skips |= modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS;
    return TRUE;
}

/* The position of an overlapped file stays 0: no I/O moves it. */
BOOL WINAPI model_SetFilePointerEx(HANDLE handle, LARGE_INTEGER distance,
                                   LARGE_INTEGER *position, DWORD origin)
{
    enter("SetFilePointerEx");
    struct object *file = find_file(handle);
    if (file == NULL)
        return FALSE;
    if (file->disk == NULL)
        return fail_with(ERROR_SEEK_ON_DEVICE);
    uint64_t from = origin == FILE_BEGIN ? 0 : file->position;
    if (origin == FILE_END)
        from = file->disk->size;
    int64_t to = (int64_t)from + distance.QuadPart;
    if (to < 0)
        return fail_with(ERROR_NEGATIVE_SEEK);
    file->position = (uint64_t)to;
    if (position != NULL)
        position->QuadPart = to;
    return TRUE;
}

bool can_access(const struct object *file, bool writes)
{
    const DWORD read = GENERIC_READ | GENERIC_ALL | FILE_READ_DATA;
    const DWORD write = GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA;
    return file->access & (writes ? write : read);
}

/* To reserve room on the disk changes nothing here. */
BOOL WINAPI model_SetFileInformationByHandle(HANDLE handle,
                                             FILE_INFO_BY_HANDLE_CLASS class,
                                             void *information, DWORD size)
{
    (void)size;
    enter("SetFileInformationByHandle");
    switch_point();
    const struct object *file = find_file(handle);
    if (file == NULL)
        return FALSE;
    if (file->disk == NULL ||
        (class != FileEndOfFileInfo && class != FileAllocationInfo))
        refuse("SetFileInformationByHandle: class %d", (int)class);
    if (!can_access(file, true))
        return fail_with(ERROR_ACCESS_DENIED);
    if (class == FileEndOfFileInfo) {
        const FILE_END_OF_FILE_INFO *end = information;
        resize_on_disk(file->disk, (uint64_t)end->EndOfFile.QuadPart);
        tell("sets the end of %s", name_of_object(file));
    }
    switch_point();
    return TRUE;
}

BOOL WINAPI model_FlushFileBuffers(HANDLE handle)
{
    enter("FlushFileBuffers");
    switch_point();
    const struct object *file = find_file(handle);
    if (file == NULL)
        return FALSE;
    return can_access(file, true) ? TRUE : fail_with(ERROR_ACCESS_DENIED);
}
