/* A directory of C and C++ sources is built as it is; make check prints each
 * report when it is made, and a verdict. A test that only needs what a program
 * prints uses a shell script as the program, with LAUNCHER=sh. */
#include "../support/shell.h"

TestSuite(links, .init = enter_scratch, .fini = leave_scratch);
TestSuite(check, .init = enter_scratch, .fini = leave_scratch);
TestSuite(sqlite, .init = enter_scratch, .fini = leave_scratch);

enum { MOST_LINES = 15 };

/* ---- A directory of your own ---- */

/* top/ has links to what is built, and a build directory of its own for DIR. */
static void make_own_top(void)
{
    make_top();
    must("mkdir top/build/lab && cd top/build && "
         "ln -s \"$TOP\"/build/wine \"$TOP\"/build/sample.txt . && "
         "ln -s \"$TOP\"/build/obj . && cd lab && "
         "ln -s \"$TOP\"/build/lab/names \"$TOP\"/build/lab/parts .");
}

/* A Windows program writes CR LF. */
static struct said without_returns(struct said said)
{
    GString *text = g_string_new(said.text);
    g_string_replace(text, "\r\n", "\n", 0);
    g_free(said.text);
    said.text = g_string_free(text, FALSE);
    return said;
}

/* The lab prints no line between those of the program. */
static struct said make(const char *words)
{
    char *lines = g_strconcat(
        "LAB=quiet make --no-print-directory -C top FILE=build/sample.txt ",
        words, NULL);
    struct said said = without_returns(shell(lines));
    g_free(lines);
    return said;
}

static unsigned count(const char *text, const char *what)
{
    unsigned found = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        found++;
    return found;
}

static const char many_files[] = "two: 0\n"
                                 "first read: 64\n"
                                 "all reads: 128\n"
                                 "words: 3\n"
                                 "sizes: 15\n"
                                 "names: 11\n"
                                 "upper: 65\n"
                                 "changes: 7\n";

Test(links, a_program_of_many_files_is_built_as_it_is)
{
    make_own_top();
    must("cp -R \"$TOP/tests/lab/links/many-files\" 'many files' && "
         "cd 'many files' && mv sizes \u00e4\u00f6 && mkdir build .hidden && "
         "mv parts/count.cpp parts/count.CPP && "
         "mv \u00e4\u00f6/last.cpp \u00e4\u00f6/last.C && "
         "echo '#error left out' | tee build/left_out.c .hidden/left_out.cc");
    struct said said = make("run IO=pending DIR='../many files'");
    assert_status(said, 0);
    assert_says(said, many_files);
    cr_assert(count(said.text, "IO=") == 0, "%s", quote(&said));
    cr_assert(count(said.text, "CC\t") == 6 && count(said.text, "CXX\t") == 4,
              "wanted: 6 lines with CC, 4 with CXX: %s", quote(&said));
    said_clear(&said);

    /* Only what a changed header concerns is compiled again. */
    must("echo >>'many files/\u00e4\u00f6/parts.hpp'");
    said = make("check DIR='../many files'");
    assert_status(said, 0);
    assert_says(said, "check: many files: nothing to report\n");
    cr_assert(count(said.text, "CC\t") == 0 && count(said.text, "CXX\t") == 3,
              "wanted: 3 lines with CXX: %s", quote(&said));
    said_clear(&said);
}

/* The page needs no other file, and has the program's sources. */
Test(links, make_play_makes_one_page_of_a_program)
{
    make_own_top();
    must("cp -R \"$TOP/tests/lab/links/many-files\" 'many files'");
    struct said said = make("play STEP=5 DIR='../many files'");
    assert_status(said, 0);
    assert_says(said, "play: build/play/many files.html: exit status 0, "
                      "0 mistakes found by the checker\n");
    said_clear(&said);
    must("page='top/build/play/many files.html' && "
         "grep -q 'all reads: 128' top/build/play/*.out && "
         "grep -q '\"title\": \"many files\"' \"$page\" && "
         "grep -q 'all reads' \"$page\" && "
         "! grep -qE '(src|href)=\"?(https?:|/)' \"$page\"");

    /* From the directory of a step, with its own program beside ours. */
    said = shell("make --no-print-directory -C top/step1-create play DIR=. "
                 "BESIDE=solution");
    assert_status(said, 0);
    assert_says(said, "play: ../build/play/step1-create.html: exit status 0");
    said_clear(&said);
}

