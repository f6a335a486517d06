/*
 * Copies one bound file into another, with concurrent reads and writes.
 *
 * The source is divided into blocks. There are `depth` buffers, independent of
 * each other. When a buffer's read completes, the callback writes the bytes.
 * When the buffer's block is written, the callback takes the next free block
 * for this buffer:
 *
 *      buffer 0        read 0 -> write 0 -> read 2 ----> write 2 ...
 *      buffer 1        read 1 ----> write 1 -> read 3 -> write 3 ...
 *
 * A read finds the end of the source, even if the end has moved since the
 * start. A buffer "moves" as long as it gets blocks; after its last block it is
 * "at rest". The caller only waits until all buffers are at rest. The reads of
 * a pipe have no offsets that would give their order, so for a pipe one buffer
 * moves. Only copier_create allocates memory.
 */
#ifndef COPIER_H
#define COPIER_H

#include "../pool.h"

struct block;

struct copier {
    unsigned depth; /* buffers that move: 1 for a pipe */
    /* The result, once all buffers are at rest: */
    uint64_t end;       /* bytes copied; the target may have more after them */
    DWORD error;        /* the first failure, or 0 */
    bool target_failed; /* the failure was a write */
    /* Only the copier uses these. */
    struct bound_file *source, *target;
    bool seekable;
    unsigned block_count;
    size_t block_size;
    struct block *blocks;
    SRWLOCK lock; /* guards the fields below, and the result */
    CONDITION_VARIABLE at_rest;
    unsigned moving; /* number of buffers that are not at rest */
    uint64_t next;   /* offset of the next block */
    uint64_t bytes;  /* written */
};

/* Makes a copier with `depth` buffers of block_size bytes. Returns 0 or
 * ERROR_NOT_ENOUGH_MEMORY; call copier_free after both. */
DWORD copier_create(struct copier *copier, unsigned depth, size_t block_size);
void copier_free(struct copier *copier);

/* Prepares to copy the source to the target. The caller still owns both files.
 * Returns 0, or ERROR_NOT_SUPPORTED if the source is neither file nor pipe. */
DWORD copier_begin(struct copier *copier, struct bound_file *source,
                   struct bound_file *target);

/* Starts the copy and returns. Call it once for each copy. The copy ends when
 * all bytes are copied, or soon after an I/O failed or was cancelled. */
void copier_start(struct copier *copier);

/* Waits for the end of the copy, up to `timeout` ms, or INFINITE. Returns
 * whether it has ended; *bytes gets the bytes written so far. */
bool copier_wait(struct copier *copier, DWORD timeout, uint64_t *bytes);

#endif
