/* The checker reports each mistake of the programs in wrong/, with its lines,
 * and reports nothing about the stages and the programs in right/. */
#include "../support/helpers.h"

#include <signal.h>
#include <string.h>

enum { CHECK_FAILED = 66 };

TestSuite(checker, .init = enter_scratch, .fini = leave_scratch);

/* ---- Programs under the checker ---- */

static struct process *start_checked(const char *turn, const char *program,
                                     const char *first, const char *second)
{
    g_setenv("CHECK", turn, TRUE);
    struct process *process =
        start(program, (const char *const[]){first, second, NULL}, NULL, -1,
              WATCHDOG);
    g_unsetenv("CHECK");
    return process;
}

/* The checker's reports with the source lines, as make check prints them. */
static char *reports_of(const struct run *run, const char *program)
{
    const char *build = g_getenv("BUILD");
    char *script = g_strdup_printf("%s/../lab/check/locate.py", build);
    char *exe = g_strdup_printf("%s/%s.exe", build, program);
    char *text = NULL;
    GError *error = NULL;
    GSubprocess *python = g_subprocess_new(
        G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
        "python3", "-B", script, exe, NULL);
    cr_assert(python != NULL &&
                  g_subprocess_communicate_utf8(python, run->err, NULL, &text,
                                                NULL, &error),
              "locate.py: %s", error ? error->message : "");
    g_object_unref(python);
    g_free(script);
    g_free(exe);
    return text;
}

static unsigned count(const char *text, const char *what)
{
    unsigned found = 0;
    for (; (text = strstr(text, what)) != NULL; text++)
        found++;
    return found;
}

/* ---- Mistakes ---- */

/* In the source a comment "<- NAME" is above each line that a report must
 * name. */
static void assert_lines(const char *reports, const char *source,
                         const char *mistake)
{
    char *path = g_strdup_printf("%s/../tests/lab/wrong/%s.c",
                                 g_getenv("BUILD"), source);
    char *arrow = g_strdup_printf("<- %s */", mistake);
    char *text;
    unsigned found = 0;
    read_file(path, &text, NULL);
    char **lines = g_strsplit(text, "\n", -1);
    for (unsigned i = 0; lines[i] != NULL; i++)
        if (strstr(lines[i], arrow) != NULL) {
            char *place = g_strdup_printf("/%s\\.c:%u\\b", source, i + 2);
            cr_assert(g_regex_match_simple(place, reports, 0, 0),
                      "wanted: a report of %s\ngot:\n%s", place, reports);
            g_free(place);
            found++;
        }
    cr_assert(found > 0, "wanted: a line of %s with '%s'\ngot: none", path,
              arrow);
    g_strfreev(lines);
    g_free(text);
    g_free(arrow);
    g_free(path);
}

struct mistake {
    char program[16], name[24], diagnosis[64];
    int status;
    unsigned reports;
};

