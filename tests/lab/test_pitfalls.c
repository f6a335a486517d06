/* The pitfalls: the named test, or the checker, rejects each broken program,
 * and accepts its unchanged stage. So the pitfalls also test the tests and the
 * checker. make has applied the patches and built the programs. */
#include "../support/helpers.h"

#include <fcntl.h>
#include <glob.h>

TestSuite(pitfalls, .init = enter_scratch, .fini = leave_scratch);

struct pitfall {
    char path[96]; /* of the patch, from the top: lab/pitfalls/STAGE/NAME */
    char stage[24];
    char name[48];
};

/* The text after a word in the patch's header, as one line. */
static char *field(const struct pitfall *pitfall, const char *word)
{
    char *patch = read_text(pitfall->path);
    char **parts = g_strsplit(patch, "\n\n", 2);
    GString *header = g_string_new(parts[0]);
    g_string_prepend(header, "\n");
    g_string_replace(header, "\n  ", " ", 0);
    char *begin = g_strdup_printf("\n%s: ", word);
    char *found = strstr(header->str, begin);
    cr_assert_not_null(found, "%s has no '%s:'", pitfall->path, word);
    char *text = g_strdup(found + strlen(begin));
    text[strcspn(text, "\n")] = '\0';
    cr_assert(*text != '\0', "%s: '%s:' is empty", pitfall->path, word);
    g_free(begin);
    g_string_free(header, TRUE);
    g_strfreev(parts);
    g_free(patch);
    return text;
}

ParameterizedTestParameters(pitfalls, each_is_rejected_and_its_stage_is_not)
{
    static struct pitfall pitfalls[64];
    size_t count = 0;
    glob_t found = {0};
    char *top = g_strconcat(g_getenv("BUILD"), "/../", NULL);
    char *pattern = g_strconcat(top, "lab/pitfalls/*/*.patch", NULL);
    glob(pattern, 0, NULL, &found);
    for (; count < found.gl_pathc && count < G_N_ELEMENTS(pitfalls); count++) {
        struct pitfall *pitfall = &pitfalls[count];
        const char *path = found.gl_pathv[count] + strlen(top);
        char **parts = g_strsplit_set(path, "/.", -1);
        g_strlcpy(pitfall->path, path, sizeof pitfall->path);
        g_strlcpy(pitfall->stage, parts[2], sizeof pitfall->stage);
        g_strlcpy(pitfall->name, parts[3], sizeof pitfall->name);
        g_strfreev(parts);
    }
    globfree(&found);
    g_free(pattern);
    g_free(top);
    return cr_make_param_array(struct pitfall, pitfalls, count);
}

/* ---- Rejected by a test ---- */

static bool passes(const struct pitfall *pitfall, const char *build,
                   const char *test)
{
    const char *const environment[] = {"BUILD", build, "CHOSEN", pitfall->stage,
                                       NULL};
    char *filter = g_strconcat(test, "*", NULL), *printed;
    bool passed = run_suites(environment, "--filter", filter, &printed);
    cr_assert(strstr(printed, "Synthesis: ") != NULL &&
                  strstr(printed, "Tested: 0 ") == NULL &&
                  strstr(printed, "Tested: \033[0;34m0\033") == NULL,
              "%s: there is no such test: %s", test, printed);
    g_free(printed);
    g_free(filter);
    return passed;
}

static void assert_test_rejects(const struct pitfall *pitfall, const char *test)
{
    const char *build = g_getenv("BUILD");
    char *broken = g_build_filename(build, "pitfalls", pitfall->name, NULL);
    cr_assert(passes(pitfall, build, test),
              "wanted: %s passes for %s\ngot: it fails", test, pitfall->stage);
    cr_assert(!passes(pitfall, broken, test),
              "wanted: %s fails for %s\ngot: it passes", test, pitfall->path);
    g_free(broken);
}

/* ---- Rejected by the checker ---- */

/* stderr goes into a file: so the reports of a program that hangs are there,
 * too. */
