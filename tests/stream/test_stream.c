/* The promises of final/file_stream.h that need a probe each. */
#include "script.h"

TestSuite(stream, .init = enter_scratch, .fini = leave_scratch);

/* ---- Calls under way: tests/stream/stream_order.c ---------------------- */

static void put_digits(const char *name)
{
    GString *digits = g_string_new(NULL);
    for (guint i = 0; i < 100; i++)
        g_string_append(digits, "0123456789");
    put(name, digits->str);
    g_string_free(digits, TRUE);
}

/* On a file of 1000 digits. */
static void assert_case(const char *probe, const char *name, const char *kind,
                        const char *wanted)
{
    put_digits("digits");
    struct run run = RUN(probe, name, kind, "digits");
    assert_ended(&run, 0);
    assert_text(&run, wanted);
    run_clear(&run);
}

#define IN_ORDER(name, wanted)                                                 \
    do {                                                                       \
        assert_case("tests/guarded/stream_order", name, "asynchronous",        \
                    wanted);                                                   \
        assert_case("tests/guarded/stream_order", name, "synchronous",         \
                    wanted);                                                   \
    } while (0)
/* What only an asynchronous stream promises. */
#define IN_ASYNCHRONOUS_ORDER(name, wanted)                                    \
    assert_case("tests/guarded/stream_order", name, "asynchronous", wanted)

Test(stream, calls_at_once_take_consecutive_ranges_whoever_is_done_first)
{
    IN_ORDER("last-comes-first", "main: position 24\n"
                                 "main: wait: 258\n"
                                 "worker: third: error 0, 8 bytes: 67890123\n"
                                 "main: wait: 258\n"
                                 "worker: second: error 0, 8 bytes: 89012345\n"
                                 "main: wait: 258\n"
                                 "worker: first: error 0, 8 bytes: 01234567\n"
                                 "main: position 24\n");
}

Test(stream, a_read_is_over_when_its_last_piece_has_come)
{
    IN_ORDER("piece-by-piece", "main: wait: 258\n"
                               "main: position 8\n"
                               "main: wait: 258\n"
                               "main: 3 calls of the system: 01234567\n");
}

Test(stream, what_is_written_while_a_read_fills_the_buffer_is_not_lost)
{
    IN_ORDER("write-before-fill-ends", "main: then: 23WRITTEN1\n");
    IN_ORDER("write-after-fill-read", "main: then: 23WRITTEN1\n");
}

Test(stream, a_position_that_is_set_is_not_moved_back_by_an_earlier_read)
{
    IN_ORDER("seek-during-read", "main: position 1096\n"
                                 "main: position 7\n");
    IN_ORDER("cut-during-read", "main: position 550\n"
                                "main: position 550\n");
}

Test(stream, a_read_that_is_cancelled_tells_what_it_has_and_moves_back)
{
    IN_ASYNCHRONOUS_ORDER("cancelled-between-pieces",
                          "main: error 995, 3 bytes\n"
                          "main: position 3\n");
}

Test(stream, close_cancels_what_is_under_way_and_waits_for_each_callback)
{
    IN_ASYNCHRONOUS_ORDER("close-with-io",
                          "worker: call: error 995, 0 bytes: \n"
                          "worker: call: error 995, 0 bytes: \n"
                          "worker: call: error 995, 0 bytes: \n"
                          "main: closed after 3 callbacks\n");
}

Test(stream, a_pool_that_is_stopped_cancels_what_is_under_way)
{
    IN_ASYNCHRONOUS_ORDER("stop-with-io", "worker: call: error 995, 0 bytes: \n"
                                          "worker: call: error 995, 0 bytes: \n"
                                          "main: stopped after 2 callbacks\n"
                                          "main: not started, error 1115\n");
}

Test(stream, what_a_callback_writes_during_close_is_written_or_refused)
{
    static const char *const both[] = {"asynchronous", "synchronous"};
    for (guint i = 0; i < 2; i++) {
        put_digits("digits");
        struct run run = RUN("tests/guarded/stream_order", "write-during-close",
                             both[i], "digits");
        assert_ended(&run, 0);
        char **lines = g_strsplit(run.text, "\n", -1);
        for (char **line = lines; **line != '\0'; line++)
            assert_run(
                &run,
                strcmp(*line, "main: written: 0123456789WRITTEN789") == 0 ||
                    strcmp(*line, "main: refused: 01234567890123456789") == 0,
                "only lines 'main: written: 0123456789WRITTEN789' and 'main: "
                "refused: 01234567890123456789' on stdout");
        assert_run(&run, g_strv_length(lines) == 8,
                   "g_strv_length(lines) to be %" G_GUINT64_FORMAT,
                   (guint64)(8));
        g_strfreev(lines);
        run_clear(&run);
    }
}

