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

static struct run a_run(int status, const char *text, const char *err)
{
    return (struct run){.ending = EXITED,
                        .status = status,
                        .text = (char *)text,
                        .err = (char *)err};
}

Test(helpers, a_status_goes_with_one_line_on_stderr_or_none)
{
    struct run fine = a_run(0, "", "");
    struct run loud = a_run(0, "", "x\n");
    struct run failed = a_run(1, "", "x\n");
    struct run silent = a_run(1, "", "");
    struct run twice = a_run(1, "", "x\ny\n");
    struct run open = a_run(1, "", "x");
    struct run hung = failed;
    hung.ending = HUNG;
    cr_assert(ended_with(&fine, 0) && !ended_with(&fine, 1));
    cr_assert(!ended_with(&loud, 0));
    cr_assert(ended_with(&failed, 1) && !ended_with(&failed, 2));
    cr_assert(!ended_with(&silent, 1));
    cr_assert(!ended_with(&twice, 1));
    cr_assert(!ended_with(&open, 1));
    cr_assert(!ended_with(&hung, 1));
}

Test(helpers, an_error_is_told_by_its_number_and_nothing_else_is_claimed)
{
    const char *line = "stage: cannot open 'x': Text. (error 5)\n";
    struct run told = a_run(1, "main: hello\n", line);
    struct run done = a_run(1, "main: done\n", line);
    struct run end = a_run(1, "worker: end of file\n", line);
    cr_assert(told_error(&told, "open", 5));
    cr_assert(!told_error(&told, "open", 6));
    cr_assert(!told_error(&told, "open", 55));
    cr_assert(!told_error(&told, "read", 5));
    cr_assert(!told_error(&done, "open", 5));
    cr_assert(!told_error(&end, "open", 5));
}

Test(helpers, a_block_matches_its_own_lines_only)
{
    cr_assert(matches_block("a\nb\n", "$ make run\na\nb\n"));
    cr_assert(matches_block("a\n1\n2\nb\n", "a\n...\nb\n"));
    cr_assert(!matches_block("a\n1\n2\nb\nc\n", "a\n...\nb\n"));
    cr_assert(!matches_block("a\n1\n2\n", "a\n...\nb\n"));
    cr_assert(!matches_block("a\n", "a\nb\n"));
    cr_assert(!matches_block("a\n\nb\n", "a\n"));
    cr_assert(!matches_block("a\nb\n", "a\n"));
}
