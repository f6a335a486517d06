/* What all stages have in common: errors, file names, READMEs. */
#include "../support/helpers.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

TestSuite(all_stages, .init = enter_scratch, .fini = leave_scratch);

#define FOR_EACH_STAGE(test)                                                   \
    ParameterizedTestParameters(all_stages, test)                              \
    {                                                                          \
        return chosen_stages();                                                \
    }                                                                          \
    ParameterizedTest(char stage[24], all_stages, test)

/* ---- Usage ---- */

FOR_EACH_STAGE(no_argument_is_wrong_usage)
{
    struct run run =
        finish(start(stage, (const char *const[]){NULL}, NULL, -1, WATCHDOG));
    assert_usage(&run, stage);
    run_clear(&run);
}

FOR_EACH_STAGE(too_many_arguments_are_wrong_usage)
{
    make_file("file", 1);
    /* final takes any number of files. */
    const char *last = strcmp(stage, "final") == 0 ? "--1" : "1";
    struct run run = RUN(stage, "file", "0", last);
    assert_usage(&run, stage);
    run_clear(&run);
}

/* ---- Files that cannot be opened ---- */

static void assert_cannot_open(const char *stage, const char *name,
                               unsigned error)
{
    struct run run = RUN(stage, name);
    assert_error(&run, "open", error);
    char *line = g_strdup_printf("%s: cannot open '%s': ", stage, name);
    assert_run(&run, g_str_has_prefix(run.err, line),
               "stderr to begin with '%s'", line);
    assert_run(&run, run.err[strlen(line)] != '(',
               "the system's text after '%s'", line);
    g_free(line);
    run_clear(&run);
}

FOR_EACH_STAGE(a_missing_file_is_error_2)
{
    assert_cannot_open(stage, "missing", 2);
}

FOR_EACH_STAGE(a_missing_directory_is_error_3)
{
    assert_cannot_open(stage, "missing/file", 3);
}

FOR_EACH_STAGE(a_directory_is_error_5)
{
    cr_assert_eq(g_mkdir("directory", 0777), 0);
    assert_cannot_open(stage, "directory", 5);
}

FOR_EACH_STAGE(an_empty_name_is_error_3)
{
    assert_cannot_open(stage, "", 3);
}

FOR_EACH_STAGE(a_missing_name_is_reported_in_utf8)
{
    assert_cannot_open(stage, "f\u00fcr \u6587\u4ef6 \U0001F600", 2);
}

FOR_EACH_STAGE(a_file_open_without_sharing_is_error_32)
{
    make_file("held", 100);
    struct process *holder =
        start("tests/holder", (const char *const[]){"held", NULL}, NULL, -1,
              WATCHDOG);
    expect_line(holder, "ready");
    assert_cannot_open(stage, "held", 32);
    send_end(holder);
    struct run run = finish(holder);
    assert_ended(&run, 0);
}

/* ---- Files that can be opened ---- */

static void assert_reads(const char *stage, const char *name)
{
    make_file(name, 100);
    struct run run = RUN(stage, name);
    assert_ended(&run, 0);
    assert_shows(&run, "main: done");
    run_clear(&run);
}

FOR_EACH_STAGE(any_name_can_be_read)
{
    assert_reads(stage, "with spaces");
    assert_reads(stage, "\u00e4\u00f6\u00fc\u00df");
    assert_reads(stage, "\u6587\u4ef6");
    assert_reads(stage, "\U0001F600");
}

FOR_EACH_STAGE(a_path_beyond_260_characters_can_be_read)
{
    char *part = g_strnfill(100, 'd');
    char *directory = g_strjoin("/", part, part, part, NULL);
    char *name = g_strjoin("/", directory, "file", NULL);
    cr_assert_eq(g_mkdir_with_parents(directory, 0777), 0);
    assert_reads(stage, name);
    g_free(name);
    g_free(directory);
    g_free(part);
}

/* The holder opens the file to write and to delete it. Each stage must share
 * that access. */
