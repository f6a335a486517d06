/*
 * copy.exe: copies a file, with reads and writes overlapped in one pool.
 *
 * How the bytes go over is in copier.h; what is here is what a program adds: a
 * target that appears whole or not at all (see files.h), whatever fails,
 * whoever interrupts it; and one line that tells how it went.
 */
#include "arguments.h"
#include "copier.h"
#include "files.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

const wchar_t program[] = L"copy";

enum { EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };
enum { PROGRESS_INTERVAL = 1000 }; /* ms */

struct options {
    uint64_t threads; /* 0: the pool's default */
    uint64_t depth;
    uint64_t block;
    bool force, stats;
    const wchar_t *from, *to;
};

/* ---- Ctrl-C ----------------------------------------------------------- */

enum phase { STARTING, COPYING, INTERRUPTED, FINISHING, FINISHED };

/* Its handler is given nothing, so it finds here what it needs. */
static struct pool pool;
static _Atomic enum phase phase;

static bool move_on(enum phase from, enum phase to)
{
    return atomic_compare_exchange_strong(&phase, &from, to);
}

/*
 * Called on a thread of its own. No I/O is started any more, and what is in
 * flight is cancelled; so main wakes up, and clears away. A copy that is whole
 * gets its name all the same. With nothing to clear away, or for the second
 * time, the process ends at once; its system deletes what is marked.
 */
static BOOL WINAPI on_control(DWORD event)
{
    (void)event;
    if (move_on(COPYING, INTERRUPTED))
        pool_stop(&pool, POOL_CANCEL);
    else if (phase != FINISHING)
        TerminateProcess(GetCurrentProcess(), EXIT_INTERRUPTED);
    return TRUE;
}

/* What fails since Ctrl-C has stopped the pool is not told. */
static int failed(const char *tried, const wchar_t *name, DWORD error)
{
    return phase == INTERRUPTED ? EXIT_INTERRUPTED : report(tried, name, error);
}

/* ---- From the inside out ---------------------------------------------- */

/* On a terminal, if it takes longer: one line, which goes away again. */
static void wait_for_end(struct copier *copier, uint64_t size)
{
    DWORD mode;
    uint64_t bytes;
    bool told = false;
    bool tells = GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode);
    while (!copier_wait(copier, tells ? PROGRESS_INTERVAL : INFINITE, &bytes)) {
        if (size > 0)
            fprintf(stderr, "\r%llu of %llu bytes", bytes, size);
        else /* nobody knows */
            fprintf(stderr, "\r%llu bytes", bytes);
        told = true;
    }
    if (told)
        fprintf(stderr, "\r%50s\r", "");
}

/* The target is still to be closed; unless all went well, that deletes it. */
static int fill_target(struct copier *copier, const struct options *options)
{
    const wchar_t *to = options->to;
    HANDLE target = copier->target->handle;
    LARGE_INTEGER size;
    if (!GetFileSizeEx(copier->source->handle, &size))
        size.QuadPart = 0; /* a pipe has none */
    /* First the length: a write behind a file's end has to wait until that has
     * moved, and does not overlap with others. */
    DWORD error = set_length(target, (uint64_t)size.QuadPart);
    if (error != ERROR_SUCCESS)
        return failed("set the length of", to, error);
    say("copying in blocks of %llu bytes, at most %u in flight", options->block,
        copier->depth);
    copier_start(copier);
    wait_for_end(copier, (uint64_t)size.QuadPart);
    if (copier->error != ERROR_SUCCESS)
        return copier->target_failed
                   ? failed("write to", to, copier->error)
                   : failed("read", options->from, copier->error);
    error = set_length(target, copier->end); /* the source may have changed */
    if (error != ERROR_SUCCESS)
        return failed("set the length of", to, error);
    if (!FlushFileBuffers(target))
        return failed("flush", to, GetLastError());
    if (!move_on(COPYING, FINISHING))
        return EXIT_INTERRUPTED;
    error = replacement_keep(target);
    return error == ERROR_SUCCESS ? EXIT_SUCCESS : report("keep", to, error);
}

