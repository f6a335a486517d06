/* The build: what it prints, what it makes again, and what it refuses. */
#include "make.h"

#include <glib/gstdio.h>
#include <string.h>

TestSuite(build, .init = enter_scratch, .fini = leave_scratch);

/* Asks what would be done, here or in the tree that is tested. */
static struct made plan(const char *words)
{
    char *top = top_directory();
    char *dry = g_strconcat("-n ", words, NULL);
    struct made made = make_in(top, dry);
    g_free(dry);
    g_free(top);
    return made;
}

/* Lines for files that are made, such as "CC<tab>final/pool.c". */
static unsigned count_made(const char *text)
{
    static const char *const labels[] = {"CC\t", "LD\t", "AR\t", "WINDRES\t"};
    char **lines = g_strsplit(text, "\n", -1);
    unsigned count = 0;
    for (char **line = lines; *line != NULL; line++)
        for (size_t i = 0; i < G_N_ELEMENTS(labels); i++)
            count += g_str_has_prefix(*line, labels[i]) ? 1 : 0;
    g_strfreev(lines);
    return count;
}

/* ---- What is made, and what is not made again ---------------------------- */

Test(build, nothing_is_made_a_second_time)
{
    struct made made = plan("test");
    assert_made(&made, 0);
    cr_assert(count_made(made.text) == 0 &&
                  strstr(made.text, " -o build/") == NULL,
              "%s\nwanted: nothing to compile or link\ngot: %s", made.command,
              made.text);
    made_clear(&made);
}

struct change {
    char source[32], made_again[40];
};

ParameterizedTestParameters(build, a_changed_header_makes_its_users_again)
{
    static struct change changes[] = {
        {"final/pool.h", "build/obj/tests/example1.o"},
        {"final/pool.h", "build/lab/example1.exe"},
        {"final/file_stream.h", "build/tests/guarded/stream_end.exe"},
        {"lab/trace/record.h", "build/lab/step1-create.exe"},
        {"lab/guard/guard.h", "build/tests/wrong/packet.exe"},
        {"lab/interpose/imports.h", "build/tests/hooked/step3-callback.exe"},
        {"lab/probe/probe.h", "build/probe.exe"},
        {"tests/stress/job.h", "build/tests/guarded/stress.exe"},
        {"tests/right/right.h", "build/tests/right/events.exe"},
        {"tests/helpers.h", "build/tests/suites"},
    };
    return cr_make_param_array(struct change, changes, G_N_ELEMENTS(changes));
}

ParameterizedTest(struct change *change, build,
                  a_changed_header_makes_its_users_again)
{
    char *words =
        g_strdup_printf("-W %s %s", change->source, change->made_again);
    char *output = g_strdup_printf("-o %s ", change->made_again);
    struct made made = plan(words);
    assert_made(&made, 0);
    assert_printed(&made, output);
    made_clear(&made);
    g_free(output);
    g_free(words);
}

/* Of a tree in which nothing has been made. */
static unsigned lines_of_a_clean(const char *command)
{
    char *words = g_strconcat("-n ", command, NULL);
    struct made made = make_in(".", words);
    assert_made(&made, 0);
    unsigned lines = count_made(made.text);
    made_clear(&made);
    g_free(words);
    return lines;
}

Test(build, a_clean_test_prints_under_200_lines)
{
    enum { OTHERS = 8 /* the prefix, a skip, the verdict, ... */ };
    link_project();
    unsigned all = lines_of_a_clean("test");
    unsigned step = lines_of_a_clean("test STEP=3");
    cr_assert(all > 100 && all + OTHERS < 200,
              "make test\nwanted: fewer than 200 lines\ngot: %u for files",
              all);
    cr_assert(step > 10 && step + OTHERS < 40,
              "make test STEP=3\nwanted: fewer than 40 lines\n"
              "got: %u for files",
              step);
}

/* ---- What is printed ----------------------------------------------------- */

