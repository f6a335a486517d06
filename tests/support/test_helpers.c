/* The helpers themselves: each must notice what it is for. */
#include "explain.h"
#include "helpers.h"

#include <glob.h>

TestSuite(helpers, .init = enter_scratch, .fini = leave_scratch);

Test(helpers, a_hanging_program_is_reported_as_hung_and_ended)
{
    make_file("held", 1);
    struct process *process =
        start("tests/holder", (const char *const[]){"held", NULL}, NULL, -1, 1);
    expect_line(process, "ready");
    struct run run = finish(process); /* its stdin is still open */
    assert_ending(&run, HUNG);
    /* The program has ended: nothing holds the file open. */
    struct run again = RUN("step1-create", "held");
    assert_ended(&again, 0);
}

Test(helpers, a_crash_is_reported_as_a_crash)
{
    struct run run = RUN("tests/crasher", "");
    assert_ending(&run, CRASHED);
}

Test(helpers, exit_status_1_is_not_a_crash)
{
    struct run run = RUN("tests/holder", "nothing");
    assert_ending(&run, EXITED);
    assert_ended(&run, 1);
    cr_assert(!ended_with(&run, 0));
}

/* Without QUIT_BLOCKED in mk/toolchain.mk, four of five runs exit with 0 under
 * Wine 10.0, so it is practically certain that one of ten shows the error. */
Test(helpers, a_program_that_ends_itself_keeps_its_status)
{
    for (int i = 0; i < 10; i++) {
        struct run run = RUN("tests/leaving", "");
        cr_assert(run.ending == EXITED && run.status == 1,
                  "wanted exit status 1: %s", describe(&run));
        run_clear(&run);
    }
}

static struct run a_run(int status, const char *text, const char *err)
{
    return (struct run){.ending = EXITED,
                        .status = status,
                        .text = (char *)text,
                        .err = (char *)err};
}

Test(helpers, a_long_output_is_described_by_its_beginning_and_its_end)
{
    char *middle = g_strnfill(9000, 'x');
    char *text = g_strconcat("first\n", middle, "\nlast\n", NULL);
    struct run run = a_run(0, text, "");
    run.command = (char *)"command";
    char *all = describe(&run);
    cr_assert(strstr(all, "first\nxxx") != NULL &&
                  strstr(all, "xxx\nlast\n") != NULL && strlen(all) < 5000,
              "wanted: 'first', 'last' and not all between\ngot: %s", all);
    g_free(all);
    g_free(text);
    g_free(middle);
}

Test(helpers, ended_with_checks_the_status_and_the_lines_on_stderr)
{
    struct run fine = a_run(0, "", "");
    struct run loud = a_run(0, "", "x\n");
    struct run failed = a_run(1, "", "x\n");
    struct run silent = a_run(1, "", "");
    struct run twice = a_run(1, "", "x\ny\n");
    struct run open = a_run(1, "", "x");
    struct run hung = failed;
    hung.ending = HUNG;
    cr_assert(ended_with(&fine, 0) && !ended_with(&fine, 1));
    cr_assert(!ended_with(&loud, 0));
    cr_assert(ended_with(&failed, 1) && !ended_with(&failed, 2));
    cr_assert(!ended_with(&silent, 1));
    cr_assert(!ended_with(&twice, 1));
    cr_assert(!ended_with(&open, 1));
    cr_assert(!ended_with(&hung, 1));
}

Test(helpers, reports_error_checks_the_operation_and_the_number)
{
    const char *line = "stage: cannot open 'x': Text. (error 5)\n";
    struct run failed = a_run(1, "main: hello\n", line);
    struct run done = a_run(1, "main: done\n", line);
    struct run end = a_run(1, "worker: end of file\n", line);
    cr_assert(reports_error(&failed, "open", 5));
    cr_assert(!reports_error(&failed, "open", 6));
    cr_assert(!reports_error(&failed, "open", 55));
    cr_assert(!reports_error(&failed, "read", 5));
    cr_assert(!reports_error(&done, "open", 5));
    cr_assert(!reports_error(&end, "open", 5));
}

