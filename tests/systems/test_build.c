/* The build: what it prints, what it makes again, and what it refuses. */
#include "../support/shell.h"

#include <glib/gstdio.h>
#include <string.h>

TestSuite(build, .init = enter_scratch, .fini = leave_scratch);

/* In a shell, so that words may be quoted and TOP be used. */
static struct said make(const char *words)
{
    char *lines = g_strconcat("make --no-print-directory ", words, NULL);
    struct said said = shell(lines);
    g_free(lines);
    return said;
}

/* Where the project is; with -n make only prints what it would do. */
#define AT_TOP "-C \"$TOP\" "

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
    struct said said = make(AT_TOP "-n test");
    assert_status(said, 0);
    cr_assert(count_made(said.text) == 0 &&
                  strstr(said.text, " -o build/") == NULL,
              "wanted nothing to compile or link: %s", quote(&said));
    said_clear(&said);
}

struct change {
    char source[32], made_again[48];
};

ParameterizedTestParameters(build, a_changed_header_makes_its_users_again)
{
    static struct change changes[] = {
        {"step3-callback/report.h", "build/step3-callback.exe"},
        {"final/pool.h", "build/obj/tests/example1.o"},
        {"final/pool.h", "build/lab/example1.exe"},
        {"final/file_stream.h", "build/tests/guarded/stream_end.exe"},
        {"lab/trace/record.h", "build/lab/step1-create.exe"},
        {"lab/guard/guard.h", "build/tests/lab/wrong/packet.exe"},
        {"lab/interpose/imports.h", "build/tests/hooked/step3-callback.exe"},
        {"lab/probe/tools.h", "build/probe.exe"},
        {"tests/stress/job.h", "build/tests/guarded/stress.exe"},
        {"tests/lab/right/right.h", "build/tests/lab/right/events.exe"},
        {"tests/support/helpers.h", "build/tests/suites"},
    };
    return cr_make_param_array(struct change, changes, G_N_ELEMENTS(changes));
}

ParameterizedTest(struct change *change, build,
                  a_changed_header_makes_its_users_again)
{
    char *words = g_strdup_printf(AT_TOP "-n -W %s %s", change->source,
                                  change->made_again);
    char *output = g_strdup_printf("-o %s ", change->made_again);
    struct said said = make(words);
    assert_status(said, 0);
    assert_says(said, output);
    said_clear(&said);
    g_free(output);
    g_free(words);
}

/* Of a tree in which nothing has been made. */
static unsigned lines_of_a_clean(const char *command)
{
    struct said said = make(command);
    assert_status(said, 0);
    unsigned lines = count_made(said.text);
    said_clear(&said);
    return lines;
}

Test(build, a_clean_test_prints_under_200_lines)
{
    enum { OTHERS = 8 /* the prefix, a skip, the verdict, ... */ };
    make_top();
    unsigned all = lines_of_a_clean("-C top -n test");
    unsigned step = lines_of_a_clean("-C top -n test STEP=3");
    cr_assert(all > 100 && all + OTHERS < 200,
              "make test\nwanted: fewer than 200 lines\ngot: %u for files",
              all);
    cr_assert(step > 10 && step + OTHERS < 40,
              "make test STEP=3\nwanted: fewer than 40 lines\n"
              "got: %u for files",
              step);
}

/* Otherwise a header that it was made from could change without notice. */
Test(build, a_program_without_its_object_file_is_made_again)
{
    make_top();
    struct said made = make("-C top build/step1-create.exe");
    assert_status(made, 0);
    must("rm top/build/obj/step1-create/main.o");
    struct said again = make("-C top -n build/step1-create.exe");
    assert_says(again, "CC\tstep1-create/main.c\n");
    assert_says(again, "LD\tbuild/step1-create.exe\n");
    said_clear(&again);
    said_clear(&made);
}

/* Without STEP it runs all suites, so it needs all that make test needs. */
Test(build, check_makes_what_its_suites_need)
{
    make_top();
    struct said test = make("-C top -n test");
    struct said check = make("-C top -n check");
    assert_says(check, "LD\tbuild/probe.exe\n");
    cr_assert(count_made(check.text) == count_made(test.text),
              "wanted %u files, as make test makes: %s", count_made(test.text),
              quote(&check));
    said_clear(&check);
    said_clear(&test);
}

/* ---- What is printed ----------------------------------------------------- */

Test(build, a_line_names_each_file_and_v1_shows_the_commands)
{
    make_top();
    struct said quiet = make("-C top build/step1-create.exe");
    assert_status(quiet, 0);
    cr_assert_str_eq(quiet.text, "CC\tstep1-create/main.c\n"
                                 "WINDRES\tmk/windows.rc\n"
                                 "LD\tbuild/step1-create.exe\n");
    struct said again = make("-C top build/step1-create.exe");
    assert_status(again, 0);
    cr_assert(count_made(again.text) == 0, "wanted nothing to do: %s",
              quote(&again));
    struct said loud = make("-C top -W step1-create/main.c V=1 "
                            "build/step1-create.exe");
    assert_status(loud, 0);
    assert_says(loud, " -c -o build/obj/step1-create/main.o "
                      "step1-create/main.c\n");
    cr_assert(count_made(loud.text) == 0, "wanted commands only: %s",
              quote(&loud));
    said_clear(&quiet);
    said_clear(&again);
    said_clear(&loud);
}

