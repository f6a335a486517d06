#include "files.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

enum { MOST_NAMES = 100 }; /* that are tried for a temporary file */

static const DWORD share_all =
    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

/* As in .NET, the server of a pipe must not act in our name. */
HANDLE open_overlapped(const wchar_t *path)
{
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    return CreateFileW(path, GENERIC_READ, share_all, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | anonymous, NULL);
}

/* Only for questions about the file: works even if another program does not
 * share it. */
static HANDLE open_for_questions(const wchar_t *path)
{
    return CreateFileW(path, FILE_READ_ATTRIBUTES, share_all, NULL,
                       OPEN_EXISTING, 0, NULL);
}

bool is_same_file(HANDLE file, const wchar_t *path)
{
    BY_HANDLE_FILE_INFORMATION one, two;
    HANDLE other = open_for_questions(path);
    if (other == INVALID_HANDLE_VALUE)
        return false;
    bool same = GetFileInformationByHandle(file, &one) &&
                GetFileInformationByHandle(other, &two) &&
                one.dwVolumeSerialNumber == two.dwVolumeSerialNumber &&
                one.nFileIndexHigh == two.nFileIndexHigh &&
                one.nFileIndexLow == two.nFileIndexLow;
    check(CloseHandle(other), "close", path);
    return same;
}

DWORD set_length(HANDLE file, uint64_t length)
{
    FILE_END_OF_FILE_INFO info = {.EndOfFile.QuadPart = (LONGLONG)length};
    return SetFileInformationByHandle(file, FileEndOfFileInfo, &info,
                                      sizeof info)
               ? ERROR_SUCCESS
               : GetLastError();
}

/* ---- Replacements ----------------------------------------------------- */

static DWORD mark_for_deletion(HANDLE file, bool marked)
{
    FILE_DISPOSITION_INFO info = {.DeleteFile = marked};
    return SetFileInformationByHandle(file, FileDispositionInfo, &info,
                                      sizeof info)
               ? ERROR_SUCCESS
               : GetLastError();
}

/* This comes before the first write: after an hour of copying it is too late.
 */
static DWORD check_target(const wchar_t *target, bool replaces)
{
    HANDLE file = open_for_questions(target);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_FILE_NOT_FOUND ? ERROR_SUCCESS
                                                      : GetLastError();
    check(CloseHandle(file), "close", target);
    return replaces ? ERROR_SUCCESS : ERROR_FILE_EXISTS;
}

/* The file is in the target's directory, because only on the same disk a rename
 * is one step. Its name does not grow with the target's. */
static void name_temporary(struct replacement *replacement, unsigned number)
{
    const wchar_t *target = replacement->target;
    size_t directory = wcslen(target);
    while (directory > 0 && wcschr(L"\\/:", target[directory - 1]) == NULL)
        directory--;
    swprintf(replacement->temporary,
             sizeof replacement->temporary / sizeof(wchar_t),
             L"%.*lscopy-%lu-%u.tmp", (int)directory, target,
             GetCurrentProcessId(), number);
}

DWORD replacement_create(struct replacement *replacement, const wchar_t *target,
                         bool replaces, HANDLE *file)
{
    replacement->target = target;
    replacement->replaces = replaces;
    replacement->stays = false;
    DWORD error = check_target(target, replaces);
    if (error != ERROR_SUCCESS)
        return error;
    unsigned number = 0; /* another copy.exe may use a name right now */
    do {
        name_temporary(replacement, number++);
        *file = CreateFileW(replacement->temporary, GENERIC_WRITE | DELETE, 0,
                            NULL, CREATE_NEW, FILE_FLAG_OVERLAPPED, NULL);
        error = *file != INVALID_HANDLE_VALUE ? 0 : GetLastError();
    } while (error == ERROR_FILE_EXISTS && number < MOST_NAMES);
    if (error != ERROR_SUCCESS)
        return error;
    error = mark_for_deletion(*file, true);
    if (error != ERROR_SUCCESS) {
        CloseHandle(*file);
        DeleteFileW(replacement->temporary);
    }
    return error;
}

static DWORD rename_file(HANDLE file, const wchar_t *name, bool replaces)
{
    size_t length = wcslen(name) * sizeof *name; /* bytes, without the 0 */
    FILE_RENAME_INFO *info = calloc(1, sizeof *info + length);
    if (info == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    info->ReplaceIfExists = replaces;
    info->FileNameLength = (DWORD)length;
    memcpy(info->FileName, name, length + sizeof *name);
    BOOL ok = SetFileInformationByHandle(file, FileRenameInfo, info,
                                         (DWORD)(sizeof *info + length));
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    free(info);
    return error;
}

/* The system does not rename a file that is marked for deletion. */
DWORD replacement_keep(struct replacement *replacement, HANDLE file)
{
    DWORD error = mark_for_deletion(file, false);
    if (error != ERROR_SUCCESS)
        return error; /* it is marked still */
    error = rename_file(file, replacement->target, replacement->replaces);
    if (error != ERROR_SUCCESS)
        replacement->stays = mark_for_deletion(file, true) != ERROR_SUCCESS;
    return error;
}

DWORD replacement_remove(const struct replacement *replacement)
{
    if (!replacement->stays || DeleteFileW(replacement->temporary))
        return ERROR_SUCCESS;
    return GetLastError();
}
