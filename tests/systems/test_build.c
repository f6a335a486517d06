/* The build: its output, which files it makes again, and which commands it
 * refuses. */
#include "../support/shell.h"

#include <glib/gstdio.h>
#include <string.h>

TestSuite(build, .init = enter_scratch, .fini = leave_scratch);

/* Runs make in a shell, so that the words may have quotes and use $TOP. */
static struct said make(const char *words)
{
    char *lines = g_strconcat("make --no-print-directory ", words, NULL);
    struct said said = shell(lines);
    g_free(lines);
    return said;
}

/* Runs make in the project itself. With -n make only prints the commands. */
#define AT_TOP "-C \"$TOP\" "

/* Counts the lines for files that make makes, such as "CC<tab>final/pool.c". */
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

/* ---- Which files make makes again ---------------------------------------- */

Test(build, a_second_make_test_makes_no_file)
{
    struct said said = make(AT_TOP "-n test");
    assert_status(said, 0);
    cr_assert(count_made(said.text) == 0 &&
                  strstr(said.text, " -o build/") == NULL,
              "wanted: no file to compile or link\n%s", quote(&said));
    said_clear(&said);
}

struct change {
    char source[32], made_again[48];
};

ParameterizedTestParameters(build,
                            a_file_is_made_again_after_its_header_changed)
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
                  a_file_is_made_again_after_its_header_changed)
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

/* Counts the lines of a command in a tree without a build directory. */
static unsigned count_lines(const char *command)
{
    struct said said = make(command);
    assert_status(said, 0);
    unsigned lines = count_made(said.text);
    said_clear(&said);
    return lines;
}

Test(build, make_test_from_nothing_prints_under_200_lines)
{
    enum { OTHERS = 8 /* lines: the prefix, a skip, the verdict, ... */ };
    make_top();
    unsigned all = count_lines("-C top -n test");
    unsigned step = count_lines("-C top -n test STEP=3");
    cr_assert(all > 100 && all + OTHERS < 200,
              "make test\nwanted: fewer than 200 lines\ngot: %u for files",
              all);
    cr_assert(step > 10 && step + OTHERS < 40,
              "make test STEP=3\nwanted: fewer than 40 lines\n"
              "got: %u for files",
              step);
}

/* Otherwise a changed header would not make the program again. */
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

/* Without STEP, make check runs all suites, as make test does. */
Test(build, make_check_makes_the_same_files_as_make_test)
{
    make_top();
    struct said test = make("-C top -n test");
    struct said check = make("-C top -n check");
    assert_says(check, "LD\tbuild/probe.exe\n");
    cr_assert(count_made(check.text) == count_made(test.text),
              "wanted: %u files, as for make test\n%s", count_made(test.text),
              quote(&check));
    said_clear(&check);
    said_clear(&test);
}

/* ---- Output -------------------------------------------------------------- */

Test(build, make_prints_a_line_for_each_file_and_v1_prints_the_commands)
{
    make_top();
    struct said quiet = make("-C top build/step1-create.exe");
    assert_status(quiet, 0);
    cr_assert_str_eq(quiet.text, "CC\tstep1-create/main.c\n"
                                 "WINDRES\tmk/windows.rc\n"
                                 "LD\tbuild/step1-create.exe\n");
    struct said again = make("-C top build/step1-create.exe");
    assert_status(again, 0);
    cr_assert(count_made(again.text) == 0, "wanted: no file to make\n%s",
              quote(&again));
    struct said loud = make("-C top -W step1-create/main.c V=1 "
                            "build/step1-create.exe");
    assert_status(loud, 0);
    assert_says(loud, " -c -o build/obj/step1-create/main.o "
                      "step1-create/main.c\n");
    cr_assert(count_made(loud.text) == 0, "wanted: only commands\n%s",
              quote(&loud));
    said_clear(&quiet);
    said_clear(&again);
    said_clear(&loud);
}

Test(build, make_fails_if_the_compiler_reports_an_error)
{
    cr_assert_eq(g_mkdir("mine", 0777), 0);
    cr_assert(g_file_set_contents("mine/main.c", "int wmain(void) { oops }\n",
                                  -1, NULL));
    make_top();
    struct said said = make("-C top build/dir/plan.json DIR=../mine");
    assert_status(said, 2);
    assert_says(said, "CC\t../mine/main.c\n");
    assert_says(said, "../mine/main.c:1:19: error: ");
    said_clear(&said);
}

/* The program's output goes through a pipe. The exit status of the pipe's last
 * command must not hide the program's. */
