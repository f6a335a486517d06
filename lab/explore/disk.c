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

static void restore(struct disk_file *file)
{
    set_size(file, file->original_size);
    if (file->data != NULL)
        memcpy(file->data, file->original, file->original_size);
    file->is_changed = false;
}

void reset_disk(void)
{
    for (unsigned i = 0; i < count; i++)
        if (files[i].is_changed)
            restore(&files[i]);
}

static bool load(struct disk_file *file, HANDLE handle)
{
    LARGE_INTEGER size;
    DWORD bytes;
    if (!GetFileSizeEx(handle, &size))
        return false;
    if (size.QuadPart > LARGEST)
        refuse("a file of more than %d MiB", LARGEST >> 20);
    file->original_size = (uint64_t)size.QuadPart;
    file->original = malloc(file->original_size + 1);
    if (file->original == NULL)
        refuse("a file for which there is no memory");
    if (!ReadFile(handle, file->original, (DWORD)file->original_size, &bytes,
                  NULL))
        return false;
    file->size = 0;
    restore(file);
    return true;
}

struct disk_file *find_on_disk(const wchar_t *path)
{
    for (unsigned i = 0; i < count; i++)
        if (wcscmp(files[i].path, path) == 0)
            return &files[i];
    if (count == MOST_FILES || wcslen(path) >= MAX_PATH)
        refuse("more than %d files, or a long path", MOST_FILES);
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    HANDLE handle =
        CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE)
        return NULL;
    struct disk_file *file = &files[count];
    bool is_loaded = load(file, handle);
    DWORD error = GetLastError();
    CloseHandle(handle);
    SetLastError(error);
    if (!is_loaded)
        return NULL;
    wcscpy(file->path, path);
    count++;
    return file;
}

void write_to_disk(struct disk_file *file, uint64_t offset, const char *data,
                   size_t length)
{
    if (offset + length > file->size)
        set_size(file, offset + length);
    memcpy(file->data + offset, data, length);
    file->is_changed = true;
}