ParameterizedTestParameters(checker, a_mistake_is_reported_with_its_lines)
{
    static struct mistake mistakes[] = {
        {"overlapped", "reused", "an OVERLAPPED is reused while in flight", 66,
         1},
        {"overlapped", "freed", "an OVERLAPPED is freed while in flight", 66,
         1},
        {"overlapped", "array-freed", "an OVERLAPPED is freed while in flight",
         66, 1},
        {"overlapped", "routine-freed",
         "an OVERLAPPED is freed while in flight", 66, 1},
        {"overlapped", "watch-freed", "a buffer is freed while in flight", 66,
         1},
        {"overlapped", "no-port",
         "an OVERLAPPED in flight is on the stack of a function", 66, 1},
        {"overlapped", "moved", "an OVERLAPPED is moved while in flight", 66,
         1},
        {"overlapped", "on-stack",
         "an OVERLAPPED in flight is on the stack of a function", 66, 1},
        {"overlapped", "thread-ends",
         "an OVERLAPPED in flight is on the stack of a function", 66, 1},
        {"overlapped", "buffer-freed", "a buffer is freed while in flight", 66,
         1},
        {"overlapped", "buffer-shared",
         "a buffer is shared by two requests in flight", 66, 1},
        {"overlapped", "shared-in-turn",
         "a buffer is shared by two requests in flight", 66, 1},
        {"overlapped", "buffer-on-stack",
         "a buffer in flight is on the stack of a function", 66, 1},
        {"overlapped", "never-freed", "a request is never freed", 66, 1},
        {"overlapped", "never-freed-and-busy", "a request is never freed", 66,
         1},
        {"overlapped", "freed-twice", "a request is freed twice", 66, 1},
        {"overlapped", "wrong-packet",
         "the wrong request is freed, not the one", 66, 1},
        {"overlapped", "touched", "a request is touched after it was freed", 66,
         1},
        {"fields", "left-over",
         "an OVERLAPPED field is wrong: OffsetHigh is left over", 66, 1},
        {"fields", "negative",
         "an OVERLAPPED field is wrong: the offset is negative", 66, 1},
        {"fields", "event", "an OVERLAPPED field is wrong: hEvent", 66, 1},
        {"fields", "pipe-offset",
         "an OVERLAPPED field is wrong: the offset is not 0", 66, 1},
        {"handle", "not-overlapped",
         "hint: the bind of a handle without FILE_FLAG_OVERLAPPED", 1, 1},
        {"handle", "plain-with-event",
         "a handle without FILE_FLAG_OVERLAPPED is used with an event", 66, 1},
        {"handle", "bound-twice", "hint: the second bind of a handle fails", 1,
         1},
        {"handle", "no-overlapped",
         "hint: ReadFile is called without an OVERLAPPED", 1, 1},
        {"handle", "never-closed", "a file's handle is never closed", 66, 1},
        {"handle", "used-after-close", "hint: a closed handle is used", 1, 1},
        {"handle", "event-open", "an event's handle is never closed", 66, 1},
        {"handle", "duplicate-open", "a file's handle is never closed", 66, 1},
        {"handle", "closed-connecting", "a handle is closed with I/O in flight",
         66, 1},
        {"handle", "closed-in-flight", "a handle is closed with I/O in flight",
         66, 1},
        {"handle", "port-closed", "a port is closed while 1 thread waits", 66,
         1},
        {"handle", "port-used-on", "a port is closed while a thread still", 66,
         1},
        {"handle", "not-checked",
         "hint: the bind of INVALID_HANDLE_VALUE fails", 1, 1},
        {"packet", "failing-packet", "the packet of a failed I/O is ignored",
         66, 1},
        {"packet", "no-packet",
         "a failed dequeue without a packet is treated as a packet", 66, 1},
        {"packet", "exits-in-flight", "the process ends with I/O in flight", 66,
         3},
        {"packet", "returns-in-flight",
         "an OVERLAPPED in flight is on the stack of a function", 66, 1},
        {"packet", "no-sentinel", "hung: every thread waits for ever", 66, 1},
        {"packet", "dead-worker", "the packet of a failed I/O is ignored", 66,
         2},
        {"packet", "not-taken", "hung: every thread waits for ever", 66, 1},
        {"packet", "everywhere", "hung: every thread waits for ever", 66, 1},
        {"packet", "deadlock", "hung: every thread waits for ever", 66, 1},
    };
    return cr_make_param_array(struct mistake, mistakes,
                               G_N_ELEMENTS(mistakes));
}

ParameterizedTest(struct mistake *mistake, checker,
                  a_mistake_is_reported_with_its_lines)
{
    char *program = g_strconcat("tests/lab/wrong/", mistake->program, NULL);
    char *begin = g_strconcat("checker: ", mistake->diagnosis, NULL);
    make_file("file", 1000);
    struct run run = finish(start_checked("1", program, mistake->name, "file"));
    take_looked_at(&run);
    char *reports = reports_of(&run, program);
    assert_run(&run,
               run.ending != HUNG && run.status == mistake->status &&
                   g_str_has_prefix(reports, begin) &&
                   count(reports, "checker: ") == mistake->reports,
               "'%s', %u reports and status %d", begin, mistake->reports,
               mistake->status);
    assert_lines(reports, mistake->program, mistake->name);
}

