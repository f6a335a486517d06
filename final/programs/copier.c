#include "copier.h"
#include "report.h"

#include <stdlib.h>

/* One buffer. While it moves, only its callbacks use it, one at a time. */
struct block {
    struct copier *copier;
    struct request *request;
    char *buffer;
    uint64_t offset; /* in both files, of the buffer's first byte */
    uint64_t limit;  /* where the block ends */
    DWORD filled, written;
};

static io_completion_callback on_read, on_write;

/* ---- How a buffer moves ----------------------------------------------- */

/* The buffer is at rest; its last callback may not have returned yet. */
static void rest(struct copier *copier)
{
    AcquireSRWLockExclusive(&copier->lock);
    if (--copier->moving == 0)
        WakeConditionVariable(&copier->at_rest);
    ReleaseSRWLockExclusive(&copier->lock);
}

/* Only the first failure is reported. The copy is lost, so this cancels
 * everything else that is in flight. */
static void fail(struct copier *copier, bool at_target, DWORD error)
{
    AcquireSRWLockExclusive(&copier->lock);
    if (copier->error == ERROR_SUCCESS) {
        copier->error = error;
        copier->target_failed = at_target;
    }
    ReleaseSRWLockExclusive(&copier->lock);
    bound_file_cancel_all(copier->source);
    bound_file_cancel_all(copier->target);
    rest(copier);
}

/* If another program cuts the source meanwhile, reads find its end at several
 * offsets. The lowest counts: another buffer reads what is before it. */
static void stop_reading(struct block *block, DWORD error)
{
    struct copier *copier = block->copier;
    if (!is_end_of_file(error)) {
        fail(copier, false, error);
        return;
    }
    AcquireSRWLockExclusive(&copier->lock);
    if (block->offset < copier->end)
        copier->end = block->offset;
    ReleaseSRWLockExclusive(&copier->lock);
    rest(copier);
}

/* Reads the rest of the block. */
static void read_rest(struct block *block)
{
    struct copier *copier = block->copier;
    struct request *request = block->request;
    request->callback = on_read;
    request->buffer = block->buffer;
    request->length = (size_t)(block->limit - block->offset);
    overlapped_reset(request, copier->seekable ? block->offset : 0);
    struct submission read = bound_file_read(copier->source, request);
    if (read.outcome != IO_QUEUED)
        stop_reading(block, read.error);
}

/* Writes the rest of the bytes that a read has brought. */
static void write_rest(struct block *block)
{
    struct copier *copier = block->copier;
    struct request *request = block->request;
    request->callback = on_write;
    request->buffer = block->buffer + block->written;
    request->length = block->filled - block->written;
    overlapped_reset(request, block->offset + block->written);
    struct submission write = bound_file_write(copier->target, request);
    if (write.outcome != IO_QUEUED)
        fail(copier, true, write.error);
}

/* Takes the next block, unless there is none, or an I/O has failed. */
static void take_next(struct block *block)
{
    struct copier *copier = block->copier;
    AcquireSRWLockExclusive(&copier->lock);
    bool more = copier->error == ERROR_SUCCESS && copier->next < copier->end;
    if (more) {
        block->offset = copier->next;
        copier->next += copier->block_size;
        block->limit = copier->next;
    }
    ReleaseSRWLockExclusive(&copier->lock);
    if (more)
        read_rest(block);
    else
        rest(copier);
}

static struct block *block_of(OVERLAPPED *overlapped)
{
    return CONTAINING_RECORD(overlapped, struct request, overlapped)->context;
}

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct block *block = block_of(overlapped);
    bool seekable = block->copier->seekable;
    if (error == ERROR_MORE_DATA || (bytes > 0 && is_end_of_file(error)))
        error = ERROR_SUCCESS; /* the next read gets the rest, or the end */
    if (error == ERROR_SUCCESS && bytes == 0 && seekable)
        error = ERROR_HANDLE_EOF; /* in a pipe it is a write of 0 bytes */
    block->filled = bytes;
    block->written = 0;
    if (error != ERROR_SUCCESS)
        stop_reading(block, error);
    else if (bytes > 0)
        write_rest(block);
    else
        read_rest(block);
}

static void on_write(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct block *block = block_of(overlapped);
    struct copier *copier = block->copier;
    if (error == ERROR_SUCCESS && bytes == 0)
        error = ERROR_WRITE_FAULT; /* otherwise it would try for ever */
    if (error != ERROR_SUCCESS) {
        fail(copier, true, error);
        return;
    }
    AcquireSRWLockExclusive(&copier->lock);
    copier->bytes += bytes;
    ReleaseSRWLockExclusive(&copier->lock);
    block->written += bytes;
    if (block->written < block->filled) {
        write_rest(block);
        return;
    }
    block->offset += block->filled;
    if (block->offset < block->limit)
        read_rest(block);
    else
        take_next(block);
}

/* ---- What the caller uses --------------------------------------------- */

DWORD copier_begin(struct copier *copier, struct bound_file *source,
                   struct bound_file *target)
{
    copier->source = source;
    copier->target = target;
    copier->seekable = GetFileType(source->handle) == FILE_TYPE_DISK;
    copier->depth = copier->seekable ? copier->block_count : 1;
    copier->end = UINT64_MAX;
    if (!copier->seekable &&
        !GetNamedPipeInfo(source->handle, NULL, NULL, NULL, NULL))
        return ERROR_NOT_SUPPORTED;
    return ERROR_SUCCESS;
}

void copier_start(struct copier *copier)
{
    copier->moving = copier->depth;
    for (unsigned i = 0; i < copier->depth; i++)
        take_next(&copier->blocks[i]);
}

bool copier_wait(struct copier *copier, DWORD timeout, uint64_t *bytes)
{
    BOOL woken = TRUE;
    AcquireSRWLockExclusive(&copier->lock);
    while (copier->moving > 0 && woken) {
        woken = SleepConditionVariableSRW(&copier->at_rest, &copier->lock,
                                          timeout, 0);
        check(woken || GetLastError() == ERROR_TIMEOUT, "wait for", L"buffers");
    }
    bool ended = copier->moving == 0;
    *bytes = copier->bytes;
    ReleaseSRWLockExclusive(&copier->lock);
    return ended;
}

/* ---- Memory ----------------------------------------------------------- */

DWORD copier_create(struct copier *copier, unsigned depth, size_t block_size)
{
    *copier = (struct copier){.block_size = block_size};
    copier->blocks = calloc(depth, sizeof *copier->blocks);
    if (copier->blocks == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    copier->block_count = depth;
    for (unsigned i = 0; i < depth; i++) {
        struct block *block = &copier->blocks[i];
        block->copier = copier;
        block->buffer = malloc(block_size);
        block->request = overlapped_pack(on_read, block, block->buffer, 0, 0);
        if (block->buffer == NULL || block->request == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
    }
    return ERROR_SUCCESS;
}

void copier_free(struct copier *copier)
{
    for (unsigned i = 0; i < copier->block_count; i++) {
        overlapped_free(copier->blocks[i].request);
        free(copier->blocks[i].buffer);
    }
    free(copier->blocks);
}
