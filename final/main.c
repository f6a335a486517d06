/*
 * final.exe: reads a file through the pool, with many reads in flight.
 *
 * The file is cut into blocks of equal size. Up to `depth` of them are in
 * flight, each with a request and a buffer of its own, and they complete in
 * any order, on any worker. main takes them in the order of the file, uses what
 * came, and sends each buffer out again for the block `depth` further on:
 *
 *      depth 3         | block 0 | block 1 | block 2 | block 3 | block 4 |
 *      first:            buffer 0  buffer 1  buffer 2
 *      block 0 is used:            buffer 1  buffer 2  buffer 0
 *
 * So memory and reads in flight are bounded, whatever the size of the file,
 * which nobody asks for: a read finds the end. A pipe has no offsets to tell
 * its reads apart, so there one read at a time keeps the order.
 */
#include "pool.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

const wchar_t program[] = L"final";

enum {
    MAX_THREADS = 256,
    MAX_DEPTH = 256,
    MAX_BLOCK = 16 << 20,
    MAX_MEMORY = 256 << 20, /* depth x block */
};

struct options {
    uint64_t threads; /* 0: the pool's default */
    uint64_t depth;
    uint64_t block;
    uint64_t offset;
    bool cat;
    const wchar_t *path;
};

struct reader;

/* One buffer, on its way through the file. In flight it is its callback's,
 * which sets `completed` under the reader's lock; from then on it is main's. */
struct block {
    struct reader *reader;
    struct request *request;
    char *buffer;
    uint64_t offset; /* of the block's first byte */
    DWORD filled;
    DWORD error; /* why it is not filled to the end, 0 if it is */
    bool completed;
};

struct reader {
    struct bound_file file;
    bool seekable;
    bool end_seen; /* guarded by lock: nothing follows, so start no more */
    DWORD block_size;
    unsigned block_count;
    struct block *blocks;
    uint64_t bytes; /* in order, main's */
    LONG64 reads;   /* that brought bytes, in any order */
    SRWLOCK lock;
    CONDITION_VARIABLE block_completed;
};

/* ---- The way of a block ---------------------------------------------- */

/* Gives the block to main, which may send it out again at once. The reader
 * itself stays until every worker has ended, so it can still be touched. */
static void complete(struct block *block, DWORD error)
{
    struct reader *reader = block->reader;
    AcquireSRWLockExclusive(&reader->lock);
    block->error = error;
    block->completed = true;
    if (error != ERROR_SUCCESS)
        reader->end_seen = true;
    ReleaseSRWLockExclusive(&reader->lock);
    WakeConditionVariable(&reader->block_completed); /* only main waits */
}

/* Starts a read into what is left of the block. */
static void read_rest(struct block *block)
{
    struct reader *reader = block->reader;
    block->request->buffer = block->buffer + block->filled;
    block->request->length = reader->block_size - block->filled;
    overlapped_reset(block->request,
                     reader->seekable ? block->offset + block->filled : 0);
    struct submission read = bound_file_read(&reader->file, block->request);
    if (read.outcome != IO_QUEUED)
        complete(block, read.error);
}

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct block *block = request->context;
    struct reader *reader = block->reader;
    if (error == ERROR_MORE_DATA) /* the rest of a message comes next */
        error = ERROR_SUCCESS;
    if (bytes > 0)
        InterlockedIncrement64(&reader->reads);
    else if (error == ERROR_SUCCESS && reader->seekable)
        error = ERROR_HANDLE_EOF; /* in a pipe it is a write of nothing */
    block->filled += bytes;
    /* A file's next block starts at a fixed place, so this one must be filled:
     * a short read is not the end. What a pipe has sent is used at once. */
    if (error == ERROR_SUCCESS && reader->seekable &&
        block->filled < reader->block_size)
        read_rest(block);
    else
        complete(block, error);
}

/* Sends the block out, to be filled from this offset on. */
static void start(struct block *block, uint64_t offset)
{
    block->offset = offset;
    block->filled = 0;
    block->completed = false;
    read_rest(block);
}