Test(checker, the_end_of_the_process_is_no_call)
{
    make_file("file", 1000);
    struct run run = finish(start_checked("1", "tests/lab/wrong/packet",
                                          "returns-in-flight", "file"));
    assert_run(&run,
               strstr(run.err, "had returned before the end of the process") &&
                   strstr(run.err, "before the call") == NULL,
               "on stderr 'before the end of the process', and no call");
}

Test(checker, a_hang_is_reported_with_the_thread_that_waits)
{
    make_file("file", 1000);
    struct run run = finish(
        start_checked("1", "tests/lab/wrong/packet", "dead-worker", "file"));
    assert_run(&run,
               strstr(run.err, "checker: hung") &&
                   strstr(run.err, "waits in WaitForSingleObject") &&
                   run.status == CHECK_FAILED,
               "status %d, and on stderr 'checker: hung' and 'waits in "
               "WaitForSingleObject'",
               CHECK_FAILED);
}

/* The mode has a thread of its own, which is no reason to doubt. */
Test(checker, a_hang_is_reported_in_a_mode)
{
    make_file("file", 1000);
    g_setenv("IO", "pending", TRUE);
    struct run run = finish(
        start_checked("1", "tests/lab/wrong/packet", "dead-worker", "file"));
    g_unsetenv("IO");
    assert_run(&run,
               strstr(run.err, "checker: hung") && run.status == CHECK_FAILED,
               "status %d, and on stderr 'checker: hung'", CHECK_FAILED);
}

/* The program makes 25. */
Test(checker, at_most_24_mistakes_are_reported)
{
    struct run run = finish(
        start_checked("1", "tests/lab/wrong/handle", "in-many-places", "none"));
    assert_run(&run,
               count(run.err, "checker: INVALID_HANDLE_VALUE is closed") ==
                       24 &&
                   count(run.err, "lab: the checker has found too many ") == 1,
               "24 reports, and a line 'lab: ... too many'");
    run_clear(&run);
}

Test(checker, without_check_there_is_no_report)
{
    make_file("file", 1000);
    struct run run = RUN("tests/lab/wrong/handle", "never-closed", "file");
    assert_ended(&run, 0);
}

/* ---- Right programs ---- */

static void assert_silent(const char *program, const char *file, int status)
{
    static const char *const turns[] = {"1", "2", "3"};
    for (unsigned i = 0; i < G_N_ELEMENTS(turns); i++) {
        struct run run = finish(start_checked(turns[i], program, file, NULL));
        take_looked_at(&run);
        assert_ended(&run, status);
        run_clear(&run);
    }
}

static struct criterion_test_params checked_programs(void)
{
    static char programs[][24] = {
        "lab/step1-create",     "lab/step2-bind",     "lab/step3-callback",
        "lab/step4-overlapped", "lab/step5-readfile", "lab/final",
        "lab/compare",          "lab/example1",       "lab/example2"};
    return cr_make_param_array(char[24], programs, G_N_ELEMENTS(programs));
}

ParameterizedTestParameters(checker, a_stage_is_not_reported)
{
    return checked_programs();
}

ParameterizedTest(char program[24], checker, a_stage_is_not_reported)
{
    make_file("file", 1000001);
    make_file("empty", 0);
    assert_silent(program, "file", 0);
    assert_silent(program, "empty", 0);
    assert_silent(program, "missing", 1);
}

ParameterizedTestParameters(checker, a_stage_is_not_reported_in_any_mode)
{
    return checked_programs();
}

