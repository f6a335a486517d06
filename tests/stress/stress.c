/*
 * stress [--seed N] [--requests N] [--threads N] [--progress]: uses all
 * functions of the pool concurrently, until N requests have completed. At the
 * end it prints the totals. The first error ends the program, with one line on
 * stderr.
 *
 * Threads start jobs, and callbacks restart them: see job.h. Meanwhile the
 * threads also cancel jobs, and close and reopen files that other threads are
 * using. After each 5,000 requests, main stops the pool while it is in use, and
 * makes a new one. Each thread and each job has a random generator of its own,
 * made from the seed.
 */
#include "../../final/programs/report.h"
#include "../support/handles.h"
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

const wchar_t program[] = L"stress";

enum { MAX_THREADS = 64, ROUND = 5000 /* requests through one pool */ };

uint64_t thread_count = 8;
struct round *now;
_Atomic uint64_t totals[TOTALS];

static struct thread threads[MAX_THREADS];

void count(enum total total, uint64_t more)
{
    uint64_t value = atomic_fetch_add(&totals[total], more) + more;
    if (total == ISSUED && value == now->target)
        check(SetEvent(now->enough), "set", L"event");
}

/* ---- Closing and opening files ------------------------------------------ */

/* Leaves the slot closed if the pool is stopping. */
static void open_slot(unsigned slot, uint64_t *generator)
{
    struct opening *opening = calloc(1, sizeof *opening);
    if (opening == NULL) {
        require(false, "no memory", 0);
        return;
    }
    HANDLE handle = open_handle(slot);
    UCHAR modes =
        below(generator, 2) ? FILE_SKIP_COMPLETION_PORT_ON_SUCCESS : 0;
    DWORD error = pool_bind_handle(&now->pool, handle, modes, &opening->file);
    if (error == ERROR_SUCCESS) {
        opening->older = now->slots[slot];
        now->slots[slot] = opening;
        return;
    }
    require(error == ERROR_SHUTDOWN_IN_PROGRESS, "not bound", error);
    check(CloseHandle(handle), "close", L"file");
    free(opening);
}

static void on_closed(struct bound_file *file, DWORD error)
{
    struct opening *opening = CONTAINING_RECORD(file, struct opening, file);
    check_error(error, "close", L"file");
    opening->closed = true; /* from now on none of its callbacks may run */
    now->closing--;
    now->cancels_over++;
}

/* later: another thread may still be closing the file after the return. */
static void close_slot(unsigned slot, bool later)
{
    struct opening *opening = now->slots[slot];
    if (atomic_exchange(&opening->is_closing, true))
        return;
    now->cancels_begun++;
    now->closing++;
    if (later)
        check_error(bound_file_close_later(&opening->file, on_closed), "close",
                    L"file");
    else
        on_closed(&opening->file, bound_file_close(&opening->file));
    require(bound_file_close(&opening->file) == ERROR_INVALID_HANDLE,
            "closed twice", slot);
}

/* Only one thread at a time reopens a slot. The calls of other threads meet the
 * closed file, which refuses them, until they find the new one. */
static void reopen_slot(unsigned slot, uint64_t *generator)
{
    if (atomic_flag_test_and_set(&now->changing[slot]))
        return;
    close_slot(slot, below(generator, 2));
    open_slot(slot, generator);
    count(REOPENED, 1);
    atomic_flag_clear(&now->changing[slot]);
}

/* ---- Threads ------------------------------------------------------------ */

/* Runs on a worker, where a call that waits for the workers must fail. */
static void work(void *context)
{
    struct opening *opening = context;
    require(pool_stop(&now->pool, POOL_CANCEL) == ERROR_POSSIBLE_DEADLOCK &&
                pool_wait_idle(&now->pool, 0) == ERROR_POSSIBLE_DEADLOCK &&
                bound_file_close(&opening->file) == ERROR_POSSIBLE_DEADLOCK,
            "a callback may wait for itself", 0);
    require(!now->stopped, "work after the end of its pool", 0);
    count(WORK, 1);
    count(COMPLETED, 1);
}

static void cancel_all(struct opening *opening)
{
    if (now->closing > 0)
        return;
    now->cancels_begun++;
    if (opening != NULL)
        bound_file_cancel_all(&opening->file);
    else
        pool_cancel_all(&now->pool);
    now->cancels_over++;
}

