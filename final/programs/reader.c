#include "reader.h"
#include "report.h"

#include <stdlib.h>

/* One buffer, which moves through the file. Until it is completed, only its
 * callbacks use it, one at a time; after that the user has it. */
struct block {
    struct reader *reader;
    struct request *request;
    char *buffer;
    uint64_t offset; /* of the block's first byte */
    DWORD filled;
    DWORD error; /* the reason if the block is not full, otherwise 0 */
    bool completed;
};

/* ---- How a block is filled -------------------------------------------- */

/* Gives the block to the user, who may send it out again immediately. So this
 * uses only the reader afterwards, not the block. */
static void complete(struct block *block, DWORD error)
{
    struct reader *reader = block->reader;
    AcquireSRWLockExclusive(&reader->lock);
    block->error = error;
    block->completed = true;
    if (error != ERROR_SUCCESS)
        reader->end_seen = true;
    ReleaseSRWLockExclusive(&reader->lock);
    WakeConditionVariable(&reader->completed); /* only the user waits */
}

static bool end_seen(struct reader *reader)
{
    AcquireSRWLockExclusive(&reader->lock);
    bool seen = reader->end_seen;
    ReleaseSRWLockExclusive(&reader->lock);
    return seen;
}

/* Starts a read into the rest of the block. */
static void read_rest(struct block *block)
{
    struct reader *reader = block->reader;
    block->request->buffer = block->buffer + block->filled;
    block->request->length = reader->block_size - block->filled;
    overlapped_reset(block->request,
                     reader->seekable ? block->offset + block->filled : 0);
    struct submission read = bound_file_read(reader->file, block->request);
    if (read.outcome != IO_QUEUED)
        complete(block, read.error);
}

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct block *block = request->context;
    struct reader *reader = block->reader;
    if (error == ERROR_MORE_DATA) /* the next read gets the rest */
        error = ERROR_SUCCESS;
    if (bytes > 0)
        InterlockedIncrement64(&reader->reads);
    else if (error == ERROR_SUCCESS && reader->seekable)
        error = ERROR_HANDLE_EOF; /* in a pipe it is a write of 0 bytes */
    block->filled += bytes;
    /* In a file the next block starts at a fixed offset, so this block must be
     * filled: a short read is not the end. A pipe's bytes are used as they are.
     */
    if (error == ERROR_SUCCESS && reader->seekable &&
        block->filled < reader->block_size)
        read_rest(block);
    else
        complete(block, error);
}

/* Prepares the block to be filled from this offset on. */
static void place(struct block *block, uint64_t offset)
{
    block->offset = offset;
    block->filled = 0;
    block->completed = false;
}

static void on_turn(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    (void)error, (void)bytes; /* both 0: the packet was posted */
    request->callback = on_read;
    read_rest(request->context);
}

/*
 * Sends a used block out again, on a worker. ReadFile does not block, but it
 * may copy: bytes that are in memory already, it copies before it returns. The
 * user's thread should use its bytes meanwhile.
 */
static void send_again(struct block *block)
{
    struct reader *reader = block->reader;
    place(block, block->offset + (uint64_t)reader->depth * reader->block_size);
    block->request->callback = on_turn;
    overlapped_reset(block->request, 0);
    DWORD error = pool_queue_request(reader->file->pool, block->request);
    if (error != ERROR_SUCCESS)
        complete(block, error);
}

/* ---- What the user calls ---------------------------------------------- */

static void wait_for_block(struct block *block)
{
    struct reader *reader = block->reader;
    AcquireSRWLockExclusive(&reader->lock);
    while (!block->completed)
        check(SleepConditionVariableSRW(&reader->completed, &reader->lock,
                                        INFINITE, 0),
              "wait for", L"block");
    ReleaseSRWLockExclusive(&reader->lock);
}

static void start_all(struct reader *reader)
{
    for (unsigned i = 0; i < reader->depth && !end_seen(reader); i++) {
        struct block *block = &reader->blocks[i];
        place(block, reader->offset + (uint64_t)i * reader->block_size);
        block->request->callback = on_read;
        read_rest(block);
    }
}

DWORD reader_begin(struct reader *reader, struct bound_file *file,
                   uint64_t offset)
{
    reader->file = file;
    reader->offset = offset;
    reader->current = NULL;
    reader->end_seen = false;
    reader->seekable = GetFileType(file->handle) == FILE_TYPE_DISK;
    reader->depth = reader->seekable ? reader->block_count : 1;
    if (!reader->seekable &&
        (offset != 0 ||
         !GetNamedPipeInfo(file->handle, NULL, NULL, NULL, NULL)))
        return ERROR_NOT_SUPPORTED;
    return ERROR_SUCCESS;
}

DWORD reader_next(struct reader *reader, const char **bytes, DWORD *count)
{
    struct block *block = reader->current;
    if (block == NULL) {
        start_all(reader);
        block = reader->blocks;
    } else if (block->error != ERROR_SUCCESS) {
        return block->error;
    } else {
        /* Once a block has found the end, no more blocks are sent out. */
        if (!end_seen(reader))
            send_again(block);
        if (++block == reader->blocks + reader->depth)
            block = reader->blocks;
    }
    wait_for_block(block);
    reader->current = block;
    *bytes = block->buffer;
    *count = block->filled;
    return block->filled == 0 ? block->error : ERROR_SUCCESS;
}

DWORD reader_close(struct reader *reader)
{
    DWORD error = bound_file_close(reader->file);
    /* A block that a worker has not started yet finds the file closed. */
    for (unsigned i = 0; i < reader->block_count; i++)
        wait_for_block(&reader->blocks[i]);
    return error;
}

/* ---- Memory ----------------------------------------------------------- */

DWORD reader_create(struct reader *reader, unsigned depth, DWORD block_size,
                    DWORD timeout)
{
    *reader = (struct reader){.block_size = block_size};
    reader->blocks = calloc(depth, sizeof *reader->blocks);
    if (reader->blocks == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    reader->block_count = depth;
    for (unsigned i = 0; i < depth; i++) {
        struct block *block = &reader->blocks[i];
        block->reader = reader;
        block->completed = true; /* not in flight */
        block->buffer = malloc(block_size);
        block->request =
            overlapped_pack(on_read, block, block->buffer, block_size, 0);
        if (block->buffer == NULL || block->request == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
        block->request->timeout = timeout;
    }
    return ERROR_SUCCESS;
}

void reader_free(struct reader *reader)
{
    for (unsigned i = 0; i < reader->block_count; i++) {
        overlapped_free(reader->blocks[i].request);
        free(reader->blocks[i].buffer);
    }
    free(reader->blocks);
}
