/* The explorer, lab/explore: it tries each order once, finds mistakes, repeats
 * an order exactly, and refuses what it does not model. */
#include "explorer.h"

TestSuite(explore);

/* ---- Each order, once --------------------------------------------------- */

ParameterizedTestParameters(explore, each_order_is_tried_once)
{
    static char names[][16] = {"two-events",  "one-lock", "one-token",
                               "two-packets", "one-read", "one-timeout"};
    return cr_make_param_array(char[16], names, G_N_ELEMENTS(names));
}

/* The order in which the two processes share the work does not matter. */
static void assert_counted(const char *name, unsigned bound)
{
    char *command = g_strdup_printf("python3 -B tests/lab/enumerator.py %s %u",
                                    name, bound);
    struct answer wanted = run_at_top(command);
    struct answer got =
        explore("small", name, "--no-merge --from %u --preemptions %u %s",
                bound, bound, name);
    long orders = strtol(wanted.text, NULL, 10);
    char *said = g_strdup_printf("explored %ld order", orders);
    char **parts = g_strsplit(got.text, ",", -1); /* 1,234 is 1234 here */
    char *plain = g_strjoinv("", parts);
    cr_assert(orders > 0 && got.status == 0 && strstr(plain, said) != NULL,
              "wanted: %s orders\ngot: %d\n%s", wanted.text, got.status,
              got.text);
    g_free(plain);
    g_strfreev(parts);
    g_free(said);
    g_free(wanted.text);
    g_free(got.text);
    g_free(command);
}

ParameterizedTest(char name[16], explore, each_order_is_tried_once)
{
    assert_counted(name, 1);
    assert_counted(name, 99); /* more than any order costs */
}

/* ---- Right programs, and mistakes --------------------------------------- */

/* A step, and its last line. */
struct step {
    char name[20], last[40];
};

ParameterizedTestParameters(explore, the_steps_are_right_in_each_order)
{
    static struct step steps[] = {
        {"step3-callback", "done"},
        {"step4-overlapped", "done"},
        {"step5-readfile", "done: 98304 bytes in 3 reads"}};
    return cr_make_param_array(struct step, steps, G_N_ELEMENTS(steps));
}

ParameterizedTest(struct step *step, explore, the_steps_are_right_in_each_order)
{
    struct answer answer =
        explore(step->name, step->name, "--surprises --preemptions 1 " SAMPLE);
    char *wanted = g_strdup_printf(
        ", all with up to 1 preemption: every one ends with \"%s\", and no "
        "mistake",
        step->last);
    assert_answer(answer, 0, wanted);
    g_free(wanted);
    g_free(answer.text);
}

/* Of the pool, and of a stream. */
ParameterizedTestParameters(explore, a_scenario_is_right_in_each_order)
{
    static char cases[][32] = {"close-submit",
                               "close-in-callback",
                               "work-stop",
                               "stream-write-flush",
                               "stream-cancel-waiting",
                               "stream-close-in-callback"};
    return cr_make_param_array(char[32], cases, G_N_ELEMENTS(cases));
}

ParameterizedTest(char name[32], explore, a_scenario_is_right_in_each_order)
{
    struct answer answer = explore(
        "final", name, "--case %s --preemptions 1 %s " SAMPLE, name, name);
    assert_answer(answer, 0, ", all with up to 1 preemption: every one ends");
    g_free(answer.text);
}

/* A program with a mistake, and what the explorer says. */
struct found {
    char program[32], arguments[32], title[64];
};

ParameterizedTestParameters(explore, each_mistake_is_found)
{
    static struct found found[] = {
        {"read-after-submit", SAMPLE,
         "a request is touched after it was freed"},
        {"no-sentinel", SAMPLE, "deadlock: every thread waits"},
        {"idle-wait-in-callback", SAMPLE, "deadlock: every thread waits"},
        {"freed-while-pending", SAMPLE, "is freed while in flight"},
        {"closed-under-io", SAMPLE, "a handle is closed with I/O in flight"},
        {"small", "deadlock", "deadlock: every thread waits"},
        {"small", "livelock", "it goes on for ever"},
        {"small", "lost-count", "it prints other lines than the first order"},
        {"small", "flag-for-event", "it ends with exit status 1"},
    };
    return cr_make_param_array(struct found, found, G_N_ELEMENTS(found));
}

