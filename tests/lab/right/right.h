/*
 * What the right programs share. Each reads the file that is its argument, in a
 * way of its own, and exits with 0 if it read the whole file. The checker must
 * report nothing.
 */
#ifndef RIGHT_H
#define RIGHT_H

#include <process.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

enum { BLOCK = 4096, DEPTH = 4 };

static inline HANDLE open_file(const char *path)
{
    return CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
}

static inline OVERLAPPED at_offset(uint64_t offset)
{
    return (OVERLAPPED){.Offset = (DWORD)offset,
                        .OffsetHigh = (DWORD)(offset >> 32)};
}

/* Whether a read was started, and its completion is reported later. */
static inline bool is_started(BOOL ok)
{
    return ok || GetLastError() == ERROR_IO_PENDING;
}

static inline int compare_size(HANDLE file, uint64_t bytes)
{
    LARGE_INTEGER size;
    bool all = GetFileSizeEx(file, &size) && (uint64_t)size.QuadPart == bytes;
    CloseHandle(file);
    return all ? 0 : 1;
}

int read_all(const char *path);

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: FILE\n");
        return 2;
    }
    return read_all(argv[1]);
}

#endif
