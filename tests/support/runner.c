/*
 * The runner: Criterion's own, except for the order of the tests, how many run
 * at the same time, and what is printed.
 *
 *   - The longest suites start first, so that none of them runs alone at the
 *     end. A test waits for its programs more than it computes, so three tests
 *     run at the same time for each processor.
 *   - It leaves out the tests that match a pattern in EXCLUDED.
 *   - After a failure it prints the command that repeats the test.
 *   - It prints one line for each suite whose tests were skipped.
 *   - In a terminal, a line on stderr shows the progress.
 */
#include <criterion/criterion.h>
#include <criterion/hooks.h>
#include <criterion/logging.h>
#include <criterion/options.h>
#include <criterion/parameterized.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct criterion_logger original; /* Criterion's own */

/* ---- Progress ------------------------------------------------------------ */

static unsigned long done, all;

static bool on_terminal(void)
{
    const char *kind = g_getenv("TERM");
    return kind != NULL && strcmp(kind, "dumb") != 0 && isatty(STDERR_FILENO);
}

static void hide_progress(void)
{
    if (on_terminal())
        fputs("\r\033[K", stderr);
}

/* A short line: one that is wider than the terminal could not be erased. */
static void show_progress(void)
{
    if (on_terminal())
        fprintf(stderr, "\r\033[K%lu of %lu", done, all);
}

/* A test with parameters runs once for each of them. */
static unsigned long runs_of(const struct criterion_test *test)
{
    if (test->data->disabled)
        return 0;
    return test->data->kind_ == CR_TEST_PARAMETERIZED
               ? test->data->param_().length
               : 1;
}

static void before_all(struct criterion_test_set *set)
{
    struct criterion_ordered_set_node *suite = set->suites->first;
    for (; suite != NULL; suite = suite->next) {
        const struct criterion_suite_set *tests = (void *)(suite + 1);
        struct criterion_ordered_set_node *test =
            tests->tests != NULL ? tests->tests->first : NULL;
        for (; test != NULL; test = test->next)
            all += runs_of((void *)(test + 1));
    }
    original.log_pre_all(set);
    show_progress();
}

/* ---- Skipped ------------------------------------------------------------ */

struct skipped {
    const char *suite;
    char *why;
    unsigned tests;
};

static GArray *skipped; /* of struct skipped */

static void note_skipped(const struct criterion_test_stats *stats)
{
    const char *suite = stats->test->category;
    struct skipped new = {suite, g_strdup(stats->message ? stats->message : ""),
                          1};
    for (guint i = 0; i < skipped->len; i++) {
        struct skipped *known = &g_array_index(skipped, struct skipped, i);
        if (strcmp(known->suite, suite) == 0) {
            known->tests++;
            g_free(new.why);
            return;
        }
    }
    g_array_append_val(skipped, new);
}

static void print_skipped(void)
{
    for (guint i = 0; i < skipped->len; i++) {
        const struct skipped *suite =
            &g_array_index(skipped, struct skipped, i);
        fprintf(stderr, "[SKIP] %s: %u test%s did not run: %s\n", suite->suite,
                suite->tests, suite->tests == 1 ? "" : "s", suite->why);
    }
}

/* ---- The command that repeats a test ------------------------------------ */

static void append_variable(GString *command, const char *name,
                            const char *variable)
{
    const char *value = g_getenv(variable);
    if (value != NULL && *value != '\0')
        g_string_append_printf(command, " %s=%s", name, value);
}

/* make puts its variables into the environment. IO is not the reader's: make
 * sets it for the suites. */
static void print_command(const struct criterion_test_stats *stats)
{
    const char *mode = g_getenv("IO"), *directory = g_getenv("DIR");
    GString *command = g_string_new(mode && *mode             ? "make test-io"
                                    : directory && *directory ? "make check"
                                                              : "make test");
    append_variable(command, "MODES", "IO");
    append_variable(command, "STEP", "STEP");
    append_variable(command, "DIR", "DIR");
    fprintf(stderr, "[----] Repeat it: %s TESTS=%s/%s\n", command->str,
            stats->test->category, stats->test->name);
    g_string_free(command, TRUE);
}

/* ---- What the runner adds to Criterion's output -------------------------- */

static void on_assert(struct criterion_assert_stats *stats)
{
    if (!stats->passed)
        hide_progress();
    original.log_assert(stats);
}

static void print_failure(void (*print)(struct criterion_test_stats *),
                          struct criterion_test_stats *stats)
{
    done++;
    hide_progress();
    print(stats);
    print_command(stats);
    show_progress();
}

