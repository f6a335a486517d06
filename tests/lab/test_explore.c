/* The explorer, lab/explore: it finds mistakes, repeats an order exactly, and
 * refuses what it does not model. What takes long is in the suite `orders`, for
 * make test-explore: it tries each order once. */
#include "explorer.h"

TestSuite(explore);
TestSuite(orders);

/* ---- Each order, once --------------------------------------------------- */

ParameterizedTestParameters(orders, each_order_is_tried_once)
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

ParameterizedTest(char name[16], orders, each_order_is_tried_once)
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
static void assert_scenario(const char *name)
{
    struct answer answer = explore(
        "final", name, "--case %s --preemptions 1 %s " SAMPLE, name, name);
    assert_answer(answer, 0, ", all with up to 1 preemption: every one ends");
    g_free(answer.text);
}

ParameterizedTestParameters(explore, a_scenario_is_right_in_each_order)
{
    static char cases[][32] = {"close-submit", "submit-free",
                               "stream-write-flush"};
    return cr_make_param_array(char[32], cases, G_N_ELEMENTS(cases));
}

ParameterizedTest(char name[32], explore, a_scenario_is_right_in_each_order)
{
    assert_scenario(name);
}

ParameterizedTestParameters(orders, a_scenario_is_right_in_each_order)
{
    static char cases[][32] = {"close-in-callback", "work-stop",
                               "stream-cancel-waiting",
                               "stream-close-in-callback"};
    return cr_make_param_array(char[32], cases, G_N_ELEMENTS(cases));
}

ParameterizedTest(char name[32], orders, a_scenario_is_right_in_each_order)
{
    assert_scenario(name);
}

/* A program with a mistake, and what the explorer says. */
struct found {
    char program[32], arguments[32], title[64];
};

ParameterizedTestParameters(explore, each_mistake_is_found)
{
    static struct found found[] = {
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

Test(orders, random_orders_find_a_mistake)
{
    struct answer answer =
        explore("read-after-submit", "random", "--random 100 --seed 5 " SAMPLE);
    assert_answer(answer, 1, "a request is touched after it was freed");
    g_free(answer.text);
}

/* ---- One order again ---------------------------------------------------- */

/* The rest of the line after a text; the caller frees it. */
static char *after(const struct answer *answer, const char *text)
{
    const char *at = strstr(answer->text, text);
    cr_assert(at != NULL, "wanted: '%s'\ngot: %s", text, answer->text);
    at += strlen(text);
    return g_strndup(at, strcspn(at, "\n"));
}

/* The two commands of the answer, as a reader pastes them. */
static void assert_commands(const struct answer *answer)
{
    char *again = after(answer, "again: ");
    char *play = after(answer, "step by step: ");
    char *words = g_strdup_printf("eval set -- \"$(cat <<'END'\n%s\nEND\n)\"; "
                                  "printf '%%s|' \"$1 $2\" \"$3\" \"$4\"",
                                  again);
    struct answer said = run_at_top(words);
    assert_string(said.text,
                  "make explore|NAME=read-after-submit|DIR=it's mine|");
    cr_assert(g_str_has_prefix(play, "make play ") &&
                  strcmp(play + 10, again + 13) == 0,
              "wanted: the same words after make play\ngot: %s\n%s", again,
              play);
    g_free(said.text);
    g_free(words);
    g_free(play);
    g_free(again);
}

/* Two runs by themselves, and ten runs that the explorer compares. */
static void assert_repeated(const char *order, const char *title)
{
    struct answer first =
        explore("read-after-submit", "again", "--replay %s " SAMPLE, order);
    struct answer second =
        explore("read-after-submit", "again", "--replay %s " SAMPLE, order);
    struct answer ten = explore("read-after-submit", "again",
                                "--replay %s --random 10 " SAMPLE, order);
    assert_answer(first, 1, title);
    assert_string(second.text, first.text);
    assert_answer(ten, 0, "10 of 10 runs did the same\n");
    g_free(ten.text);
    g_free(second.text);
    g_free(first.text);
}

/* The program of another order has other decisions. */
static void assert_not_repeated(const char *order)
{
    struct answer answer =
        explore("small", "other", "--replay %s two-packets", order);
    assert_answer(answer, 4, "options, and now there are");
    g_free(answer.text);
}

/* One test, because to find the order takes the longest. */
Test(explore, an_order_is_found_and_repeated_exactly)
{
    static const char title[] = "a request is touched after it was freed";
    struct answer answer = explore(
        "read-after-submit", "found",
        "--given NAME=read-after-submit --given \"DIR=it's mine\" " SAMPLE);
    assert_answer(answer, 1, title);
    assert_commands(&answer);
    char *order = after(&answer, "REPLAY=");
    assert_repeated(order, title);
    assert_not_repeated(order);
    g_free(order);
    g_free(answer.text);
}

/* ---- What it promises --------------------------------------------------- */

Test(explore, a_call_that_is_not_modelled_is_refused)
{
    struct answer answer = explore("small", "refused", "refused");
    assert_answer(answer, 3, "explore: not modelled: PeekNamedPipe\n");
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
