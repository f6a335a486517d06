/*
 * final.exe: reads files through the pool, one after the other, each with many
 * reads in flight, and counts, prints or hashes the bytes.
 *
 * reader.h reads a file. This program uses the bytes in the order of the file,
 * reports the first failure once, and ends cleanly, even after a failure or
 * Ctrl-C.
 */
#include "../error.h"
#include "arguments.h"
#include "files.h"
#include "reader.h"
#include "report.h"

#include <bcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <winternl.h>

const wchar_t program[] = L"final";

enum {
    EXIT_USAGE = 2,
    EXIT_INTERRUPTED = 130,
    DIGEST_BYTES = 32,    /* of SHA-256 */
    NAME_BYTES = 3 << 15, /* a command line in UTF-8 */
};

struct options {
    uint64_t threads; /* 0: the pool's default */
    uint64_t depth;
    uint64_t block;
    uint64_t offset;
    uint64_t timeout; /* 0: none */
    bool cat, sha256, stats;
};

/* ---- The end ---------------------------------------------------------- */

/* The handler of Ctrl-C has no argument for these. */
static struct pool pool;
static bool with_stats;

/* Whether the pool runs. The thread that sets this to false ends the program,
 * and only that thread reports the result. */
static atomic_bool running;

static void stop(void)
{
    pool_stop(&pool, POOL_CANCEL);
    if (with_stats)
        pool_print_counters(&pool);
}

/*
 * The system calls this on a new thread. It ends the process, because main may
 * block for ever in a write to a pipe without a reader. It first stops the
 * pool, unless the program is just starting or ending, or this is the second
 * Ctrl-C.
 */
static BOOL WINAPI on_control(DWORD event)
{
    (void)event;
    if (atomic_exchange(&running, false))
        stop(); /* now no read starts any more, and all callbacks have run */
    return TerminateProcess(GetCurrentProcess(), EXIT_INTERRUPTED);
}

/* From here on main ends the program. If Ctrl-C ends it, this never returns. */
static void begin_to_end(void)
{
    if (!atomic_exchange(&running, false))
        Sleep(INFINITE);
}

/* After Ctrl-C has stopped the pool, failures are not reported. */
static int failed(const char *tried, const wchar_t *name, DWORD error)
{
    begin_to_end();
    return report(tried, name, error);
}

/* ---- Output ----------------------------------------------------------- */

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

/* The line that sha256sum prints: if the name has backslashes, each is doubled,
 * and the line begins with one. */
static DWORD print_digest(const UCHAR *digest, const wchar_t *path)
{
    static char name[NAME_BYTES];
    static char line[2 * NAME_BYTES + 2 * DIGEST_BYTES + 8];
    char *end = line;
    WideCharToMultiByte(CP_UTF8, 0, path, -1, name, sizeof name, NULL, NULL);
    if (strchr(name, '\\') != NULL)
        *end++ = '\\';
    for (unsigned i = 0; i < DIGEST_BYTES; i++)
        end += sprintf(end, "%02x", digest[i]);
    end += sprintf(end, "  ");
    for (const char *c = name; *c != '\0'; c++) {
        if (*c == '\\')
            *end++ = '\\';
        *end++ = *c;
    }
    *end++ = '\n';
    return write_all(line, (DWORD)(end - line));
}

/* ---- One file --------------------------------------------------------- */

struct work {
    const struct options *options;
    struct reader reader;
    BCRYPT_ALG_HANDLE sha256; /* NULL without --sha256 */
    uint64_t bytes;           /* of all files */
};

/* Uses the bytes in the order of the file, up to its end. */
static int use_bytes(struct work *work, const wchar_t *path,
                     BCRYPT_HASH_HANDLE hash)
{
    const char *bytes;
    DWORD count, error;
    while ((error = reader_next(&work->reader, &bytes, &count)) == 0) {
        work->bytes += count;
        if (hash != NULL)
            error = RtlNtStatusToDosError(
                BCryptHashData(hash, (UCHAR *)bytes, count, 0));
        if (error != ERROR_SUCCESS)
            return failed("hash", path, error);
        if (work->options->cat)
            error = write_all(bytes, count);
        if (error != ERROR_SUCCESS)
            return failed("write to", L"stdout", error);
    }
    return is_end_of_file(error) ? EXIT_SUCCESS : failed("read", path, error);
}