/* Sometimes does something besides the thread's jobs. */
static void disturb(struct thread *thread)
{
    uint64_t *generator = &thread->generator;
    unsigned slot = below(generator, SLOTS), choice = below(generator, 1000);
    struct opening *opening = now->slots[slot];
    if (choice < 30 && pool_queue_work(&now->pool, work, opening) == 0)
        count(ISSUED, 1);
    else if (choice < 100)
        cancel_one(&thread->jobs[below(generator, JOBS)]);
    else if (choice < 104)
        cancel_all(opening);
    else if (choice < 105)
        cancel_all(NULL);
    else if (choice < 115)
        reopen_slot(slot, generator);
}

/* Returns an idle job. If all are in flight, cancels one or none, and waits
 * until any callback has ended. One always does: every second job has timeouts.
 */
static struct job *take_idle(struct thread *thread)
{
    for (;;) {
        uint64_t ends = thread->ends;
        for (unsigned i = 0; i < JOBS; i++)
            if (!atomic_exchange(&thread->jobs[i].busy, true))
                return &thread->jobs[i];
        unsigned choice = below(&thread->generator, 2 * JOBS);
        if (choice < JOBS)
            cancel_one(&thread->jobs[choice]);
        while (thread->ends == ends)
            WaitOnAddress(&thread->ends, &ends, sizeof ends, INFINITE);
    }
}

/* Runs until the pool is stopped. Then none of the thread's jobs is in flight.
 */
static unsigned __stdcall submitter(void *argument)
{
    struct thread *thread = argument;
    for (bool stopped = false; !stopped;) {
        disturb(thread);
        struct job *job = take_idle(thread);
        if (start(job, false)) {
            stopped = job->error == ERROR_SHUTDOWN_IN_PROGRESS;
            job->busy = false;
        }
    }
    check_error(pool_stop(&now->pool, now->mode), "stop", L"pool");
    for (unsigned i = 0; i < JOBS; i++)
        require(!thread->jobs[i].awaits, "in flight after pool_stop", i);
    return 0;
}

/* ---- Rounds ------------------------------------------------------------- */

static void begin_round(uint64_t *generator, uint64_t requests)
{
    now = calloc(1, sizeof *now);
    require(now != NULL, "no memory", 0);
    now->mode = totals[POOLS] % 2 == 0 ? POOL_CANCEL : POOL_DRAIN;
    now->target = totals[ISSUED] + requests;
    now->enough = CreateEventW(NULL, FALSE, FALSE, NULL);
    check(now->enough != NULL, "create", L"event");
    check_error(
        pool_create(&now->pool, 1 + below(generator, 8), below(generator, 4)),
        "create", L"pool");
    start_peers();
    for (unsigned slot = 0; slot < SLOTS; slot++)
        open_slot(slot, generator);
    for (unsigned t = 0; t < thread_count; t++) {
        for (unsigned i = 0; i < JOBS; i++)
            threads[t].jobs[i].opening = NULL; /* from the last round */
        threads[t].handle = start_thread(submitter, &threads[t]);
    }
}

/* Checks that every word of the row came once. Frees the openings. */
static void check_answers(unsigned slot)
{
    for (struct opening *older, *at = now->slots[slot]; at; at = older) {
        uint64_t words = at->words;
        require(words == at->last && at->sum == words * (words + 1) / 2,
                "words are missing, or came twice", words);
        older = at->older;
        free(at);
    }
}

/* Waits until no thread closes a file: a close must not need pool_stop to
 * finish. After that no thread closes a file any more. */
static void wait_for_closing(void)
{
    for (unsigned slot = 0; slot < SLOTS; slot++)
        while (atomic_flag_test_and_set(&now->changing[slot]))
            SwitchToThread();
    while (now->closing > 0)
        SwitchToThread();
}

/* Stops the pool while all threads are using it. */
static void end_round(void)
{
    check(WaitForSingleObject(now->enough, INFINITE) == WAIT_OBJECT_0,
          "wait for", L"event");
    if (now->mode == POOL_CANCEL) {
        now->cancels_begun++;
        wait_for_closing();
    }
    check_error(pool_stop(&now->pool, now->mode), "stop", L"pool");
    now->stopped = true;
    for (unsigned t = 0; t < thread_count; t++)
        join_thread(threads[t].handle);
    for (unsigned slot = 0; slot < SLOTS; slot++)
        close_slot(slot, false);
    end_peers();
    require(peers_bytes == 0 && peers_firsts == 0,
            "the peers did not receive what was written", peers_bytes);
    for (unsigned slot = 0; slot < SLOTS; slot++)
        check_answers(slot);
    check(CloseHandle(now->enough), "close", L"event");
    count(POOLS, 1);
}

