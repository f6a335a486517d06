/* The pool and its requests: each promise of pool.h and overlapped.h. */
#include "../support/helpers.h"

#include <stdio.h>

TestSuite(pool, .init = enter_scratch, .fini = leave_scratch);

/* Runs one case of a probe, whose memory is guarded: what is used after its end
 * crashes, and what was not freed is told. */
static struct run run_probe(const char *probe, const char *name,
                            const char *hook)
{
    char *program = g_strconcat("tests/guarded/", probe, NULL);
    struct run run = RUN_HOOKED(program, hook, name);
    g_free(program);
    return run;
}

static void assert_said(const struct run *run, const char *wanted,
                        const char *on_stderr)
{
    assert_run(run,
               run->ending == EXITED && run->status == 0 &&
                   g_str_has_prefix(run->err, on_stderr) &&
                   g_str_has_suffix(run->err, ", 0 not freed\n"),
               "exit status 0, and '%s..., 0 not freed' on stderr", on_stderr);
    assert_text(run, wanted);
}

/* The probe says this, and has freed all that it has allocated. */
static void assert_says(const char *probe, const char *name, const char *wanted)
{
    struct run run = run_probe(probe, name, "allocations");
    assert_said(&run, wanted, "guard: ");
    run_clear(&run);
}

/* What a probe says with any number of workers. */
#define TRAFFIC                                                                \
    "main: 0 wrong\n"                                                          \
    "main: issued 216, completed 216, bytes 128000\n"
#define STOP_CANCEL                                                            \
    "main: stop: 0\n"                                                          \
    "main: read: called once, error 995, 0 bytes\n"                            \
    "main: its file is open\n"                                                 \
    "main: close: 0\n"                                                         \
    "main: read: called once, error 995, 0 bytes\n"                            \
    "main: its file is open\n"                                                 \
    "main: close: 0\n"                                                         \
    "main: read: called once, error 995, 0 bytes\n"                            \
    "main: its file is open\n"                                                 \
    "main: close: 0\n"                                                         \
    "main: issued 3, cancelled 3\n"
#define FREES                                                                  \
    "main: 2000 freed\n"                                                       \
    "main: issued 2000, completed 2000, bytes 128000\n"
#define REUSE "main: issued 10000, completed 10000, bytes 640000\n"
#define CANCEL_RACES                                                           \
    "main: 1000 told once, 0 cancelled though not asked for, 0 otherwise\n"    \
    "main: 1000 ended, 0 stray\n"
#define CLOSE_RACES                                                            \
    "main: 0 wrong, 0 without an end, 0 handles left behind\n"                 \
    "main: all counted, 0 live, 0 stray\n"

/* ---- Making and stopping a pool ----------------------------------------- */

Test(pool, a_pool_has_two_threads_a_processor_unless_told_otherwise)
{
    assert_says("pool_lifecycle", "create-default",
                "main: create: 0\n"
                "main: 2 threads for each processor, concurrency 0\n"
                "main: issued 0\n");
}

/* Those that block do not count against the concurrency. */
Test(pool, a_pool_has_as_many_threads_as_it_is_told)
{
    assert_says("pool_lifecycle", "create-explicit",
                "main: create: 0\n"
                "main: 3 threads, concurrency 1\n"
                "main: 3 callbacks at once\n"
                "main: issued 3, completed 3\n");
}

Test(pool, without_memory_nothing_is_made)
{
    struct run run =
        run_probe("pool_lifecycle", "no-memory",
                  "fail:calloc:1:0,fail-from:malloc:1:0,allocations");
    assert_said(&run,
                "main: create: 8\n"
                "main: create: 0\n"
                "main: pack: NULL\n"
                "main: work: 8\n"
                "main: issued 0\n",
                "guard: ");
}

Test(pool, what_could_not_be_made_leaves_nothing_behind)
{
    assert_says("pool_lifecycle", "create-fails",
                "main: issued 0\n"
                "main: no port: 1450\n"
                "main: no first thread: 164\n"
                "main: no third thread: 164\n"
                "main: stop: 0\n"
                "main: left behind: 0 handles, 0 threads\n");
}

/* Each with a file, a timer, work, and the event of a call that waits. */
Test(pool, pools_come_and_go_and_leave_nothing_behind)
{
    assert_says("pool_lifecycle", "create-200-times",
                "main: left behind: 0 handles, 0 threads\n");
}

Test(pool, a_pool_can_be_stopped_again)
{
    assert_says("pool_lifecycle", "stop-twice",
                "main: stop: 0\n"
                "main: again: 0\n"
                "main: and again: 0\n");
}

Test(pool, a_pool_that_was_never_started_is_like_a_stopped_one)
{
    make_file("file", 1000);
    assert_says("pool_lifecycle", "never-started",
                "main: stop: 0\n"
                "main: wait: 0\n"
                "main: work: 1115\n"
                "main: bind: 1115\n"
                "main: issued 0\n");
}

Test(pool, of_two_that_stop_a_pool_both_return_when_it_has_stopped)
{
    assert_says("pool_lifecycle", "stop-by-two",
                "main: first: 0, after all was over\n"
                "main: second: 0, after all was over\n");
}

Test(pool, stopping_cancels_what_is_in_flight)
{
    assert_says("pool_lifecycle", "stop-cancel", STOP_CANCEL);
}

/* What is refused is not counted either. */
Test(pool, stopping_can_wait_for_what_is_in_flight_and_refuses_the_rest)
{
    make_file("file", 1000);
    assert_says("pool_lifecycle", "stop-drain",
                "main: read: failed, error 1115, 0 bytes\n"
                "main: write: failed, error 1115, 0 bytes\n"
                "main: read_sync: 1115, 0 bytes\n"
                "main: bind: 1115\n"
                "main: work: 1115\n"
                "main: request: 1115\n"
                "main: stop: 0, after all was over\n"
                "main: the read before: called once, error 0, 4 bytes\n"
                "main: the read refused: not called\n"
                "main: issued 1, completed 1, bytes 4\n");
}