struct entry {
    char directory[24], prints[32];
};

ParameterizedTestParameters(links, each_entry_point_is_found)
{
    static struct entry entries[] = {
        {"entries/main-cpp", "main: 2 build/sample.txt\n"},
        {"entries/wmain-cpp", "wmain: 2 build/sample.txt\n"},
        {"entries/WinMain-c", "WinMain: 1 build/sample.txt\n"},
        {"entries/wWinMain-c", "wWinMain: 1 build/sample.txt\n"},
        {"own-memory", "nine 1 1\n"},
    };
    return cr_make_param_array(struct entry, entries, G_N_ELEMENTS(entries));
}

ParameterizedTest(struct entry *entry, links, each_entry_point_is_found)
{
    make_own_top();
    char *words =
        g_strconcat("run DIR=tests/lab/links/", entry->directory, NULL);
    struct said said = make(words);
    assert_status(said, 0);
    assert_says(said, entry->prints);
    said_clear(&said);
    g_free(words);
}

/* GCC does not know this ending. FILE without a name leaves out the argument.
 */
Test(links, a_program_can_have_another_ending_and_no_file)
{
    make_own_top();
    must("mkdir other && cp "
         "\"$TOP/tests/lab/links/entries/main-cpp/program.cpp\" "
         "other/Main.Cpp");
    struct said said = make("run FILE= DIR=../other");
    assert_status(said, 0);
    assert_says(said, "main: 1 ");
    said_clear(&said);
}

/* The guard's own sentence may come between the program's two. */
Test(links, memory_that_is_not_guarded_is_the_systems)
{
    make_own_top();
    struct said said = make("run DIR=tests/lab/links/much-memory");
    assert_status(said, 0);
    assert_says(said, "sizes 32 32\n");
    assert_says(said, "0 failed\n");
    said_clear(&said);
}

/* A program without exactly one entry point, and one without its library. */
Test(links, what_is_missing_is_said_in_one_line)
{
    make_own_top();
    must("mkdir none && echo 'int start(void) { return 0; } /* main */' "
         ">none/a.c");
    struct said said = make("run DIR=../none");
    assert_status(said, 2);
    assert_says(said, "build: no source defines an entry point: main, wmain, ");
    said_clear(&said);

    must("echo 'int main(void) { return 0; }' >none/b.c && "
         "echo 'int wmain(void) { return 0; }' >none/c.cpp");
    said = make("run DIR=../none");
    assert_status(said, 2);
    assert_says(said, "build: a program has one entry point, but here are 2: "
                      "main in ../none/b.c, wmain in ../none/c.cpp\n");
    said_clear(&said);

    said = make("run DIR=tests/lab/links/sockets");
    assert_status(said, 2);
    assert_says(said, "Name the libraries: LIBS=\"ws2_32\"\n");
    said_clear(&said);
    said = make("run DIR=tests/lab/links/sockets LIBS='ws2_32 ole32'");
    assert_status(said, 0);
    assert_says(said, "WSAStartup: 0\n");
    said_clear(&said);
}

/* ---- Reports ---- */

/* Runs the lines in the environment that make has set for the suites: a Windows
 * program needs it. Criterion's own variables are left out. */