Test(stream, what_is_read_while_a_write_is_under_way_is_not_kept)
{
    IN_ORDER("read-during-write", "main: meanwhile: 012\n"
                                  "main: then: WRITTEN789\n");
    IN_ORDER("start-write-during-fill", "main: meanwhile: 23\n"
                                        "main: then: 23WRITTEN1\n");
}

/* ---- Reading ahead: tests/stream/stream_ahead.c ------------------------ */

static void assert_ahead(const char *name, const char *wanted)
{
    put_digits("digits");
    struct run run = RUN("tests/guarded/stream_ahead", name, "digits");
    assert_ended(&run, 0);
    assert_text(&run, wanted);
    run_clear(&run);
}

Test(stream, a_sequential_reader_finds_the_next_buffer_read_by_a_worker)
{
    assert_ahead("workers-read", "main: 1000 bytes\n"
                                 "main: main read 1 times, workers 10 times\n");
    assert_ahead("in-small-pieces", "main: 1000 bytes\n");
    put_digits("digits");
    struct run run =
        RUN("tests/guarded/stream_ahead", "workers-read", "digits", "plain");
    assert_text(&run, "main: 1000 bytes\n"
                      "main: main read 11 times, workers 0 times\n");
    run_clear(&run);
}

Test(stream, a_sequential_reader_does_not_wait_for_a_worker_to_be_free)
{
    assert_ahead("no-worker-is-free",
                 "main: 1000 bytes\n"
                 "main: main read 11 times, workers 0 times\n"
                 "main: closed\n"
                 "main: main read 11 times, workers 0 times\n");
}

Test(stream, what_a_worker_is_reading_is_not_read_twice)
{
    assert_ahead("a-worker-is-at-it", "main: main read 1 times\n");
}

Test(stream, what_was_read_ahead_is_dropped_when_the_reader_goes_elsewhere)
{
    assert_ahead("seek-away", "main: 56789\n"
                              "main: 12345\n"
                              "main: 12345\n"
                              "main: main read 3 times, workers 4 times\n");
}

Test(stream, what_was_read_ahead_is_dropped_when_it_is_overwritten)
{
    assert_ahead("write-into-it", "main: 01234WRITTEN23456789\n");
    assert_ahead("write-before-it-is-read", "main: 01234WRITTEN23456789\n");
    assert_ahead("write-after-it-is-read", "main: 01234\n"
                                           "main: 01234WRITTEN23456789\n");
    assert_ahead("start-write-into-it", "main: 01234WRITTEN23456789\n");
    assert_ahead("cut-it-off", "main: 0123456789\n"
                               "main: \n");
}

Test(stream, what_could_not_be_read_ahead_is_read_when_it_is_wanted)
{
    assert_ahead("worker-fails", "main: 1000 bytes\n");
}

Test(stream, close_waits_for_who_reads_ahead)
{
    assert_ahead("close-while-a-worker-reads", "main: closed\n");
    assert_ahead("close-when-it-is-ready", "main: closed\n");
}

/* ---- How calls end: tests/stream/stream_end.c -------------------------- */

static void assert_end(const char *name, const char *kind, const char *wanted)
{
    struct run run = RUN("tests/guarded/stream_end", name, kind, own_pipe());
    assert_ended(&run, 0);
    assert_text(&run, wanted);
    run_clear(&run);
}

#define ENDS(name, wanted)                                                     \
    do {                                                                       \
        assert_end(name, "asynchronous", wanted);                              \
        assert_end(name, "synchronous", wanted);                               \
    } while (0)
#define ENDS_ASYNCHRONOUSLY(name, wanted)                                      \
    assert_end(name, "asynchronous", wanted)

Test(stream, a_synchronous_call_is_cancelled_from_another_thread)
{
    ENDS("cancel-synchronous-read", "thread: read: error 995, 0 bytes\n"
                                    "main: read afterwards: x\n");
}

Test(stream, a_call_is_cancelled_even_before_the_system_knows_it)
{
    ENDS_ASYNCHRONOUSLY("cancel-before-it-begins", "main: error 995\n");
    ENDS_ASYNCHRONOUSLY("cancel-all-before-it-begins", "main: error 995\n");
}