Test(pool, what_one_waits_for_another_may_cancel)
{
    assert_says("pool_lifecycle", "stop-drain-then-cancel",
                "main: stop: 0\n"
                "main: the first: 0, after all was over\n"
                "main: read: called once, error 995, 0 bytes\n"
                "main: issued 1, cancelled 1\n");
}

Test(pool, a_callback_of_a_pool_that_stops_cannot_go_on)
{
    assert_says("pool_lifecycle", "stop-with-resubmitting-callback",
                "main: stop: 0\n"
                "main: started again: failed, error 1115, 0 bytes\n"
                "main: issued 1, cancelled 1\n");
}

Test(pool, work_that_waits_is_done_before_a_pool_has_stopped)
{
    assert_says("pool_lifecycle", "stop-with-work",
                "main: stop: 0, after all was over\n"
                "main: 100 pieces of work done\n"
                "main: issued 101, completed 101\n");
}

Test(pool, a_callback_cannot_wait_for_itself_but_for_another_pool)
{
    make_file("file", 1000);
    assert_says("pool_lifecycle", "wait-in-callback",
                "worker: worker of this pool 1, of the other 0\n"
                "worker: stop: 1131\n"
                "worker: wait for the pool: 1131\n"
                "worker: wait for the file: 1131\n"
                "worker: close: 1131\n"
                "worker: the other pool, wait for the file: 0\n"
                "worker: close: 0\n"
                "worker: wait for the pool: 0\n"
                "worker: stop: 0\n"
                "main: worker 0\n"
                "main: close: 0\n"
                "main: issued 1, completed 1\n");
}

/* ---- Binding ------------------------------------------------------------ */

/* Nor is the file bound then: it is like one that is closed. */
Test(pool, what_cannot_be_bound_is_left_as_it_was)
{
    make_file("file", 1000);
    assert_says("pool_lifecycle", "bind-refused",
                "main: NULL: 6\n"
                "main: read: failed, error 6, 0 bytes\n"
                "main: close: 6\n"
                "main: INVALID_HANDLE_VALUE: 87\n"
                "main: read: failed, error 6, 0 bytes\n"
                "main: close: 6\n"
                "main: closed: 6\n"
                "main: read: failed, error 6, 0 bytes\n"
                "main: close: 6\n"
                "main: synchronous: 87\n"
                "main: read: failed, error 6, 0 bytes\n"
                "main: close: 6\n"
                "main: and still reads: 1\n"
                "main: issued 0\n");
}

/* A second binding fails and changes nothing. */
Test(pool, a_handle_is_bound_once)
{
    make_file("file", 1000);
    assert_says("pool_lifecycle", "bind-twice",
                "main: same pool: 87\n"
                "main: another pool: 87\n"
                "main: close what was refused: 6\n"
                "main: read: told once, error 0, 64 bytes\n"
                "main: it reads 00000000000064\n"
                "main: issued 1, completed 1, bytes 64\n");
}

/* ---- Work, and requests without I/O ------------------------------------- */

/* From a callback, too. */
Test(pool, work_runs_once_and_on_a_worker)
{
    assert_says("pool_lifecycle", "work",
                "worker: hello, worker\n"
                "main: work: 0\n"
                "worker: work: 0\n"
                "worker: hello, from a worker\n"
                "main: issued 3, completed 3\n"
                "main: work: 1115\n");
}

/* What was to be done is not done then, and the request can be used again. */
Test(pool, a_packet_that_cannot_be_posted_is_told)
{
    assert_says("pool_lifecycle", "no-packet-can-be-posted",
                "main: work: 1450\n"
                "main: request: 1450\n"
                "main: reset: 0\n"
                "main: request: not called\n"
                "main: request: 0\n"
                "main: request: called once, error 0, 0 bytes\n"
                "main: 0 pieces of work done\n"
                "main: issued 1, completed 1\n");
}

/* Error 0 and 0 bytes; neither its timeout nor cancelling apply to it. */
Test(pool, a_queued_request_comes_back_as_it_went_out)
{
    assert_says("pool_lifecycle", "queue-request",
                "main: queue: 0\n"
                "main: again: 170\n"
                "main: request: called once, error 0, 0 bytes\n"
                "main: its OVERLAPPED came back: 1\n"
                "main: without reset: 87\n"
                "main: request: called once, error 0, 0 bytes\n"
                "main: issued 3, completed 3\n");
}

Test(pool, a_thousand_requests_find_their_callbacks)
{
    assert_says("pool_lifecycle", "crowd",
                "main: live 1000\n"
                "main: live 1000\n"
                "main: live 1000\n"
                "main: live 1000\n"
                "main: 4000 called once\n"
                "main: issued 4008, completed 4008\n");
}

/* ---- Waiting ------------------------------------------------------------ */

Test(pool, idle_is_when_nothing_is_in_flight_and_no_callback_runs)
{
    assert_says("pool_lifecycle", "idle",
                "main: nothing: file 0, pool 0\n"
                "main: a read: file 258, pool 258\n"
                "main: a read of another file: file 0, pool 258\n"
                "main: read: called once, error 0, 1 bytes\n"
                "main: it has ended: file 0, pool 0\n"
                "main: live 0\n"
                "main: a callback that runs: file 0, pool 258\n"
                "main: closed: 0\n"
                "main: never bound: 0\n"
                "main: issued 2, completed 2, bytes 1\n");
}

Test(pool, a_wait_that_is_disturbed_does_not_begin_anew)
{
    assert_says("pool_lifecycle", "idle-in-time",
                "main: wait: 258\n"
                "main: of 50 ms 50, and then the rest\n"
                "main: issued 1, cancelled 1\n");
}

Test(pool, who_waits_is_woken_when_the_last_callback_is_over)
{
    assert_says("pool_lifecycle", "idle-wakes-who-waits",
                "main: file: 0, after 1 callbacks\n"
                "main: pool: 0, after 1 callbacks\n"
                "main: issued 2, completed 2, bytes 2\n");
}

