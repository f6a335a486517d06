/* The pool under hard conditions: many threads do everything to it at once. */
#include "helpers.h"

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

/* The program checks itself; here, that it had something to check. */
static void assert_stressed(const char *program, const char *seed,
                            const char *requests, const char *threads)
{
    static const char *const kinds[] = {
        "issued",    "completed", "failed",       "cancelled", "bytes",
        "timed out", "parts",     "ends of file", "at once",   "synchronous",
        "by hand",   "work",      "restarted",    "freed",     "closed",
        "stopped",   "invalid",   "reopened",     "pools"};
    struct run run = RUN(program, "--seed", seed, "--requests", requests,
                         "--threads", threads);
    assert_ended(&run, 0);
    cr_assert(total(&run, "issued") >= strtoull(requests, NULL, 10), "%s",
              describe(&run));
    cr_assert(total(&run, "pools") >= 2, "%s", describe(&run));
    for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
        cr_assert(total(&run, kinds[i]) > 0, "none %s: %s", kinds[i],
                  describe(&run));
    run_clear(&run);
}

struct stress {
    char seed[4], requests[8], threads[4];
};

ParameterizedTestParameters(stress, whatever_meets_each_request_ends_once)
{
    static struct stress runs[] = {{"1", "20000", "8"},
                                   {"2", "10000", "2"},
                                   {"3", "10000", "4"},
                                   {"4", "10000", "32"}};
    return cr_make_param_array(struct stress, runs, G_N_ELEMENTS(runs));
}

ParameterizedTest(struct stress *run, stress,
                  whatever_meets_each_request_ends_once)
{
    assert_stressed("tests/stress", run->seed, run->requests, run->threads);
}

Test(stress, nothing_is_touched_after_it_was_freed)
{
    assert_stressed("tests/guarded/stress", "5", "10000", "8");
}

Test(stress, what_somebody_cancels_in_time_is_told_no_timeout)
{
    struct run run = RUN("tests/cancel_in_time", "");
    assert_ended(&run, 0);
    assert_text(&run, "worker: cancelled: error 995\n"
                      "worker: late: error 1460\n");
}
