/* The content of files. The explorer reads a file once. Each order begins with
 * that content. Nothing is ever written to the file, and a file that the
 * program makes is only in memory. */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

struct disk_file {
    wchar_t path[MAX_PATH];
    DWORD missing; /* why the system's file cannot be read, or 0 */
    char *original;
    uint64_t original_size;
    /* In this order: */
    bool exists, is_changed;
    char *data;
    uint64_t size;
    uint64_t room;    /* of data */
    unsigned handles; /* that are open */
    bool is_deleted;  /* with the last of them */
};

/* Before each order. */
void reset_disk(void);

/* Opens or makes a file, as CreateFileW does with this disposition. Returns 0
 * or a Win32 error. */
DWORD open_on_disk(const wchar_t *path, DWORD disposition,
                   struct disk_file **opened);

/* A handle is closed. */
void close_on_disk(struct disk_file *file);

/* How many of these bytes the file has. */
size_t bytes_on_disk(const struct disk_file *file, uint64_t offset,
                     size_t length);

/* Makes the file longer if the data is after its end. */
void write_to_disk(struct disk_file *file, uint64_t offset, const char *data,
                   size_t length);

/* Cuts the file, or adds zeros. */
void resize_on_disk(struct disk_file *file, uint64_t size);

#endif