Test(helpers, a_block_matches_only_its_own_lines)
{
    cr_assert(matches_block("a\nb\n", "$ make run\na\nb\n"));
    cr_assert(matches_block("a\n1\n2\nb\n", "a\n...\nb\n"));
    cr_assert(!matches_block("a\n1\n2\nb\nc\n", "a\n...\nb\n"));
    cr_assert(!matches_block("a\n1\n2\n", "a\n...\nb\n"));
    cr_assert(!matches_block("a\n", "a\nb\n"));
    cr_assert(!matches_block("a\n\nb\n", "a\n"));
    cr_assert(!matches_block("a\nb\n", "a\n"));
}

/* ---- The settings in HOOK and IO ---------------------------------------- */

/* Expects a sentence for each setting that the pattern finds; returns how many.
 */
static unsigned expect_explained(const char *path, const char *pattern,
                                 const char *text)
{
    GRegex *regex = g_regex_new(pattern, 0, 0, NULL);
    GMatchInfo *match;
    unsigned count = 0;
    for (g_regex_match(regex, text, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        char *setting = g_match_info_fetch(match, 1);
        cr_expect(
            is_explained(setting),
            "wanted: a sentence for '%s' of %s in tests/support/explain.c\n"
            "got: none",
            setting, path);
        count++;
        g_free(setting);
    }
    g_match_info_free(match);
    g_regex_unref(regex);
    return count;
}

/* The same in a table of the source: from "known[] = {" to "};". */
static void expect_table(const char *path, const char *begin,
                         const char *pattern)
{
    char *text = read_text(path);
    char *table = strstr(text, begin);
    char *end = table != NULL ? strstr(table, "};") : NULL;
    cr_assert_not_null(end, "wanted: '%s' in %s\ngot: none", begin, path);
    *end = '\0';
    unsigned settings = expect_explained(path, pattern, table);
    cr_expect_gt(settings, 3, "wanted: settings in '%s' of %s\ngot: %u", begin,
                 path, settings);
    g_free(text);
}

Test(helpers, every_setting_in_the_tables_of_a_layer_is_explained)
{
    expect_table("tests/support/hooks/hooks.c", "known[] = {", "\"([^\"]+)\"");
    expect_table("lab/modes/modes.c", "modes[] = {", "\\{\"([^\"]+)\"");
    expect_table("lab/interpose/settings.c", "abbreviations[] = {",
                 "\\{\"([^\"]+)\"");
}

/* A layer calls find_setting("name") for each setting of its own. */
Test(helpers, every_setting_that_a_layer_looks_for_is_explained)
{
    static const char *const patterns[] = {"lab/*/*.c",
                                           "tests/support/hooks/*.c"};
    unsigned settings = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(patterns); i++) {
        glob_t found = {0};
        char *top = g_strconcat(g_getenv("BUILD"), "/../", NULL);
        char *pattern = g_strconcat(top, patterns[i], NULL);
        glob(pattern, 0, NULL, &found);
        for (size_t j = 0; j < found.gl_pathc; j++) {
            const char *path = found.gl_pathv[j] + strlen(top);
            char *text = read_text(path);
            settings +=
                expect_explained(path, "find_setting\\(\"([^\"]+)\"\\)", text);
            g_free(text);
        }
        globfree(&found);
        g_free(pattern);
        g_free(top);
    }
    cr_expect_gt(settings, 20, "wanted: more than 20 settings\ngot: %u",
                 settings);
}

static void assert_explained(const char *setting, const char *meaning)
{
    char *wanted = g_strdup_printf("HOOK=%s: %s\n", setting, meaning);
    char *got = explain_settings("HOOK", setting);
    assert_string(got, wanted);
    g_free(got);
    g_free(wanted);
}