Test(pool, a_callback_that_reads_on_keeps_its_file_busy)
{
    assert_says("pool_lifecycle", "idle-not-between",
                "main: the callback has read on: file 258, pool 258\n"
                "main: read: called twice, error 0, 4 bytes\n"
                "main: issued 2, completed 2, bytes 6\n");
}

/* ---- Callbacks ---------------------------------------------------------- */

Test(pool, a_callback_that_blocks_leaves_the_other_threads)
{
    assert_says("pool_lifecycle", "one-blocks",
                "main: read: called once, error 0, 1 bytes\n"
                "main: 1 blocked\n"
                "main: issued 2, completed 2, bytes 1\n");
}

Test(pool, a_read_outlives_the_thread_that_has_started_it)
{
    assert_says("pool_lifecycle", "issuer-exits",
                "worker: error 0, 10 bytes 'still here'\n"
                "main: issued 1, completed 1, bytes 10\n");
}

/* Often before the call that has started the read is back. */
Test(pool, a_callback_may_free_its_request)
{
    make_file("file", 1000);
    assert_says("pool_lifecycle", "frees", FREES);
}

/* ---- Workers ----------------------------------------------------------- */

/* 16 requests that start themselves again until the end of the file. */
Test(pool, many_requests_read_a_file)
{
    make_file("file", 128000);
    assert_says("pool_lifecycle", "traffic", TRAFFIC);
}

struct probe {
    char program[24], name[16], says[320];
};

ParameterizedTestParameters(pool, nothing_depends_on_the_number_of_workers)
{
    static struct probe probes[] = {
        {"pool_lifecycle", "traffic", TRAFFIC},
        {"pool_lifecycle", "stop-cancel", STOP_CANCEL},
        {"pool_lifecycle", "frees", FREES},
        {"pool_io", "reuse", REUSE},
        {"pool_cancel", "cancel-races", CANCEL_RACES},
        {"pool_cancel", "close-races", CLOSE_RACES},
    };
    return cr_make_param_array(struct probe, probes, G_N_ELEMENTS(probes));
}

/* It says the same with 1 and with 8 as with 2, which each has in a test of its
 * own. */
ParameterizedTest(struct probe *probe, pool,
                  nothing_depends_on_the_number_of_workers)
{
    static const char *const workers[] = {"1", "8"};
    char *program = g_strconcat("tests/guarded/", probe->program, NULL);
    make_file("file", 128000);
    for (size_t i = 0; i < G_N_ELEMENTS(workers); i++) {
        struct run run =
            RUN_HOOKED(program, "allocations", probe->name, workers[i]);
        assert_said(&run, probe->says, "guard: ");
        run_clear(&run);
    }
    g_free(program);
}

/* ---- Counters ----------------------------------------------------------- */

Test(pool, each_end_is_counted_once_and_as_what_it_is)
{
    struct run run = run_probe("pool_lifecycle", "counters", "allocations");
    assert_said(
        &run,
        "main: issued 0\n"
        "main: issued 3, live 3\n"
        "main: issued 3, completed 1, live 2, bytes 5\n"
        "main: issued 3, completed 1, cancelled 1, live 1, bytes 5\n"
        "main: issued 3, completed 2, cancelled 1, bytes 5\n"
        "main: write into what nobody reads: failed, error 232, 0 bytes\n"
        "main: peak 3, they add up\n"
        "main: issued 4, completed 2, failed 1, cancelled 1, bytes 5\n",
        "pool: issued 4, completed 2, failed 1, cancelled 1, live 0, "
        "peak 3, bytes 5, stray 0\nguard: ");
}

Test(pool, the_counters_add_up_at_every_moment)
{
    make_file("file", 128000);
    assert_says("pool_lifecycle", "counters-always-add-up",
                "main: samples: some taken, 0 wrong\n"
                "main: issued 216, completed 216, bytes 128000\n");
}

/* ---- Requests ----------------------------------------------------------- */

Test(pool, a_packed_request_is_idle_and_has_a_ticket)
{
    assert_says(
        "pool_io", "pack-and-free",
        "main: Internal 0, InternalHigh 0, Offset 7, OffsetHigh 3, hEvent "
        "NULL; offset 12884901895\n"
        "main: callback 1, context 1, buffer 1, length 1, timeout 0, idle 1\n"
        "main: each has a ticket of its own: 1\n"
        "main: free: 0, 0\n"
        "main: free nothing: 0\n");
}

Test(pool, reset_sets_all_of_the_overlapped_and_nothing_else)
{
    assert_says("pool_io", "reset-sets-all",
                "main: reset: 0\n"
                "main: Internal 0, InternalHigh 0, Offset 64, OffsetHigh 0, "
                "hEvent NULL; offset 64\n"
                "main: a new ticket: 1\n"
                "main: callback 1, context 1, buffer 1, length 1, timeout 5\n"
                "main: Internal 0, InternalHigh 0, Offset 7, OffsetHigh 3, "
                "hEvent NULL; offset 12884901895\n");
}

/* And goes on undisturbed. */
Test(pool, a_request_in_flight_is_refused_by_everybody)
{
    assert_says("pool_io", "busy",
                "main: reset: 170\n"
                "main: free: 170\n"
                "main: read: failed, error 170, 0 bytes\n"
                "main: write: failed, error 170, 0 bytes\n"
                "main: queue: 170\n"
                "main: the first read: called once, error 0, 5 bytes\n"
                "main: it reads hello\n"
                "main: issued 1, completed 1, bytes 5\n");
}

Test(pool, a_request_is_not_started_again_without_reset)
{
    make_file("file", 1000);
    assert_says("pool_io", "used-without-reset",
                "main: read: told once, error 0, 64 bytes\n"
                "main: read again: failed, error 87, 0 bytes\n"
                "main: write again: failed, error 87, 0 bytes\n"
                "main: queue again: 87\n"
                "main: issued 1, completed 1, bytes 64\n");
}

/* One for the pool's threads, one for the request. */
Test(pool, a_request_serves_10000_reads_without_another_allocation)
{
    make_file("file", 1000);
    struct run run = run_probe("pool_io", "reuse", "allocations");
    assert_said(&run, REUSE, "guard: 2 allocations, 0 not freed\n");
}