Test(build, a_line_names_each_file_and_v1_shows_the_commands)
{
    link_project();
    struct made quiet = make_in(".", "build/step1-create.exe");
    assert_made(&quiet, 0);
    cr_assert_str_eq(quiet.text,
                     "WINDRES\tmk/windows.rc\n"
                     "CC\tstep1-create/main.c\n"
                     "LD\tbuild/step1-create.exe\n"
                     "",
                     "%s\ngot: %s", quiet.command, quiet.text);
    struct made again = make_in(".", "build/step1-create.exe");
    assert_made(&again, 0);
    cr_assert_eq(count_made(again.text), 0,
                 "%s\nwanted: nothing to do\n"
                 "got: %s",
                 again.command, again.text);
    struct made loud = make_in(".", "-W step1-create/main.c V=1 "
                                    "build/step1-create.exe");
    assert_made(&loud, 0);
    assert_printed(&loud, " -c -o build/obj/step1-create/main.o "
                          "step1-create/main.c\n");
    cr_assert_eq(count_made(loud.text), 0,
                 "%s\nwanted: commands only\n"
                 "got: %s",
                 loud.command, loud.text);
    made_clear(&quiet);
    made_clear(&again);
    made_clear(&loud);
}

Test(build, an_error_of_the_compiler_ends_make_with_a_failure)
{
    cr_assert_eq(g_mkdir("mine", 0777), 0);
    cr_assert(g_file_set_contents("mine/main.c", "int wmain(void) { oops }\n",
                                  -1, NULL));
    link_project();
    struct made made = make_in(".", "build/dir/program.o DIR=mine");
    assert_made(&made, 2);
    assert_printed(&made, "CC\tmine/*.c\n");
    assert_printed(&made, "mine/main.c:1:19: error: ");
    made_clear(&made);
}

/* Its output goes through pipes; its exit status must survive them. */
Test(build, a_failure_of_the_program_ends_make_with_a_failure)
{
    char *top = top_directory();
    struct made made = make_in(top, "run STEP=1 FILE=missing");
    assert_made(&made, 2);
    assert_printed(&made, "cannot open 'missing'");
    made_clear(&made);
    g_free(top);
}

/* ---- Help ---------------------------------------------------------------- */

/* All targets that are commands, from make's own database. */
static char **commands(void)
{
    struct made made = plan("-p help");
    char *found = strstr(made.text, "\n.PHONY: ");
    cr_assert_not_null(found, "%s\nwanted: .PHONY\ngot: %s", made.command,
                       made.text);
    found += strlen("\n.PHONY: ");
    found[strcspn(found, "\n")] = '\0';
    char **names = g_strsplit(found, " ", -1);
    made_clear(&made);
    return names;
}

static bool has_word(const char *text, const char *word)
{
    char *pattern = g_strdup_printf("(?<![\\w-])%s(?![\\w-])", word);
    bool found = g_regex_match_simple(pattern, text, 0, 0);
    g_free(pattern);
    return found;
}

Test(build, every_command_is_in_the_help)
{
    char *top = top_directory();
    struct made help = make_in(top, "help-all");
    unsigned count = 0;
    assert_made(&help, 0);
    char **names = commands();
    for (char **name = names; *name != NULL; name++)
        if (strcmp(*name, "FORCE") != 0 && **name != '\0') {
            count++;
            cr_expect(has_word(help.text, *name),
                      "make help-all\nwanted: the command '%s'\ngot: %s", *name,
                      help.text);
        }
    cr_assert_gt(count, 30, "wanted: more than 30 commands\ngot: %u", count);
    g_strfreev(names);
    made_clear(&help);
    g_free(top);
}

