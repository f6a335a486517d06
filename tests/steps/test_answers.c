/* The pages of the steps ask what a command prints. Each answer is true. */
#include "../support/helpers.h"

#include <glib/gstdio.h>

/* `make run STEP=many IO=short:7`, taken apart. */
struct command {
    char *step, *file, *arguments, *mode;
};

static struct command parse(const char *line)
{
    struct command command = {.file = g_strdup("build/sample.txt")};
    char **words = NULL;
    cr_assert(g_shell_parse_argv(line, NULL, &words, NULL), "cannot read '%s'",
              line);
    for (char **word = words; *word != NULL; word++) {
        static const char *const names[] = {"STEP=", "FILE=", "ARGS=", "IO="};
        char **const values[] = {&command.step, &command.file,
                                 &command.arguments, &command.mode};
        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
            if (g_str_has_prefix(*word, names[i])) {
                g_free(*values[i]);
                *values[i] = g_strdup(*word + strlen(names[i]));
            }
    }
    g_strfreev(words);
    cr_assert_not_null(command.step, "no STEP= in '%s'", line);
    return command;
}

/* build/lab/many for IO=..., otherwise build/many. */
static char *program_of(const struct command *command)
{
    const char *name = command->step;
    if (g_ascii_isdigit(*name))
        name = stages[g_ascii_digit_value(*name) - 1];
    return g_strconcat(command->mode != NULL ? "lab/" : "", name, NULL);
}

/* A block begins with "$ make run ...", and goes on with what that prints on
 * stdout and then on stderr. */
static void expect_answer(const char *page, const char *block)
{
    char *line = g_strndup(block, strcspn(block, "\n"));
    struct command command = parse(line);
    char *program = program_of(&command);
    g_setenv("IO", command.mode != NULL ? command.mode : "", TRUE);
    struct run run = finish(start(
        program, (const char *const[]){command.file, command.arguments, NULL},
        NULL, -1, WATCHDOG));
    char *all = g_strconcat(run.text, run.err, NULL);
    cr_expect(matches_block(all, block), "%s: %s", page,
              wanted_of(&run, "what the page shows\n%s", block));
    g_free(all);
    run_clear(&run);
    g_free(program);
    g_free(line);
    g_free(command.step);
    g_free(command.file);
    g_free(command.arguments);
    g_free(command.mode);
}

/* The commands are typed at the top. The lab prints what its mode has done. */
Test(answers, each_page_shows_what_its_commands_print)
{
    static const char *const pages[] = {
        "step1-create",   "step2-bind", "step3-callback", "step4-overlapped",
        "step5-readfile", "bridge",     "docs/article.md"};
    unsigned answers = 0;
    char *top = g_build_filename(g_getenv("BUILD"), "..", NULL);
    cr_assert_eq(g_chdir(top), 0);
    g_unsetenv("LAB");
    for (size_t i = 0; i < G_N_ELEMENTS(pages); i++) {
        char *path = g_str_has_suffix(pages[i], ".md")
                         ? g_strdup(pages[i])
                         : g_build_filename(pages[i], "README.md", NULL);
        char *text = read_text(path);
        char **blocks = g_strsplit(text, "\n```text\n$ make run ", -1);
        for (char **block = blocks + 1; *block != NULL; block++) {
            char *end = strstr(*block, "\n```");
            cr_assert_not_null(end);
            end[1] = '\0';
            char *whole = g_strconcat("$ make run ", *block, NULL);
            expect_answer(path, whole);
            g_free(whole);
            answers++;
        }
        g_strfreev(blocks);
        g_free(text);
        g_free(path);
    }
    cr_expect_gt(answers, 10, "wanted: more than 10 answers\ngot: %u", answers);
    g_free(top);
}
