/* The other suites rely on lab/interpose, lab/guard and tests/support/hooks:
 * they do what their headers promise. */
#include "../support/helpers.h"

#define IO_RESULTS "tests/guarded/io_results"
#define GUARDED    "tests/guarded/final"

TestSuite(lab, .init = enter_scratch, .fini = leave_scratch);

/* ---- lab/interpose ---- */

static unsigned count_lines(const char *text, const char *end)
{
    char **lines = g_strsplit(text, "\n", -1);
    unsigned count = 0;
    for (char **line = lines; *line != NULL; line++)
        if (g_str_has_suffix(*line, end))
            count++;
    g_strfreev(lines);
    return count;
}

Test(lab, every_function_of_the_table_is_replaced)
{
    struct run plain = RUN("tests/interposed", "");
    struct run guarded = RUN("tests/guarded/interposed", "");
    assert_ended(&plain, 0);
    assert_ended(&guarded, 0);
    unsigned count = count_lines(guarded.text, ": program");
    assert_run(&guarded,
               count > 0 && count_lines(guarded.text, ": system") == 0,
               "lines on stdout, and none with ': system'");
    /* With make coverage, every program replaces TerminateProcess. */
    unsigned own = strstr(plain.text, "TerminateProcess: program") != NULL;
    assert_run(&plain,
               count_lines(plain.text, ": system") == count - own &&
                   count_lines(plain.text, ": program") == own,
               "on stdout %u lines with ': system' and %u with ': program'",
               (unsigned)(count - own), (unsigned)own);
}

/* tools/read_only.py has changed these two programs: their import table is
 * read-only, as newer linkers leave it in every program. */
Test(lab, a_read_only_import_table_is_made_writable)
{
    struct run layers = RUN("tests/read-only/interposed", "");
    assert_ended(&layers, 0);
    assert_run(&layers,
               count_lines(layers.text, ": program") > 0 &&
                   count_lines(layers.text, ": system") == 0,
               "only lines that end in ': program'");
    struct run probe =
        RUN("tests/read-only/stream_end",
            "a_wait_without_a_limit_lasts_longer_than_49_days", "synchronous");
    assert_ended(&probe, 0);
    run_clear(&layers);
    run_clear(&probe);
}

struct failure {
    char hook[48], tried[24];
    unsigned error;
};

ParameterizedTestParameters(lab, the_kth_call_of_a_function_fails)
{
    static struct failure failures[] = {
        {"fail:CreateFileW:1:5", "open", 5},
        {"fail:CreateIoCompletionPort:1:1450", "create", 1450},
        {"fail:CreateIoCompletionPort:2:87", "bind", 87},
        {"bind:87", "bind", 87},
        {"fail:_beginthreadex:3:164", "create", 164},
        {"thread:3:164", "create", 164},
        {"fail:ReadFile:9:1117", "read", 1117},
        {"fail:9:1117", "read", 1117},
        {"fail-from:ReadFile:9:1117", "read", 1117},
        {"fail:CloseHandle:1:6", "close", 6},
        {"fail-from:PostQueuedCompletionStatus:1:1450", "post to", 1450},
        {"fail:GetQueuedCompletionStatus:1:735", "take a packet from", 735},
        {"no-packet:735", "take a packet from", 735},
        {"none,fail:malloc:1:0", "allocate", 8},
        {"fail:malloc:2:0", "allocate", 8},
        {"fail:calloc:1:0", "allocate", 8},
        {"fail:calloc:2:0", "create", 8},
        {"fail:memory:1:0", "allocate", 8},
    };
    return cr_make_param_array(struct failure, failures,
                               G_N_ELEMENTS(failures));
}

ParameterizedTest(struct failure *failure, lab,
                  the_kth_call_of_a_function_fails)
{
    make_file("file", 3000001);
    /* Whether the reader posts a block to the port depends on when a worker
     * sees the end of the file. The posts that make the workers exit always
     * come. */
    struct run run = RUN_HOOKED(GUARDED, failure->hook, "--threads", "4",
                                "--block", "64K", "--depth", "64", "file");
    assert_error(&run, failure->tried, failure->error);
}

