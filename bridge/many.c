/* Between step 5 and final: many reads in flight on one file. Each has a block
 * of its own: an offset, a buffer and a request. They complete in any order,
 * but main takes the blocks in the order of the file. A block whose read was
 * short is filled by a further read: the next block begins at a fixed offset.
 * .NET: RandomAccess.ReadAsync, several at the same time. */
#include "step5.h"

#include <ctype.h>

const wchar_t program[] = L"many";

enum { BLOCKS = 8, BLOCK_SIZE = 32768 }; /* at most 8 reads are in flight */

/* While the block is being filled, its callbacks own it, one after the other.
 * The event gives it back to main. */
struct block {
    HANDLE file, filled;
    struct request *request; /* used again and again; main frees it */
    uint64_t offset;         /* of the first byte */
    DWORD bytes, error;      /* error: why it is not full, or 0 */
    unsigned char data[BLOCK_SIZE];
};

static void give_to_main(struct block *block, DWORD error)
{
    block->error = error;
    check(SetEvent(block->filled), "set", L"event");
}

static void read_rest(struct block *block)
{
    struct request *request = block->request;
    DWORD error;
    request->buffer = block->data + block->bytes;
    request->length = BLOCK_SIZE - block->bytes;
    overlapped_reset(request, block->offset + block->bytes);
    if (overlapped_read(block->file, request, &error) != IO_QUEUED)
        give_to_main(block, error);
}

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct block *block = request->context;
    block->bytes += bytes;
    if (error == ERROR_SUCCESS && bytes == 0)
        error = ERROR_HANDLE_EOF;
    if (error == ERROR_SUCCESS && block->bytes < BLOCK_SIZE)
        read_rest(block);
    else
        give_to_main(block, error);
}

static void wait_for(const struct block *block)
{
    check(WaitForSingleObject(block->filled, INFINITE) == WAIT_OBJECT_0,
          "wait for", L"event");
}

static void print(const struct block *block)
{
    char text[17] = ""; /* an unprintable byte becomes a dot */
    for (DWORD i = 0; i < block->bytes && i < sizeof text - 1; i++)
        text[i] = (char)(isprint(block->data[i]) ? block->data[i] : '.');
    say("%lu bytes at offset %llu: %s", block->bytes, block->offset, text);
}

/* Returns 0 at the end of the file, or a Win32 error. */
static DWORD show(struct block blocks[BLOCKS])
{
    uint64_t bytes = 0;
    unsigned next = 0;
    say("starting %d reads", BLOCKS);
    for (unsigned i = 0; i < BLOCKS; i++) {
        blocks[i].offset = (uint64_t)i * BLOCK_SIZE;
        read_rest(&blocks[i]);
    }
    for (;; next = (next + 1) % BLOCKS) {
        struct block *block = &blocks[next];
        wait_for(block);
        bytes += block->bytes;
        if (block->bytes > 0)
            print(block);
        if (block->error != ERROR_SUCCESS)
            break;
        block->offset += (uint64_t)BLOCKS * BLOCK_SIZE;
        block->bytes = 0;
        read_rest(block);
    }
    DWORD error = blocks[next].error;
    /* The other blocks are after the end, but their reads are in flight. */
    for (unsigned i = 1; i < BLOCKS; i++) {
        const struct block *after = &blocks[(next + i) % BLOCKS];
        wait_for(after);
        if (is_end_of_file(error) && after->error != ERROR_SUCCESS)
            error = after->error;
    }
    if (!is_end_of_file(error))
        return error;
    say("end of file, after %llu bytes; nothing is in flight", bytes);
    return ERROR_SUCCESS;
}

/* Frees what make_blocks has made, also if it has failed. */
static void free_blocks(struct block blocks[BLOCKS])
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        if (blocks[i].request != NULL)
            overlapped_free(blocks[i].request);
        if (blocks[i].filled != NULL)
            check(CloseHandle(blocks[i].filled), "close", L"event");
    }
}

/* Returns 0 or a Win32 error. */
static DWORD make_blocks(struct block blocks[BLOCKS], HANDLE file)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        struct block *block = &blocks[i];
        block->file = file;
        block->filled = CreateEventW(NULL, FALSE, FALSE, NULL);
        if (block->filled == NULL)
            return GetLastError();
        block->request =
            overlapped_pack(on_read, block, block->data, BLOCK_SIZE, 0);
        if (block->request == NULL)
            return ERROR_NOT_ENOUGH_MEMORY;
    }
    return ERROR_SUCCESS;
}

static int with_file(struct pool *pool, const wchar_t *path)
{
    static struct block blocks[BLOCKS];
    const char *tried = "read";
    HANDLE file = open_overlapped(path);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", path, GetLastError());
    DWORD error = ERROR_NOT_SUPPORTED; /* the order of a pipe would be lost */
    if (GetFileType(file) == FILE_TYPE_DISK) {
        tried = "bind";
        error = pool_bind_handle(pool, file);
    }
    if (error == ERROR_SUCCESS) {
        tried = "make blocks for";
        error = make_blocks(blocks, file);
    }
    if (error == ERROR_SUCCESS) {
        tried = "read";
        error = show(blocks);
    }
    free_blocks(blocks);
    check(CloseHandle(file), "close", path);
    return error == ERROR_SUCCESS ? EXIT_SUCCESS : report(tried, path, error);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %ls FILE\n", program);
        return 2;
    }
    struct pool pool;
    DWORD error = pool_create(&pool);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    int status = with_file(&pool, argv[1]);
    pool_stop(&pool);
    if (status == EXIT_SUCCESS)
        say("done");
    return status;
}
