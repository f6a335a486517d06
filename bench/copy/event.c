/*
 * This contender uses overlapped I/O without a port: one thread, and a few
 * blocks with an event each. The thread waits for one block after the other,
 * again and again. If the read of a block has completed, it starts the write;
 * if the write has completed, it starts the next read. The I/O of the other
 * blocks goes on meanwhile.
 */
#include "../win32.h"
#include "job.h"

const char contender[] = "event";

enum { BLOCKS = 4 }; /* as many as copy.exe has */

static struct block {
    OVERLAPPED overlapped;
    enum { IDLE, READING, WRITING } state;
    DWORD length; /* in bytes; the last block may be shorter */
    void *buffer;
} blocks[BLOCKS];

static HANDLE source, destination;
static uint64_t size, next, written; /* next: the offset of the next block */

static void begin_read(struct block *block)
{
    block->state = IDLE;
    if (next >= size)
        return;
    block->length = size - next < JOB_BLOCK ? (DWORD)(size - next) : JOB_BLOCK;
    block->overlapped.Offset = (DWORD)next;
    block->overlapped.OffsetHigh = (DWORD)(next >> 32);
    next += block->length;
    start_read(source, block->buffer, block->length, &block->overlapped);
    block->state = READING;
}

/* Writes the block at the offset from which it was read. */
static void begin_write(struct block *block)
{
    must(WriteFile(destination, block->buffer, block->length, NULL,
                   &block->overlapped) ||
             GetLastError() == ERROR_IO_PENDING,
         "write");
    block->state = WRITING;
}

static void wait_for(struct block *block, HANDLE file, const char *tried)
{
    DWORD bytes;
    must(GetOverlappedResult(file, &block->overlapped, &bytes, TRUE) &&
             bytes == block->length,
         tried);
}

/* Waits for the I/O of the block, and starts the next one. */
static void go_on(struct block *block)
{
    switch (block->state) {
    case IDLE:
        break;
    case READING:
        wait_for(block, source, "read");
        begin_write(block);
        break;
    case WRITING:
        wait_for(block, destination, "write");
        written += block->length;
        begin_read(block);
        break;
    }
}

static void open_files(void)
{
    LARGE_INTEGER length;
    source = open_for_reading(job.source,
                              FILE_FLAG_OVERLAPPED | FILE_FLAG_SEQUENTIAL_SCAN);
    destination = CreateFileA(job.destination, GENERIC_WRITE, 0, NULL,
                              CREATE_ALWAYS, FILE_FLAG_OVERLAPPED, NULL);
    must(destination != INVALID_HANDLE_VALUE, "open");
    /* Sets the length first: a write after the end of a file is synchronous. */
    must(GetFileSizeEx(source, &length) &&
             SetFilePointerEx(destination, length, NULL, FILE_BEGIN) &&
             SetEndOfFile(destination),
         "set the length");
    size = (uint64_t)length.QuadPart;
}

void do_copy(void)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i].buffer = must_allocate(JOB_BLOCK);
        blocks[i].overlapped.hEvent = create_event();
    }
    measure_begin();
    open_files();
    for (unsigned i = 0; i < BLOCKS; i++)
        begin_read(&blocks[i]);
    for (unsigned i = 0; written < size; i = (i + 1) % BLOCKS)
        go_on(&blocks[i]);
    if (job.flush)
        must(FlushFileBuffers(destination), "flush");
    must(CloseHandle(destination) && CloseHandle(source), "close");
    measure_end();
    for (unsigned i = 0; i < BLOCKS; i++)
        CloseHandle(blocks[i].overlapped.hEvent);
}