Test(helpers, a_setting_is_explained_with_its_numbers)
{
    assert_explained("fail:ReadFile:3:112",
                     "the third call of ReadFile fails with error 112");
    assert_explained("fail:2:5",
                     "the second call of ReadFile fails with error 5");
    assert_explained("fail-from:CreateFileW:1:5",
                     "the first call of CreateFileW and each call after it "
                     "fail with error 5");
    assert_explained("packet:21:0xC000009C:7",
                     "the 21st packet reports status 0xC000009C and 7 bytes");
    assert_explained("cancel:12",
                     "the 12th I/O is cancelled: error 995 and 0 bytes");
    assert_explained("cancel:113",
                     "the 113th I/O is cancelled: error 995 and 0 bytes");
    assert_explained("short", "each read brings a third of what was asked for");
    assert_explained("shrot", "this setting is not known");
    assert_explained("fail", "this setting is not known");
    char *both = explain_settings("IO", "sync-eof,slow:20");
    assert_string(both, "IO=sync-eof: ReadFile itself reports the end of a "
                        "file (error 38), and no packet comes\n"
                        "IO=slow:20: each I/O takes 20 milliseconds\n");
    g_free(both);
    both = explain_settings("IO", "wine,");
    assert_string(both, "IO=wine: each I/O completes as Wine 8 completes it\n"
                        "IO=: this setting is not known\n");
    g_free(both);
}

/* ---- What a failure shows ----------------------------------------------- */

Test(helpers, a_failure_shows_what_was_wanted_and_got_and_explains_settings)
{
    make_file("file", 1);
    struct run run =
        RUN_HOOKED("tests/hooked/step5-readfile", "fail:1:5", "file");
    char *shown = wanted_of(&run, "exit status %d", 0);
    static const char *const parts[] = {
        "wanted: exit status 0\ngot: exit status 1\n",
        "\nHOOK=fail:1:5: the first call of ReadFile fails with error 5\n",
        "\n--- stdout\nmain: asking", "\n--- stderr\nstep5-readfile: cannot"};
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++)
        cr_assert(strstr(shown, parts[i]), "wanted: '%s'\ngot:\n%s", parts[i],
                  shown);
    g_free(shown);
    run_clear(&run);
}

/* ---- The runner --------------------------------------------------------- */

/* Runs these tests with a launcher that fails. Returns all that is printed. */
static char *fail_suites(const char *filter, const char *io)
{
    char *here = g_get_current_dir();
    const char *const environment[] = {
        "STEP", "1", "IO", io, "BUILD", here, "LAUNCHER", "false", NULL};
    char *printed = NULL;
    cr_assert_eq(g_mkdir_with_parents("tests", 0777), 0);
    cr_assert_not(run_suites(environment, "--filter", filter, &printed),
                  "wanted: a failure\ngot:\n%s", printed);
    g_free(here);
    return printed;
}

static void assert_ends(char *printed, const char *wanted)
{
    cr_assert(g_str_has_suffix(printed, wanted),
              "wanted: at the end\n%s\ngot:\n%s", wanted, printed);
    cr_assert_null(strchr(printed, '\r'),
                   "wanted: no line that is overwritten\ngot:\n%s", printed);
    g_free(printed);
}

#define VERDICT                                                                \
    "[====] Synthesis: Tested: 1 | Passing: 0 | Failing: 1 | Crashing: 0 \n"

Test(helpers, a_failing_test_prints_the_command_that_repeats_it)
{
    assert_ends(fail_suites("step1/an_empty_file*", ""),
                "[----] Repeat it: make test STEP=1 "
                "TESTS=step1/an_empty_file_is_not_an_error\n" VERDICT);
    assert_ends(fail_suites("step1/an_empty_file*", "pending"),
                "[----] Repeat it: make test-io MODES=pending STEP=1 "
                "TESTS=step1/an_empty_file_is_not_an_error\n" VERDICT);
}

Test(helpers, a_name_that_no_test_has_is_an_error)
{
    assert_ends(fail_suites("step1/nothing", ""),
                "no test has such a name: write TESTS=suite/name, with * for "
                "any letters\n");
}
