/*
 * Reads a file with many reads in flight, and gives out its blocks in order.
 *
 * The file is cut into blocks of equal size. Up to `depth` of them are in
 * flight, each with a request and a buffer of its own, and they complete in
 * any order, on any worker. One thread, the reader's user, takes them in the
 * order of the file; a buffer that is used is sent out again for the block
 * `depth` further on:
 *
 *      depth 3         | block 0 | block 1 | block 2 | block 3 | block 4 |
 *      first:            buffer 0  buffer 1  buffer 2
 *      block 0 is used:            buffer 1  buffer 2  buffer 0
 *
 * So memory and reads in flight are bounded, whatever the size of the file,
 * which nobody asks for: a read finds the end. A pipe has no offsets to tell
 * its reads apart, so there one read at a time keeps the order.
 *
 * A reader serves any number of files, one after the other. Memory is allocated
 * only by reader_create.
 */
#ifndef READER_H
#define READER_H

#include "../pool.h"

struct block;

struct reader {
    unsigned depth; /* in this file: 1 for a pipe */
    LONG64 reads;   /* that brought bytes, in all files, in any order */
    /* The reader's own. */
    struct bound_file *file;
    uint64_t offset; /* where the file is begun */
    bool seekable;
    unsigned block_count;
    DWORD block_size;
    struct block *blocks;
    struct block *current; /* which the user has; NULL before the first */
    SRWLOCK lock;          /* guards end_seen, and what completes a block */
    bool end_seen;         /* nothing follows, so start no more */
    CONDITION_VARIABLE completed;
};

/*
 * Makes a reader of so many blocks, of so many bytes each. timeout: in ms, for
 * each read; 0 for none. 0 or ERROR_NOT_ENOUGH_MEMORY; reader_free is right
 * after both.
 */
DWORD reader_create(struct reader *reader, unsigned depth, DWORD block_size,
                    DWORD timeout);
void reader_free(struct reader *reader);

/*
 * Takes up a file, to be read from this offset on; reads are started by the
 * first reader_next. 0, or ERROR_NOT_SUPPORTED for what is neither file nor
 * pipe, and for an offset in a pipe. reader_close must follow both.
 */
DWORD reader_begin(struct reader *reader, struct bound_file *file,
                   uint64_t offset);

/*
 * Waits for the next bytes in the order of the file, which stay the caller's
 * until the next call, and may be none. After the last ones: the Win32 error
 * for why there are no more (see is_end_of_file).
 */
DWORD reader_next(struct reader *reader, const char **bytes, DWORD *count);

/* Closes the file: cancels what is in flight, and waits until all has come
 * back. 0, or why it could not be closed. */
DWORD reader_close(struct reader *reader);

#endif
