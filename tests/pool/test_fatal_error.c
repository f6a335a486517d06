/* final/error.h: a failure that no return value can report ends the process. */
#include "../support/helpers.h"

TestSuite(fatal_error, .init = enter_scratch, .fini = leave_scratch);

#define FATAL_ERROR "tests/guarded/fatal_error"
#define PORT_FAILS  "fail-from:GetQueuedCompletionStatus:1:735"

Test(fatal_error, prints_one_line_and_ends_the_process)
{
    struct run run = RUN_HOOKED(FATAL_ERROR, PORT_FAILS, NULL);
    assert_run(&run,
               run.ending == EXITED && run.status == 1 && *run.text == '\0' &&
                   g_regex_match_simple("^fatal_error: cannot take a packet "
                                        "from 'port': .*\\(error 735\\)\n$",
                                        run.err, 0, 0),
               "exit status 1, and one line on stderr");
    run_clear(&run);
}

Test(fatal_error, calls_the_function_of_the_program)
{
    struct run run = RUN_HOOKED(FATAL_ERROR, PORT_FAILS, "own");
    assert_run(&run,
               run.ending == EXITED && run.status == 1 && *run.err == '\0',
               "exit status 1, and nothing on stderr");
    assert_text(&run, "own: take a packet from, port, 735\n");
    run_clear(&run);
}
