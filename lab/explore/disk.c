#include "disk.h"

#include "verdict.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_FILES = 8, LARGEST = 16 << 20 };

static struct disk_file files[MOST_FILES];
static unsigned count;

static void set_size(struct disk_file *file, uint64_t size)
{
    if (size > LARGEST)
        refuse("a file of more than %d MiB", LARGEST >> 20);
    if (size > file->room) {
        char *more = realloc(file->data, size);
        if (more == NULL)
            refuse("a file for which there is no memory");
        file->data = more;
        file->room = size;
    }
    if (size > file->size)
        memset(file->data + file->size, 0, size - file->size);
    file->size = size;
}

/* ---- Before an order ---------------------------------------------------- */

static void restore(struct disk_file *file)
{
    set_size(file, file->original_size);
    if (file->size > 0)
        memcpy(file->data, file->original, file->size);
    file->is_changed = false;
}

void reset_disk(void)
{
    for (unsigned i = 0; i < count; i++) {
        struct disk_file *file = &files[i];
        if (file->is_changed)
            restore(file);
        file->exists = file->missing == ERROR_SUCCESS;
        file->handles = 0;
        file->is_deleted = false;
    }
}

/* ---- The system's files ------------------------------------------------- */

static DWORD read_all(struct disk_file *file, HANDLE handle)
{
    LARGE_INTEGER size;
    DWORD bytes;
    if (!GetFileSizeEx(handle, &size))
        return GetLastError();
    if (size.QuadPart > LARGEST)
        refuse("a file of more than %d MiB", LARGEST >> 20);
    file->original_size = (uint64_t)size.QuadPart;
    file->original = malloc(file->original_size + 1);
    if (file->original == NULL)
        refuse("a file for which there is no memory");
    if (!ReadFile(handle, file->original, (DWORD)file->original_size, &bytes,
                  NULL))
        return GetLastError();
    restore(file);
    return ERROR_SUCCESS;
}

/* Returns 0 or a Win32 error. */
static DWORD load(struct disk_file *file)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    HANDLE handle = CreateFileW(file->path, GENERIC_READ, share, NULL,
                                OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return GetLastError();
    DWORD error = read_all(file, handle);
    CloseHandle(handle);
    return error;
}

static struct disk_file *find_file_at(const wchar_t *path)
{
    for (unsigned i = 0; i < count; i++)
        if (wcscmp(files[i].path, path) == 0)
            return &files[i];
    if (count == MOST_FILES || wcslen(path) >= MAX_PATH)
        refuse("more than %d files, or a long path", MOST_FILES);
    struct disk_file *file = &files[count++];
    wcscpy(file->path, path);
    file->missing = load(file);
    file->exists = file->missing == ERROR_SUCCESS;
    return file;
}

/* ---- Open and close ----------------------------------------------------- */

static DWORD error_of(const struct disk_file *file, DWORD disposition)
{
    bool must_exist =
        disposition == OPEN_EXISTING || disposition == TRUNCATE_EXISTING;
    bool must_be_new = disposition == CREATE_NEW;
    if (must_be_new && file->exists)
        return ERROR_FILE_EXISTS;
    if (must_exist && !file->exists)
        return file->missing != ERROR_SUCCESS ? file->missing
                                              : ERROR_FILE_NOT_FOUND;
    return ERROR_SUCCESS;
}

DWORD open_on_disk(const wchar_t *path, DWORD disposition,
                   struct disk_file **opened)
{
    struct disk_file *file = find_file_at(path);
    DWORD error = error_of(file, disposition);
    if (error != ERROR_SUCCESS)
        return error;
    bool empties =
        disposition == CREATE_ALWAYS || disposition == TRUNCATE_EXISTING;
    if (empties || !file->exists)
        resize_on_disk(file, 0);
    file->exists = true;
    file->handles++;
    *opened = file;
    return ERROR_SUCCESS;
}

void close_on_disk(struct disk_file *file)
{
    if (--file->handles == 0 && file->is_deleted)
        file->exists = false;
}

/* ---- Content ------------------------------------------------------------ */

size_t bytes_on_disk(const struct disk_file *file, uint64_t offset,
                     size_t length)
{
    uint64_t left = offset < file->size ? file->size - offset : 0;
    return left < length ? (size_t)left : length;
}

void write_to_disk(struct disk_file *file, uint64_t offset, const char *data,
                   size_t length)
{
    if (offset > LARGEST)
        refuse("a file of more than %d MiB", LARGEST >> 20);
    if (offset + length > file->size)
        set_size(file, offset + length);
    memcpy(file->data + offset, data, length);
    file->is_changed = true;
}

void resize_on_disk(struct disk_file *file, uint64_t size)
{
    set_size(file, size);
    file->is_changed = true;
}
