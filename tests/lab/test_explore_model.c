/* The explorer's kernel: it does what Wine and Windows do in the rows of
 * lab/probe, reads may be short, and the programs of bridge run on it. */
#include "explorer.h"

TestSuite(model);

/* If the two texts differ, the command prints the difference. */
Test(model, each_row_of_the_probe_is_as_the_page_says)
{
    struct answer answer = run_at_top(
        "python3 -B lab/explore/conformance.py build/explore/rows.exe "
        "build/explore/test/rows >build/explore/test/rows.md && "
        "diff lab/explore/rows.md build/explore/test/rows.md");
    cr_assert(answer.status == 0 && answer.text[0] == '\0',
              "lab/explore/rows.md differs: run make explore-rows\n%s",
              answer.text);
    g_free(answer.text);
}

Test(model, a_short_read_shows_a_part_that_is_never_read)
{
    struct answer answer = explore("advanced-by-buffer-size", "short",
                                   "--surprises --preemptions 1 " SAMPLE);
    assert_answer(answer, 1,
                  "a part of the file is never read: a read of it was short");
    g_free(answer.text);
}

/* One client, or two, one after the other. On the system, the same program runs
 * in one order. */
ParameterizedTestParameters(model, clients_of_a_pipe_come_in_any_order)
{
    static char cases[][16] = {"one-client", "two-clients", "gone-client"};
    return cr_make_param_array(char[16], cases, G_N_ELEMENTS(cases));
}

ParameterizedTest(char name[16], model, clients_of_a_pipe_come_in_any_order)
{
    struct answer answer = explore("small", name, "%s", name);
    assert_answer(answer, 0, "every one ends with \"5 bytes\", and no mistake");
    g_free(answer.text);
    struct run run = RUN("tests/small", name);
    assert_run(&run,
               ended_with(&run, 0) && strcmp(run.text, "main: 5 bytes\n") == 0,
               "exit status 0, and 'main: 5 bytes'");
    run_clear(&run);
}

/* A program of bridge, and options of explore.py. */
struct right {
    char program[8], options[64];
};

ParameterizedTestParameters(model, the_bridge_is_right_in_each_order)
{
    static struct right programs[] = {{"cancel", "--surprises --preemptions 1"},
                                      {"close", "--surprises --preemptions 1"},
                                      {"many", "--random 300 " SAMPLE}};
    return cr_make_param_array(struct right, programs, G_N_ELEMENTS(programs));
}

ParameterizedTest(struct right *right, model, the_bridge_is_right_in_each_order)
{
    struct answer answer =
        explore(right->program, right->program, "%s", right->options);
    assert_answer(answer, 0, "every one ends with \"done\", and no mistake");
    g_free(answer.text);
}