static struct said shell_for_windows(const char *lines)
{
    char *top = g_build_filename(g_getenv("BUILD"), "..", NULL);
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_subprocess_launcher_setenv(launcher, "TOP", top, TRUE);
    char **names = g_listenv();
    for (char **name = names; *name != NULL; name++)
        if (g_str_has_prefix(*name, "BXFI_") || strcmp(*name, "DIR") == 0)
            g_subprocess_launcher_unsetenv(launcher, *name);
    g_strfreev(names);
    struct said said = {.lines = g_strdup(lines)};
    GSubprocess *process = g_subprocess_launcher_spawn(
        launcher, NULL, "timeout", "60", "sh", "-c", lines, NULL);
    cr_assert(process != NULL &&
              g_subprocess_communicate_utf8(process, NULL, NULL, &said.text,
                                            NULL, NULL));
    said.status = g_subprocess_get_if_exited(process)
                      ? g_subprocess_get_exit_status(process)
                      : -1;
    g_object_unref(process);
    g_object_unref(launcher);
    g_free(top);
    return said;
}

/* Starts check.py with this program, and waits for a line of its output that
 * begins with these words. */
static GSubprocess *start_check(const char *program, const char *words,
                                GDataInputStream **out)
{
    char *script =
        g_strdup_printf("%s/../lab/check/check.py", g_getenv("BUILD"));
    char *path = g_strdup_printf("%s/%s.exe", g_getenv("BUILD"), program);
    GSubprocessLauncher *launcher =
        g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE);
    g_subprocess_launcher_setenv(launcher, "SAMPLE", "none", TRUE);
    g_subprocess_launcher_unsetenv(launcher, "DIR");
    GSubprocess *check =
        g_subprocess_launcher_spawn(launcher, NULL, "timeout", "--foreground",
                                    "60", "python3", "-B", script, path, NULL);
    cr_assert_not_null(check);
    *out = g_data_input_stream_new(g_subprocess_get_stdout_pipe(check));
    char *line;
    do
        line = g_data_input_stream_read_line(*out, NULL, NULL, NULL);
    while (line != NULL && !g_str_has_prefix(line, words));
    cr_assert_not_null(line, "wanted: a line '%s'\ngot: the end", words);
    g_free(line);
    g_object_unref(launcher);
    g_free(path);
    g_free(script);
    return check;
}

static char *read_rest(GDataInputStream *out)
{
    GString *text = g_string_new(NULL);
    char *line;
    while ((line = g_data_input_stream_read_line(out, NULL, NULL, NULL))) {
        g_string_append_printf(text, "%s\n", line);
        g_free(line);
    }
    return g_string_free(text, FALSE);
}

/* This program never ends, so the test reads the report while it runs. */
static void assert_ends_after(const char *ending, const char *signal,
                              const char *verdict, int status)
{
    GDataInputStream *out;
    GSubprocess *check =
        start_check("tests/lab/wrong/runs_on", "    rule: ", &out);
    /* timeout has started check.py, and check.py the program. */
    char *lines = g_strdup_printf(
        "child() { set -- $(cat /proc/$1/task/$1/children); echo $1; }; "
        "check=$(child %s); kill -%s %s",
        g_subprocess_get_identifier(check), signal, ending);
    must(lines);
    char *rest = read_rest(out);
    g_subprocess_wait(check, NULL, NULL);
    cr_assert(strstr(rest, verdict) != NULL &&
                  g_subprocess_get_exit_status(check) == status,
              "wanted: '%s' and exit status %d\ngot: exit status %d\n%s",
              verdict, status, g_subprocess_get_exit_status(check), rest);
    g_free(rest);
    g_free(lines);
    g_object_unref(out);
    g_object_unref(check);
}

Test(check, a_report_is_printed_before_the_program_is_interrupted)
{
    assert_ends_after("$check", "INT",
                      "check: runs_on: interrupted, with 1 mistake\n",
                      INTERRUPTED);
    assert_ends_after("$check", "TERM",
                      "check: runs_on: interrupted, with 1 mistake\n",
                      INTERRUPTED);
}

Test(check, a_program_that_is_ended_from_outside_has_a_verdict)
{
    assert_ends_after("$(child $check)", "KILL",
                      "check: runs_on: it was ended from outside (signal 9)\n",
                      1);
}