ParameterizedTest(char program[24], checker,
                  a_stage_is_not_reported_in_any_mode)
{
    static const char *const modes[] = {"pending",     "sync-eof", "short:1",
                                        "shuffle:1",   "skip",     "slow:1",
                                        "ntfs-cached", "warning"};
    make_file("file", 100001);
    for (unsigned i = 0; i < G_N_ELEMENTS(modes); i++) {
        g_setenv("IO", modes[i], TRUE);
        struct run run = finish(start_checked("1", program, "file", NULL));
        take_looked_at(&run);
        assert_ended(&run, 0);
        run_clear(&run);
    }
    g_unsetenv("IO");
}

Test(checker, a_copy_is_not_reported)
{
    make_file("file", 3000001);
    struct run run = finish(start_checked("1", "lab/copy", "file", "one"));
    take_looked_at(&run);
    assert_ended(&run, 0);
    run = finish(start_checked("2", "lab/copy", "file", "two"));
    take_looked_at(&run);
    assert_ended(&run, 0);
    run = finish(start_checked("2", "lab/copy", "file", "two"));
    take_looked_at(&run);
    assert_ended(&run, 1);
}

ParameterizedTestParameters(checker, a_pipe_is_not_reported)
{
    static char programs[][24] = {"lab/step1-create", "lab/step5-readfile",
                                  "lab/final", "lab/example2"};
    return cr_make_param_array(char[24], programs, G_N_ELEMENTS(programs));
}

ParameterizedTest(char program[24], checker, a_pipe_is_not_reported)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader = start_checked("1", program, name, NULL);
    send_line(feeder, "a piece");
    send_line(feeder, "another");
    send_end(feeder);
    struct run run = finish(reader);
    take_looked_at(&run);
    assert_run(&run, strstr(run.err, "checker") == NULL,
               "no report of the checker on stderr");
}

/* The pipe gets nothing for twice as long as the checker waits for a change. */
Test(checker, a_pending_read_is_no_hang)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader =
        start_checked("1", "lab/step5-readfile", name, NULL);
    expect_line(reader, "main: asking for the first read, then only waiting");
    g_usleep(4 * G_USEC_PER_SEC);
    send_end(feeder);
    struct run run = finish(reader);
    take_looked_at(&run);
    assert_ended(&run, 0);
}

Test(checker, ctrl_c_is_not_reported)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct process *reader = start_checked("1", "lab/final", name, NULL);
    g_free(next_line(reader));
    send_signal(reader, SIGINT);
    struct run run = finish(reader);
    take_looked_at(&run);
    assert_ended(&run, INTERRUPTED);
    send_end(feeder);
}

ParameterizedTestParameters(checker, a_right_program_is_not_reported)
{
    static char programs[][16] = {
        "entries",  "threadpool_io",   "events",       "bind_callback",
        "no_event", "static_requests", "own_port",     "two_writes",
        "styles",   "routines",        "pipe_servers", "directories",
        "owners",   "fibers",          "sections"};
    return cr_make_param_array(char[16], programs, G_N_ELEMENTS(programs));
}

ParameterizedTest(char name[16], checker, a_right_program_is_not_reported)
{
    char *program = g_strconcat("tests/lab/right/", name, NULL);
    make_file("file", 100001);
    make_file("empty", 0);
    assert_silent(program, "file", 0);
    assert_silent(program, "empty", 0);
}

/* ---- Its time ------------------------------------------------------------ */

/* Starts the program with IO=pending, and checks that it ends with this status.
 * Returns the time that it took. */
static gint64 time_of(const char *turn, const char *program, const char *first,
                      const char *second, int status)
{
    gint64 begun = g_get_monotonic_time();
    g_setenv("IO", "pending", TRUE);
    struct run run = finish(start_checked(turn, program, first, second));
    g_unsetenv("IO");
    assert_run(&run, run.ending != HUNG && run.status == status, "status %d",
               status);
    run_clear(&run);
    return g_get_monotonic_time() - begun;
}

