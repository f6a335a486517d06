/* The truth table: what this system does is what is expected of it, and the
 * page tells it. */
#include "helpers.h"

#include <string.h>

TestSuite(probe, .init = enter_scratch, .fini = leave_scratch);

enum { ROWS = 71, PATIENCE = 300 /* seconds for all of them */ };

static unsigned rows_of(const struct run *run)
{
    GRegex *count = g_regex_new("^(\\d+) rows: ", G_REGEX_MULTILINE, 0, NULL);
    GMatchInfo *found;
    cr_assert(g_regex_match(count, run->text, 0, &found), "%s", describe(run));
    char *digits = g_match_info_fetch(found, 1);
    unsigned rows = (unsigned)g_ascii_strtoull(digits, NULL, 10);
    g_free(digits);
    g_match_info_free(found);
    g_regex_unref(count);
    return rows;
}

/* Elsewhere than under Wine 8.0 there may be differences: to tell them is what
 * the program is for. */
Test(probe, every_row_goes_as_expected_and_the_page_tells_it,
     .timeout = PATIENCE + 10)
{
    struct run run =
        finish(start("probe", (const char *const[]){"--markdown", NULL}, NULL,
                     -1, PATIENCE));
    cr_assert(ended_with(&run, 0) ||
                  (ended_with(&run, 1) &&
                   !g_str_has_prefix(run.text, "# What Wine 8.0 does")),
              "%s", describe(&run));
    cr_assert_eq(rows_of(&run), ROWS, "%s", describe(&run));
    if (g_str_has_prefix(run.text, "# What Wine 8.0 does")) {
        char *path = g_build_filename(g_getenv("BUILD"), "..", "lab",
                                      "windows-and-wine.md", NULL);
        char *page = NULL;
        cr_assert(g_file_get_contents(path, &page, NULL, NULL), "no %s", path);
        cr_assert_str_eq(page, run.text,
                         "lab/windows-and-wine.md is not what lab/probe says "
                         "now: run make windows-and-wine");
        g_free(page);
        g_free(path);
    }
    run_clear(&run);
}

Test(probe, rows_may_be_chosen)
{
    struct run run = RUN("probe", "read-null", "bind-twice");
    assert_ended(&run, 0);
    cr_assert_eq(rows_of(&run), 2, "%s", describe(&run));
    cr_assert_not_null(strstr(run.text, "FALSE/998, no packet: as expected"),
                       "%s", describe(&run));
    cr_assert_not_null(strstr(run.text, "NULL/87: as expected"), "%s",
                       describe(&run));
    run_clear(&run);
}

Test(probe, what_goes_otherwise_is_called_different)
{
    struct run run = RUN_HOOKED("tests/hooked/probe", "fail:ReadFile:1:5",
                                "read", "bind-twice");
    assert_ended(&run, 1);
    cr_assert_not_null(strstr(run.text, "FALSE/5, no packet: different"), "%s",
                       describe(&run));
    cr_assert_not_null(strstr(run.text, "2 rows: 1 as expected, 1 different"),
                       "%s", describe(&run));
    cr_assert_not_null(strstr(run.err, "1 of 2 rows"), "%s", describe(&run));
    run_clear(&run);
}

Test(probe, what_is_no_row_is_wrong_usage)
{
    struct run run = RUN("probe", "read", "nothing");
    assert_ended(&run, 2);
    cr_assert_str_empty(run.text, "%s", describe(&run));
    run_clear(&run);
}
