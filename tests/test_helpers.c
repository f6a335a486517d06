/* The helpers themselves: do they see what they are meant to see? */
#include "helpers.h"

TestSuite(helpers, .init = enter_scratch, .fini = leave_scratch);

Test(helpers, a_program_that_waits_for_ever_is_called_hung_and_ended)
{
    make_file("held", 1);
    struct process *process =
        start("tests/holder", (const char *const[]){"held", NULL}, NULL, -1, 1);
    expect_line(process, "ready");
    struct run run = finish(process); /* its stdin is still open */
    cr_assert_eq(run.ending, HUNG, "%s", describe(&run));
    /* And it is gone: the file is not held any more. */
    struct run again = RUN("step1-create", "held");
    assert_ended(&again, 0);
}

Test(helpers, a_crash_is_called_a_crash)
{
    struct run run = RUN("tests/crasher", "");
    cr_assert_eq(run.ending, CRASHED, "%s", describe(&run));
}

Test(helpers, a_failure_is_an_exit)
{
    struct run run = RUN("tests/holder", "nothing");
    cr_assert_eq(run.ending, EXITED, "%s", describe(&run));
    cr_assert(ended_with(&run, 1) && !ended_with(&run, 0), "%s",
              describe(&run));
}

Test(helpers, a_block_matches_its_own_lines_only)
{
    cr_assert(matches_block("a\nb\n", "$ make run\na\nb\n"));
    cr_assert(matches_block("a\n1\n2\nb\n", "a\n...\nb\n"));
    cr_assert(!matches_block("a\n1\n2\nb\nc\n", "a\n...\nb\n"));
    cr_assert(!matches_block("a\n1\n2\n", "a\n...\nb\n"));
    cr_assert(!matches_block("a\n", "a\nb\n"));
    cr_assert(!matches_block("a\nb\n", "a\n"));
}
