/* The learner's commands, as a reader types them. */
#include "../support/shell.h"

TestSuite(learn, .init = enter_scratch, .fini = leave_scratch);

/* top/ has links to what is built, and a mine/ of its own. */
static void make_learners_top(void)
{
    make_top();
    must("rm -f top/mine && mkdir top/build/lab top/build/learn && "
         "cd top/build && ln -s \"$TOP\"/build/wine \"$TOP\"/build/sample.txt "
         "\"$TOP\"/build/obj . && ln -s \"$TOP\"/build/lab/names "
         "\"$TOP\"/build/lab/parts lab && "
         "ln -s \"$TOP\"/build/learn/windows.h* learn");
}

static struct said make(const char *words)
{
    char *lines = g_strconcat("make --no-print-directory -C top ", words, NULL);
    struct said said = shell(lines);
    g_free(lines);
    return said;
}

static void make_says(const char *words, int status, const char *text)
{
    struct said said = make(words);
    assert_status(said, status);
    assert_says(said, text);
    said_clear(&said);
}

Test(learn, a_command_without_a_step_says_so)
{
    make_learners_top();
    make_says("try", 2, "make try needs a step: STEP=1 to STEP=5");
    make_says("start STEP=final", 2, "make start needs a step: ");
    make_says("try STEP=3", 2,
              "try: there is no mine/step3-callback: make start STEP=3\n");
    make_says("catchup STEP=1", 2, "step 1 has no previous step");
    make_says("progress", 0, "progress: nothing started, 0 minutes, 0 hints\n");
}

Test(learn, start_makes_the_step_and_never_overwrites)
{
    make_learners_top();
    make_says("start STEP=3", 0, "made: mine/step3-callback/main.c, ");
    must("grep -q 'TODO(worker);' top/mine/step3-callback/main.c && "
         "! grep -q 'wait_until_called(void)' top/mine/step3-callback/main.c");
    must("echo mine >top/mine/step3-callback/main.c");
    make_says("start STEP=3", 2, "mine/step3-callback exists already: ");
    must("[ \"$(cat top/mine/step3-callback/main.c)\" = mine ]");
}

Test(learn, reset_starts_over_and_keeps_a_copy)
{
    make_learners_top();
    must("make -C top start STEP=2 && echo mine >top/mine/step2-bind/main.c");
    make_says("reset STEP=2", 0, "kept: mine/step2-bind.2");
    must("grep -q 'TODO(take);' top/mine/step2-bind/main.c && "
         "[ \"$(cat top/mine/step2-bind.2*/main.c)\" = mine ]");
}

Test(learn, catchup_gives_the_previous_step_and_starts_this_one)
{
    make_learners_top();
    must("make -C top start STEP=2 && echo mine >top/mine/step2-bind/main.c");
    make_says("catchup STEP=3", 0, "given: mine/step2-bind, ");
    must("cmp top/mine/step2-bind/main.c step2-bind/main.c 2>/dev/null || "
         "cmp top/mine/step2-bind/main.c top/step2-bind/main.c");
    must("[ \"$(cat top/mine/step2-bind.2*/main.c)\" = mine ] && "
         "grep -q 'TODO(worker);' top/mine/step3-callback/main.c");
    make_says("progress", 0, "progress: 2 given, 3 in work, ");
    make_says("catchup STEP=3", 0, "mine/step3-callback is there already\n");
}

Test(learn, the_solution_is_a_diff_that_patch_accepts)
{
    make_learners_top();
    must("make -C top start STEP=4 && "
         "make -C top --no-print-directory solution STEP=4 >diff && "
         "patch -s top/mine/step4-overlapped/main.c diff && "
         "cmp top/mine/step4-overlapped/main.c top/step4-overlapped/main.c");
    make_says("solution STEP=4", 0, "is the same as step4-overlapped/main.c\n");
    make_says("progress", 0, "progress: 4 given, ");
}