static void on_crash(struct criterion_test_stats *stats)
{
    print_failure(original.log_test_crash, stats);
}

static void on_timeout(struct criterion_test_stats *stats)
{
    print_failure(original.log_test_timeout, stats);
}

/* The next two are failures in a fixture. */
static void on_other_crash(struct criterion_test_stats *stats)
{
    print_failure(original.log_other_crash, stats);
}

static void on_abnormal_exit(struct criterion_test_stats *stats)
{
    print_failure(original.log_abnormal_exit, stats);
}

static void after_test(struct criterion_test_stats *stats)
{
    if (stats->test_status == CR_STATUS_FAILED) {
        print_failure(original.log_post_test, stats);
        return;
    }
    done++;
    if (stats->test_status == CR_STATUS_SKIPPED)
        note_skipped(stats);
    original.log_post_test(stats);
    show_progress();
}

static void after_all(struct criterion_global_stats *stats)
{
    hide_progress();
    print_skipped();
    original.log_post_all(stats);
}

/* ---- Time that libgit2 would cost -----------------------------------------
 */

/*
 * Criterion uses libgit2 to compare two texts, but only in a kind of assertion
 * that no suite uses. Before each test, however, libgit2 would read all of the
 * system's certificates: a third of the time that a test takes apart from its
 * programs. The linker prefers these two functions to those of libgit2.
 */
int git_libgit2_init(void);
int git_libgit2_shutdown(void);

int git_libgit2_init(void)
{
    return 1;
}

int git_libgit2_shutdown(void)
{
    return 0;
}

/* ---- The order ---------------------------------------------------------- */

/* Moves the suite to the front. */
static void put_first(struct criterion_ordered_set *suites, const char *name)
{
    struct criterion_ordered_set_node **at = &suites->first;
    for (; *at != NULL; at = &(*at)->next) {
        struct criterion_suite_set *suite = (void *)(*at + 1);
        if (strcmp(suite->suite.name, name) == 0) {
            struct criterion_ordered_set_node *found = *at;
            *at = found->next;
            found->next = suites->first;
            suites->first = found;
            return;
        }
    }
}

/* ---- Excluded tests ------------------------------------------------------ */

/* EXCLUDED lists patterns, such as "pool/a_*", with a space between two. The
 * filter of Criterion would be too short for them: it takes 4 KiB. */
static void exclude(struct criterion_test *test, char **patterns)
{
    char *name = g_strconcat(test->category, "/", test->name, NULL);
    for (; *patterns != NULL; patterns++)
        if (g_pattern_match_simple(*patterns, name))
            test->data->disabled = true;
    g_free(name);
}

static void exclude_tests(struct criterion_test_set *set)
{
    const char *list = g_getenv("EXCLUDED");
    char **patterns = g_strsplit(list != NULL ? list : "", " ", -1);
    struct criterion_ordered_set_node *suite = set->suites->first;
    for (; suite != NULL; suite = suite->next) {
        const struct criterion_suite_set *tests = (void *)(suite + 1);
        struct criterion_ordered_set_node *test =
            tests->tests != NULL ? tests->tests->first : NULL;
        for (; test != NULL; test = test->next)
            exclude((void *)(test + 1), patterns);
    }
    g_strfreev(patterns);
}

int main(int argc, char *argv[])
{
    /* The last becomes the first. */
    static const char *const first[] = {"stress",   "checker", "pool",
                                        "pitfalls", "systems", "build",
                                        "sweep",    "probe"};
    struct criterion_test_set *set = criterion_initialize();
    original = *criterion_options.logger;
    struct criterion_logger logger = original;
    logger.log_pre_all = before_all;
    logger.log_assert = on_assert;
    logger.log_test_crash = on_crash;
    logger.log_test_timeout = on_timeout;
    logger.log_other_crash = on_other_crash;
    logger.log_abnormal_exit = on_abnormal_exit;
    logger.log_post_test = after_test;
    logger.log_post_all = after_all;
    criterion_options.logger = &logger;
    criterion_options.jobs = 3 * g_get_num_processors();
    skipped = g_array_new(FALSE, FALSE, sizeof(struct skipped));
    for (size_t i = 0; i < G_N_ELEMENTS(first); i++)
        put_first(set->suites, first[i]);
    exclude_tests(set);
    int status = 0;
    if (criterion_handle_args(argc, argv, true)) {
        status = !criterion_run_all_tests(set);
        if (all == 0) {
            fprintf(stderr, "no test has such a name: write TESTS=suite/name, "
                            "with * for any letters\n");
            status = 2;
        }
    }
    criterion_finalize(set);
    return status;
}