static int hash_bytes(struct work *work, const wchar_t *path)
{
    UCHAR digest[DIGEST_BYTES];
    BCRYPT_HASH_HANDLE hash;
    DWORD error = RtlNtStatusToDosError(
        BCryptCreateHash(work->sha256, &hash, NULL, 0, NULL, 0, 0));
    if (error != ERROR_SUCCESS)
        return failed("hash", path, error);
    int status = use_bytes(work, path, hash);
    error =
        RtlNtStatusToDosError(BCryptFinishHash(hash, digest, sizeof digest, 0));
    BCryptDestroyHash(hash);
    if (status != EXIT_SUCCESS)
        return status;
    if (error != ERROR_SUCCESS)
        return failed("hash", path, error);
    error = print_digest(digest, path);
    return error == ERROR_SUCCESS ? EXIT_SUCCESS
                                  : failed("write to", L"stdout", error);
}

static int use_file(struct work *work, const wchar_t *path,
                    struct bound_file *file)
{
    const struct options *options = work->options;
    DWORD error = reader_begin(&work->reader, file, options->offset);
    if (error != ERROR_SUCCESS)
        return failed("read", path, error);
    if (options->sha256)
        return hash_bytes(work, path);
    if (!options->cat)
        say("reading from offset %llu in blocks of %llu bytes, at most %u "
            "in flight",
            options->offset, options->block, work->reader.depth);
    return use_bytes(work, path, NULL);
}

static int with_file(struct work *work, const wchar_t *path)
{
    struct bound_file file;
    HANDLE handle = open_overlapped(path);
    if (handle == INVALID_HANDLE_VALUE)
        return failed("open", path, GetLastError());
    DWORD error = pool_bind_handle(&pool, handle, 0, &file);
    if (error != ERROR_SUCCESS) {
        check(CloseHandle(handle), "close", path);
        return failed("bind", path, error);
    }
    int status = use_file(work, path, &file);
    check_error(reader_close(&work->reader), "close", path);
    return status;
}

/* ---- All files -------------------------------------------------------- */

/* One file after the other, up to the first failure. */
static int with_pool(struct work *work, wchar_t *const *paths)
{
    int status = EXIT_SUCCESS;
    check(SetConsoleCtrlHandler(on_control, TRUE), "handle", L"Ctrl-C");
    DWORD error = pool_create(&pool, (unsigned)work->options->threads, 0);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    with_stats = work->options->stats;
    running = true;
    for (; status == EXIT_SUCCESS && *paths != NULL; paths++)
        status = with_file(work, *paths);
    if (status == EXIT_SUCCESS)
        begin_to_end();
    stop();
    return status;
}

static int with_hash(struct work *work, wchar_t *const *paths)
{
    if (!work->options->sha256)
        return with_pool(work, paths);
    DWORD error = RtlNtStatusToDosError(BCryptOpenAlgorithmProvider(
        &work->sha256, BCRYPT_SHA256_ALGORITHM, NULL, 0));
    if (error != ERROR_SUCCESS)
        return report("open", L"SHA-256", error);
    int status = with_pool(work, paths);
    BCryptCloseAlgorithmProvider(work->sha256, 0);
    return status;
}

/* Removes the options from argv; the files are left. */
static bool parse_options(wchar_t **argv, struct options *options)
{
    const struct option known[] = {
        {L"--threads", .number = &options->threads, 1, MAX_THREADS},
        {L"--depth", .number = &options->depth, 1, MAX_DEPTH},
        {L"--block", .number = &options->block, 1, MAX_BLOCK},
        {L"--offset", .number = &options->offset, 0, INT64_MAX},
        {L"--timeout", .number = &options->timeout, 1, INFINITE - 1},
        {L"--cat", .given = &options->cat},
        {L"--sha256", .given = &options->sha256},
        {L"--stats", .given = &options->stats},
        {.name = NULL}};
    return take_options(argv, known) > 0 &&
           !(options->cat && options->sha256) &&
           options->depth * options->block <= MAX_MEMORY;
}

int wmain(int argc, wchar_t **argv)
{
    (void)argc;
    struct options options = {.depth = 4, .block = 1 << 20};
    on_fatal_error(report_fatal_error);
    if (!parse_options(argv + 1, &options)) {
        fprintf(stderr,
                "usage: %ls [--threads N] [--depth N] [--block SIZE] "
                "[--offset N] [--cat | --sha256] [--stats] [--timeout MS] "
                "FILE...\n",
                program);
        return EXIT_USAGE;
    }
    struct work work = {.options = &options};
    DWORD error = reader_create(&work.reader, (unsigned)options.depth,
                                (DWORD)options.block, (DWORD)options.timeout);
    int status = error == ERROR_SUCCESS ? with_hash(&work, argv + 1)
                                        : report("allocate", L"blocks", error);
    reader_free(&work.reader); /* after the pool: no worker uses it any more */
    if (status == EXIT_SUCCESS && !options.cat && !options.sha256)
        say("done: %llu bytes in %lld reads", work.bytes, work.reader.reads);
    return status;
}