FOR_EACH_STAGE(a_file_that_others_write_and_delete_can_be_read)
{
    make_file("shared", 100);
    struct process *holder =
        start("tests/holder", (const char *const[]){"shared", "share", NULL},
              NULL, -1, WATCHDOG);
    expect_line(holder, "ready");
    struct run run = RUN(stage, "shared");
    assert_ended(&run, 0);
    run_clear(&run);
    send_end(holder);
    run = finish(holder);
    assert_ended(&run, 0);
}

/* A line on stderr shows the first 1,500 characters of a name. */
FOR_EACH_STAGE(a_very_long_name_is_cut)
{
    char *name = g_strnfill(3000, 'x');
    struct run run = RUN(stage, name);
    char *shown = g_strndup(name, 1500);
    char *line = g_strdup_printf("%s: cannot open '%s': ", stage, shown);
    assert_run(
        &run,
        ended_with(&run, 1) && g_str_has_prefix(run.err, line) &&
            g_str_has_suffix(run.err, ")\n"),
        "exit status 1, and stderr to begin with '%s' and to end with ')'",
        line);
    run_clear(&run);
    g_free(line);
    g_free(shown);
    g_free(name);
}

/* ---- What they print ---- */

/* stdout is a pipe without a reader, as after `| head`. */
FOR_EACH_STAGE(a_closed_stdout_is_an_error_and_no_hang)
{
    int ends[2];
    make_file("file", 1000000);
    cr_assert_eq(pipe(ends), 0);
    close(ends[0]);
    struct run run = finish(start(stage, (const char *const[]){"file", NULL},
                                  NULL, ends[1], WATCHDOG));
    assert_cannot_write(&run);
    run_clear(&run);
}

FOR_EACH_STAGE(the_readme_shows_what_it_prints)
{
    copy_sample();
    char *block = readme_block(stage, "Run it", "text");
    struct run run = RUN(stage, "build/sample.txt");
    assert_ended(&run, 0);
    assert_block(&run, block);
    run_clear(&run);
    g_free(block);
}

/* make has built the program with the README's edit. It prints what the README
 * shows. */
FOR_EACH_STAGE(the_readme_shows_how_it_breaks)
{
    copy_sample();
    char *block = readme_block(stage, "Break it", "text");
    char *program = g_strdup_printf("tests/break/%s", stage);
    struct run run = RUN(program, "build/sample.txt");
    char *all = g_strconcat(run.text, run.err, NULL);
    assert_run(&run, run.ending != HUNG && matches_block(all, block),
               "on stdout and stderr what the README shows\n%s", block);
    g_free(all);
    run_clear(&run);
    g_free(program);
    g_free(block);
}

/* ---- What all pools have in common ---- */

/* Runs the stage with a hook, and asserts which error it reports. The stages
 * before `first` do not call the hooked function yet. */
static void assert_hooked(const char *stage, size_t first, const char *hook,
                          const char *tried, unsigned error)
{
    if (strcmp(stage, stages[first]) < 0 && strcmp(stage, "final") != 0)
        return;
    char *program = g_strdup_printf("tests/hooked/%s", stage);
    make_file("file", 100);
    struct run run = RUN_HOOKED(program, hook, "file");
    assert_error(&run, tried, error);
    run_clear(&run);
    g_free(program);
}

enum { BINDS = 1, HAS_WORKERS = 2 }; /* the first stage that does */

FOR_EACH_STAGE(a_failed_bind_is_reported)
{
    assert_hooked(stage, BINDS, "bind:6", "bind", 6);
}

/* Every worker gets the error. One reports it. */
FOR_EACH_STAGE(a_failed_port_is_reported_once)
{
    assert_hooked(stage, HAS_WORKERS, "no-packet:735", "take a packet from",
                  735);
}

/* The threads that started before it still exit in order. */
FOR_EACH_STAGE(a_thread_that_cannot_start_is_reported)
{
    assert_hooked(stage, HAS_WORKERS, "thread:2:164", "create", 164);
    /* The C library may give no reason. */
    assert_hooked(stage, HAS_WORKERS, "thread:1:0", "create", 8);
}
