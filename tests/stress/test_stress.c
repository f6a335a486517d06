/* The pool under hard conditions: many threads do everything to it at once. */
#include "../support/helpers.h"

TestSuite(stress, .init = enter_scratch, .fini = leave_scratch);

/* What the closing line says of one kind; 0 if it does not. */
static unsigned long long total(const struct run *run, const char *name)
{
    const char *line = strstr(run->text, "main: done:");
    char *wanted = g_strdup_printf(" %s ", name);
    const char *found = line != NULL ? strstr(line, wanted) : NULL;
    unsigned long long value =
        found != NULL ? strtoull(found + strlen(wanted), NULL, 10) : 0;
    g_free(wanted);
    return value;
}

/* The program checks itself. So it ends well, or it tells what was wrong. */
static struct run run_stress(const char *program, const char *hook,
                             const char *seed, const char *requests,
                             const char *threads)
{
    struct run run = RUN_HOOKED(program, hook, "--seed", seed, "--requests",
                                requests, "--threads", threads);
    assert_ended(&run, 0);
    assert_run(&run, total(&run, "issued") >= strtoull(requests, NULL, 10),
               "at least %s issued", requests);
    assert_run(&run, total(&run, "pools") >= 2, "at least 2 pools");
    return run;
}

/* And it had something to check. */
Test(stress, whatever_meets_each_request_ends_once)
{
    static const char *const kinds[] = {
        "completed", "failed",  "cancelled", "bytes",       "timed out",
        "parts",     "at once", "by hand",   "synchronous", "ends of file",
        "work",      "freed",   "restarted", "closed",      "stopped",
        "invalid",   "reopened"};
    struct run run = run_stress("tests/stress", NULL, "1", "20000", "8");
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        assert_run(&run, total(&run, kinds[i]) > 0, "at least 1 %s", kinds[i]);
    run_clear(&run);
}

struct shape {
    char seed[4], requests[8], threads[4];
};

ParameterizedTestParameters(stress, few_or_many_threads_may_share_a_pool)
{
    static struct shape shapes[] = {
        {"2", "10000", "1"}, {"3", "10000", "2"}, {"4", "10000", "32"}};
    return cr_make_param_array(struct shape, shapes, G_N_ELEMENTS(shapes));
}

ParameterizedTest(struct shape *shape, stress,
                  few_or_many_threads_may_share_a_pool)
{
    struct run run = run_stress("tests/stress", NULL, shape->seed,
                                shape->requests, shape->threads);
    run_clear(&run);
}

/* With these words the system answers in every way that it may, and with the
 * guard it is seen if anything is touched that was freed. */
ParameterizedTestParameters(stress, nothing_is_touched_after_it_was_freed)
{
    static char hooks[][16] = {"none", "ntfs-cached", "warning",
                               "skip", "sync-eof",    "late"};
    return cr_make_param_array(char[16], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[16], stress, nothing_is_touched_after_it_was_freed)
{
    struct run run = run_stress("tests/guarded/stress", hook, "5", "6000", "8");
    run_clear(&run);
}

Test(stress, what_somebody_cancels_in_time_is_told_no_timeout)
{
    struct run run = RUN("tests/cancel_in_time", "");
    assert_ended(&run, 0);
    assert_text(&run, "worker: cancelled: error 995\n"
                      "worker: late: error 1460\n");
}

Test(stress, closing_waits_for_a_call_whose_callback_is_over)
{
    make_file("file", 1000);
    struct run run = RUN("tests/guarded/close_in_call", "file");
    assert_ended(&run, 0);
    assert_text(&run, "main: the call returns, the file is open\n"
                      "main: closed\n");
}
