/* The content of files. The explorer reads a file once. Each order begins with
 * that content, and nothing is ever written to the file. */
#ifndef DISK_H
#define DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <windows.h>

struct disk_file {
    wchar_t path[MAX_PATH];
    char *original;
    uint64_t original_size;
    char *data;
    uint64_t size;
    uint64_t room;   /* of data */
    bool is_changed; /* in this order */
};

/* Before each order. */
void reset_disk(void);

/* Returns NULL if the file cannot be read; GetLastError says why. */
struct disk_file *find_on_disk(const wchar_t *path);

/* Makes the file longer if the data is after its end. */
void write_to_disk(struct disk_file *file, uint64_t offset, const char *data,
                   size_t length);

#endif