/* Ctrl-C comes when the program has started, and before Popen has returned. */
static const char interrupted_start[] =
    "import os, signal, subprocess, sys, time\n"
    "sys.path.insert(0, sys.argv[1])\n"
    "import programs\n"
    "class Interrupted(subprocess.Popen):\n"
    "    def __init__(self, *words, **more):\n"
    "        super().__init__(*words, **more)\n"
    "        while not os.path.exists('started'):\n"
    "            time.sleep(0.01)\n"
    "        os.kill(os.getpid(), signal.SIGINT)\n"
    "subprocess.Popen = Interrupted\n"
    "program = programs.Program(['sh', '-c', 'echo $$ >pid; touch started; '\n"
    "                                        'exec sleep 60'])\n"
    "sys.exit(programs.INTERRUPTED if program.follow(print).interrupted else 0)"
    "\n";

Test(check, an_interrupt_while_a_program_starts_ends_it)
{
    cr_assert(
        g_file_set_contents("interrupted.py", interrupted_start, -1, NULL));
    struct said said =
        shell("python3 -B interrupted.py \"$TOP/lab/check\" 2>/dev/null");
    assert_status(said, INTERRUPTED);
    said_clear(&said);
    must("! kill -0 $(cat pid) 2>/dev/null");
}

/* ---- The verdict ---- */

/* The "program" is a shell script, and so is addr2line. */
static struct said check_script(const char *lines, const char *options)
{
    write_script("program", lines);
    write_script("addr2line", "while read -r address; do\n"
                              "    echo \"$PWD/main.c:${address#0x}\"\ndone\n");
    char *command = g_strdup_printf(
        "LAUNCHER=sh ADDR2LINE='sh addr2line' SAMPLE=sample python3 -B "
        "\"$TOP/lab/check/check.py\" program %s",
        options);
    struct said said = shell(command);
    g_free(command);
    return said;
}

/* A terminal sends Ctrl-C to all processes of the command, addr2line among
 * them. */
Test(check, a_report_after_an_interrupt_has_its_lines)
{
    struct said said = check_script("exit 0\n", ""); /* writes addr2line */
    said_clear(&said);
    write_script("program",
                 "trap 'echo \"checker: last at {0x1f}\" >&2; exit 0' INT\n"
                 "echo 'checker: first at {0x2f}' >&2\n"
                 "while :; do sleep 0.1; done\n");
    must("setsid env --default-signal=INT LAUNCHER=sh SAMPLE=sample "
         "ADDR2LINE='sh addr2line' python3 -B \"$TOP/lab/check/check.py\" "
         "program >out 2>&1 &\n"
         "until grep -q 'first at main.c:2f' out; do sleep 0.05; done\n"
         "kill -INT -$!\n"
         "wait $! || true; grep -q 'last at main.c:1f' out");
}

static void assert_text_of(struct said said, int status, const char *wanted)
{
    cr_assert(said.status == status && strcmp(said.text, wanted) == 0,
              "wanted: exit status %d and\n%s\n%s", status, wanted,
              quote(&said));
    said_clear(&said);
}

Test(check, a_right_program_has_three_lines)
{
    assert_text_of(
        check_script(
            "echo 'lab: also calls WSARecv' >&2\n"
            "echo 'checker: looked at 3 requests, 2 packets, 1 handle' "
            ">&2\n",
            ""),
        0,
        "check: program: nothing to report\n"
        "check: looked at 3 requests, 2 packets, 1 handle; only tests can "
        "judge "
        "the data\n"
        "lab: also calls WSARecv\n"
        "next: make pitfalls\n");
    assert_text_of(check_script("exit 0\n", ""), 0,
                   "check: program: nothing to report\n"
                   "check: looked at 2 runs; only tests can judge the data\n"
                   "next: make pitfalls\n");
}

/* A report can follow text of the program that has no end of line. All of it is
 * one write, as the checker does it. */
