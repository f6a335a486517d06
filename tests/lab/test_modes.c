/* lab/modes: what a program sees of its I/O in each mode. The program is the
 * probe tests/lab/modes.c. Then each stage runs in each mode. */
#include "../support/helpers.h"

#include <string.h>

#define PROBE "lab/modes"

TestSuite(modes, .init = enter_scratch, .fini = leave_scratch);

/* Sets IO, which learners use, and not HOOK, which is only for tests. */
static struct run run_in_mode(const char *mode, const char *program,
                              const char *argument, const char *other)
{
    g_setenv("IO", mode, TRUE);
    struct run run = RUN(program, argument, other);
    g_unsetenv("IO");
    return run;
}

/* ---- What a program sees ---------------------------------------------- */

struct sight {
    const char *mode;
    const char *seen;   /* a case of the probe */
    const char *wanted; /* what the probe prints in this case */
};

static void assert_sees(const struct sight *sight)
{
    make_file("file", 1000);
    struct run run = run_in_mode(sight->mode, PROBE, sight->seen, NULL);
    assert_ended(&run, 0);
    cr_assert(strcmp(run.text, sight->wanted) == 0, "IO=%s: wanted:\n%s\n%s",
              sight->mode, sight->wanted, describe(&run));
    run_clear(&run);
}

#define assert_each(sights)                                                    \
    for (size_t i = 0; i < G_N_ELEMENTS(sights); i++)                          \
    assert_sees(&(sights)[i])

#define SAYS(line)   "main: " line "\n"
#define CALLED(line) "main: callback: " line "\n"
#define DATA         SAYS("bytes: 00000000000064: ")
#define NO_DATA      SAYS("bytes: ")
#define NO_MORE      SAYS("no more packets")
#define WELL         SAYS("packet: error 0, 100 bytes, status 00000000")
#define AT_END       SAYS("packet: error 38, 0 bytes, status c0000011")
#define ABORTED      SAYS("packet: error 995, 0 bytes, status c0000120")
#define HELD         SAYS("error 997, pending")
#define IMMEDIATE    SAYS("TRUE, not pending, 100 bytes")
#define ENDED        SAYS("result: error 0, 100 bytes")

/* On Windows both may print other lines than under Wine, so this test only
 * compares them. */
Test(modes, wine_changes_nothing)
{
    static const char *const cases[] = {"read", "end",   "skip",   "event",
                                        "bind", "order", "silent", "pool"};
    make_file("file", 1000);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        struct run plain = RUN("tests/modes", cases[i]);
        struct run lab = run_in_mode("wine", PROBE, cases[i], NULL);
        assert_ended(&lab, 0);
        assert_string(lab.text, plain.text);
        run_clear(&plain);
        run_clear(&lab);
    }
}

Test(modes, pending_completes_later_by_a_packet)
{
    static const struct sight sights[] = {
        {"pending", "read", HELD WELL NO_MORE DATA},
        {"pending", "end", HELD AT_END NO_MORE NO_DATA},
        {"pending", "skip", HELD WELL NO_MORE DATA},
        {"pending", "write",
         HELD SAYS("packet: error 0, 7 bytes, status 00000000")
             NO_MORE HELD WELL SAYS("bytes: written0000000: ")},
        {"slow:20,pending", "read", HELD WELL NO_MORE DATA},
        {"shuffle:1", "read", HELD WELL NO_MORE DATA},
    };
    assert_each(sights);
}

Test(modes, pending_completes_later_without_a_port)
{
    static const struct sight sights[] = {
        {"pending", "event",
         HELD SAYS("event: not set") SAYS("event: set") ENDED DATA},
        {"pending", "event-end",
         HELD SAYS("event: not set") SAYS("event: set")
             SAYS("result: error 38, 0 bytes") NO_DATA},
        {"pending", "silent", HELD SAYS("event: set") ENDED NO_MORE},
        {"pending", "handle", HELD SAYS("file: set") ENDED DATA},
        {"pending", "result",
         HELD SAYS("result: error 996, 0 bytes") ENDED DATA},
        {"pending", "spin", HELD ENDED},
        {"shuffle:1", "spin", HELD ENDED},
    };
    assert_each(sights);
}