static void wait_for_block(struct block *block)
{
    struct reader *reader = block->reader;
    AcquireSRWLockExclusive(&reader->lock);
    while (!block->completed)
        check(SleepConditionVariableSRW(&reader->block_completed, &reader->lock,
                                        INFINITE, 0),
              "wait for", L"block");
    ReleaseSRWLockExclusive(&reader->lock);
}

static bool end_seen(struct reader *reader)
{
    AcquireSRWLockExclusive(&reader->lock);
    bool seen = reader->end_seen;
    ReleaseSRWLockExclusive(&reader->lock);
    return seen;
}

/* ---- What main does --------------------------------------------------- */

/* Returns a Win32 error, 0 for success. */
static DWORD write_all(const char *buffer, DWORD bytes)
{
    HANDLE out = GetStdHandle(STD_OUTPUT_HANDLE);
    while (bytes > 0) {
        DWORD written;
        if (!WriteFile(out, buffer, bytes, &written, NULL))
            return GetLastError();
        buffer += written;
        bytes -= written;
    }
    return ERROR_SUCCESS;
}

/* Takes the blocks in the order of the file, until one ends early. */
static int use_blocks(struct reader *reader, unsigned depth,
                      const struct options *options)
{
    uint64_t ahead = (uint64_t)depth * reader->block_size;
    for (unsigned i = 0;; i = i + 1 < depth ? i + 1 : 0) {
        struct block *block = &reader->blocks[i];
        wait_for_block(block);
        reader->bytes += block->filled;
        if (options->cat) {
            DWORD error = write_all(block->buffer, block->filled);
            if (error != ERROR_SUCCESS)
                return report("write to", L"stdout", error);
        }
        if (is_end_of_file(block->error))
            return EXIT_SUCCESS;
        if (block->error != ERROR_SUCCESS)
            return report("read", options->path, block->error);
        /* If a later block has met the end, its turn comes without this. */
        if (!end_seen(reader))
            start(block, block->offset + ahead);
    }
}

static int read_file(struct reader *reader, const struct options *options)
{
    unsigned depth = reader->block_count;
    reader->seekable = GetFileType(reader->file.handle) == FILE_TYPE_DISK;
    if (!reader->seekable &&
        (options->offset != 0 ||
         !GetNamedPipeInfo(reader->file.handle, NULL, NULL, NULL, NULL)))
        return report("read", options->path, ERROR_NOT_SUPPORTED);
    if (!reader->seekable)
        depth = 1; /* one read at a time keeps the order */
    if (!options->cat)
        say("reading from offset %llu in blocks of %lu bytes, at most %u "
            "in flight",
            options->offset, reader->block_size, depth);
    for (unsigned i = 0; i < depth && !end_seen(reader); i++)
        start(&reader->blocks[i],
              options->offset + (uint64_t)i * reader->block_size);
    int status = use_blocks(reader, depth, options);
    /* Whatever happened: nothing may end while a read is in flight. */
    for (unsigned i = 0; i < depth; i++)
        wait_for_block(&reader->blocks[i]);
    return status;
}

/* INVALID_HANDLE_VALUE, not NULL, is its failure: see GetLastError. As in .NET,
 * the server of a pipe may not act in our name: SECURITY_ANONYMOUS. */
static HANDLE open_overlapped(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    return CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | anonymous, NULL);
}

static int with_file(struct pool *pool, struct reader *reader,
                     const struct options *options)
{
    HANDLE handle = open_overlapped(options->path);
    if (handle == INVALID_HANDLE_VALUE)
        return report("open", options->path, GetLastError());
    DWORD error = pool_bind_handle(pool, handle, 0, &reader->file);
    if (error != ERROR_SUCCESS) {
        check(CloseHandle(handle), "close", options->path);
        return report("bind", options->path, error);
    }
    int status = read_file(reader, options);
    check(bound_file_close(&reader->file) == 0, "close", options->path);
    return status;
}

static int with_pool(struct reader *reader, const struct options *options)
{
    struct pool pool;
    DWORD error = pool_create(&pool, (unsigned)options->threads, 0);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    int status = with_file(&pool, reader, options);
    pool_stop(&pool, POOL_DRAIN);
    return status;
}

