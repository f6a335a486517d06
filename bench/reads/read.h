/* A read, for contenders that call ReadFile themselves. */
#ifndef READ_H
#define READ_H

#include "../win32.h"
#include "job.h"

struct read {
    OVERLAPPED overlapped;
    struct item item;
    void *buffer;
};

static inline void read_set_offset(struct read *read)
{
    read->overlapped.Offset = (DWORD)read->item.offset;
    read->overlapped.OffsetHigh = (DWORD)(read->item.offset >> 32);
}

/* Starts the read on an overlapped handle. */
static inline void read_start(struct read *read, HANDLE file)
{
    read_set_offset(read);
    start_read(file, read->buffer, job.block, &read->overlapped);
}

/* Does the read on an ordinary handle, and returns how many bytes it read. Here
 * the OVERLAPPED only gives the offset. */
static inline DWORD read_synchronously(struct read *read, HANDLE file)
{
    DWORD bytes;
    read_set_offset(read);
    must(ReadFile(file, read->buffer, (DWORD)job.block, &bytes,
                  &read->overlapped),
         "read");
    return bytes;
}

#endif