static struct run run_for(unsigned seconds, const char *program,
                          const char *const *arguments)
{
    int err = open("stderr", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    cr_assert_geq(err, 0);
    set_next_stderr(err);
    struct run run = finish(start(program, arguments, NULL, -1, seconds));
    g_free(run.err);
    read_file("stderr", &run.err, NULL);
    return run;
}

/* The words are those of make: IO=pending FILE=name ARGS="--block 4096". */
static struct run run_checked(unsigned seconds, const char *program,
                              const char *words)
{
    char **word = NULL, **arguments = NULL;
    GPtrArray *argv = g_ptr_array_new();
    char *file = g_build_filename(g_getenv("BUILD"), "sample.txt", NULL);
    g_ptr_array_add(argv, file);
    cr_assert(g_shell_parse_argv(words, NULL, &word, NULL), "Run: %s", words);
    for (char **at = word; *at != NULL; at++)
        if (g_str_has_prefix(*at, "IO=")) {
            g_setenv("IO", *at + 3, TRUE);
        } else if (g_str_has_prefix(*at, "FILE=")) {
            argv->pdata[0] = *at + 5;
        } else {
            cr_assert(g_str_has_prefix(*at, "ARGS="), "Run: %s", *at);
            arguments = g_strsplit(*at + 5, " ", -1);
            for (char **one = arguments; *one != NULL; one++)
                g_ptr_array_add(argv, *one);
        }
    g_ptr_array_add(argv, NULL);
    g_setenv("CHECK", "1", TRUE);
    struct run run =
        run_for(seconds, program, (const char *const *)argv->pdata);
    g_unsetenv("CHECK");
    g_unsetenv("IO");
    g_ptr_array_unref(argv);
    g_strfreev(arguments);
    g_strfreev(word);
    g_free(file);
    return run;
}

/* After the report a broken program may do anything, even hang, but it must not
 * exit with 0. */
enum { PATIENCE = 8 }; /* seconds; the checker reports a hang after about two */

static void assert_checker_rejects(const struct pitfall *pitfall,
                                   const char *words, const char *diagnosis)
{
    char *whole = g_strconcat("lab/", pitfall->stage, NULL);
    char *broken =
        g_strconcat("pitfalls/", pitfall->name, "/lab/", pitfall->stage, NULL);
    char **fixed = g_strsplit(diagnosis, " ...", 2); /* the rest varies */
    struct run run = run_checked(WATCHDOG, whole, words);
    take_looked_at(&run);
    assert_ended(&run, 0);
    run_clear(&run);
    run = run_checked(PATIENCE, broken, words);
    assert_run(&run, run.status != 0 && strstr(run.err, fixed[0]) != NULL,
               "'%s'", diagnosis);
    run_clear(&run);
    g_strfreev(fixed);
    g_free(broken);
    g_free(whole);
}

/* ---- All ---- */

/* make pitfalls prints the name and the first sentence in 80 columns. */
static void assert_fits_a_line(const struct pitfall *pitfall)
{
    enum { NAME = 29, SENTENCE = 47 };
    char *does = field(pitfall, "Does");
    const char *end = strstr(does, ". ");
    size_t length = end != NULL ? (size_t)(end + 1 - does) : strlen(does);
    cr_assert(strlen(pitfall->name) <= NAME && length <= SENTENCE,
              "%s: wanted: a name of at most %d characters, and a first "
              "sentence of at most %d\ngot: %zu and %zu",
              pitfall->path, NAME, SENTENCE, strlen(pitfall->name), length);
    g_free(does);
}

static void assert_rule(const struct pitfall *pitfall)
{
    char *rule = field(pitfall, "Rule");
    char *rules = read_text("final/RULES.md");
    char *number = strstr(rule, ". ");
    cr_assert_not_null(number, "%s: the rule has no number: '%s'",
                       pitfall->path, rule);
    char *wanted =
        g_strdup_printf("\n%.*s. **%s", (int)(number - rule), rule, number + 2);
    cr_assert_not_null(strstr(rules, wanted), "%s: no rule '%s'", pitfall->path,
                       rule);
    g_free(wanted);
    g_free(rules);
    g_free(rule);
}

ParameterizedTest(struct pitfall *pitfall, pitfalls,
                  each_is_rejected_and_its_stage_is_not)
{
    char *run = field(pitfall, "Run");
    char *reported = field(pitfall, "Reported");
    assert_fits_a_line(pitfall);
    g_free(field(pitfall, "You will see"));
    g_free(field(pitfall, "Made by"));
    assert_rule(pitfall);
    if (g_str_has_prefix(reported, "test "))
        assert_test_rejects(pitfall, reported + strlen("test "));
    else if (g_str_has_prefix(reported, "checker: "))
        assert_checker_rejects(pitfall, run, reported + strlen("checker: "));
    else
        cr_assert_fail("%s: neither a test nor the checker: '%s'",
                       pitfall->path, reported);
    g_free(reported);
    g_free(run);
}

Test(pitfalls, the_table_is_up_to_date)
{
    char *table = read_text("lab/pitfalls/README.md");
    char *made = read_text("build/pitfalls/README.md");
    cr_assert_str_eq(table, made, "wanted: the table of make pitfalls-table");
    g_free(made);
    g_free(table);
}