Test(build, an_error_of_the_compiler_ends_make_with_a_failure)
{
    cr_assert_eq(g_mkdir("mine", 0777), 0);
    cr_assert(g_file_set_contents("mine/main.c", "int wmain(void) { oops }\n",
                                  -1, NULL));
    make_top();
    struct said said = make("-C top build/dir/program.o DIR=../mine");
    assert_status(said, 2);
    assert_says(said, "CC\t../mine/*.c\n");
    assert_says(said, "../mine/main.c:1:19: error: ");
    said_clear(&said);
}

/* Its output goes through pipes; its exit status must survive them. */
Test(build, a_failure_of_the_program_ends_make_with_a_failure)
{
    struct said said = make(AT_TOP "run STEP=1 FILE=missing");
    assert_status(said, 2);
    assert_says(said, "cannot open 'missing'");
    said_clear(&said);
}

/* ---- Help ---------------------------------------------------------------- */

/* All targets that are commands, from make's own database. */
static char **commands(void)
{
    struct said said = make(AT_TOP "-pn help");
    assert_says(said, "\n.PHONY: ");
    char *found = strstr(said.text, "\n.PHONY: ");
    found += strlen("\n.PHONY: ");
    found[strcspn(found, "\n")] = '\0';
    char **names = g_strsplit(found, " ", -1);
    said_clear(&said);
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
    struct said help = make(AT_TOP "help-all");
    unsigned count = 0;
    assert_status(help, 0);
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
    said_clear(&help);
}

Test(build, make_alone_prints_at_most_25_short_lines)
{
    struct said help = make(AT_TOP);
    struct said all = make(AT_TOP "help-all");
    assert_status(help, 0);
    assert_status(all, 0);
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
    said_clear(&all);
    said_clear(&help);
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
        {"check ONLY=checkers", "ONLY is checker, not 'checkers'"},
        {"run DIR=nothing", "there are no C sources in DIR='nothing'"},
    };
    return cr_make_param_array(struct refusal, refusals,
                               G_N_ELEMENTS(refusals));
}

ParameterizedTest(struct refusal *refusal, build,
                  a_variable_that_is_not_used_is_an_error)
{
    char *words = g_strconcat(AT_TOP "-n ", refusal->words, NULL);
    struct said said = make(words);
    g_free(words);
    assert_status(said, 2);
    assert_says(said, refusal->wanted);
    said_clear(&said);
}

Test(build, a_variable_of_the_environment_is_not_meant_for_us)
{
    /* NAME is the computer's name in WSL. */
    struct said said = shell("NAME=desktop DIR=nothing RUNS=1000000 "
                             "make " AT_TOP "-n sweep flaky");
    assert_status(said, 0);
    assert_says(said, "step1-create step2-bind");
    assert_says(said, "$(seq 25)");
    assert_not_says(said, "desktop");
    said_clear(&said);
}

/* Its line names make, and such a line runs with -n, too. */
Test(build, a_dry_run_of_doctor_installs_nothing)
{
    struct said said = make(AT_TOP "-n doctor");
    assert_status(said, 0);
    assert_says(said, "tools/doctor.sh\n");
    assert_not_says(said, "== Tools\n");
    said_clear(&said);
}

Test(build, settings_go_with_every_command)
{
    struct said said = make(AT_TOP "-n clean help run V=1 WERROR= "
                                   "NO_INSTALL=1 CFLAGS=-O0");
    assert_status(said, 0);
    said_clear(&said);
}

/* ---- Where make is typed ------------------------------------------------- */

#define IN_STEP "-C \"$TOP/step3-callback\" "

/* Some use STEP, and some do not. */
Test(build, commands_can_be_typed_in_a_steps_directory)
{
    static const char *const commands_there[] = {
        IN_STEP "-n pitfalls", IN_STEP "-n probe", IN_STEP "-n dotnet",
        IN_STEP "-n compare",  IN_STEP "-n check", IN_STEP "-n stress",
        IN_STEP "help-all",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(commands_there); i++) {
        struct said said = make(commands_there[i]);
        assert_status(said, 0);
        said_clear(&said);
    }
    struct said run = make(IN_STEP "-n run");
    assert_says(run, "build/step3-callback.exe");
    assert_not_says(run, "build/step2-bind.exe");
    struct said unknown = make(IN_STEP "nothing-of-this-name");
    assert_status(unknown, 2);
    said_clear(&unknown);
    said_clear(&run);
}

/* DIR is relative to where one types, and may have spaces in its name. */
Test(build, a_directory_of_ones_own_may_have_any_name)
{
    must("mkdir \"it's mine\"; "
         "cp \"$TOP\"/step1-create/*.[ch] \"it's mine\"");
    struct said said =
        shell("here=${PWD#\"$TOP/\"}; make -C \"$TOP/step1-create\" run "
              "DIR=\"../$here/it's mine\"");
    assert_status(said, 0);
    assert_says(said, "it's mine/*.c\n");
    assert_says(said, "\nmain: done");
    said_clear(&said);
}

/* ---- Which tests --------------------------------------------------------- */

Test(build, tests_may_be_chosen)
{
    struct said said = make(AT_TOP "-n test TESTS='pool/a_* step3/*'");
    assert_status(said, 0);
    assert_says(said, "--filter '@(pool/a_*|step3/*)'");
    said_clear(&said);
}