Test(pool, of_two_threads_that_start_a_request_one_wins)
{
    make_file("file", 1000);
    assert_says("pool_io", "two-submit-one-request",
                "main: 1000 won, 0 otherwise\n"
                "main: issued 1000, completed 1000, bytes 64000\n");
}

/* Where a program that uses only the low half of an offset would not be. */
static void make_sparse_file(void)
{
    static const guint64 marks[] = {0, 4096, G_GUINT64_CONSTANT(1) << 31,
                                    G_GUINT64_CONSTANT(1) << 32,
                                    (G_GUINT64_CONSTANT(1) << 32) + 4096};
    FILE *file = fopen("sparse", "wb");
    cr_assert_not_null(file);
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        cr_assert_eq(fseeko(file, (off_t)marks[i], SEEK_SET), 0);
        fprintf(file, "%014" G_GUINT64_FORMAT, marks[i]);
    }
    cr_assert_eq(fclose(file), 0);
}

/* One request: nothing is left of the offset before. */
Test(pool, an_offset_has_64_bits)
{
    make_sparse_file();
    assert_says("pool_io", "offsets",
                "main: at 0: 00000000000000\n"
                "main: at 2147483648: 00002147483648\n"
                "main: at 4294967296: 00004294967296\n"
                "main: at 4294971392: 00004294971392\n"
                "main: at 4096: 00000000004096\n"
                "main: at 0: 00000000000000\n"
                "main: issued 6, completed 6, bytes 84\n");
}

/* ---- What is refused ---------------------------------------------------- */

/* By reads, writes, and those that wait. Nothing came out of the port either.
 */
Test(pool, what_cannot_be_read_is_refused_and_not_counted)
{
    make_file("file", 1000);
    assert_says("pool_io", "refused",
                "main: no offset: 87 87 87 87, 1, 0 bytes\n"
                "main: a negative one: 87 87 87 87, 1, 0 bytes\n"
                "main: an end beyond the last: 87 87 87 87, 1, 0 bytes\n"
                "main: and further: 87 87 87 87, 1, 0 bytes\n"
                "main: a negative one, no length: 87 87 87 87, 1, 0 bytes\n"
                "main: no buffer: 87 87 87 87, 1, 0 bytes\n"
                "main: 4 GiB: 87 87 87 87, 1, 0 bytes\n"
                "main: 4 GiB and a byte: 87 87 87 87, 1, 0 bytes\n"
                "main: all there is: 87 87 87 87, 1, 0 bytes\n"
                "main: issued 0\n");
}

Test(pool, a_request_without_callback_is_refused)
{
    make_file("file", 1000);
    assert_says("pool_io", "no-callback",
                "main: read: failed, error 87, 0 bytes\n"
                "main: write: failed, error 87, 0 bytes\n"
                "main: queue: 87\n"
                "main: issued 0\n");
}

/* Up to the limits. ReadFile is called, and fails here without having tried. */
Test(pool, what_can_be_read_is_not_refused)
{
    make_file("file", 1000);
    assert_says("pool_io", "allowed",
                "main: ReadFile: length 1\n"
                "main: up to the last offset: failed, error 5, 0 bytes\n"
                "main: ReadFile: length 1000\n"
                "main: and with more: failed, error 5, 0 bytes\n"
                "main: ReadFile: length 0\n"
                "main: nothing at the last: failed, error 5, 0 bytes\n"
                "main: ReadFile: length 4294967295\n"
                "main: 4 GiB less a byte: failed, error 5, 0 bytes\n"
                "main: issued 4, failed 4\n");
}

/* Never bound, or closed. */
Test(pool, a_file_that_is_not_open_is_told)
{
    make_file("file", 1000);
    assert_says("pool_io", "not-open",
                "main: never bound: read: failed, error 6, 0 bytes\n"
                "main: write: failed, error 6, 0 bytes\n"
                "main: read_sync: 6, 0 bytes\n"
                "main: write_sync: 6, 0 bytes\n"
                "main: cancel: 1168\n"
                "main: close: 6\n"
                "main: closed: read: failed, error 6, 0 bytes\n"
                "main: write: failed, error 6, 0 bytes\n"
                "main: read_sync: 6, 0 bytes\n"
                "main: write_sync: 6, 0 bytes\n"
                "main: cancel: 1168\n"
                "main: close: 6\n"
                "main: left behind: 0 handles\n"
                "main: issued 0\n");
}

Test(pool, a_failure_of_the_system_is_told_at_once)
{
    make_file("file", 100);
    assert_says("pool_io", "wrong-access",
                "main: write: failed, error 5, 0 bytes\n"
                "main: callback: not called\n"
                "main: Internal 0\n"
                "main: read: told once, error 0, 36 bytes\n"
                "main: issued 2, completed 1, failed 1, bytes 36\n");
}

/* ---- Ends --------------------------------------------------------------- */

/* The end is met at once or later; nothing at all is no end. */
Test(pool, a_file_ends_at_its_end_and_not_before)
{
    make_file("file", 100);
    assert_says("pool_io", "ends",
                "main: at the start: told once, error 0, 64 bytes\n"
                "main: the rest: told once, error 0, 36 bytes\n"
                "main: at the end: told once, error 38, 0 bytes\n"
                "main: behind it: told once, error 38, 0 bytes\n"
                "main: nothing at the start: told once, error 0, 0 bytes\n"
                "main: nothing at the end: told once, error 0, 0 bytes\n"
                "main: nothing behind it: told once, error 0, 0 bytes\n"
                "main: nothing into no buffer: told once, error 0, 0 bytes\n"
                "main: issued 8, completed 8, bytes 100\n");
}

