/* The truth table: this system does what is expected of it, and the page is up
 * to date. */
#include "../support/helpers.h"

#include <string.h>

TestSuite(probe, .init = enter_scratch, .fini = leave_scratch);

enum { ROWS = 71, PATIENCE = 300 /* seconds for all of them */ };

static unsigned rows_of(const struct run *run)
{
    GRegex *count = g_regex_new("^(\\d+) rows?: ", G_REGEX_MULTILINE, 0, NULL);
    GMatchInfo *found;
    cr_assert(g_regex_match(count, run->text, 0, &found), "%s", describe(run));
    char *digits = g_match_info_fetch(found, 1);
    unsigned rows = (unsigned)g_ascii_strtoull(digits, NULL, 10);
    g_free(digits);
    g_match_info_free(found);
    g_regex_unref(count);
    return rows;
}

/* On Windows rows may differ: the program exists to find these. A Wine that was
 * not recorded has no expected results, and the program says so. */
Test(probe, each_row_is_as_expected, .timeout = PATIENCE + 10)
{
    struct run run =
        finish(start("probe", (const char *const[]){NULL}, NULL, -1, PATIENCE));
    bool windows = g_str_has_prefix(run.text, "This is Windows ");
    bool recorded = strstr(run.text, "It was not recorded") == NULL;
    cr_assert(ended_with(&run, recorded ? 0 : 1) ||
                  (windows && ended_with(&run, 1)),
              "%s", describe(&run));
    cr_assert_eq(rows_of(&run), ROWS, "%s", describe(&run));
    run_clear(&run);
}

/* The page is the same on every system. */
Test(probe, the_page_is_up_to_date)
{
    struct run run = RUN("probe", "--markdown");
    assert_ended(&run, 0);
    char *path = g_build_filename(g_getenv("BUILD"), "..", "lab",
                                  "windows-and-wine.md", NULL);
    char *page = NULL;
    cr_assert(g_file_get_contents(path, &page, NULL, NULL), "no %s", path);
    cr_assert_str_eq(page, run.text,
                     "lab/windows-and-wine.md differs from what probe prints: "
                     "run make windows-and-wine");
    g_free(page);
    g_free(path);
    run_clear(&run);
}

/* With --wine 10.0 the test may run on any Wine: these rows are the same on
 * each.
 */
Test(probe, rows_may_be_chosen)
{
    struct run run = RUN("probe", "--wine", "10.0", "read-null", "bind-twice");
    assert_ended(&run, 0);
    cr_assert_eq(rows_of(&run), 2, "%s", describe(&run));
    cr_assert_not_null(strstr(run.text, "FALSE/998, no packet: as expected"),
                       "%s", describe(&run));
    cr_assert_not_null(strstr(run.text, "NULL/87: as expected"), "%s",
                       describe(&run));
    run_clear(&run);
}

/* Wine 8 does not wake the thread; Wine 10 and Windows do. */
Test(probe, each_wine_has_its_own_expected_results)
{
    struct run as_8 = RUN("probe", "--wine", "8.0", "close-port");
    struct run as_10 = RUN("probe", "--wine", "10.0", "close-port");
    bool is_8 = strstr(as_8.text, "saw       error 258") != NULL;
    assert_ended(&as_8, is_8 ? 0 : 1);
    assert_ended(&as_10, is_8 ? 1 : 0);
    run_clear(&as_10);
    run_clear(&as_8);
}

static void assert_not_recorded(const char *version, const char *nearest)
{
    struct run run = RUN("probe", "--wine", version, "read-null");
    assert_ended(&run, 1);
    char *head = g_strdup_printf(
        "Wine %s. It was not recorded: each row is compared with Wine %s.\n",
        version, nearest);
    char *saw = g_strdup_printf("FALSE/998, no packet: as Wine %s\n", nearest);
    char *err = g_strdup_printf("probe: Wine %s was not recorded; rows that "
                                "differ from Wine %s: 0 of 1\n",
                                version, nearest);
    cr_assert(strstr(run.text, head) != NULL && strstr(run.text, saw) != NULL,
              "wanted '%s' and '%s': %s", head, saw, describe(&run));
    cr_assert_str_eq(run.err, err, "%s", describe(&run));
    g_free(err);
    g_free(saw);
    g_free(head);
    run_clear(&run);
}

Test(probe, a_wine_that_was_not_recorded_is_compared_with_the_nearest)
{
    assert_not_recorded("7.22", "8.0");
    assert_not_recorded("9.0", "8.0");
    assert_not_recorded("11.0", "10.0");
}

Test(probe, a_row_that_differs_is_called_different)
{
    struct run run = RUN_HOOKED("tests/hooked/probe", "fail:ReadFile:1:5",
                                "--wine", "10.0", "read", "bind-twice");
    assert_ended(&run, 1);
    cr_assert_not_null(strstr(run.text, "FALSE/5, no packet: different"), "%s",
                       describe(&run));
    cr_assert_not_null(strstr(run.text, "2 rows: 1 as expected, 1 different"),
                       "%s", describe(&run));
    cr_assert_not_null(strstr(run.err, "rows that differ: 1 of 2"), "%s",
                       describe(&run));
    run_clear(&run);
}

Test(probe, an_unknown_row_is_wrong_usage)
{
    struct run run = RUN("probe", "read", "nothing");
    assert_ended(&run, 2);
    cr_assert_str_empty(run.text, "%s", describe(&run));
    run_clear(&run);
}