Test(check, a_report_has_its_lines)
{
    assert_text_of(
        check_script("printf 'name? checker: a mistake\\n    at {0x1f} and "
                     "{0x2f}\\n    own line\\nlast' >&2\n"
                     "exit 66\n",
                     "--step 3"),
        1,
        "check: program: 1 mistake\n"
        "checker: a mistake\n"
        "    at main.c:1f and main.c:2f\n"
        "    own line\n"
        "next: make trace STEP=3\n");
}

/* The second run is under IO=pending, unless the reader has chosen a mode; the
 * command that repeats it is, too. Step 5 has a third run. */
Test(check, the_second_run_is_under_io_pending)
{
    const char *lines = "echo \"$CHECK $IO\" >>runs\n"
                        "case $CHECK in 2) echo 'checker: a mistake' >&2 ;; "
                        "esac\n";
    assert_text_of(check_script(lines, "--step 2"), 1,
                   "check: program: 1 mistake\n"
                   "checker: a mistake\n"
                   "next: make trace STEP=2 IO=pending\n");
    must("[ \"$(cat runs)\" = \"$(printf '1 \\n2 pending')\" ]; rm runs");
    g_free(check_script("echo \"$CHECK $IO\" >>runs\n", "--step 5").text);
    must("[ \"$(cat runs)\" = "
         "\"$(printf '1 \\n2 pending\\n1 sync-eof')\" ]; rm runs");
    must("LAUNCHER=sh SAMPLE=sample IO=skip python3 -B "
         "\"$TOP/lab/check/check.py\" program");
    must("[ \"$(cat runs)\" = \"$(printf '1 skip\\n2 skip')\" ]");
}

Test(check, a_program_that_fails_has_a_verdict)
{
    assert_text_of(check_script("echo 'cannot read' >&2\nexit 1\n", ""), 1,
                   "check: program: it ended with exit status 1, and nothing "
                   "to report\n"
                   "cannot read\n"
                   "next: make trace\n");
    assert_text_of(
        check_script("exit 5\n", ""), 1,
        "check: program: it crashed: exit status 5, as after an access "
        "violation (0xC0000005), and nothing to report\n"
        "next: make trace\n");
    assert_text_of(
        check_script("echo 'wine: Unhandled exception' >&2\nexit 77\n", ""), 1,
        "check: program: it crashed: exit status 77, and nothing to "
        "report\n"
        "wine: Unhandled exception\n"
        "next: make trace\n");
    /* The checker has seen the end: 5 is the program's own number. */
    assert_text_of(check_script("echo 'checker: looked at 1 handle' >&2\n"
                                "exit 5\n",
                                ""),
                   1,
                   "check: program: it ended with exit status 5, and nothing "
                   "to report\n"
                   "next: make trace\n");
    assert_text_of(check_script("exit 13\n", ""), 1,
                   "check: program: it ended with exit status 13, and nothing "
                   "to report\n"
                   "next: make trace\n");
    assert_text_of(check_script("echo 'checker: hint: 87' >&2\nexit 1\n", ""),
                   1,
                   "check: program: 1 hint\n"
                   "checker: hint: 87\n"
                   "check: program: it ended with exit status 1\n"
                   "next: make trace\n");
}

/* The first run finds what was never closed; the second finds the same again,
 * and a worse mistake, which comes first. */
Test(check, without_a_step_both_runs_are_judged)
{
    const char *lines =
        "printf 'lab: also calls A: not followed, so\\n' >&2\n"
        "case $CHECK in 2) printf 'lab: also calls B, A: not followed, so\\n"
        "checker: an OVERLAPPED is reused while in flight\\n"
        "    request 2, submitted at {0x2}\\n' >&2 ;; esac\n"
        "printf \"checker: an event's handle is never closed\\n"
        "    created at {0x1}\\n\" >&2\nexit 66\n";
    assert_text_of(check_script(lines, ""), 1,
                   "check: program: 1 mistake\n"
                   "checker: an OVERLAPPED is reused while in flight\n"
                   "    request 2, submitted at main.c:2\n"
                   "check: program: 2 mistakes\n"
                   "checker: an event's handle is never closed\n"
                   "    created at main.c:1\n"
                   "lab: also calls A, B: not followed, so nothing is said "
                   "about them\n"
                   "next: make trace IO=pending\n");
    /* With a step, the first run that fails is the last. */
    assert_text_of(check_script(lines, "--step 3"), 1,
                   "check: program: 1 mistake\n"
                   "checker: an event's handle is never closed\n"
                   "    created at main.c:1\n"
                   "lab: also calls A: not followed, so nothing is said about "
                   "it\n"
                   "next: make trace STEP=3\n");
}