Test(pool, writes_go_where_they_are_told)
{
    make_file("file", 100);
    assert_says("pool_io", "writes",
                "main: later: told once, error 0, 5 bytes\n"
                "main: first: told once, error 0, 5 bytes\n"
                "main: : told once, error 0, 0 bytes\n"
                "main: end: told once, error 0, 3 bytes\n"
                "main: issued 4, completed 4, bytes 13\n");
    char wanted[100], *content = NULL;
    gsize length = 0;
    fill_pattern(wanted, sizeof wanted, 0);
    memcpy(wanted, "first", 5);
    memcpy(wanted + 10, "later", 5);
    memcpy(wanted + 20, "end", 3);
    read_file("file", &content, &length);
    cr_assert(length == sizeof wanted && memcmp(content, wanted, length) == 0,
              "%.*s", (int)length, content);
    g_free(content);
}

Test(pool, a_broken_pipe_ends_reads_and_fails_writes)
{
    assert_says("pool_io", "broken-pipe",
                "main: a read that waited: called once, error 109, 0 bytes\n"
                "main: read: done, error 109, 0 bytes\n"
                "main: callback: not called\n"
                "main: write: failed, error 232, 0 bytes\n"
                "main: callback: not called\n"
                "main: issued 3, completed 2, failed 1\n");
}

/* Error 234, and its first bytes. What follows is read next. */
Test(pool, a_message_that_does_not_fit_is_told_and_goes_on)
{
    assert_says("pool_io", "more-data",
                "main: at once: queued\n"
                "main: read: called once, error 234, 4 bytes\n"
                "main: the rest: called once, error 0, 4 bytes\n"
                "main: it reads 5678\n"
                "main: later: queued\n"
                "main: read: called once, error 234, 4 bytes\n"
                "main: the rest: called once, error 0, 4 bytes\n"
                "main: it reads 5678\n"
                "main: issued 4, completed 4, bytes 16\n");
}

/* ---- Done at once ------------------------------------------------------- */

/* What cannot be done at once still does. */
Test(pool, what_is_done_at_once_sends_no_packet_if_asked_for)
{
    assert_says("pool_io", "skip",
                "main: asked for 1, skips 1\n"
                "main: read: done, error 0, 5 bytes\n"
                "main: it reads ready\n"
                "main: callback: not called\n"
                "main: in part: told once, error 234, 5 bytes\n"
                "main: the rest: told once, error 0, 3 bytes\n"
                "main: read: queued\n"
                "main: callback: called once, error 0, 4 bytes\n"
                "main: write: told once, error 0, 5 bytes\n"
                "main: they hear 'reply'\n"
                "main: issued 5, completed 5, bytes 22\n");
}

Test(pool, what_is_done_at_once_sends_a_packet_otherwise)
{
    assert_says("pool_io", "no-skip",
                "main: asked for -1, skips 0\n"
                "main: read: queued\n"
                "main: callback: called once, error 0, 5 bytes\n"
                "main: write: queued\n"
                "main: callback: called once, error 0, 64 bytes\n"
                "main: issued 2, completed 2, bytes 69\n");
}

/* The system may refuse it. */
Test(pool, a_file_tells_whether_it_was_granted)
{
    assert_says("pool_io", "skip-not-granted",
                "main: asked for 1, skips 0\n"
                "main: read: queued\n"
                "main: callback: called once, error 0, 5 bytes\n"
                "main: issued 1, completed 1, bytes 5\n");
}

Test(pool, nothing_else_is_asked_for)
{
    assert_says("pool_io", "other-modes",
                "main: asked for -1, skips 0\n"
                "main: issued 0\n");
}

Test(pool, a_regular_file_may_skip_or_not)
{
    make_file("file", 100);
    assert_says("pool_io", "skip-file",
                "main: read: told once, error 0, 36 bytes\n"
                "main: it reads 00000000000064\n"
                "main: issued 1, completed 1, bytes 36\n");
}

/* A million reads. */
Test(pool, what_is_done_at_once_does_not_recurse)
{
    make_file("file", 1000);
    assert_says("pool_io", "inline-loop",
                "main: 64000000 bytes, the stack stays flat\n"
                "main: callback: not called\n"
                "main: issued 1000000, completed 1000000, bytes 64000000\n");
}

/* ---- Reading and writing, and waiting for it ---------------------------- */

/* The port is not used: not one packet. */
Test(pool, a_file_can_be_read_and_written_without_the_port)
{
    make_file("file", 100);
    assert_says("pool_io", "sync-file",
                "main: at the start: error 0, 64 bytes '00000000000000'\n"
                "main: the rest: error 0, 36 bytes '00000000000064'\n"
                "main: at the end: error 38, 0 bytes ''\n"
                "main: nothing: error 0, 0 bytes ''\n"
                "main: write: error 0, 7 bytes\n"
                "main: write: error 0, 7 bytes\n"
                "main: the rest: error 0, 36 bytes 'written0000064'\n"
                "main: events made: 1\n"
                "main: issued 7, completed 7, bytes 150\n");
}

Test(pool, a_pipe_can_be_read_and_written_without_the_port)
{
    assert_says("pool_io", "sync-pipe",
                "main: at once: error 0, 5 bytes 'ready'\n"
                "main: read: error 0, 4 bytes 'late'\n"
                "main: in part: error 234, 3 bytes 'too'\n"
                "main: the rest: error 0, 5 bytes ' long'\n"
                "main: write: error 0, 7 bytes\n"
                "main: they hear 'to them'\n"
                "main: read: error 109, 0 bytes ''\n"
                "main: broken: error 109, 0 bytes ''\n"
                "main: write: error 232, 0 bytes\n"
                "main: issued 8, completed 7, failed 1, bytes 24\n");
}

Test(pool, an_event_that_was_set_before_does_not_end_a_wait)
{
    assert_says("pool_io", "sync-early-event",
                "main: read: error 0, 4 bytes 'late'\n"
                "main: waited 2 times\n"
                "main: issued 1, completed 1, bytes 4\n");
}

Test(pool, a_callback_may_read_and_wait_for_it)
{
    make_file("file", 100);
    assert_says("pool_io", "sync-in-callback",
                "worker: read: error 0, 36 bytes '00000000000064'\n"
                "worker: write: error 0, 7 bytes\n"
                "worker: read: error 0, 64 bytes 'written0000000'\n"
                "main: issued 4, completed 4, bytes 107\n");
}

