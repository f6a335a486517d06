/* The ladder of steps: each step is small and adds little to the one before. */
#include "../support/helpers.h"

TestSuite(ladder, .init = enter_scratch, .fini = leave_scratch);

enum { STEPS = 5, MOST_LINES = 290, MOST_ADDED = 130 };

static char *source_path(size_t step, const char *name)
{
    return g_build_filename(g_getenv("BUILD"), "..", stages[step], name, NULL);
}

static char *source(size_t step, const char *name)
{
    char *path = g_build_filename(stages[step], name, NULL);
    char *text = read_text(path);
    g_free(path);
    return text;
}

static size_t count_lines(const char *text, char first)
{
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1)
        count += first == '\0' || *at == first;
    return count;
}

Test(ladder, main_c_has_at_most_290_lines)
{
    for (size_t step = 0; step < STEPS; step++) {
        char *text = source(step, "main.c");
        size_t lines = count_lines(text, '\0');
        cr_expect_leq(lines, MOST_LINES,
                      "wanted: at most %d lines in %s/main.c\ngot: %zu",
                      MOST_LINES, stages[step], lines);
        g_free(text);
    }
}

Test(ladder, a_step_adds_at_most_130_lines)
{
    for (size_t step = 1; step < STEPS; step++) {
        char *from = source_path(step - 1, "main.c");
        char *to = source_path(step, "main.c");
        const char *argv[] = {"diff", from, to, NULL};
        char *changes = NULL;
        cr_assert(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                               NULL, NULL, &changes, NULL, NULL, NULL));
        size_t added = count_lines(changes, '>');
        cr_expect(added > 0 && added <= MOST_ADDED,
                  "wanted: 1 to %d lines added by %s\ngot: %zu", MOST_ADDED,
                  stages[step], added);
        g_free(changes);
        g_free(from);
        g_free(to);
    }
}

/* A step's directory has no other source and no subdirectory. It may contain a
 * reader's own files, such as notes.txt. */
Test(ladder, the_sources_of_a_step_are_main_c_and_report_h)
{
    for (size_t step = 0; step < STEPS; step++) {
        char *path = source_path(step, ".");
        GDir *directory = g_dir_open(path, 0, NULL);
        unsigned sources = 0;
        cr_assert_not_null(directory);
        for (const char *name; (name = g_dir_read_name(directory)) != NULL;) {
            char *entry = source_path(step, name);
            bool known =
                strcmp(name, "main.c") == 0 || strcmp(name, "report.h") == 0;
            sources += known;
            cr_expect(known || (!g_str_has_suffix(name, ".c") &&
                                !g_str_has_suffix(name, ".h") &&
                                !g_file_test(entry, G_FILE_TEST_IS_DIR)),
                      "wanted: no source but main.c and report.h in %s\n"
                      "got: %s",
                      stages[step], name);
            g_free(entry);
        }
        cr_expect_eq(sources, 2, "wanted: main.c and report.h in %s",
                     stages[step]);
        g_dir_close(directory);
        g_free(path);
    }
}

/* Expects this step to have the same text as the first one. */
static void expect_same(size_t step, const char *what, const char *text,
                        const char *first)
{
    cr_expect_str_eq(text, first, "wanted: %s of %s as in %s\n%s\ngot:\n%s",
                     what, stages[step], stages[0], first, text);
}

Test(ladder, report_h_is_the_same_in_every_step)
{
    char *first = source(0, "report.h");
    for (size_t step = 1; step < STEPS; step++) {
        char *text = source(step, "report.h");
        expect_same(step, "report.h", text, first);
        g_free(text);
    }
    g_free(first);
}

/* The function with its comment. */
static char *open_overlapped(size_t step)
{
    char *text = source(step, "main.c");
    char *name = strstr(text, "HANDLE open_overlapped(");
    char *end = name ? strstr(name, "\n}\n") : NULL;
    cr_assert_not_null(end,
                       "wanted: the function open_overlapped in %s\ngot: none",
                       stages[step]);
    *end = '\0';
    char *begin = g_strrstr_len(text, name - text, "\n\n");
    cr_assert_not_null(begin);
    char *function = g_strdup(begin);
    g_free(text);
    return function;
}

