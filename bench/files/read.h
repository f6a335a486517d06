/* A file, for contenders that call ReadFile themselves. */
#ifndef READ_H
#define READ_H

#include "../win32.h"
#include "job.h"

struct read {
    OVERLAPPED overlapped;
    struct item item;
    HANDLE file;
    void *buffer;
};

/* Starts to read the open file. Clears the OVERLAPPED first. */
static inline void read_start(struct read *read)
{
    read->overlapped = (OVERLAPPED){0};
    start_read(read->file, read->buffer, job.buffer, &read->overlapped);
}

#endif
