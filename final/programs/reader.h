/*
 * Reads a file with many reads in flight, and returns its blocks in order.
 *
 * The file is divided into blocks of equal size. Up to `depth` blocks are in
 * flight, each with its own request and buffer. They complete in any order, on
 * any worker. One thread, the reader's user, takes them in the order of the
 * file. After block n is used, its buffer reads block n + depth:
 *
 *      depth 3         | block 0 | block 1 | block 2 | block 3 | block 4 |
 *      first:            buffer 0  buffer 1  buffer 2
 *      block 0 is used:            buffer 1  buffer 2  buffer 0
 *
 * So the memory and the reads in flight are bounded, whatever the size of the
 * file. The reader does not ask for that size: a read finds the end. After a
 * short read, the next one starts where it ended. So a handle with
 * FILE_FLAG_NO_BUFFERING does not suit: it needs whole sectors. The reads
 * of a pipe have no offsets that would give their order, so in a pipe the
 * reader has one read in flight at a time.
 *
 * A reader serves any number of files, one after the other. Only reader_create
 * allocates memory.
 */
#ifndef READER_H
#define READER_H

#include "../pool.h"

struct block;

struct reader {
    unsigned depth; /* for this file: 1 for a pipe */
    LONG64 reads;   /* that brought bytes, in all files */
    /* Only the reader uses these. */
    struct bound_file *file;
    uint64_t offset; /* of the first byte to read */
    bool seekable;
    unsigned block_count;
    DWORD block_size;
    struct block *blocks;
    struct block *current; /* the user has it; NULL before the first */
    SRWLOCK lock;          /* guards end_seen, and the result of each block */
    bool end_seen;         /* the file has no more bytes: start no more reads */
    CONDITION_VARIABLE completed;
};

/*
 * Makes a reader with `depth` blocks of block_size bytes. timeout: in ms, for
 * each read; 0: none. Returns 0 or ERROR_NOT_ENOUGH_MEMORY; call reader_free
 * in either case.
 */
DWORD reader_create(struct reader *reader, unsigned depth, DWORD block_size,
                    DWORD timeout);
void reader_free(struct reader *reader);

/*
 * Prepares to read a file from this offset (in bytes) on; the first reader_next
 * starts the reads. Returns 0, or ERROR_NOT_SUPPORTED for a handle that is
 * neither file nor pipe, and for an offset in a pipe. Call reader_close in
 * either case: after success, and after a failure.
 */
DWORD reader_begin(struct reader *reader, struct bound_file *file,
                   uint64_t offset);

/*
 * Waits for the next bytes in the order of the file; *count may be 0. The
 * caller may use *bytes until the next call. Returns 0, or, after the last
 * bytes, the Win32 error that ended the file: see is_end_of_file.
 */
DWORD reader_next(struct reader *reader, const char **bytes, DWORD *count);

/* Closes the file: cancels what is in flight, and waits for all callbacks.
 * Returns 0 or the error of bound_file_close. */
DWORD reader_close(struct reader *reader);

#endif