Test(build, make_alone_prints_at_most_25_short_lines)
{
    char *top = top_directory();
    struct made help = make_in(top, "");
    struct made all = make_in(top, "help-all");
    assert_made(&help, 0);
    assert_made(&all, 0);
    char **lines = g_strsplit(g_strchomp(help.text), "\n", -1);
    cr_assert_leq(g_strv_length(lines), 25,
                  "wanted: at most 25 lines\n"
                  "got: %u",
                  g_strv_length(lines));
    g_strfreev(lines);
    lines = g_strsplit(all.text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
        cr_expect_leq(strlen(*line), 80,
                      "wanted: at most 80 columns\n"
                      "got: %s",
                      *line);
    g_strfreev(lines);
    made_clear(&all);
    made_clear(&help);
    g_free(top);
}

/* ---- Variables ----------------------------------------------------------- */

struct refusal {
    char words[40], wanted[96];
};

ParameterizedTestParameters(build, a_variable_that_is_not_used_is_an_error)
{
    static struct refusal refusals[] = {
        {"test STEP=3 DIR=mine", "'make test' does not use DIR; it uses STEP"},
        {"test STEP=3 DIR=mine", "make check STEP=3 DIR=mine"},
        {"run step=3", "'step' is no variable of any command"},
        {"clean STEP=3", "'make clean' does not use STEP; it uses no variable"},
        {"pitfall STEP=3 NAME=x", "'make pitfall' does not use STEP"},
        {"pitfalls probe ROW=read IO=x", "does not use IO; it uses ROW"},
        {"sweep FILE=a ARGS=b", "does not use ARGS, FILE"},
        {"run STEP=6", "STEP is 1, 2, 3, 4, 5 or final, not '6'"},
        {"run DIR=nothing", "there are no C sources in DIR='nothing'"},
    };
    return cr_make_param_array(struct refusal, refusals,
                               G_N_ELEMENTS(refusals));
}

ParameterizedTest(struct refusal *refusal, build,
                  a_variable_that_is_not_used_is_an_error)
{
    struct made made = plan(refusal->words);
    assert_made(&made, 2);
    assert_printed(&made, refusal->wanted);
    made_clear(&made);
}

Test(build, a_variable_of_the_environment_is_not_meant_for_us)
{
    g_setenv("NAME", "desktop", TRUE); /* as in WSL */
    g_setenv("DIR", "nothing", TRUE);
    g_setenv("RUNS", "1000000", TRUE);
    struct made made = plan("sweep flaky");
    assert_made(&made, 0);
    assert_printed(&made, "step1-create step2-bind");
    assert_printed(&made, "$(seq 25)");
    assert_not_printed(&made, "desktop");
    made_clear(&made);
}

Test(build, settings_go_with_every_command)
{
    struct made made =
        plan("clean help run V=1 WERROR= NO_INSTALL=1 CFLAGS=-O0");
    assert_made(&made, 0);
    made_clear(&made);
}

/* ---- Where make is typed ------------------------------------------------- */

/* Some use STEP, and some do not. */
Test(build, commands_can_be_typed_in_a_steps_directory)
{
    static const char *const names[] = {"pitfalls", "probe", "dotnet",
                                        "compare",  "check", "stress",
                                        "help-all"};
    char *top = top_directory();
    char *step = g_build_filename(top, "step3-callback", NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        char *words = g_strdup_printf("-n %s", names[i]);
        struct made made = make_in(step, words);
        cr_expect_eq(made.status, 0,
                     "in step3-callback: %s\nwanted: exit status 0\n"
                     "got: %d\n%s",
                     made.command, made.status, made.text);
        made_clear(&made);
        g_free(words);
    }
    struct made run = make_in(step, "-n run");
    assert_printed(&run, "build/step3-callback.exe");
    assert_not_printed(&run, "build/step2-bind.exe");
    struct made unknown = make_in(step, "nothing-of-this-name");
    assert_made(&unknown, 2);
    made_clear(&unknown);
    made_clear(&run);
    g_free(step);
    g_free(top);
}

/* DIR is relative to where one types, and may have spaces in its name. */
Test(build, a_directory_of_ones_own_may_have_any_name)
{
    char *top = top_directory(), *text = NULL;
    char *here = g_get_current_dir();
    char *source = g_build_filename(top, "step1-create/main.c", NULL);
    cr_assert(g_file_get_contents(source, &text, NULL, NULL));
    cr_assert_eq(g_mkdir("it's mine", 0777), 0);
    cr_assert(g_file_set_contents("it's mine/main.c", text, -1, NULL));
    cr_assert(g_str_has_prefix(here, top));
    char *words = g_strdup_printf("run STEP=1 DIR=\"../%s/it's mine\"",
                                  here + strlen(top) + 1);
    char *step = g_build_filename(top, "step1-create", NULL);
    struct made made = make_in(step, words);
    assert_made(&made, 0);
    assert_printed(&made, "it's mine/*.c\n");
    assert_printed(&made, "\nmain: done");
    made_clear(&made);
    g_free(step);
    g_free(words);
    g_free(source);
    g_free(text);
    g_free(here);
    g_free(top);
}

/* ---- Which tests --------------------------------------------------------- */

Test(build, tests_may_be_chosen)
{
    struct made made = plan("test TESTS='pool/a_* step3/*'");
    assert_made(&made, 0);
    assert_printed(&made, "--filter '@(pool/a_*|step3/*)'");
    made_clear(&made);
}