ParameterizedTest(struct found *found, explore, each_mistake_is_found)
{
    bool is_case = strcmp(found->program, "small") == 0;
    struct answer answer =
        explore(found->program, is_case ? found->arguments : found->program,
                "%s", found->arguments);
    assert_answer(answer, 1, found->title);
    g_free(answer.text);
}

Test(explore, random_orders_find_a_mistake)
{
    struct answer answer =
        explore("read-after-submit", "random", "--random 100 --seed 5 " SAMPLE);
    assert_answer(answer, 1, "a request is touched after it was freed");
    g_free(answer.text);
}

/* ---- One order again ---------------------------------------------------- */

Test(explore, an_order_is_repeated_exactly)
{
    enum { TIMES = 10 };
    struct answer first = explore("read-after-submit", "repeated", SAMPLE);
    const char *path = strstr(first.text, "REPLAY=");
    cr_assert(first.status == 1 && path != NULL, "wanted: an order\ngot: %s",
              first.text);
    char *replay = g_strndup(path + 7, strcspn(path + 7, "\n"));
    char *wanted = NULL;
    for (unsigned i = 0; i < TIMES; i++) {
        struct answer again = explore("read-after-submit", "again",
                                      "--replay %s " SAMPLE, replay);
        assert_answer(again, 1, "a request is touched after it was freed");
        if (wanted == NULL)
            wanted = g_strdup(again.text);
        assert_string(again.text, wanted);
        g_free(again.text);
    }
    g_free(wanted);
    g_free(replay);
    g_free(first.text);
}

/* The program of another order has other decisions. */
Test(explore, a_replay_that_cannot_repeat_the_order_says_so)
{
    struct answer first = explore("read-after-submit", "other", SAMPLE);
    char *path = strstr(first.text, "REPLAY=");
    cr_assert_not_null(path, "wanted: an order\ngot: %s", first.text);
    path[strcspn(path, "\n")] = '\0';
    struct answer again =
        explore("small", "other-again", "--replay %s two-packets", path + 7);
    assert_answer(again, 4, "options, and now there are");
    g_free(again.text);
    g_free(first.text);
}

/* ---- What it promises --------------------------------------------------- */

Test(explore, a_call_that_is_not_modelled_is_refused)
{
    struct answer answer = explore("small", "refused", "refused");
    assert_answer(answer, 3, "explore: not modelled: DisconnectNamedPipe\n");
    g_free(answer.text);
}

Test(explore, each_order_begins_with_the_first_values_of_variables)
{
    struct answer answer = explore("small", "statics", "statics");
    assert_answer(answer, 0, "every one ends with \"as at first\"");
    g_free(answer.text);
}

Test(explore, a_thread_that_tries_again_and_again_waits)
{
    struct answer answer = explore("small", "spins", "spins");
    assert_answer(answer, 0, "every one ends with \"2\"");
    g_free(answer.text);
}

/* A function that another tool of the lab follows must not reach the system
 * without a word. */
Test(explore, each_call_that_the_lab_follows_is_modelled_or_refused)
{
    struct answer missing = run_at_top(
        "names=$(sed -nE 's/^IMPORT\\([^,]*,[^,]*, *([A-Za-z_]+),.*/\\1/p; "
        "s/^IMPORT_VOID\\(([A-Za-z]+),.*/\\1/p' lab/interpose/imports.h); "
        "echo $(echo \"$names\" | wc -l) names; for name in $names; do "
        "grep -q \"($name)\" lab/explore/calls.h || echo \"$name\"; done");
    cr_assert(g_str_has_suffix(missing.text, " names\n") &&
                  strtol(missing.text, NULL, 10) > 50,
              "wanted: each name of imports.h in calls.h\ngot: %s",
              missing.text);
    g_free(missing.text);
}
