/*
 * Contends with overlapped I/O, but without a port: one thread, and a few
 * blocks, each with an event of its own. It goes round them in turn: what a
 * block's read has brought is written, and when that has ended the block takes
 * the next that is to be read. While it waits for one, the others go on.
 */
#include "job.h"

#include <windows.h>

const char contender[] = "event";

enum { BLOCKS = 4 }; /* as many as copy.exe has */

static struct block {
    OVERLAPPED overlapped;
    enum { IDLE, READING, WRITING } state;
    DWORD length; /* in bytes: of the last block the rest */
    void *buffer;
} blocks[BLOCKS];

static HANDLE source, destination;
static uint64_t size, next, written; /* next: where the next block begins */

static void begin_read(struct block *block)
{
    block->state = IDLE;
    if (next >= size)
        return;
    block->length = size - next < JOB_BLOCK ? (DWORD)(size - next) : JOB_BLOCK;
    block->overlapped.Offset = (DWORD)next;
    block->overlapped.OffsetHigh = (DWORD)(next >> 32);
    next += block->length;
    must(ReadFile(source, block->buffer, block->length, NULL,
                  &block->overlapped) ||
             GetLastError() == ERROR_IO_PENDING,
         "read");
    block->state = READING;
}

/* It is written where it was read. */
static void begin_write(struct block *block)
{
    must(WriteFile(destination, block->buffer, block->length, NULL,
                   &block->overlapped) ||
             GetLastError() == ERROR_IO_PENDING,
         "write");
    block->state = WRITING;
}

static void wait_for(struct block *block, HANDLE file, const char *what)
{
    DWORD bytes;
    must(GetOverlappedResult(file, &block->overlapped, &bytes, TRUE) &&
             bytes == block->length,
         what);
}

/* Waits for what the block does, and lets it do the next. */
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
    source = CreateFileA(
        job.source, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING,
        FILE_FLAG_OVERLAPPED | FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    destination = CreateFileA(job.destination, GENERIC_WRITE, 0, NULL,
                              CREATE_ALWAYS, FILE_FLAG_OVERLAPPED, NULL);
    must(source != INVALID_HANDLE_VALUE && destination != INVALID_HANDLE_VALUE,
         "open");
    /* First the length: a write behind a file's end does not overlap. */
    must(GetFileSizeEx(source, &length) &&
             SetFilePointerEx(destination, length, NULL, FILE_BEGIN) &&
             SetEndOfFile(destination),
         "set the length");
    size = (uint64_t)length.QuadPart;
}

void contend_copying(void)
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