Test(stream, a_callback_may_cancel_and_begin_the_next_call_with_its_task)
{
    ENDS_ASYNCHRONOUSLY("cancel-and-go-on", "worker: error 995\n"
                                            "main: then: error 0, 1 bytes\n");
}

Test(stream, close_and_wait_are_refused_in_a_callback)
{
    ENDS("close-in-a-callback",
         "worker: close: error 1131\n"
         "worker: wait for a task that is not over: error 1131\n"
         "main: read: error 0\n"
         "main: close: error 0\n");
}

Test(stream, when_the_pool_stops_a_callback_begins_nothing_more)
{
    ENDS("stop-during-a-chain", "main: stopped\n"
                                "main: read: error 1115\n"
                                "main: close: error 0\n");
}

Test(stream, one_thread_reads_a_pipe_while_another_writes)
{
    ENDS_ASYNCHRONOUSLY("two-directions", "thread: read 200 bytes\n");
}

Test(stream, a_call_ends_once_and_loses_nothing_whenever_it_is_cancelled)
{
    ENDS_ASYNCHRONOUSLY("race-of-cancels", "main: each ended once\n"
                                           "main: no byte was lost\n");
}

/* It has no pin, since it had the lock at once: so the lock is waited for. */
Test(stream, close_waits_for_a_read_that_has_not_left_yet)
{
    make_file("file", 1000);
    struct run run = RUN("tests/guarded/stream_close_late", "file");
    assert_ended(&run, 0);
    assert_string(run.text, "main: close waits\n"
                            "main: read: error 6\n"
                            "main: closed\n");
    run_clear(&run);
}

Test(stream, close_ends_what_another_thread_is_reading)
{
    static const char *const both[] = {"asynchronous", "synchronous"};
    for (guint i = 0; i < 2; i++) {
        struct run run = RUN("tests/guarded/stream_end",
                             "close-while-somebody-reads", both[i], own_pipe());
        assert_ended(&run, 0);
        assert_run(
            &run,
            strcmp(run.text, "thread: read: error 995, 0 bytes\n"
                             "main: close: error 0\n") == 0 ||
                strcmp(run.text, "thread: read: error 6, 0 bytes\n"
                                 "main: close: error 0\n") == 0,
            "on stdout\nthread: read: error 995 or 6, 0 bytes\nmain: close: "
            "error 0");
        run_clear(&run);
    }
}

Test(stream, close_also_ends_what_had_not_reached_the_system)
{
    ENDS("close-before-a-read-begins", "main: close: error 0\n"
                                       "main: read: error 995\n");
}

Test(stream, a_callback_that_goes_on_is_refused_when_the_stream_is_closed)
{
    ENDS("close-during-a-chain", "main: close: error 0\n"
                                 "main: after its callbacks\n");
    ENDS("close-during-a-read-in-a-callback", "worker: read: an error\n"
                                              "main: close: error 0\n");
}

Test(stream, to_wait_without_a_limit_has_none)
{
    ENDS("wait-for-months", "main: error 0, 5 bytes\n");
}

Test(stream, a_flush_does_not_wait_for_who_reads_a_pipe)
{
    ENDS_ASYNCHRONOUSLY("flush-while-somebody-reads",
                        "main: flushed\n"
                        "main: flushed to the disk\n"
                        "thread: read: error 0, 5 bytes\n");
}

/* ---- Cost: tests/stream/stream_cost.c ---------------------------------- */

static void assert_cost(const char *name, const char *wanted)
{
    put_digits("digits");
    struct run run = RUN("tests/stream_cost", name, "digits", own_pipe());
    assert_ended(&run, 0);
    assert_text(&run, wanted);
    run_clear(&run);
}

Test(stream, synchronous_calls_take_nothing_from_the_port_and_leave_nothing)
{
    assert_cost("synchronous-calls",
                "main: 0 packets, 0 allocations, 0 handles more\n");
}

Test(stream, no_asynchronous_call_allocates_anything)
{
    assert_cost("asynchronous-calls", "main: 0 allocations, 0 handles more\n"
                                      "main: 0 allocations, 0 handles more\n");
}