static void check_counters(const uint64_t before[TOTALS])
{
    struct pool_counters pool = pool_counters(&now->pool);
    const uint64_t counted[] = {pool.issued, pool.completed, pool.failed,
                                pool.cancelled, pool.bytes};
    for (unsigned i = ISSUED; i <= BYTES; i++)
        require(counted[i] == totals[i] - before[i], "a wrong counter", i);
    require(pool.issued == pool.completed + pool.failed + pool.cancelled,
            "counters that do not balance", pool.issued);
    require(pool.live == 0, "live requests", pool.live);
    require(pool.stray == 0, "stray packets", pool.stray);
}

static void run(uint64_t requests, bool progress)
{
    uint64_t generator = mix(seed), before[TOTALS];
    unsigned handles = 0;
    while (totals[ISSUED] < requests) {
        uint64_t rest = requests - totals[ISSUED];
        for (unsigned i = 0; i < TOTALS; i++)
            before[i] = totals[i];
        begin_round(&generator, rest < ROUND ? rest : ROUND);
        end_round();
        check_counters(before);
        free(now);
        if (handles == 0) /* the system has made its own handles now */
            handles = open_handles();
        require(open_handles() == handles, "handles left open", handles);
        if (progress)
            say("%llu requests", totals[ISSUED]);
    }
}

/* ---- main --------------------------------------------------------------- */

static void make_jobs(void)
{
    for (unsigned t = 0; t < thread_count; t++) {
        threads[t].generator = mix(seed + t);
        for (unsigned i = 0; i < JOBS; i++) {
            struct job *job = &threads[t].jobs[i];
            job->thread = &threads[t];
            job->number = t * JOBS + i;
            job->generator = mix(threads[t].generator + i);
        }
    }
}

static void free_jobs(void)
{
    for (unsigned t = 0; t < thread_count; t++)
        for (unsigned i = 0; i < JOBS; i++)
            check_error(overlapped_free(threads[t].jobs[i].request), "free",
                        L"request");
}

static void print_totals(void)
{
    static const char *const names[TOTALS] = {
        "issued",    "completed", "failed",       "cancelled", "bytes",
        "timed out", "parts",     "ends of file", "immediate", "synchronous",
        "by hand",   "work",      "restarted",    "freed",     "closed",
        "stopped",   "invalid",   "reopened",     "pools"};
    printf("main: done:");
    for (unsigned i = 0; i < TOTALS; i++)
        printf(" %s %llu%c", names[i], totals[i], i + 1 < TOTALS ? ',' : '\n');
}

static bool parse(wchar_t **argument, uint64_t *requests, bool *progress)
{
    for (; *argument != NULL; argument++) {
        uint64_t *number = NULL;
        wchar_t *end = L"";
        if (wcscmp(*argument, L"--progress") == 0)
            *progress = true;
        else if (wcscmp(*argument, L"--seed") == 0)
            number = &seed;
        else if (wcscmp(*argument, L"--requests") == 0)
            number = requests;
        else if (wcscmp(*argument, L"--threads") == 0)
            number = &thread_count;
        else
            return false;
        if (number != NULL && *++argument == NULL)
            return false;
        if (number != NULL)
            *number = wcstoull(*argument, &end, 10);
        if (*end != L'\0')
            return false;
    }
    return thread_count >= 1 && thread_count <= MAX_THREADS;
}

int wmain(int argc, wchar_t **argv)
{
    uint64_t requests = 50000;
    bool progress = false;
    (void)argc;
    if (!parse(argv + 1, &requests, &progress)) {
        fprintf(stderr, "usage: stress [--seed N] [--requests N] "
                        "[--threads N] [--progress]\n");
        return 2;
    }
    say("seed %llu, %llu requests, %llu threads", seed, requests, thread_count);
    make_files(file_size());
    make_jobs();
    run(requests, progress);
    free_jobs();
    remove_files();
    print_totals();
    return EXIT_SUCCESS;
}