Test(modes, pending_completes_later_in_the_systems_pools)
{
    static const struct sight sights[] = {
        {"pending", "bind",
         HELD CALLED("error 0, 100 bytes, status 00000000") CALLED("set") DATA},
        {"pending", "bind-end",
         HELD CALLED("error 38, 0 bytes, status c0000011") CALLED("set")
             NO_DATA},
        {"pending", "pool",
         HELD CALLED("error 0, 100 bytes, status 00000000") DATA},
        {"pending", "pool-end",
         HELD CALLED("error 38, 0 bytes, status c0000011") NO_DATA},
    };
    assert_each(sights);
}

Test(modes, a_pending_io_can_be_cancelled)
{
    static const struct sight sights[] = {
        {"pending", "cancel",
         HELD SAYS("cancel: error 0") ABORTED SAYS("cancel: error 1168")
             NO_MORE},
        {"slow:60000", "cancel", /* longer than the watchdog waits */
         HELD SAYS("cancel: error 0") ABORTED SAYS("cancel: error 1168")
             NO_MORE},
        {"pending", "cancel-thread",
         HELD SAYS("cancel: error 0") ABORTED NO_MORE},
        {"pending", "cancel-event",
         HELD SAYS("cancel: error 0") SAYS("event: set")
             SAYS("result: error 995, 0 bytes")},
        {"pending", "close", HELD ABORTED NO_MORE},
        {"pending", "bind-cancel",
         HELD SAYS("cancel: error 0") CALLED(
             "error 995, 0 bytes, status c0000120") CALLED("set") NO_DATA},
        {"pending", "pool-cancel",
         HELD SAYS("cancel: error 0")
             CALLED("error 995, 0 bytes, status c0000120") NO_DATA},
    };
    assert_each(sights);
}

Test(modes, slow_completes_after_its_time)
{
    static const struct sight sights[] = {
        {"slow:1000", "result-in-time",
         HELD SAYS("in 1 ms: error 258") SAYS("at last: error 0, 100 bytes")},
    };
    gint64 start = g_get_monotonic_time();
    assert_each(sights);
    gint64 took = g_get_monotonic_time() - start;
    cr_assert_geq(took, G_TIME_SPAN_SECOND,
                  "wanted: a second or more\ngot: %" G_GINT64_FORMAT " us",
                  took);
}

Test(modes, sync_eof_sends_no_packet)
{
    static const struct sight sights[] = {
        {"sync-eof", "end", SAYS("error 38, pending") NO_MORE NO_DATA},
        {"sync-eof", "event-end",
         SAYS("error 38, pending") SAYS("event: not set")},
        {"sync-eof", "bind-end", SAYS("error 38, pending") NO_DATA},
        {"sync-eof", "pool-end", SAYS("error 38, pending") NO_DATA},
        {"sync-eof,pending", "end", SAYS("error 38, pending") NO_MORE NO_DATA},
        {"sync-eof,pending", "read", HELD WELL NO_MORE DATA},
    };
    assert_each(sights);
}

Test(modes, a_warning_sends_a_packet)
{
    static const struct sight sights[] = {
        {"warning", "read", SAYS("error 234, not pending") WELL NO_MORE DATA},
        {"warning", "end",
         SAYS("error 997, not pending") AT_END NO_MORE NO_DATA},
    };
    assert_each(sights);
}

Test(modes, ntfs_cached_returns_true_and_sends_a_packet)
{
    static const struct sight sights[] = {
        {"ntfs-cached", "read", IMMEDIATE WELL NO_MORE DATA},
        {"ntfs-cached", "silent", IMMEDIATE SAYS("event: set") ENDED NO_MORE},
        {"ntfs-cached", "event",
         IMMEDIATE SAYS("event: set") SAYS("event: set") ENDED DATA},
        {"ntfs-cached", "handle", IMMEDIATE SAYS("file: set") ENDED DATA},
        {"ntfs-cached", "bind",
         IMMEDIATE CALLED("error 0, 100 bytes, status 00000000") CALLED("set")
             DATA},
        {"ntfs-cached", "pool",
         IMMEDIATE CALLED("error 0, 100 bytes, status 00000000") DATA},
    };
    assert_each(sights);
}

/* On a handle that skips, a program takes TRUE as the completion. So
 * ntfs-cached, which sends a packet too, must leave such a handle alone. */
Test(modes, skip_sends_no_packet_on_a_handle_that_skips)
{
    static const struct sight sights[] = {
        {"skip", "skip", IMMEDIATE NO_MORE DATA},
        {"skip", "skip-end", SAYS("error 38, pending") NO_MORE NO_DATA},
        {"skip", "silent", IMMEDIATE SAYS("event: set") ENDED NO_MORE},
        {"skip", "read", IMMEDIATE WELL NO_MORE DATA},
        {"skip", "pool",
         IMMEDIATE CALLED("error 0, 100 bytes, status 00000000") DATA},
    };
    assert_each(sights);
    make_file("file", 1000);
    struct run run = run_in_mode("ntfs-cached", PROBE, "skip", NULL);
    assert_shows(&run, WELL NO_MORE);
}