/* By cancelling all of a file, of a pool, by closing, and by stopping. */
Test(pool, a_call_that_waits_can_be_cancelled)
{
    assert_says("pool_io", "cancel-sync",
                "main: read: error 995, 0 bytes ''\n"
                "main: read: error 995, 0 bytes ''\n"
                "main: read: error 995, 0 bytes ''\n"
                "main: close: 0\n"
                "main: read: error 995, 0 bytes ''\n"
                "main: stop: 0\n"
                "main: issued 4, cancelled 4\n");
}

Test(pool, four_threads_may_read_a_file_and_wait)
{
    make_file("file", 128000);
    assert_says("pool_io", "sync-by-four",
                "main: 0 wrong, 0 handles left behind\n"
                "main: issued 1000, completed 1000, bytes 64000\n");
}

/* ---- Packets ------------------------------------------------------------ */

/* For ReadFile, for a call that waits, and for a packet. */
Test(pool, one_table_says_what_an_error_means)
{
    make_file("file", 1000);
    assert_says("pool_packets", "one-table",
                "main: 0 is success\n"
                "main:   ReadFile: done, error 0, 64 bytes, completed\n"
                "main:   waiting: error 0, 64 bytes, completed\n"
                "main:   packet: error 0, 64 bytes, completed\n"
                "main: 234 is more data\n"
                "main:   ReadFile: done, error 234, 64 bytes, completed\n"
                "main:   waiting: error 234, 64 bytes, completed\n"
                "main:   packet: error 234, 64 bytes, completed\n"
                "main: 38 is end of file, an end\n"
                "main:   ReadFile: done, error 38, 0 bytes, completed\n"
                "main:   waiting: error 38, 0 bytes, completed\n"
                "main:   packet: error 38, 0 bytes, completed\n"
                "main: 109 is end of file, an end\n"
                "main:   ReadFile: done, error 109, 0 bytes, completed\n"
                "main:   waiting: error 109, 0 bytes, completed\n"
                "main:   packet: error 109, 0 bytes, completed\n"
                "main: 995 is cancelled\n"
                "main:   ReadFile: failed, error 995, 0 bytes, cancelled\n"
                "main:   waiting: error 995, 0 bytes, cancelled\n"
                "main:   packet: error 995, 0 bytes, cancelled\n"
                "main: 1460 is cancelled\n"
                "main:   ReadFile: failed, error 1460, 0 bytes, cancelled\n"
                "main:   waiting: error 1460, 0 bytes, cancelled\n"
                "main:   packet: error 1460, 0 bytes, cancelled\n"
                "main: 232 is failed\n"
                "main:   ReadFile: failed, error 232, 0 bytes, failed\n"
                "main:   waiting: error 232, 0 bytes, failed\n"
                "main:   packet: error 232, 0 bytes, failed\n"
                "main: 233 is failed\n"
                "main:   ReadFile: failed, error 233, 0 bytes, failed\n"
                "main:   waiting: error 233, 0 bytes, failed\n"
                "main:   packet: error 233, 0 bytes, failed\n"
                "main: 5 is failed\n"
                "main:   ReadFile: failed, error 5, 0 bytes, failed\n"
                "main:   waiting: error 5, 0 bytes, failed\n"
                "main:   packet: error 5, 0 bytes, failed\n"
                "main: 997 is pending\n"
                "main: 87 is failed\n");
}

/* What is queued behind a write is none. */
Test(pool, what_ends_a_read_fails_a_write)
{
    make_file("file", 1000);
    assert_says("pool_packets", "writes-have-no-end",
                "main: WriteFile: failed, error 38, 0 bytes\n"
                "main:   failed\n"
                "main:   waiting: error 38, 0 bytes, failed\n"
                "main:   packet: error 38, 0 bytes, failed\n"
                "main:   queued: error 0, 0 bytes, completed\n"
                "main: WriteFile: failed, error 109, 0 bytes\n"
                "main:   failed\n"
                "main:   waiting: error 109, 0 bytes, failed\n"
                "main:   packet: error 109, 0 bytes, failed\n"
                "main:   queued: error 0, 0 bytes, completed\n"
                "main: issued 8, completed 2, failed 6\n");
}

Test(pool, bytes_that_come_with_an_error_are_delivered)
{
    make_file("file", 1000);
    assert_says("pool_packets", "errors-with-bytes",
                "main: packet: called once, error 23, 0 bytes\n"
                "main: packet: called once, error 23, 123 bytes\n"
                "main: packet: called once, error 234, 4 bytes\n"
                "main: issued 3, completed 1, failed 2, bytes 127\n");
}

/* It may have left "pending". */
Test(pool, a_call_that_fails_leaves_nothing_behind)
{
    make_file("file", 1000);
    assert_says("pool_packets", "failed-call",
                "main: bytes NULL, hEvent NULL\n"
                "main: read: failed, error 8, 0 bytes\n"
                "main: pending: 0\n"
                "main: callback: not called\n"
                "main: reset: 0\n"
                "main: issued 1, failed 1\n");
}

Test(pool, packets_of_nobody_are_counted_and_dropped)
{
    assert_says("pool_packets", "stray",
                "main: no OVERLAPPED: 1 stray\n"
                "main: a foreign key: 2 stray\n"
                "main: a foreign OVERLAPPED: 3 stray\n"
                "main: no address: 4 stray\n"
                "main: an odd one: 5 stray\n"
                "main: an idle request: 6 stray\n"
                "main: a freed one: 7 stray\n"
                "main: a foreign one that failed: 8 stray\n"
                "main: a foreign key with a request in flight: 9 stray\n"
                "main: callback: not called\n"
                "main: a second packet: 10 stray\n"
                "main: callback: called once, error 0, 1 bytes\n"
                "main: the idle request: not called\n"
                "main: issued 11, completed 11, bytes 1, stray 10\n");
}

/* Whatever the call then returns; the request is gone by that time. Some
 * systems send a packet though the call has failed. */
