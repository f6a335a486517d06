/* A file of those who hand its OVERLAPPED to the system themselves. */
#ifndef READ_H
#define READ_H

#include "job.h"

#include <windows.h>

struct read {
    OVERLAPPED overlapped;
    struct turn turn;
    HANDLE file;
    void *buffer;
};

static inline void open_overlapped(struct read *read)
{
    read->file = CreateFileA(read->turn.path, GENERIC_READ, FILE_SHARE_READ,
                             NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    must(read->file != INVALID_HANDLE_VALUE, "open");
}

/* All of the OVERLAPPED is new with each file. */
static inline void read_start(struct read *read)
{
    read->overlapped = (OVERLAPPED){0};
    must(ReadFile(read->file, read->buffer, (DWORD)job.buffer, NULL,
                  &read->overlapped) ||
             GetLastError() == ERROR_IO_PENDING,
         "read");
}

#endif