static int with_target(struct copier *copier, struct bound_file *source,
                       const struct options *options)
{
    static struct replacement replacement;
    const wchar_t *to = options->to;
    HANDLE handle;
    struct bound_file target;
    DWORD error = replacement_create(&replacement, to, options->force, &handle);
    if (error != ERROR_SUCCESS)
        return failed("create", to, error);
    error = pool_bind_handle(&pool, handle, 0, &target);
    if (error != ERROR_SUCCESS) {
        check(CloseHandle(handle), "close", to);
        return failed("bind", to, error);
    }
    error = copier_begin(copier, source, &target);
    int status = error == ERROR_SUCCESS ? fill_target(copier, options)
                                        : failed("read", options->from, error);
    check(bound_file_close(&target) == ERROR_SUCCESS, "close", to);
    if (status != EXIT_SUCCESS)
        return status;
    error = replacement_rename(&replacement);
    phase = FINISHED;
    return error == ERROR_SUCCESS ? EXIT_SUCCESS
                                  : report("rename to", to, error);
}

static int with_source(struct copier *copier, const struct options *options)
{
    struct bound_file source;
    const wchar_t *from = options->from;
    HANDLE handle = open_overlapped(from);
    if (handle == INVALID_HANDLE_VALUE)
        return failed("open", from, GetLastError());
    DWORD error = pool_bind_handle(&pool, handle, 0, &source);
    if (error != ERROR_SUCCESS) {
        check(CloseHandle(handle), "close", from);
        return failed("bind", from, error);
    }
    int status = options->force && is_same_file(handle, options->to)
                     ? failed("copy onto itself", from, ERROR_INVALID_PARAMETER)
                     : with_target(copier, &source, options);
    check(bound_file_close(&source) == ERROR_SUCCESS, "close", from);
    return status;
}

static int with_pool(struct copier *copier, const struct options *options)
{
    check(SetConsoleCtrlHandler(on_control, TRUE), "handle", L"Ctrl-C");
    DWORD error = pool_create(&pool, (unsigned)options->threads, 0);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    phase = COPYING;
    int status = with_source(copier, options);
    pool_stop(&pool, POOL_CANCEL);
    if (options->stats)
        pool_print_counters(&pool);
    return status;
}

static bool parse_options(wchar_t **argv, struct options *options)
{
    const struct option known[] = {
        {L"--threads", .number = &options->threads, 1, MAX_THREADS},
        {L"--depth", .number = &options->depth, 1, MAX_DEPTH},
        {L"--block", .number = &options->block, 1, MAX_BLOCK},
        {L"--force", .given = &options->force},
        {L"--stats", .given = &options->stats},
        {.name = NULL}};
    if (take_options(argv, known) != 2 ||
        options->depth * options->block > MAX_MEMORY)
        return false;
    options->from = argv[0];
    options->to = argv[1];
    return true;
}

int wmain(int argc, wchar_t **argv)
{
    (void)argc;
    struct options options = {.depth = 4, .block = 1 << 20};
    if (!parse_options(argv + 1, &options)) {
        fprintf(stderr,
                "usage: %ls [--force] [--depth N] [--block SIZE] "
                "[--threads N] [--stats] SRC DST\n",
                program);
        return EXIT_USAGE;
    }
    struct copier copier;
    DWORD error =
        copier_create(&copier, (unsigned)options.depth, (size_t)options.block);
    int status = error == ERROR_SUCCESS ? with_pool(&copier, &options)
                                        : report("allocate", L"buffers", error);
    copier_free(&copier); /* after the pool: no worker knows it any more */
    if (status == EXIT_SUCCESS)
        say("done: %llu bytes", copier.end);
    return status;
}