/* The checker adds 5 s, and three times the program's own time, at most.
 * An empty CHECK means no checker. */
static void assert_quick(const char *program, const char *first,
                         const char *second, int status)
{
    gint64 own = time_of("", program, first, second, 0);
    gint64 checked = time_of("2", program, first, second, status);
    cr_assert(checked <= 4 * own + 5 * G_USEC_PER_SEC,
              "%s takes %ld ms without the checker, and %ld ms with it",
              program, (long)own / 1000, (long)checked / 1000);
}

Test(checker, thousands_of_requests_in_flight_take_little_time)
{
    make_file("file", 6000);
    assert_quick("tests/lab/right/many", "file", NULL, 0);
    assert_quick("tests/lab/wrong/overlapped", "reused-often", "file",
                 CHECK_FAILED);
}

/* ---- What may still come ------------------------------------------------- */

static struct process *start_woken(const char *check, const char *program,
                                   const char *name)
{
    char *path = g_strconcat("tests/lab/right/", program, NULL);
    struct process *process = start_checked(check, path, name, NULL);
    g_free(path);
    return process;
}

/* One line says where main waits, and what is left of stderr is empty. */
static void assert_woken(struct process *process, const char *name)
{
    struct run run = finish(process);
    take_looked_at(&run);
    assert_run(&run,
               run.status == 0 && count(run.err, "\n") == 1 &&
                   g_regex_match_simple(
                       "^checker: still waiting after 5 s: main in \\w+ at "
                       "\\{0x[0-9a-f]+\\}(; no call for 5 s: thread 1)?\r?$",
                       run.err, G_REGEX_MULTILINE, 0),
               "%s: status 0, and one line 'still waiting'", name);
    run_clear(&run);
}

/* All wait for six seconds, so they do so at the same time; so does a program
 * in which the checker waits in vain. */
Test(checker, what_may_be_woken_is_not_hung)
{
    static const char *const woken[][2] = {
        {"woken_outside", "client"},     {"woken_outside", "change"},
        {"woken_outside", "inherited"},  {"woken_outside", "duplicate"},
        {"woken_outside", "thread"},     {"woken_outside", "other-thread"},
        {"woken_inside", "timer"},       {"woken_inside", "registered"},
        {"woken_inside", "timer-queue"}, {"woken_inside", "pool"},
        {"woken_inside", "queued-call"},
    };
    struct process *processes[G_N_ELEMENTS(woken)];
    struct process *waits = start_woken("waits", "woken_outside", "leaks");
    make_file("file", 8192);
    struct process *spins =
        start_checked("1", "tests/lab/right/spinning", "file", NULL);
    for (unsigned i = 0; i < G_N_ELEMENTS(woken); i++)
        processes[i] = start_woken("1", woken[i][0], woken[i][1]);
    for (unsigned i = 0; i < G_N_ELEMENTS(woken); i++)
        assert_woken(processes[i], woken[i][1]);
    struct run run = finish(waits);
    assert_run(&run,
               run.status == 3 && count(run.err, "\n") == 1 &&
                   g_str_has_prefix(run.err, "checker: still waiting"),
               "with CHECK=waits status 3, and only 'still waiting'");
    run = finish(spins);
    take_looked_at(&run);
    assert_ended(&run, 0);
}

Test(checker, with_waits_no_mistake_is_reported)
{
    make_file("file", 1000);
    struct run run = finish(start_checked("waits", "tests/lab/wrong/handle",
                                          "never-closed", "file"));
    assert_ended(&run, 0);
}

Test(checker, the_last_line_says_what_was_looked_at)
{
    make_file("file", 8192);
    struct run run =
        finish(start_checked("1", "tests/lab/right/own_port", "file", NULL));
    assert_err(&run, "checker: looked at 3 requests, 3 packets, 2 handles\n");
}