Test(pool, a_callback_may_be_over_before_its_call_is)
{
    make_file("file", 1000);
    assert_says("pool_packets", "packet-first-freed",
                "worker: callback: error 0, 64 bytes\n"
                "main: read: queued\n"
                "worker: callback: error 0, 64 bytes\n"
                "main: read: queued\n"
                "worker: callback: error 38, 0 bytes\n"
                "main: read: queued\n"
                "worker: callback: error 87, 0 bytes\n"
                "main: read: queued\n"
                "worker: callback: error 0, 64 bytes\n"
                "main: read: queued\n"
                "worker: callback: error 0, 64 bytes\n"
                "main: read: queued\n"
                "worker: callback: error 38, 0 bytes\n"
                "main: read: queued\n"
                "worker: callback: error 87, 0 bytes\n"
                "main: read: queued\n"
                "main: issued 8, completed 6, failed 2, bytes 256\n");
}

/* The request is in flight again, elsewhere, when the call of its first use
 * returns an error. */
Test(pool, a_call_that_returns_late_is_not_the_next_use_s)
{
    make_file("file", 1000);
    assert_says("pool_packets", "packet-first-reused",
                "worker: callback: error 38, 0 bytes\n"
                "main: read: queued\n"
                "main: issued 2, completed 1, live 1\n"
                "worker: callback: error 0, 6 bytes\n"
                "main: in the end: called twice, error 0, 6 bytes\n"
                "main: issued 2, completed 2, bytes 6\n");
}

/* Its request has been freed already. */
Test(pool, a_packet_too_many_is_nobody_s)
{
    make_file("file", 1000);
    assert_says("pool_packets", "packet-last",
                "main: read: done, error 38, 0 bytes\n"
                "main: callback: not called\n"
                "main: issued 2, completed 2, stray 1\n");
}

/* On some systems each of them fails and sends a packet. */
Test(pool, a_device_without_data_ends_each_read_once)
{
    assert_says("pool_packets", "null-device",
                "main: 500 reads: told 500 times, 0 wrong, error 38\n"
                "main: read_sync: 38, 0 bytes\n"
                "main: 501 issued, 501 completed\n");
}

/* ---- Cancelling --------------------------------------------------------- */

Test(pool, one_read_can_be_cancelled_by_another_thread)
{
    assert_says("pool_cancel", "one",
                "main: cancel: 0\n"
                "main: first: called once, error 0, 13 bytes\n"
                "main: second: called once, error 995, 0 bytes\n"
                "main: issued 2, completed 1, cancelled 1, bytes 13\n");
}

Test(pool, what_is_cancelled_twice_ends_once)
{
    assert_says("pool_cancel", "twice",
                "main: cancel: 0\n"
                "main: again: 0\n"
                "main: read: called once, error 995, 0 bytes\n"
                "main: issued 3, completed 2, cancelled 1\n");
}

Test(pool, a_ticket_is_good_for_one_use_of_one_file)
{
    assert_says("pool_cancel", "old-ticket",
                "main: none: 1168\n"
                "main: idle: 1168\n"
                "main: another file: 1168\n"
                "main: completed: 1168\n"
                "main: used again: 1168\n"
                "main: none: 1168\n"
                "main: the second use: called once, error 0, 1 bytes\n"
                "main: freed: 1168\n"
                "main: no I/O: 1168\n"
                "main: callback: called once, error 0, 0 bytes\n"
                "main: issued 5, completed 5, bytes 2\n");
}

Test(pool, a_read_of_a_regular_file_ends_once_cancelled_or_not)
{
    make_file("file", 1000);
    assert_says("pool_cancel", "regular-file",
                "main: told 300 times, 0 wrong\n"
                "main: 300 ended, 0 stray\n");
}

Test(pool, cancelling_a_file_leaves_the_others)
{
    assert_says("pool_cancel", "all-of-a-file",
                "main: read: called once, error 995, 0 bytes\n"
                "main: read: called once, error 995, 0 bytes\n"
                "main: read: called once, error 995, 0 bytes\n"
                "main: another file's: not called\n"
                "main: another file's: called once, error 0, 1 bytes\n"
                "main: issued 4, completed 1, cancelled 3, bytes 1\n");
}

Test(pool, cancelling_a_pool_cancels_all_its_files)
{
    assert_says("pool_cancel", "all-of-a-pool",
                "main: 40 cancelled\n"
                "main: issued 40, cancelled 40\n");
}

Test(pool, a_write_can_be_cancelled)
{
    assert_says("pool_cancel", "write",
                "main: cancel: 0\n"
                "main: called once, error 995\n");
}

/* It is in the table, and the kernel does not know of it yet. What was not
 * asked for is not cancelled. */
Test(pool, what_is_cancelled_before_it_is_started_is_cancelled)
{
    assert_says("pool_cancel", "early",
                "main: cancel: 0\n"
                "main: by ticket: called once, error 995, 0 bytes\n"
                "main: by file: called once, error 995, 0 bytes\n"
                "main: by pool: called once, error 995, 0 bytes\n"
                "main: a call that waits: error 995, 0 bytes\n"
                "main: cancel another: 0\n"
                "main: not asked for: called once, error 0, 1 bytes\n"
                "main: the other: called once, error 995, 0 bytes\n"
                "main: issued 6, completed 1, cancelled 5, bytes 1\n");
}

Test(pool, what_is_started_while_its_file_closes_is_cancelled)
{
    assert_says("pool_cancel", "early-close",
                "main: by closing: called once, error 995, 0 bytes\n"
                "main: close: 0\n"
                "main: issued 1, cancelled 1\n");
}

Test(pool, what_is_started_while_its_pool_stops_is_cancelled)
{
    assert_says("pool_cancel", "early-stop",
                "main: by stopping: error 995, 0 bytes\n"
                "main: stop: 0\n"
                "main: issued 1, cancelled 1\n");
}

