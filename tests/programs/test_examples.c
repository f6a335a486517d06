/* The two programs that final's README begins with, built from its text, and
 * the programs in final/examples. */
#include "../support/helpers.h"

TestSuite(examples, .init = enter_scratch, .fini = leave_scratch);

static void assert_counts(const char *program, guint64 size)
{
    make_file("file", size);
    struct run run = RUN(program, "file");
    char *wanted = g_strdup_printf("main: %" G_GUINT64_FORMAT " bytes\n", size);
    assert_ended(&run, 0);
    assert_text(&run, wanted);
    g_free(wanted);
    run_clear(&run);
}

static void assert_example(const char *program)
{
    static const guint64 sizes[] = {0, 1, 4095, 4096, 4097, 1000000};
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++)
        assert_counts(program, sizes[i]);
    struct run run = RUN(program, "missing");
    assert_error(&run, "open", 2);
}

Test(examples, the_first_program_of_the_readme_counts_with_the_pool)
{
    assert_example("tests/example1");
}

Test(examples, the_second_program_of_the_readme_counts_with_a_file_stream)
{
    assert_example("tests/example2");
}

/* ---- final/examples ------------------------------------------------------ */

/* With the hooks and lab/guard: a wrong use of memory crashes. */
#define GUARDED "tests/guarded/examples/"
#define MEMORY  "allocations"

static void assert_nothing_lost(struct run *run, const char *wanted)
{
    assert_run(run,
               run->ending == EXITED && run->status == 0 &&
                   strstr(run->err, " allocations, 0 not freed") != NULL,
               "exit status 0, and on stderr ... allocations, 0 not freed");
    assert_text(run, wanted);
    run_clear(run);
}

Test(examples, the_pipe_server_answers_each_client)
{
    struct run run = RUN_HOOKED(GUARDED "pipe_server", MEMORY, "200");
    assert_nothing_lost(&run, "main: 200 clients, 200 answers\n");
}

Test(examples, the_pipe_server_without_clients_cancels_and_ends)
{
    struct run run = RUN_HOOKED(GUARDED "pipe_server", MEMORY, "0");
    assert_nothing_lost(&run, "main: 0 clients, 0 answers\n");
}

Test(examples, the_pipe_server_reports_a_failed_connect_and_goes_on)
{
    struct run run =
        RUN_HOOKED(GUARDED "pipe_server", "fail:ConnectNamedPipe:2:5", "10");
    assert_error(&run, "serve", 5);
    assert_text(&run, "main: 10 clients, 10 answers\n");
    run_clear(&run);
}

Test(examples, the_socket_server_sends_back_what_it_gets)
{
    struct run run = RUN_HOOKED(GUARDED "echo", MEMORY, "20");
    assert_nothing_lost(&run, "main: 20 clients, 1310720 bytes came back\n");
}

Test(examples, the_watcher_sees_what_happens_to_a_file)
{
    struct run run = RUN(GUARDED "watch", ".");
    assert_ended(&run, 0);
    assert_shows(&run, "worker: made: watched.tmp\n");
    assert_shows(&run, "worker: renamed from: watched.tmp\n"
                       "worker: renamed to: renamed.tmp\n");
    assert_shows_last(&run, "worker: deleted: renamed.tmp\nmain: done\n");
    run_clear(&run);
}

Test(examples, the_watcher_reports_what_it_cannot_do)
{
    struct run run = RUN(GUARDED "watch", "one", "two");
    assert_usage(&run, "watch");
    run_clear(&run);
    run = RUN(GUARDED "watch", "missing");
    assert_error(&run, "open", 2);
    run_clear(&run);
    run = RUN_HOOKED(GUARDED "watch", "fail:ReadDirectoryChangesW:1:5", ".");
    assert_error(&run, "watch", 5);
    run_clear(&run);
    run = RUN_HOOKED(GUARDED "watch", "fail:ReadDirectoryChangesW:2:5", ".");
    assert_error(&run, "watch", 5);
    run_clear(&run);
}