static void free_blocks(struct reader *reader)
{
    for (unsigned i = 0; reader->blocks != NULL && i < reader->block_count;
         i++) {
        if (reader->blocks[i].request != NULL)
            overlapped_free(reader->blocks[i].request);
        free(reader->blocks[i].buffer);
    }
    free(reader->blocks);
}

/* Returns false if there is not memory enough; free_blocks is right even then.
 */
static bool allocate_blocks(struct reader *reader)
{
    reader->blocks = calloc(reader->block_count, sizeof *reader->blocks);
    if (reader->blocks == NULL)
        return false;
    for (unsigned i = 0; i < reader->block_count; i++) {
        struct block *block = &reader->blocks[i];
        block->reader = reader;
        block->completed = true; /* not in flight */
        block->buffer = malloc(reader->block_size);
        block->request = overlapped_pack(on_read, block, block->buffer,
                                         reader->block_size, 0);
        if (block->buffer == NULL || block->request == NULL)
            return false;
    }
    return true;
}

/* ---- The command line ------------------------------------------------- */

/* A number between least and most; it may end in K, M or G, for 2^10, 2^20 and
 * 2^30. Digits only: wcstoull alone would also take " 1" and "-1". */
static bool parse_number(const wchar_t *text, uint64_t least, uint64_t most,
                         uint64_t *number)
{
    static const wchar_t suffixes[] = L"KMG";
    wchar_t *end;
    unsigned shift = 0;
    if (text == NULL || !iswdigit(*text))
        return false;
    *number = wcstoull(text, &end, 10); /* too large: ULLONG_MAX */
    const wchar_t *suffix = *end != L'\0' ? wcschr(suffixes, *end) : NULL;
    if (suffix != NULL) {
        shift = 10 * (unsigned)(suffix - suffixes + 1);
        end++;
    }
    if (*end != L'\0' || *number > most >> shift)
        return false;
    *number <<= shift;
    return *number >= least;
}

static bool parse_options(wchar_t **argument, struct options *options)
{
    bool valid = true;
    for (; valid && *argument != NULL; argument++) {
        if (wcscmp(*argument, L"--threads") == 0)
            valid =
                parse_number(*++argument, 1, MAX_THREADS, &options->threads);
        else if (wcscmp(*argument, L"--depth") == 0)
            valid = parse_number(*++argument, 1, MAX_DEPTH, &options->depth);
        else if (wcscmp(*argument, L"--block") == 0)
            valid = parse_number(*++argument, 1, MAX_BLOCK, &options->block);
        else if (wcscmp(*argument, L"--offset") == 0)
            valid = parse_number(*++argument, 0, INT64_MAX, &options->offset);
        else if (wcscmp(*argument, L"--cat") == 0)
            options->cat = true;
        else if (wcsncmp(*argument, L"--", 2) == 0 || options->path != NULL)
            valid = false;
        else
            options->path = *argument;
    }
    return valid && options->path != NULL &&
           options->depth * options->block <= MAX_MEMORY;
}

int wmain(int argc, wchar_t **argv)
{
    (void)argc;
    struct options options = {.depth = 8, .block = 64 << 10};
    if (!parse_options(argv + 1, &options)) {
        fprintf(stderr,
                "usage: %ls [--threads N] [--depth N] [--block SIZE] "
                "[--offset N] [--cat] FILE\n",
                program);
        return 2;
    }
    struct reader reader = {.block_size = (DWORD)options.block,
                            .block_count = (unsigned)options.depth,
                            .lock = SRWLOCK_INIT,
                            .block_completed = CONDITION_VARIABLE_INIT};
    int status = allocate_blocks(&reader)
                     ? with_pool(&reader, &options)
                     : report("allocate", L"blocks", ERROR_NOT_ENOUGH_MEMORY);
    free_blocks(&reader); /* after the pool: no worker knows them any more */
    if (status == EXIT_SUCCESS && !options.cat)
        say("done: %llu bytes in %lld reads", reader.bytes, reader.reads);
    return status;
}