Test(build, make_fails_if_the_program_fails)
{
    struct said said = make(AT_TOP "run STEP=1 FILE=missing");
    assert_status(said, 2);
    assert_says(said, "cannot open 'missing'");
    said_clear(&said);
}

/* ---- Help ---------------------------------------------------------------- */

/* The names of all commands: the phony targets in make's database. */
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

ParameterizedTestParameters(
    build, a_variable_that_the_command_does_not_use_is_an_error)
{
    static struct refusal refusals[] = {
        {"test STEP=3 DIR=mine", "'make test' does not use DIR; it uses STEP"},
        {"test STEP=3 DIR=mine", "make check STEP=3 DIR=mine"},
        {"run step=3", "'step' is no variable of any command"},
        {"clean STEP=3", "'make clean' does not use STEP; it uses no variable"},
        {"pitfall STEP=3 NAME=x", "'make pitfall' does not use STEP"},
        {"pitfalls probe ROW=read IO=x", "does not use IO; it uses ROW"},
        {"sweep FILE=a ARGS=b", "does not use ARGS, FILE"},
        {"run STEP=6",
         "STEP is 1, 2, 3, 4, 5, cancel, close, many or final, not '6'"},
        {"run STEP=5 LIBS=ws2_32", "LIBS goes with DIR"},
        {"check ONLY=checkers", "ONLY is checker, not 'checkers'"},
        {"run DIR=nothing", "there are no C or C++ sources in DIR='nothing'"},
    };
    return cr_make_param_array(struct refusal, refusals,
                               G_N_ELEMENTS(refusals));
}

ParameterizedTest(struct refusal *refusal, build,
                  a_variable_that_the_command_does_not_use_is_an_error)
{
    char *words = g_strconcat(AT_TOP "-n ", refusal->words, NULL);
    struct said said = make(words);
    g_free(words);
    assert_status(said, 2);
    assert_says(said, refusal->wanted);
    said_clear(&said);
}

Test(build, an_unused_variable_of_the_environment_is_ignored)
{
    /* In WSL, NAME is the name of the computer. */
    struct said said = shell("NAME=desktop DIR=nothing RUNS=1000000 "
                             "make " AT_TOP "-n sweep flaky");
    assert_status(said, 0);
    assert_says(said, "step1-create step2-bind");
    assert_says(said, "$(seq 25)");
    assert_not_says(said, "desktop");
    said_clear(&said);
}

/* With -n, make still runs a line that contains $(MAKE). */
Test(build, make_n_doctor_installs_nothing)
{
    struct said said = make(AT_TOP "-n doctor");
    assert_status(said, 0);
    assert_says(said, "tools/doctor.sh\n");
    assert_not_says(said, "== Tools\n");
    said_clear(&said);
}

Test(build, every_command_accepts_settings)
{
    struct said said = make(AT_TOP "-n clean help run V=1 WERROR= "
                                   "NO_INSTALL=1 CFLAGS=-O0");
    assert_status(said, 0);
    said_clear(&said);
}

/* ---- make in another directory ------------------------------------------- */

#define IN_STEP "-C \"$TOP/step3-callback\" "

/* Some of these commands use STEP, and some do not. */
Test(build, a_steps_directory_has_every_command)
{
    static const char *const commands_of_step3[] = {
        IN_STEP "-n pitfalls", IN_STEP "-n probe", IN_STEP "-n dotnet",
        IN_STEP "-n compare",  IN_STEP "-n check", IN_STEP "-n stress",
        IN_STEP "help-all",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(commands_of_step3); i++) {
        struct said said = make(commands_of_step3[i]);
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

/* DIR is relative to the working directory, and may contain spaces. */
Test(build, dir_may_have_a_space_and_a_quote_in_its_name)
{
    must("mkdir \"it's mine\"; "
         "cp \"$TOP\"/step1-create/*.[ch] \"it's mine\"");
    struct said said =
        shell("here=${PWD#\"$TOP/\"}; make -C \"$TOP/step1-create\" run "
              "DIR=\"../$here/it's mine\"");
    assert_status(said, 0);
    assert_says(said, "it's mine/main.c\n");
    assert_says(said, "\nmain: done");
    said_clear(&said);
}

/* ---- TESTS --------------------------------------------------------------- */

Test(build, tests_chooses_tests_by_patterns)
{
    struct said said = make(AT_TOP "-n test TESTS='pool/a_* step3/*'");
    assert_status(said, 0);
    assert_says(said, "--filter '@(pool/a_*|step3/*)'");
    said_clear(&said);
}