Test(check, a_program_can_have_no_file)
{
    assert_text_of(check_script("exit $#\n", "--no-file"), 0,
                   "check: program: nothing to report\n"
                   "check: looked at 2 runs; only tests can judge the data\n"
                   "next: make pitfalls\n");
}

/* What one run has read from a pipe or a file, the next one reads, too. */
Test(check, each_run_has_the_same_stdin)
{
    write_script("program",
                 "read -r first && [ \"$first\" = one ] && cat >>read\n");
    must("printf 'one\\ntwo\\n' >in && export LAUNCHER=sh SAMPLE=sample && "
         "check=\"python3 -B $TOP/lab/check/check.py program\" && "
         "$check <in && cat in | $check && "
         "[ \"$(cat read)\" = \"$(printf 'two\\ntwo\\ntwo\\ntwo')\" ]");
}

/* The program ends when it sees the line. */
Test(check, a_long_run_is_reported_while_it_runs)
{
    assert_text_of(
        check_script("[ $CHECK = 1 ] || until grep -q 'not ended' program.txt; "
                     "do :; done\n",
                     "--notice 0.1"),
        0,
        "check: program: run 2, with IO=pending, has not ended after 0.1 s; "
        "Ctrl-C ends it\n"
        "check: program: nothing to report\n"
        "check: looked at 2 runs; only tests can judge the data\n"
        "next: make pitfalls\n");
}

Test(check, an_interrupted_program_has_its_notes)
{
    struct said said = check_script(
        "echo 'lab: also calls A: not followed' >&2\n"
        "echo mark >&2\nuntil grep -q mark program.txt; do :; done\n"
        "kill -INT $(cut -d ' ' -f 4 /proc/$$/stat)\n"
        "while :; do sleep 1; done\n",
        "");
    assert_text_of(said, INTERRUPTED,
                   "check: program: interrupted, with 0 mistakes\n"
                   "lab: also calls A: not followed, so nothing is said about "
                   "it\n");
}

/* Otherwise the program would go on for ever, and so would this test. */
Test(check, a_step_that_waits_is_ended)
{
    assert_text_of(
        check_script(
            "echo 'checker: still waiting after 5 s: main at {0x5}' >&2\n"
            "while :; do sleep 1; done\n",
            "--step 5 --patience 60"),
        1,
        "check: program: no progress for 5 s\n"
        "checker: still waiting after 5 s: main at main.c:5\n"
        "check: the program was ended\n"
        "next: make trace STEP=5\n");
    assert_text_of(
        check_script(
            "echo 'checker: still waiting after 5 s: main at {0x5}' >&2\n", ""),
        0,
        "checker: still waiting after 5 s: main at main.c:5\n"
        "checker: still waiting after 5 s: main at main.c:5\n"
        "check: program: nothing to report\n"
        "check: looked at 2 runs; only tests can judge the data\n"
        "next: make pitfalls\n");
}

/* One prints nothing, one prints without an end. */
Test(check, a_step_that_does_not_end_is_ended)
{
    assert_text_of(
        check_script("while :; do :; done\n", "--step 5 --patience 0.5"), 1,
        "check: program: it did not end within 0.5 s, and was "
        "ended\n"
        "next: make trace STEP=5\n");
    struct said said = check_script("while echo more $((n += 1)); do :; done\n",
                                    "--step 5 --patience 0.5");
    assert_status(said, 1);
    assert_says(said, "check: program: it did not end within 0.5 s, and was "
                      "ended\nmore ");
    said_clear(&said);
}