Test(ladder, open_overlapped_is_the_same_in_every_step)
{
    char *first = open_overlapped(0);
    for (size_t step = 1; step < STEPS; step++) {
        char *text = open_overlapped(step);
        expect_same(step, "open_overlapped", text, first);
        g_free(text);
    }
    g_free(first);
}

/* ---- Texts that name tests ---- */

/* The keys are the names of all tests, as suite/name. */
static GHashTable *all_tests(void)
{
    static const char *const nothing[] = {NULL};
    GHashTable *tests =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    char *printed, *suite = NULL;
    cr_assert(run_suites(nothing, "--list", NULL, &printed));
    char **lines = g_strsplit(printed, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        char **words = g_strsplit_set(*line, ": ", -1);
        if (words[0] != NULL && g_ascii_isalnum(*words[0])) {
            g_free(suite);
            suite = g_strdup(words[0]);
        } else if (words[0] != NULL && words[1] != NULL) {
            g_hash_table_add(tests, g_strconcat(suite, "/", words[1], NULL));
        }
        g_strfreev(words);
    }
    cr_assert_gt(g_hash_table_size(tests), 400, "got:\n%s", printed);
    g_free(suite);
    g_strfreev(lines);
    g_free(printed);
    return tests;
}

/* Expects each `suite/name` in the text to be a test, except the directories
 * lab/guard and lab/interpose. Returns how many the text names. */
static unsigned expect_tests(const char *text, GHashTable *tests)
{
    GRegex *names = g_regex_new(
        "`((?:all_stages|step\\d|final|pool|stream|copy|compare|stress|"
        "lab|"
        "examples|ladder|helpers)/(?!guard`|interpose`)[a-z0-9_]+)`",
        0, 0, NULL);
    GMatchInfo *match;
    unsigned count = 0;
    for (g_regex_match(names, text, 0, &match); g_match_info_matches(match);
         g_match_info_next(match, NULL)) {
        char *name = g_match_info_fetch(match, 1);
        cr_expect(g_hash_table_contains(tests, name),
                  "wanted: a test %s, which the text names\ngot: none", name);
        count++;
        g_free(name);
    }
    g_match_info_free(match);
    g_regex_unref(names);
    return count;
}

Test(ladder, the_tests_that_the_readme_names_exist)
{
    GHashTable *tests = all_tests();
    char *readme = read_text("tests/README.md");
    unsigned named = expect_tests(readme, tests);
    cr_expect_gt(named, 20,
                 "wanted: more than 20 tests named in tests/README.md\ngot: %u",
                 named);
    g_free(readme);
    g_hash_table_unref(tests);
}

/* final/RULES.md has the rules 1 to 47 in this order, and each names a test. */
Test(ladder, every_rule_has_a_test)
{
    GHashTable *tests = all_tests();
    char *rules = read_text("final/RULES.md");
    char **lines = g_strsplit(rules, "\n", -1);
    unsigned rule = 0;
    for (char **line = lines; *line != NULL; line++) {
        if (!g_ascii_isdigit(**line))
            continue;
        rule++;
        cr_expect_eq(g_ascii_strtoull(*line, NULL, 10), rule,
                     "wanted: rule %u\ngot: %s", rule, *line);
        cr_expect_not_null(strstr(*line, " *Source:* "),
                           "wanted: ' *Source:* ' in the rule\ngot: %s", *line);
        cr_expect_gt(expect_tests(*line, tests), 0,
                     "wanted: a test for the rule\ngot: %s", *line);
    }
    cr_expect_eq(rule, 50, "wanted: 50 rules\ngot: %u", rule);
    g_strfreev(lines);
    g_free(rules);
    g_hash_table_unref(tests);
}

/* The first block of the top README shows lines of step 5. */
Test(ladder, the_readme_shows_what_step_5_prints)
{
    copy_sample();
    char *block = readme_block(".", "", "text");
    struct run run = RUN("step5-readfile", "build/sample.txt");
    assert_ended(&run, 0);
    assert_block(&run, block);
    g_free(block);
}