ParameterizedTestParameters(lab, a_setting_that_is_not_understood_is_reported)
{
    static char hooks[][24] = {"shrot",     "none,shrot",    "none,",
                               "short:x",   "fail:Raed:1:5", "fail:1:5:2:7",
                               "packet:1:", "fail:1:5x"};
    return cr_make_param_array(char[24], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[24], lab,
                  a_setting_that_is_not_understood_is_reported)
{
    make_file("file", 100);
    struct run run = RUN_HOOKED(GUARDED, hook, "file");
    assert_run(
        &run, ended_with(&run, 1) && g_str_has_prefix(run.err, "HOOK: '"),
        "exit status 1, and only a line that begins with HOOK: ' on stderr");
}

/* ---- What no layer follows ---- */

#define OUTSIDE "lab/outside"

/* A layer in use: a variable, and its value. */
static const char *const tools[][2] = {
    {"IO", "pending"}, {"CHECK", "1"}, {"TRACE", "rec"}};

/* Runs the program as a learner does, with all that the lab says. */
static struct run run_with(const char *const tool[2], const char *program,
                           const char *argument)
{
    make_file("file", 1000);
    g_unsetenv("LAB");
    g_setenv(tool[0], tool[1], TRUE);
    struct run run = RUN(program, argument);
    g_unsetenv(tool[0]);
    g_setenv("LAB", "quiet", TRUE);
    return run;
}

/* `names` is what the line must name; "" for no line. */
static void assert_names(const struct run *run, const char *names)
{
    char *wanted = g_strdup_printf("lab: also calls %s: not followed", names);
    const char *found = strstr(run->err, wanted);
    bool again = found != NULL && strstr(found + 1, wanted) != NULL;
    if (*names == '\0')
        assert_run(run, strstr(run->err, "lab:") == NULL,
                   "no line 'lab:' on stderr");
    else
        assert_run(run, found != NULL && !again, "once '%s' on stderr", wanted);
    g_free(wanted);
}

Test(lab, what_no_layer_follows_is_named_once)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tools); i++) {
        struct run run = run_with(tools[i], OUTSIDE, "imported");
        assert_names(&run, "RegisterWaitForSingleObject");
        assert_shows(&run, "main: registered\n");
        run_clear(&run);
        run = run_with(tools[i], OUTSIDE, "asked");
        assert_names(&run, "NtReadFile");
        run_clear(&run);
    }
    /* The lab imports this function, too. */
    struct run run = run_with(tools[0], OUTSIDE, "lock");
    assert_names(&run, "LockFileEx");
    run_clear(&run);
    run = run_with(tools[0], OUTSIDE, "number");
    assert_shows(&run, "main: no such number\n");
    run_clear(&run);
}

/* What the lab itself calls is not named. */
Test(lab, nothing_is_named_if_all_is_followed)
{
    static const char *const programs[] = {"lab/step5-readfile", "lab/final",
                                           "lab/copy"};
    for (size_t i = 0; i < G_N_ELEMENTS(tools); i++)
        for (size_t j = 0; j < G_N_ELEMENTS(programs); j++) {
            struct run run = run_with(tools[i], programs[j], "file");
            assert_names(&run, "");
            run_clear(&run);
        }
}

Test(lab, a_function_found_by_its_name_is_followed)
{
    struct run run = run_with(tools[0], OUTSIDE, "name");
    assert_run(&run,
               strcmp(run.text, "main: pending\nmain: 100 bytes\n"
                                "main: pending\nmain: 100 bytes\n") == 0 &&
                   strstr(run.err, "IO=pending: 2 reads held, then completed"),
               "two reads that are held");
    run_clear(&run);
}

/* They are started in four ways. None of them inherits a variable. */
Test(lab, child_processes_run_as_without_the_lab)
{
    g_setenv("TRACE_RECORDS", "1000", TRUE);
    for (size_t i = 0; i < G_N_ELEMENTS(tools); i++) {
        struct run run = run_with(tools[i], OUTSIDE, "children");
        assert_run(&run,
                   strcmp(run.text, "main: child\nmain: child\nmain: child\n"
                                    "main: child\n") == 0,
                   "4 times 'main: child'");
        run_clear(&run);
    }
}

/* ---- What the READMEs say of it ---- */

