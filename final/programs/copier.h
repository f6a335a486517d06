/*
 * Copies one bound file into another, with reads and writes overlapped.
 *
 * The source is cut into blocks. Each of `depth` buffers goes round by itself,
 * from callback to callback: what its read has brought it writes, and when its
 * block is written, it takes the next that nobody has:
 *
 *      buffer 0        read 0 -> write 0 -> read 2 ----> write 2 ...
 *      buffer 1        read 1 ----> write 1 -> read 3 -> write 3 ...
 *
 * A read finds the end, wherever it is by then. Who started it only waits until
 * all buffers are at rest. A pipe has no offsets to tell its reads apart: there
 * one buffer goes round. Memory is allocated only by copier_create.
 */
#ifndef COPIER_H
#define COPIER_H

#include "../pool.h"

struct block;

struct copier {
    unsigned depth; /* buffers that go round: for a pipe 1 */
    /* What has come of it, once all are at rest: */
    uint64_t end;       /* bytes copied; more may be written behind them */
    DWORD error;        /* the first failure, 0 if there is none */
    bool target_failed; /* it was a write */
    /* The copier's own. */
    struct bound_file *source, *target;
    bool seekable;
    unsigned block_count;
    size_t block_size;
    struct block *blocks;
    SRWLOCK lock; /* guards all below, and the result */
    CONDITION_VARIABLE at_rest;
    unsigned going_round; /* buffers */
    uint64_t next;        /* where the next block begins */
    uint64_t bytes;       /* written */
};

/* Makes a copier of so many blocks, of so many bytes each. 0 or
 * ERROR_NOT_ENOUGH_MEMORY; copier_free is right after both. */
DWORD copier_create(struct copier *copier, unsigned depth, size_t block_size);
void copier_free(struct copier *copier);

/* Readies it for these two, which stay the caller's. ERROR_NOT_SUPPORTED if the
 * source is neither file nor pipe. */
DWORD copier_begin(struct copier *copier, struct bound_file *source,
                   struct bound_file *target);

/* Starts copying, once, and returns. It ends when all is copied or, as soon as
 * it can, when something has failed or was cancelled. */
void copier_start(struct copier *copier);

/* Waits for the end, for up to timeout ms, or INFINITE. False if it has not
 * come yet; *bytes have been written by now. */
bool copier_wait(struct copier *copier, DWORD timeout, uint64_t *bytes);

#endif