Test(pool, a_call_that_returns_late_does_not_cancel_the_next_use)
{
    assert_says("pool_cancel", "late-return",
                "main: first use: called once, error 995, 0 bytes\n"
                "main: second use: called twice, error 0, 6 bytes\n"
                "main: issued 2, completed 1, cancelled 1, bytes 6\n");
}

/* 3,000 reads, each of them fed and cancelled at the same time. */
Test(pool, cancelling_completing_reusing_and_freeing_may_race)
{
    assert_says("pool_cancel", "cancel-races", CANCEL_RACES);
}

/* ---- Timeouts ----------------------------------------------------------- */

Test(pool, a_read_that_takes_too_long_is_cancelled)
{
    assert_says("pool_cancel", "timeout",
                "main: read: called once, error 1460, 0 bytes\n"
                "main: in time\n"
                "main: again: queued\n"
                "main: again: called once, error 1460, 0 bytes\n"
                "main: cancelled by hand: called once, error 995, 0 bytes\n"
                "main: issued 3, cancelled 3\n");
}

/* Nor is the next use of its request. */
Test(pool, a_read_that_ends_in_time_is_not)
{
    assert_says("pool_cancel", "in-time",
                "main: late: called once, error 1460, 0 bytes\n"
                "main: without timeout: not called\n"
                "main: without timeout: called once, error 0, 1 bytes\n"
                "main: issued 3, completed 2, cancelled 1, bytes 2\n");
}

Test(pool, a_shorter_timeout_comes_before_a_longer_one)
{
    assert_says("pool_cancel", "shorter-first",
                "main: the shortest: called once, error 1460, 0 bytes\n"
                "main: the next: called once, error 1460, 0 bytes\n"
                "main: a long one: not called\n"
                "main: cancelled by hand: called once, error 995, 0 bytes\n"
                "main: issued 4, cancelled 4\n");
}

Test(pool, no_timeout_and_infinite_never_come)
{
    assert_says("pool_cancel", "never",
                "main: short: called once, error 1460, 0 bytes\n"
                "main: never: not called\n"
                "main: never: called once, error 0, 1 bytes\n"
                "main: never: not called\n"
                "main: never: called once, error 0, 1 bytes\n"
                "main: never: not called\n"
                "main: never: called once, error 0, 1 bytes\n"
                "main: issued 4, completed 3, cancelled 1, bytes 3\n");
}

Test(pool, timeouts_come_though_every_worker_blocks)
{
    assert_says("pool_cancel", "timeout-with-all-blocked",
                "main: read: not called\n"
                "main: read: called once, error 1460, 0 bytes\n"
                "main: issued 3, completed 2, cancelled 1\n");
}

Test(pool, a_timeout_that_comes_too_late_changes_nothing)
{
    assert_says("pool_cancel", "timeout-too-late",
                "main: read: called once, error 0, 1 bytes\n"
                "main: issued 3, completed 3, bytes 1\n");
}

Test(pool, a_queued_request_has_no_timeout)
{
    assert_says("pool_cancel", "queued-after-timeout",
                "main: late: called once, error 1460, 0 bytes\n"
                "main: queued: called once, error 0, 0 bytes\n"
                "main: issued 5, completed 4, cancelled 1, bytes 1\n");
}

Test(pool, many_timeouts_all_come)
{
    assert_says("pool_cancel", "several-timeouts",
                "main: 12 timed out\n"
                "main: issued 12, cancelled 12\n");
}

Test(pool, timeouts_come_while_a_pool_stops)
{
    assert_says("pool_cancel", "timeout-while-stopping",
                "main: stop: 0\n"
                "main: read: called once, error 1460, 0 bytes\n"
                "main: issued 1, cancelled 1\n");
}

Test(pool, a_timeout_may_come_before_its_read_is_started)
{
    assert_says("pool_cancel", "early-timeout",
                "main: read: called once, error 1460, 0 bytes\n"
                "main: issued 1, cancelled 1\n");
}

/* No timeout, INFINITE, and one for which there is no thread at first. */
Test(pool, without_a_timer_a_timeout_is_refused)
{
    assert_says("pool_cancel", "no-timer",
                "main: read: queued\n"
                "main: callback: called once, error 0, 1 bytes\n"
                "main: read: queued\n"
                "main: callback: called once, error 0, 1 bytes\n"
                "main: read: failed, error 164, 0 bytes\n"
                "main: callback: not called\n"
                "main: read: queued\n"
                "main: callback: called once, error 0, 1 bytes\n"
                "main: issued 3, completed 3, bytes 3\n");
}

/* ---- Closing ------------------------------------------------------------ */

Test(pool, closing_cancels_waits_and_then_closes)
{
    assert_says("pool_cancel", "close-pending",
                "main: close: 0\n"
                "main: read: called once, error 995, 0 bytes\n"
                "main: read: called once, error 995, 0 bytes\n"
                "main: read: called once, error 995, 0 bytes\n"
                "main: its handle: 6\n"
                "main: again: 6\n"
                "main: issued 3, cancelled 3\n");
}

Test(pool, closing_a_file_leaves_the_others)
{
    assert_says("pool_cancel", "close-leaves-others",
                "main: closed: called once, error 995, 0 bytes\n"
                "main: another file's: not called\n"
                "main: another file's: called once, error 0, 1 bytes\n"
                "main: issued 2, completed 1, cancelled 1, bytes 1\n");
}

Test(pool, closing_waits_for_a_callback_that_runs)
{
    assert_says("pool_cancel", "close-waits",
                "main: read: failed, error 6, 0 bytes\n"
                "main: close: 0, after it\n"
                "main: callback: called once, error 0, 1 bytes\n"
                "main: issued 1, completed 1, bytes 1\n");
}

Test(pool, a_handle_closed_by_hand_still_ends_its_reads)
{
    assert_says("pool_cancel", "handle-closed-by-hand",
                "main: called once, with an error\n"
                "main: live 0\n");
}

/* 200 files and pipes, and four threads that read each until it is closed. */
Test(pool, closing_and_reading_may_race)
{
    make_file("file", 1000);
    assert_says("pool_cancel", "close-races", CLOSE_RACES);
}
