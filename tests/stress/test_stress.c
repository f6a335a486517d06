/* The pool under stress: many threads use all its functions concurrently. */
#include "../support/helpers.h"

TestSuite(stress, .init = enter_scratch, .fini = leave_scratch);

/* Returns one total from the program's last line; 0 if it is not there. */
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

/* Runs the program, which checks itself: it exits with 0, or prints the error.
 */
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

/* Every kind of event must have happened. */
Test(stress, each_request_completes_once_under_stress)
{
    static const char *const kinds[] = {
        "completed", "failed",    "cancelled", "bytes",       "timed out",
        "parts",     "immediate", "by hand",   "synchronous", "ends of file",
        "work",      "freed",     "restarted", "closed",      "stopped",
        "invalid",   "reopened"};
    struct run run = run_stress("tests/stress", NULL, "1", "20000", "8");
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        assert_run(&run, total(&run, kinds[i]) > 0, "at least 1 %s", kinds[i]);
    run_clear(&run);
}

struct shape {
    char seed[4], requests[8], threads[4];
};

ParameterizedTestParameters(stress, from_1_to_32_threads_can_share_a_pool)
{
    static struct shape shapes[] = {
        {"2", "10000", "1"}, {"3", "10000", "2"}, {"4", "10000", "32"}};
    return cr_make_param_array(struct shape, shapes, G_N_ELEMENTS(shapes));
}

ParameterizedTest(struct shape *shape, stress,
                  from_1_to_32_threads_can_share_a_pool)
{
    struct run run = run_stress("tests/stress", NULL, shape->seed,
                                shape->requests, shape->threads);
    run_clear(&run);
}

/* With these words of HOOK the system completes I/O in every way that it may.
 * The guard makes a program crash that touches freed memory. */
ParameterizedTestParameters(stress, no_freed_memory_is_touched)
{
    static char hooks[][16] = {"none", "ntfs-cached", "warning",
                               "skip", "sync-eof",    "late"};
    return cr_make_param_array(char[16], hooks, G_N_ELEMENTS(hooks));
}

ParameterizedTest(char hook[16], stress, no_freed_memory_is_touched)
{
    struct run run = run_stress("tests/guarded/stress", hook, "5", "6000", "8");
    run_clear(&run);
}

Test(stress, a_read_cancelled_before_its_timeout_reports_error_995)
{
    struct run run = RUN("tests/cancel_in_time", "");
    assert_ended(&run, 0);
    assert_text(&run, "worker: cancelled: error 995\n"
                      "worker: late: error 1460\n");
}

Test(stress, close_waits_for_a_call_after_its_callback_returned)
{
    make_file("file", 1000);
    struct run run = RUN("tests/guarded/close_in_call", "file");
    assert_ended(&run, 0);
    assert_text(&run, "main: the call returns, the file is open\n"
                      "main: closed\n");
}
