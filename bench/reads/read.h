/* A read, for those who hand its OVERLAPPED to the system themselves. */
#ifndef READ_H
#define READ_H

#include "job.h"

#include <windows.h>

struct read {
    OVERLAPPED overlapped;
    struct turn turn;
    void *buffer;
};

/* With FILE_FLAG_OVERLAPPED, or with no flags. */
static inline HANDLE open_file(DWORD flags)
{
    HANDLE handle = CreateFileA(job.file, GENERIC_READ, FILE_SHARE_READ, NULL,
                                OPEN_EXISTING, flags, NULL);
    must(handle != INVALID_HANDLE_VALUE, "open");
    return handle;
}

static inline void read_set_offset(struct read *read)
{
    read->overlapped.Offset = (DWORD)read->turn.offset;
    read->overlapped.OffsetHigh = (DWORD)(read->turn.offset >> 32);
}

/* Starts what its turn says, on an overlapped handle. */
static inline void read_start(struct read *read, HANDLE file)
{
    read_set_offset(read);
    must(ReadFile(file, read->buffer, (DWORD)job.block, NULL,
                  &read->overlapped) ||
             GetLastError() == ERROR_IO_PENDING,
         "read");
}

/* Does what its turn says, on an ordinary handle: the OVERLAPPED only tells
 * where. Returns how many bytes came. */
static inline DWORD read_at_once(struct read *read, HANDLE file)
{
    DWORD bytes;
    read_set_offset(read);
    must(ReadFile(file, read->buffer, (DWORD)job.block, &bytes,
                  &read->overlapped),
         "read");
    return bytes;
}

#endif