static GHashTable *new_set(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static GHashTable *followed_by(const char *const tool[2])
{
    GHashTable *names = new_set();
    make_file("file", 1000);
    g_setenv("LAB", "follows", TRUE);
    g_setenv(tool[0], tool[1], TRUE);
    struct run run = RUN("lab/step1-create", "file");
    g_unsetenv(tool[0]);
    g_setenv("LAB", "quiet", TRUE);
    char **lines = g_strsplit(run.err, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (g_str_has_prefix(*line, "lab: follows "))
            g_hash_table_add(names, g_strdup(*line + strlen("lab: follows ")));
    g_strfreev(lines);
    run_clear(&run);
    cr_assert_gt(g_hash_table_size(names), 20, "wanted: many names");
    return names;
}

/* The names in the first column of the table in this section. */
static GHashTable *named_in(const char *readme, const char *heading)
{
    GHashTable *names = new_set();
    char *text = read_text(readme);
    const char *section = strstr(text, heading);
    cr_assert_not_null(section, "wanted: '%s' in %s", heading, readme);
    char **lines = g_strsplit(section, "\n", -1);
    for (char **line = lines + 1;
         *line != NULL && !g_str_has_prefix(*line, "## "); line++) {
        char **columns = g_strsplit(*line, "|", 3);
        char **words =
            g_strsplit(g_strv_length(columns) == 3 ? columns[1] : "", "`", -1);
        for (guint i = 1; i < g_strv_length(words); i += 2)
            g_hash_table_add(names, g_strdup(words[i]));
        g_strfreev(words);
        g_strfreev(columns);
    }
    g_strfreev(lines);
    g_free(text);
    return names;
}

static void assert_all_in(GHashTable *subset, GHashTable *set,
                          const char *where)
{
    GHashTableIter at;
    gpointer name;
    g_hash_table_iter_init(&at, subset);
    while (g_hash_table_iter_next(&at, &name, NULL))
        cr_assert(g_hash_table_contains(set, name), "%s is not %s",
                  (const char *)name, where);
}

Test(lab, the_readme_of_the_modes_names_what_they_follow)
{
    GHashTable *followed = followed_by(tools[0]);
    GHashTable *named =
        named_in("lab/modes/README.md", "## Which calls do the modes follow?");
    assert_all_in(followed, named, "named in the README");
    assert_all_in(named, followed, "followed");
    g_hash_table_destroy(followed);
    g_hash_table_destroy(named);
}

/* ---- tests/support/hooks ---- */

static void assert_answers(const char *hook, const char *skip,
                           const char *wanted)
{
    make_file("file", 1000);
    struct run run = RUN_HOOKED(IO_RESULTS, hook, "file", skip);
    assert_ended(&run, 0);
    assert_run(&run, strstr(run.text, wanted), "%s", wanted);
    run_clear(&run);
}

Test(lab, the_kth_call_fails_or_each_call_from_it_on)
{
    assert_answers("fail:ReadFile:1:5,fail:WriteFile:2:112", NULL,
                   "main: read: failed, error 5\n"
                   "main: read across the end: queued\n"
                   "main: write: queued\n");
    assert_answers("fail-from:ReadFile:2:5,fail:WriteFile:1:112", NULL,
                   "main: read: queued\n"
                   "main: read across the end: failed, error 5\n"
                   "main: write: failed, error 112\n"
                   "main: read with an event: failed, error 5\n");
    assert_answers("fail-from:ReadFile:2:5,fail:WriteFile:1:112", NULL,
                   "main: 1 packets\n");
}

/* The bytes are there when the call returns. */
Test(lab, a_handle_that_skips_gets_no_packet)
{
    assert_answers("skip", "skip",
                   "main: read: done, 100 bytes\n"
                   "main: read across the end: done, 50 bytes\n"
                   "main: read at the end: failed, error 38\n"
                   "main: write: done, 100 bytes\n"
                   "main: read with an event: done, 100 bytes\n"
                   "main: 0 of 100 callbacks ran before ReadFile returned\n"
                   "main: 0 packets\n");
}

Test(lab, a_handle_that_does_not_skip_gets_its_packets)
{
    assert_answers("skip", NULL,
                   "main: read: queued\n"
                   "main: read across the end: queued\n"
                   "main: write: queued\n"
                   "main: read with an event: done, 100 bytes\n");
    assert_answers("skip", NULL, "main: 103 packets\n");
}

Test(lab, late_returns_after_the_callback)
{
    assert_answers("late", NULL,
                   "main: 100 of 100 callbacks ran before ReadFile returned\n");
    assert_answers("late,fail:ReadFile:2:5", NULL,
                   "main: read across the end: failed, error 5\n");
}

Test(lab, a_stray_packet_comes_with_a_failure)
{
    assert_answers("stray:2:5", NULL,
                   "main: read across the end: failed, error 5\n");
    assert_answers("stray:2:5", NULL, "main: 103 packets\n");
}

/* ---- lab/guard ---- */

ParameterizedTestParameters(lab, misuse_of_memory_crashes)
{
    static char kinds[][16] = {"overrun",    "read-after",  "write-after",
                               "free-twice", "free-inside", "many-overrun"};
    return cr_make_param_array(char[16], kinds, G_N_ELEMENTS(kinds));
}

ParameterizedTest(char how[16], lab, misuse_of_memory_crashes)
{
    struct run run = RUN("tests/guarded/guard_errors", how);
    assert_ending(&run, CRASHED);
}

static void assert_prints(const char *how, const char *out, const char *err)
{
    struct run run =
        RUN_HOOKED("tests/guarded/guard_errors", "allocations", how);
    assert_run(&run,
               run.ending == EXITED && run.status == 0 &&
                   strcmp(run.text, out) == 0 && strcmp(run.err, err) == 0,
               "'%s', '%s'", out, err);
    run_clear(&run);
}

Test(lab, the_guard_counts_and_fills_memory)
{
    assert_prints("nothing", "", "guard: 2 allocations, 0 not freed\n");
    assert_prints("leak", "", "guard: 2 allocations, 1 not freed\n");
    assert_prints("uninitialized", "a5 00\n",
                  "guard: 2 allocations, 0 not freed\n");
}

/* What cannot be guarded works as without the guard. */
Test(lab, the_guard_has_no_limit)
{
    struct run run = RUN("tests/guarded/guard_errors", "many");
    assert_run(&run,
               run.ending == EXITED && run.status == 0 &&
                   strcmp(run.err,
                          "guard: too many allocations at the same "
                          "time: the further ones are not guarded\n") == 0,
               "exit status 0, and one line 'guard: too many' on stderr");
    run_clear(&run);
    assert_prints("large", "",
                  "guard: allocations of more than 256 MiB are not guarded\n"
                  "guard: 0 allocations, 0 not freed\n");
    assert_prints("grow", "", "guard: 27 allocations, 0 not freed\n");
    assert_prints("threads", "", "guard: 8000 allocations, 0 not freed\n");
}