Test(modes, packet_and_cancel_change_one_io)
{
    static const struct sight sights[] = {
        {"cancel:1", "skip", HELD ABORTED NO_MORE NO_DATA},
        {"cancel:1", "event",
         HELD SAYS("event: not set") SAYS("event: set")
             SAYS("result: error 995, 0 bytes") NO_DATA},
        {"cancel:2,pending", "read", HELD WELL NO_MORE DATA},
        {"packet:1:0xC000009C:7,pending", "read",
         HELD SAYS("packet: error 23, 7 bytes, status c000009c") NO_MORE DATA},
        {"packet:1:38:0,pending", "read", HELD AT_END NO_MORE DATA},
        {"packet:2:38:0,pending", "read", HELD WELL NO_MORE DATA},
        {"packet:1:38:0,pending", "pool",
         HELD CALLED("error 0, 100 bytes, status 00000000") DATA},
        {"fail:ReadFile:1:5", "read", SAYS("error 5, pending") NO_MORE NO_DATA},
        {"fail-from:ReadFile:1:5", "pool", SAYS("error 5, pending") NO_DATA},
    };
    assert_each(sights);
}

/* ---- Every way to bind, to wait, to be called back ---------------------- */

Test(modes, the_port_may_be_created_and_bound_by_one_call)
{
    static const struct sight sights[] = {
        {"pending", "one-call", HELD WELL NO_MORE DATA},
        {"shuffle:1", "one-call", HELD WELL NO_MORE DATA},
        {"slow:1", "one-call", HELD WELL NO_MORE DATA},
        {"ntfs-cached", "one-call", IMMEDIATE WELL NO_MORE DATA},
    };
    assert_each(sights);
}

#define SET     SAYS("wait: set")
#define NOT_SET SAYS("wait: not set")
#define ROUTINE(line)                                                          \
    SAYS("routine: " line ", hEvent unchanged") SAYS("waits alertably: 192")
#define STARTED SAYS("TRUE, pending")

Test(modes, every_kind_of_wait_waits_for_held_io)
{
    static const char waits[] =
        HELD SET HELD SET HELD SET HELD SET HELD SET HELD NOT_SET SET HELD SET;
    static const struct sight sights[] = {
        {"pending", "waits", waits},
        {"shuffle:1", "waits", waits},
        {"slow:1", "waits", waits},
        {"pending", "locks", HELD HELD ENDED},
    };
    assert_each(sights);
}

Test(modes, expire_ends_a_wait_that_has_a_timeout)
{
    static const struct sight sights[] = {
        {"expire:1", "expiry",
         SAYS("look: set") SAYS("no limit: set") SAYS("limit 1: not set")
             SAYS("limit 2: set")},
        {"expire:2", "expiry",
         SAYS("look: set") SAYS("no limit: set") SAYS("limit 1: set")
             SAYS("limit 2: not set")},
    };
    assert_each(sights);
}

Test(modes, a_completion_routine_runs_in_an_alertable_wait)
{
    static const struct sight sights[] = {
        {"pending", "routine",
         STARTED SAYS("waits: 0") ROUTINE("error 0, 100 bytes") DATA},
        {"pending", "routine-end",
         STARTED SAYS("waits: 0") ROUTINE("error 38, 0 bytes") NO_DATA},
        {"pending", "routine-cancel",
         STARTED SAYS("waits: 0") ROUTINE("error 995, 0 bytes") NO_DATA},
        {"pending", "routine-write",
         STARTED ROUTINE("error 0, 7 bytes") STARTED ROUTINE(
             "error 0, 100 bytes") SAYS("bytes: written0000000: ")},
        {"sync-eof", "routine-end", SAYS("error 38, pending")},
    };
    assert_each(sights);
    make_file("file", 1000);
    struct run run = run_in_mode("short", PROBE, "routine", NULL);
    assert_shows(&run, ROUTINE("error 0, 33 bytes"));
}

Test(modes, handles_may_be_duplicated_reused_and_many)
{
    static const struct sight sights[] = {
        {"pending", "duplicate", HELD ENDED HELD ENDED DATA},
        {"pending", "reopened", IMMEDIATE DATA},
        {"pending", "many-files", HELD SAYS("file: set") ENDED DATA},
    };
    assert_each(sights);
}

