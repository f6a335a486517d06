/* A read by those who hand its OVERLAPPED to the system themselves. */
#ifndef READ_H
#define READ_H

#include "job.h"

#include <windows.h>

struct read {
    OVERLAPPED overlapped;
    struct turn turn;
    void *buffer;
};

static inline HANDLE open_overlapped(void)
{
    HANDLE handle = CreateFileA(job.file, GENERIC_READ, FILE_SHARE_READ, NULL,
                                OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    must(handle != INVALID_HANDLE_VALUE, "open");
    return handle;
}

static inline void read_set_offset(struct read *read)
{
    read->overlapped.Offset = (DWORD)read->turn.offset;
    read->overlapped.OffsetHigh = (DWORD)(read->turn.offset >> 32);
}

/* Starts what its turn says. */
static inline void read_start(struct read *read, HANDLE file)
{
    read_set_offset(read);
    must(ReadFile(file, read->buffer, (DWORD)job.block, NULL,
                  &read->overlapped) ||
             GetLastError() == ERROR_IO_PENDING,
         "read");
}

#endif