/* A loop that only looks for the end in the result of ReadFile does this. */
Test(check, a_step_that_repeats_its_lines_is_ended)
{
    assert_text_of(check_script("while echo more; do echo own >&2; done\n",
                                "--step 5 --patience 25"),
                   1,
                   "check: program: it printed the same lines again and again, "
                   "and was ended\n"
                   "more\n"
                   "more\n"
                   "own\n"
                   "own\n"
                   "own\n"
                   "next: make trace STEP=5\n");
}

Test(check, a_verdict_has_at_most_15_lines)
{
    struct said said = check_script(
        "for n in 1 2 3 4 5 6 7 8 9; do "
        "printf 'checker: a mistake\\n    one\\n    two\\n    three\\n' >&2; "
        "done\nexit 5\n",
        "--step 5");
    assert_status(said, 1);
    cr_assert(
        count(said.text, "\n") <= MOST_LINES &&
            g_str_has_prefix(said.text, "check: program: 1 mistake\n") &&
            g_str_has_suffix(said.text, "next: make trace STEP=5\n"),
        "wanted: at most %d lines, the verdict first, the command last\n%s",
        MOST_LINES, quote(&said));
    assert_says(said, "check: 9 mistakes in all; ");
    assert_says(said, " more lines: ./program.txt\n");
    said_clear(&said);
    char *log;
    read_file("program.txt", &log, NULL);
    cr_assert(count(log, "    three\n") == 9, "wanted: all lines\ngot: %s",
              log);
    g_free(log);
}

/* ---- On a terminal ---- */

Test(check, a_program_on_a_terminal_only_waits)
{
    write_script("program", "echo \"CHECK=$CHECK $1\"\nprintf 'name? ' >&2\n"
                            "printf 'none\\nchecker: still waiting after 5 s: "
                            "main at {0x5}\\n' >&2\nexit 7\n");
    write_script("addr2line", "while read -r address; do\n"
                              "    echo \"$PWD/main.c:5\"\ndone\n");
    struct said said = shell("LAUNCHER=sh ADDR2LINE='sh addr2line' python3 -B "
                             "\"$TOP/lab/check/run.py\" program 'a file' >out");
    assert_status(said, 7);
    cr_assert_str_eq(said.text, "name? none\n"
                                "checker: still waiting after 5 s: main at "
                                "main.c:5\n");
    said_clear(&said);
    must("[ \"$(cat out)\" = 'CHECK=waits a file' ]");
}

/* ---- The tests of a step ---- */

/* Step 5 under the checker, and then a test of a program that has a pitfall. */
Test(check, the_first_test_that_fails_is_shown)
{
    struct said said = shell_for_windows(
        "SAMPLE=\"$TOP/build/sample.txt\" RUN_TESTS=\"cd '$TOP' && "
        "BUILD='$TOP/build/pitfalls/advanced-by-buffer-size' "
        "CHOSEN=step5-readfile WATCHDOG=5 build/tests/suites --fail-fast "
        "--filter step5/after_a_short_*\" "
        "python3 -B \"$TOP/lab/check/check.py\" "
        "\"$TOP/build/lab/step5-readfile.exe\" --step 5");
    const char *test =
        "step5/after_a_short_read_the_next_begins_where_it_ended";
    char *first =
        g_strdup_printf("check: step5-readfile: the test %s fails\n", test);
    char *last = g_strdup_printf("next: make check STEP=5 TESTS=%s\n", test);
    assert_status(said, 1);
    cr_assert(g_str_has_prefix(said.text, first) &&
                  g_str_has_suffix(said.text, last) &&
                  count(said.text, "\n") <= MOST_LINES &&
                  strstr(said.text, "    wanted:\n") != NULL &&
                  strstr(said.text, "    got: ") != NULL,
              "wanted: '%s', 'wanted:', 'got:', '%s'\n%s", first, last,
              quote(&said));
    said_clear(&said);
    g_free(last);
    g_free(first);
}

