/* bridge: cancel, close and many, the programs between step 5 and final. */
#include "../support/helpers.h"

#include <unistd.h>

TestSuite(bridge, .init = enter_scratch, .fini = leave_scratch);

enum { BLOCK = 32768 };

#define PROGRAMS                                                               \
    {"cancel"}, {"close"},                                                     \
    {                                                                          \
        "many"                                                                 \
    }
#define FOR_EACH_PROGRAM(test)                                                 \
    ParameterizedTestParameters(bridge, test)                                  \
    {                                                                          \
        static char programs[][8] = {PROGRAMS};                                \
        return cr_make_param_array(char[8], programs, G_N_ELEMENTS(programs)); \
    }                                                                          \
    ParameterizedTest(char program[8], bridge, test)

static bool reads_a_file(const char *program)
{
    return strcmp(program, "many") == 0;
}

static struct run run_on_file(const char *program, const char *directory,
                              const char *hook)
{
    char *path = g_strconcat(directory, program, NULL);
    const char *file = reads_a_file(program) ? "build/sample.txt" : NULL;
    if (!g_file_test("build", G_FILE_TEST_EXISTS))
        copy_sample();
    struct run run = finish(
        start(path, (const char *const[]){file, NULL}, hook, -1, WATCHDOG));
    g_free(path);
    return run;
}

/* ---- What all three have in common ---- */

FOR_EACH_PROGRAM(the_page_shows_what_it_prints)
{
    static const struct {
        const char *program, *heading;
    } headings[] = {{"cancel", "How do you cancel a read"},
                    {"close", "How do you close a file"},
                    {"many", "How do you have many reads"}};
    for (size_t i = 0; i < G_N_ELEMENTS(headings); i++) {
        if (strcmp(headings[i].program, program) != 0)
            continue;
        char *block = readme_block("bridge", headings[i].heading, "text");
        struct run run = run_on_file(program, "", NULL);
        assert_ended(&run, 0);
        assert_block(&run, block);
        run_clear(&run);
        g_free(block);
    }
}

FOR_EACH_PROGRAM(a_wrong_number_of_arguments_is_wrong_usage)
{
    struct run run = RUN(program, "a", "b");
    assert_usage(&run, program);
    run_clear(&run);
    if (reads_a_file(program)) {
        run = RUN(program, NULL);
        assert_usage(&run, program);
    }
}

FOR_EACH_PROGRAM(a_failed_bind_is_reported)
{
    struct run run = run_on_file(program, "tests/hooked/", "bind:6");
    assert_error(&run, "bind", 6);
}

FOR_EACH_PROGRAM(a_thread_that_cannot_start_is_reported)
{
    struct run run = run_on_file(program, "tests/hooked/", "thread:2:164");
    assert_error(&run, "create", 164);
}

FOR_EACH_PROGRAM(a_first_read_that_fails_is_reported)
{
    struct run run = run_on_file(program, "tests/hooked/", "fail:1:5");
    assert_error(&run, "read", 5);
}

FOR_EACH_PROGRAM(a_first_packet_that_failed_is_reported)
{
    struct run run = run_on_file(program, "tests/hooked/", "packet:1:1117:0");
    assert_error(&run, "read", 1117);
}

/* As make check runs it: first as it is, then with each I/O late. */
FOR_EACH_PROGRAM(the_checker_finds_nothing)
{
    static const char *const runs[][2] = {{"1", ""}, {"2", "pending"}};
    g_unsetenv("LAB");
    for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
        g_setenv("CHECK", runs[i][0], TRUE);
        g_setenv("IO", runs[i][1], TRUE);
        struct run run = run_on_file(program, "lab/", NULL);
        assert_run(&run, run.ending == EXITED && run.status == 0,
                   "exit status 0");
        assert_err_has(&run, "checker: looked at ");
        assert_run(&run, strstr(run.err, "rule: ") == NULL,
                   "no report of the checker");
        run_clear(&run);
    }
}

/* After the #includes, step5.h is a part of step 5. */
Test(bridge, the_header_is_a_part_of_step_5)
{
    char *step = read_text("step5-readfile/main.c");
    char *header = read_text("bridge/step5.h");
    char *part = strstr(header, "/* Returns INVALID_HANDLE_VALUE");
    char *end = strstr(header, "\n#endif\n");
    cr_assert(part != NULL && end > part);
    *end = '\0';
    cr_expect(strstr(step, part) != NULL,
              "wanted: bridge/step5.h as in step5-readfile/main.c\n"
              "got: other text");
    g_free(header);
    g_free(step);
}

Test(bridge, report_h_is_that_of_the_steps)
{
    char *header = read_text("bridge/report.h");
    char *step = read_text("step5-readfile/report.h");
    assert_string(header, step);
    g_free(header);
    g_free(step);
}

/* ---- many ---- */

/* What it prints about a file of this size, after its first line. */
static char *blocks_of(guint64 size)
{
    GString *text = g_string_new("main: starting 8 reads\n");
    for (guint64 offset = 0; offset < size; offset += BLOCK) {
        char shown[17] = "";
        guint64 length = MIN(size - offset, BLOCK);
        fill_pattern(shown, MIN(length, 16), offset);
        g_string_append_printf(text,
                               "main: %" G_GUINT64_FORMAT
                               " bytes at offset %" G_GUINT64_FORMAT ": %s\n",
                               length, offset, shown);
    }
    g_string_append_printf(text,
                           "main: end of file, after %" G_GUINT64_FORMAT
                           " bytes; nothing is in flight\n"
                           "main: done\n",
                           size);
    return g_string_free(text, FALSE);
}

static void assert_reads_all(guint64 size, const char *hook)
{
    make_file("file", size);
    char *wanted = blocks_of(size);
    struct run run = RUN_HOOKED("tests/hooked/many", hook, "file");
    assert_ended(&run, 0);
    assert_text(&run, wanted);
    run_clear(&run);
    g_free(wanted);
}

ParameterizedTestParameters(bridge, many_reads_a_file_of_any_size)
{
    static guint64 sizes[] = {0,         1,         BLOCK - 1,     BLOCK,
                              BLOCK + 1, 8 * BLOCK, 8 * BLOCK + 1, 3000000};
    return cr_make_param_array(guint64, sizes, G_N_ELEMENTS(sizes));
}

ParameterizedTest(guint64 *size, bridge, many_reads_a_file_of_any_size)
{
    assert_reads_all(*size, "none");
}

Test(bridge, many_fills_its_blocks_from_short_reads)
{
    assert_reads_all(1000000, "short");
}

Test(bridge, many_knows_an_end_that_readfile_reports)
{
    assert_reads_all(1000000, "sync-eof");
    assert_reads_all(0, "sync-eof");
}

Test(bridge, many_reads_no_pipe)
{
    char name[64];
    struct process *feeder = start_feeder(name);
    struct run run = RUN("many", name);
    assert_error(&run, "read", 50);
    send_end(feeder);
    assert_done(feeder);
}
