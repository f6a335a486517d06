/*
 * copy.exe: copies a file, with concurrent reads and writes in one pool.
 *
 * copier.h copies the bytes. This program adds a target that appears complete
 * or not at all (see files.h), whether an I/O fails or the user interrupts it,
 * and one line that reports the result.
 */
#include "../error.h"
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

static struct replacement replacement; /* a large struct */

/* The handler has no argument for these. */
static struct pool pool;
static _Atomic enum phase phase;

static bool move_on(enum phase from, enum phase to)
{
    return atomic_compare_exchange_strong(&phase, &from, to);
}

/*
 * The system calls this on a new thread. It stops the pool: no I/O starts any
 * more, and what is in flight is cancelled. So main wakes up and cleans up. A
 * copy that is complete still gets its name. If there is nothing to clean up,
 * or at the second Ctrl-C, the process ends immediately; the system then
 * deletes the file that is marked for deletion.
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

/* After Ctrl-C has stopped the pool, failures are not reported. */
static int failed(const char *tried, const wchar_t *name, DWORD error)
{
    return phase == INTERRUPTED ? EXIT_INTERRUPTED : report(tried, name, error);
}

/* ---- The copy, from the innermost step outwards ------------------------ */

/* On a terminal, a copy that takes longer shows its progress in one line, which
 * is cleared at the end. */
static void wait_for_end(struct copier *copier, uint64_t size)
{
    DWORD mode;
    uint64_t bytes;
    bool shown = false;
    bool on_terminal = GetConsoleMode(GetStdHandle(STD_ERROR_HANDLE), &mode);
    DWORD interval = on_terminal ? PROGRESS_INTERVAL : INFINITE;
    while (!copier_wait(copier, interval, &bytes)) {
        if (size > 0)
            fprintf(stderr, "\r%llu of %llu bytes", bytes, size);
        else /* a pipe has no size */
            fprintf(stderr, "\r%llu bytes", bytes);
        shown = true;
    }
    if (shown)
        fprintf(stderr, "\r%50s\r", "");
}

/* The caller closes the target. That deletes it, unless this succeeds. */
static int fill_target(struct copier *copier, const struct options *options)
{
    const wchar_t *to = options->to;
    HANDLE target = copier->target->handle;
    LARGE_INTEGER size;
    if (!GetFileSizeEx(copier->source->handle, &size))
        size.QuadPart = 0; /* a pipe has none */
    /* First the length: a write after the end of a file must extend the file,
     * and the system does not do that concurrently. */
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
    error = replacement_keep(&replacement, target);
    return error == ERROR_SUCCESS ? EXIT_SUCCESS
                                  : report("rename to", to, error);
}

static int with_target(struct copier *copier, struct bound_file *source,
                       const struct options *options)
{
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
    check_error(bound_file_close(&target), "close", to);
    error = replacement_remove(&replacement);
    if (error != ERROR_SUCCESS)
        status = report("delete", replacement.temporary, error);
    move_on(FINISHING, FINISHED);
    return status;
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
    check_error(bound_file_close(&source), "close", from);
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
    on_fatal_error(report_fatal_error);
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
    copier_free(&copier); /* after the pool: no worker uses it any more */
    if (status == EXIT_SUCCESS)
        say("done: %llu bytes", copier.end);
    return status;
}