/* The log of a test that fails. */
Test(check, the_end_of_stdout_is_shown_if_it_is_compared)
{
    struct said said =
        shell("printf '%s\\n' 'a.c:1: Assertion Failed' "
              "'[----] wanted: at the end of stdout' '[----] last' "
              "'[----] got: exit status 0' '[----] --- stdout' "
              "1 2 3 4 '[----] --- stderr' '[FAIL] a::b: (1s)' >log && "
              "PYTHONPATH=\"$TOP/lab/check\" python3 -B -c 'import check\n"
              "lines = open(\"log\").read().splitlines()\n"
              "for line in check.failure_of(lines, "
              "check.FAILED.match(lines[-1])):\n    print(line.strip())'");
    cr_assert_str_eq(said.text,
                     "wanted: at the end of stdout\nlast\n"
                     "got: exit status 0\n--- the end of stdout\n2\n3\n4\n",
                     "%s", quote(&said));
    said_clear(&said);
}

static struct said judge(const char *step, const char *program)
{
    char *command = g_strdup_printf(
        "cd \"$TOP\" && PYTHONPATH=lab/check python3 -B -c 'import steps\n"
        "failure = steps.judge(\"%c\", \"build/%s%s.exe\", "
        "\"build/sample.txt\")\nprint(failure and failure.title)'",
        step[4], program, step);
    struct said said = shell_for_windows(command);
    g_free(command);
    return said;
}

static struct criterion_test_params steps(void)
{
    static char names[5][24];
    for (unsigned i = 0; i < 5; i++)
        g_strlcpy(names[i], stages[i], sizeof names[i]);
    return cr_make_param_array(char[24], names, 5);
}

/* Without Criterion, Python runs the main tests of a step. */
ParameterizedTestParameters(check, python_judges_a_step)
{
    return steps();
}

ParameterizedTest(char step[24], check, python_judges_a_step)
{
    struct said right = judge(step, "");
    struct said broken = judge(step, "tests/break/");
    cr_assert_str_eq(right.text, "None\n", "wanted: None\n%s", quote(&right));
    cr_assert_str_eq(broken.text, "wrong with the sample\n", "%s",
                     quote(&broken));
    said_clear(&broken);
    said_clear(&right);
}

Test(check, without_criterion_python_judges_the_step_in_dir)
{
    make_own_top();
    must("mkdir mine && cp \"$TOP\"/step1-create/*.[ch] mine && "
         "sed -i 's/position is now/place is now/' mine/main.c && "
         "ln -s \"$TOP\"/build/tests top/build/tests");
    struct said said =
        shell("PKG_CONFIG_LIBDIR=/nowhere NO_INSTALL=1 make "
              "--no-print-directory -C top check STEP=1 DIR=../mine");
    assert_status(said, 2);
    assert_says(said, "check: step1-create: wrong with the sample\n"
                      "    wanted: what the step's README shows\n");
    said_clear(&said);
}

/* ---- SQLite ---- */

static void run_sqlite(const char *variable, const char *value)
{
    char *program = g_build_filename(g_getenv("BUILD"), "lab/sqlite.exe", NULL);
    bool there = g_file_test(program, G_FILE_TEST_EXISTS);
    g_free(program);
    if (!there)
        cr_skip_test("SQLite is not here; make test-sqlite fetches it");
    g_setenv(variable, value, TRUE);
    struct run run = RUN("lab/sqlite", "database");
    g_unsetenv(variable);
    assert_run(&run, run.status == 0 && strstr(run.err, "checker: a") == NULL,
               "exit status 0, and no mistake");
    assert_text(&run, "100 squares, their sum is 338350\n");
    run_clear(&run);
}

Test(sqlite, it_runs_under_the_checker)
{
    run_sqlite("CHECK", "1");
    run_sqlite("CHECK", "2");
}

Test(sqlite, it_runs_under_io_pending)
{
    run_sqlite("IO", "pending");
}

Test(sqlite, it_is_traced)
{
    run_sqlite("TRACE", "recording");
    cr_assert(g_file_test("recording", G_FILE_TEST_EXISTS));
}