Test(stream, whatever_is_opened_and_closed_leaves_nothing)
{
    assert_cost("file-cycles", "main: 0 pieces of memory more, 0 handles\n"
                               "main: 0 pieces of memory more, 0 handles\n"
                               "main: 0 pieces of memory more, 0 handles\n");
    assert_cost("pipe-cycles", "main: 0 pieces of memory more, 0 handles\n"
                               "main: 0 pieces of memory more, 0 handles\n");
    assert_cost("failing-opens", "main: 0 pieces of memory more, 0 handles\n");
}

Test(stream, a_callback_on_the_only_worker_may_make_synchronous_calls)
{
    assert_cost("calls-in-a-callback", "worker: read 789, at 10 of 500\n");
}

Test(stream, a_task_is_begun_again_by_its_callback_until_the_end)
{
    assert_cost("a-chain-of-callbacks",
                "main: 1000 bytes, some of it at once\n"
                "main: 1 callbacks within each other\n");
}

/* ---- Two at once: tests/stream/stream_explore.c ------------------------ */

ParameterizedTestParameters(stream, two_at_once_are_right_in_every_order)
{
    static char kinds_of_stream[][16] = {"asynchronous", "synchronous",
                                         "sequential"};
    return cr_make_param_array(char[16], kinds_of_stream,
                               G_N_ELEMENTS(kinds_of_stream));
}

ParameterizedTest(char (*kind)[16], stream,
                  two_at_once_are_right_in_every_order)
{
    struct run run = RUN("tests/guarded/stream_explore", *kind, "digits");
    assert_ended(&run, 0);
    char **lines = g_strsplit(run.text, "\n", -1);
    assert_run(&run, g_strv_length(lines) >= 20, "at least 20 lines on stdout");
    for (char **line = lines; **line != '\0'; line++)
        assert_run(&run, g_str_has_suffix(*line, ": right in every order"),
                   "each line on stdout to end with ': right in every order'");
    g_strfreev(lines);
    run_clear(&run);
}

/* ---- A model: tests/stream/stream_model.c ------------------------------ */

static void assert_same_file(const char *name, const char *wanted_name)
{
    char *is = NULL, *wanted = NULL;
    gsize length, wanted_length;
    read_file(name, &is, &length);
    read_file(wanted_name, &wanted, &wanted_length);
    cr_assert(length == wanted_length && memcmp(is, wanted, length) == 0,
              "wanted: in %s the content of %s (%u bytes)\ngot: other content "
              "(%u bytes)",
              name, wanted_name, (guint)wanted_length, (guint)length);
    g_free(is);
    g_free(wanted);
}

/* late: in the order in which two threads get to it; else "at-once". */
static void assert_like_model(const char *hook, const char *seed,
                              const char *steps, const char *late)
{
    struct run run = RUN_HOOKED("tests/guarded/stream_model", hook, "model",
                                seed, steps, late);
    assert_ended(&run, 0);
    assert_run(&run, g_str_has_prefix(run.text, "main: "),
               "'main: ... shapes agree' on stdout");
    char *rest;
    guint64 shapes = g_ascii_strtoull(run.text + strlen("main: "), &rest, 10);
    assert_run(&run, shapes > 0 && strcmp(rest, " shapes agree\n") == 0,
               "'main: ... shapes agree' on stdout");
    for (guint64 i = 0; i < shapes; i++) {
        char name[40], wanted[40];
        g_snprintf(name, sizeof name, "model-%" G_GUINT64_FORMAT, i);
        g_snprintf(wanted, sizeof wanted, "%s.wanted", name);
        assert_same_file(name, wanted);
    }
    run_clear(&run);
}

ParameterizedTestParameters(stream, whatever_is_done_it_is_as_in_a_model)
{
    static char seeds[][4] = {"1", "2", "3"};
    return cr_make_param_array(char[4], seeds, G_N_ELEMENTS(seeds));
}

ParameterizedTest(char (*seed)[4], stream, whatever_is_done_it_is_as_in_a_model)
{
    assert_like_model("none", *seed, "80", "at-once");
    assert_like_model("none", *seed, "60", "late");
}

ParameterizedTestParameters(stream,
                            whatever_the_system_does_it_is_as_in_a_model)
{
    static char hooks[][40] = {
        "short",   "short-write", "ntfs-cached",
        "warning", "sync-eof",    "skip",
        "reverse", "late",        "short,short-write,skip,sync-eof"};
    return cr_make_param_array(char[40], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char (*hook)[40], stream,
                  whatever_the_system_does_it_is_as_in_a_model)
{
    assert_like_model(*hook, "4", "40", "at-once");
}