Test(learn, an_attempt_is_tried_until_it_is_right)
{
    make_learners_top();
    must("make -C top start STEP=2");
    make_says("try STEP=2", 2, "not yet: pool_create is not written\n");
    make_says("run STEP=2 DIR=mine FILE=build/sample.txt", 2,
              "TODO: pool_create is not written yet "
              "(mine/step2-bind/main.c:");
    make_says("hint STEP=2", 0, "\nhint 1 of 3: ");
    make_says("hint STEP=2", 0, "\nhint 2 of 3: ");
    must("cp top/step2-bind/main.c top/mine/step2-bind");
    make_says("try STEP=2", 0, "right: all 12 checks pass, ");
    make_says("hint STEP=2", 0, "right: all 12 checks pass, ");
    make_says("try STEP=2", 0, "next: make start STEP=3; or make try STEP=2 ");
    make_says("progress", 0, ", 2 hints\n");
    make_says("progress", 0, "progress: 2 done, ");
}

/* What to do next comes last, after the tests, and once. Without Criterion, the
 * tests need no build. */
Test(learn, a_right_attempt_goes_on_with_the_next_step)
{
    make_learners_top();
    must("make -C top start STEP=1 && cp top/step1-create/main.c "
         "top/mine/step1-create");
    struct said said =
        shell("PKG_CONFIG_LIBDIR=/nowhere NO_INSTALL=1 make -C top "
              "--no-print-directory try STEP=1 ALL=1");
    assert_status(said, 0);
    assert_says(said, "right: all 11 checks pass, ");
    assert_says(said, "the main tests of the step pass");
    cr_assert(g_str_has_suffix(said.text, "\nnext: make start STEP=2\n"),
              "wanted at the end 'next: make start STEP=2': %s", quote(&said));
    assert_not_says(said, "make trace");
    assert_not_says(said, "ALL=1");
    said_clear(&said);
}

Test(learn, each_try_repeats_the_warning_of_the_compiler)
{
    const char *verdict =
        "almost: all 12 checks pass, but the compiler warns: ";
    make_learners_top();
    must("make -C top start STEP=2 && cp top/step2-bind/main.c "
         "top/mine/step2-bind && "
         "echo 'static int spare;' >>top/mine/step2-bind/main.c");
    make_says("try STEP=2", 2, verdict);
    make_says("try STEP=2", 2, verdict);
    make_says("hint STEP=2", 0, verdict);
}

/* The last hint comes again. */
Test(learn, a_check_has_three_hints)
{
    make_learners_top();
    must("mkdir -p top/mine/step1-create && "
         "echo 'int main(void) { return 0; }' >top/mine/step1-create/a.c");
    make_says("hint STEP=1", 0,
              "    fails: a file is opened without the flag\n"
              "hint 1 of 3: `show_plain` opens the file ");
    make_says("hint STEP=1", 0, "hint 2 of 3: The first line ");
    make_says("hint STEP=1", 0, "hint 3 of 3: In `wmain`, ");
    make_says("hint STEP=1", 0, "hint 3 of 3: In `wmain`, ");
    make_says("hint STEP=1", 0, "or make solution STEP=1\n");
}

/* The shell waits for each verdict, up to a minute. */
Test(learn, watch_tries_again_after_a_change)
{
    make_learners_top();
    must("mkdir -p top/mine/step1-create && "
         "echo 'int main(void) { return 0; }' >top/mine/step1-create/a.c");
    must("(exec make -C top watch STEP=1 >out 2>&1) & "
         "await() { for i in $(seq 600); do grep -q \"$1\" out && return; "
         "sleep 0.1; done; cat out; return 1; }; "
         "await 'Ctrl-C ends this' && echo 'int' >top/mine/step1-create/a.c && "
         "await 'it did not build'; status=$?; "
         "kill $(pgrep -P $(pgrep -P $! bash) -f learn.py); wait; "
         "exit $status");
}

/* make test-learn judges all recorded attempts. */
TestSuite(attempts, .init = enter_scratch, .fini = leave_scratch);

Test(attempts, a_few_are_judged_as_recorded)
{
    make_learners_top();
    make_says("test-learn NAME='step1/start step2/*-unchecked step3/solution "
              "step3/words step4/event-* step4/not-made-idle'",
              0, " 0 not as recorded; ");
}
