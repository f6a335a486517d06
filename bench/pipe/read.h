/* A read by those who hand its OVERLAPPED to the system themselves. */
#ifndef READ_H
#define READ_H

#include "job.h"

#include <windows.h>

struct read {
    OVERLAPPED overlapped;
    void *buffer;
};

static inline HANDLE open_overlapped(void)
{
    HANDLE handle = CreateFileA(job.pipe, GENERIC_READ, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED, NULL);
    must(handle != INVALID_HANDLE_VALUE, "open");
    return handle;
}

static inline struct read *make_reads(void)
{
    struct read *reads = must_allocate(job.reads * sizeof *reads);
    for (unsigned i = 0; i < job.reads; i++)
        reads[i] = (struct read){.buffer = must_allocate(job.piece)};
    return reads;
}

static inline void read_start(struct read *read, HANDLE handle)
{
    must(ReadFile(handle, read->buffer, (DWORD)job.piece, NULL,
                  &read->overlapped) ||
             GetLastError() == ERROR_IO_PENDING,
         "read");
}

#endif
