/* A read, for contenders that call ReadFile themselves. */
#ifndef READ_H
#define READ_H

#include "../win32.h"
#include "job.h"

struct read {
    OVERLAPPED overlapped;
    void *buffer;
};

/* Returns all reads, not started yet. */
static inline struct read *make_reads(void)
{
    struct read *reads = must_allocate(job.reads * sizeof *reads);
    for (unsigned i = 0; i < job.reads; i++)
        reads[i] = (struct read){.buffer = must_allocate(job.piece)};
    return reads;
}

static inline void read_start(struct read *read, HANDLE pipe)
{
    start_read(pipe, read->buffer, job.piece, &read->overlapped);
}

#endif