/* ---- What the mode did -------------------------------------------------- */

struct summary {
    const char *mode, *seen, *wanted;
};

static void assert_summary(const struct summary *summary)
{
    make_file("file", 1000);
    g_unsetenv("LAB");
    struct run run = run_in_mode(summary->mode, PROBE, summary->seen, NULL);
    g_setenv("LAB", "quiet", TRUE);
    char *wanted =
        g_strdup_printf("IO=%s: %s\n", summary->mode, summary->wanted);
    assert_run(&run, strcmp(run.err, wanted) == 0, "%s on stderr", wanted);
    g_free(wanted);
    run_clear(&run);
}

Test(modes, a_line_at_the_end_says_what_the_mode_did)
{
    static const struct summary summaries[] = {
        {"wine", "read", "nothing was changed"},
        {"pending", "write", "1 read and 1 write held, then completed"},
        {"pending", "order", "8 reads held, then completed"},
        {"pending", "reopened", "no I/O could be held"},
        {"slow:60000", "left", "1 read held, 1 of them not yet completed"},
        {"short", "order", "8 of 8 reads shortened"},
        {"sync-eof", "event-end", "1 read at the end failed immediately"},
        {"sync-eof", "read", "no read at the end of a file came"},
        {"skip", "skip", "1 I/O completed immediately, 1 without a packet"},
        {"skip", "read", "1 I/O completed immediately; no packet was skipped"},
        {"ntfs-cached", "read", "1 I/O completed immediately"},
        {"warning", "read", "1 read returned the warning 234"},
        {"cancel:1", "read", "the 1st I/O was cancelled"},
        {"packet:3:38:0", "read", "no 3rd packet came"},
        {"fail:ReadFile:1:5", "read",
         "the 1st call of ReadFile failed with error 5"},
        {"fail-from:SetEvent:12:5", "read", "no 12th call of SetEvent came"},
        {"pending,short", "order",
         "8 reads held, then completed; 8 of 8 reads shortened"},
        /* Other ends of the process. */
        {"pending", "exit-process", "1 read held, then completed"},
        {"pending", "terminate", "1 read held, then completed"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(summaries); i++)
        assert_summary(&summaries[i]);
}

Test(modes, a_crash_prints_no_line)
{
    g_unsetenv("LAB");
    make_file("file", 1000);
    struct run run = run_in_mode("pending", PROBE, "crash", NULL);
    assert_ending(&run, CRASHED);
    cr_assert_null(strstr(run.err, "IO="), "%s", run.err);
    run_clear(&run);
}

/* ---- Sequences that a seed decides ------------------------------------ */

static unsigned lines_with(const char *text, const char *what)
{
    unsigned count = 0;
    while ((text = strstr(text, what)) != NULL) {
        count++;
        text++;
    }
    return count;
}

static char *output_of(const char *mode, const char *seen)
{
    make_file("file", 1000);
    struct run run = run_in_mode(mode, PROBE, seen, NULL);
    assert_ended(&run, 0);
    char *text = g_strdup(run.text);
    run_clear(&run);
    return text;
}

static void assert_order(const char *one, const char *other, bool same,
                         const char *seen)
{
    char *first = output_of(one, seen), *second = output_of(other, seen);
    cr_assert_eq(strcmp(first, second) == 0, same,
                 "wanted: %s\ngot: IO=%s:\n%s\nIO=%s:\n%s",
                 same ? "the same output twice" : "two outputs that differ",
                 one, first, other, second);
    g_free(first);
    g_free(second);
}

Test(modes, shuffle_has_one_order_for_each_seed)
{
    assert_order("shuffle:1", "shuffle:1", true, "order");
    assert_order("shuffle:1", "shuffle:2", false, "order");
    assert_order("shuffle:1", "shuffle:1", true, "entries");
    assert_order("shuffle:1", "pending", false, "order");
    char *text = output_of("shuffle:1", "order");
    for (int number = 0; number < 8; number++) {
        char *line = g_strdup_printf("main: read %d: 100 bytes\n", number);
        cr_assert_eq(lines_with(text, line), 1, "wanted: once %sgot:\n%s", line,
                     text);
        g_free(line);
    }
    g_free(text);
}

Test(modes, short_has_one_sequence_of_lengths_for_each_seed)
{
    assert_order("short:1", "short:1", true, "order");
    assert_order("short:1", "short:2", false, "order");
    char *text = output_of("short", "order");
    cr_assert_eq(lines_with(text, ": 33 bytes"), 8,
                 "wanted: 8 times ': 33 bytes'\ngot:\n%s", text);
    g_free(text);
    text = output_of("short:1", "order");
    cr_assert(lines_with(text, " bytes") == 8 && !strstr(text, ": 0 bytes"),
              "wanted: 8 times ' bytes', and never ': 0 bytes'\ngot:\n%s",
              text);
    g_free(text);
}

/* ---- Settings that are not understood --------------------------------- */

ParameterizedTestParameters(modes, a_setting_that_is_not_understood_is_reported)
{
    static char lines[][80] = {
        "shrot|IO: 'shrot' is not understood\n",
        "pending,shrot|IO: 'shrot' is not understood\n",
        "short:x|IO: 'x' is not understood\n",
        "reverse|IO: 'reverse' is not understood\n",
        "slow|IO: 'slow' is written slow:MS\n",
        "skip:1|IO: 'skip' takes no number\n",
        "packet:1:5|IO: 'packet' is written packet:K:STATUS:BYTES\n",
        "pending,skip|IO: 'skip' contradicts an earlier setting\n",
    };
    return cr_make_param_array(char[80], lines, G_N_ELEMENTS(lines));
}

ParameterizedTest(char line[80], modes,
                  a_setting_that_is_not_understood_is_reported)
{
    char **parts = g_strsplit(line, "|", 2);
    make_file("file", 1000);
    struct run run = run_in_mode(parts[0], "lab/final", "file", NULL);
    bool is_reported = ended_with(&run, 1) && strcmp(run.text, "") == 0 &&
                       strcmp(run.err, parts[1]) == 0;
    assert_run(&run, is_reported, "%s", parts[1]);
    run_clear(&run);
    g_strfreev(parts);
}

/* ---- Every program in every mode -------------------------------------- */

ParameterizedTestParameters(modes, every_program_runs_in_every_mode)
{
    static char modes[][32] = {"wine",
                               "pending",
                               "sync-eof",
                               "short:1",
                               "shuffle:1",
                               "ntfs-cached",
                               "skip",
                               "slow:1",
                               "pending,short:2,sync-eof",
                               "shuffle:2,short:3,sync-eof",
                               "skip,short:4,sync-eof"};
    return cr_make_param_array(char[32], modes, G_N_ELEMENTS(modes));
}

/* Unless reads are short, a step prints the same as without the lab. In step 5
 * main or a worker prints that the file has ended. */
static void assert_step(const char *mode, const char *stage)
{
    char *program = g_strconcat("lab/", stage, NULL);
    struct run run = run_in_mode(mode, program, "file", NULL);
    assert_ended(&run, 0);
    if (strcmp(stage, "step5-readfile") == 0) {
        assert_shows(&run, "main: done: 300001 bytes in ");
    } else if (strstr(mode, "short") == NULL) {
        struct run plain = RUN(stage, "file");
        assert_text(&run, plain.text);
        run_clear(&plain);
    }
    run_clear(&run);
    g_free(program);
}

static void assert_same_bytes(const char *mode, const void *bytes, size_t size)
{
    char *wanted;
    gsize length;
    read_file("file", &wanted, &length);
    cr_assert(
        length == size && memcmp(wanted, bytes, size) == 0,
        "wanted: under IO=%s the %u bytes of the file\ngot: other bytes, %u",
        mode, (unsigned)length, (unsigned)size);
    g_free(wanted);
}

static void assert_copies(const char *mode)
{
    char *copy;
    gsize length;
    struct run run = run_in_mode(mode, "lab/copy", "file", "copy");
    assert_ended(&run, 0);
    read_file("copy", &copy, &length);
    assert_same_bytes(mode, copy, length);
    g_free(copy);
    run_clear(&run);
}

ParameterizedTest(char mode[32], modes, every_program_runs_in_every_mode)
{
    make_file("file", 300001);
    for (size_t i = 0; i < 5; i++)
        assert_step(mode, stages[i]);
    struct run run = run_in_mode(mode, "lab/final", "--cat", "file");
    gsize length;
    const void *bytes = g_bytes_get_data(run.out, &length);
    assert_ended(&run, 0);
    assert_same_bytes(mode, bytes, length);
    run_clear(&run);
    assert_copies(mode);
    /* compare itself checks that all its ways give the same sums. */
    run = run_in_mode(mode, "lab/compare", "file", NULL);
    assert_ended(&run, 0);
    run_clear(&run);
}
