/* Every call fails once: the short sweep, of lab/sweep. It tries the first and
 * the last call of each function with one code; `make sweep` tries all. */
#include "../support/helpers.h"

TestSuite(sweep, .init = enter_scratch, .fini = leave_scratch);

/* Returns what it has printed; the caller frees it. */
static char *sweep(const char *options, const char *subject, int *status)
{
    char *out = NULL, *err = NULL;
    GError *error = NULL;
    char *command =
        g_strdup_printf("python3 '%s/../lab/sweep/sweep.py' --jobs 1 %s %s",
                        g_getenv("BUILD"), options, subject);
    bool ran = g_spawn_command_line_sync(command, &out, &err, status, &error);
    cr_assert(ran, "%s: %s", command, error ? error->message : "");
    char *all = g_strconcat(command, "\n", out, err, NULL);
    g_free(command);
    g_free(out);
    g_free(err);
    return all;
}

ParameterizedTestParameters(sweep, each_failure_is_told_once_and_leaves_nothing)
{
    static char subjects[][20] = {
        "step1-create",   "step2-bind", "step3-callback", "step4-overlapped",
        "step5-readfile", "final",      "final-cat",      "final-sha256",
        "copy",           "copy-force", "compare",        "stream"};
    return cr_make_param_array(char[20], subjects, G_N_ELEMENTS(subjects));
}

ParameterizedTest(char subject[20], sweep,
                  each_failure_is_told_once_and_leaves_nothing)
{
    int status;
    char *out = sweep("--short", subject, &status);
    cr_assert(status == 0, "wanted: no point that is wrong\ngot:\n%s", out);
    g_free(out);
}

/* A program that does wrong when ReadFile fails, and what is said of it. */
struct misdeed {
    char kind[12], verdict[40];
};

ParameterizedTestParameters(sweep, what_is_wrong_is_seen)
{
    static struct misdeed sweep_errors[] = {
        {"none", "right"},
        {"untold", "did not tell the error"},
        {"silent", "told 0 lines"},
        {"twice", "told 2 lines"},
        {"other", "told another error"},
        {"status", "told an error, and exited with 0"},
        {"output", "has wrong output"},
        {"handle", "leaks"},
        {"thread", "leaks"},
        {"packet", "leaks"},
        {"memory", "leaks"},
        {"half", "there are now the files source, target"},
        {"temporary", "there are now the files copy.tmp"},
        {"at-once", "ended at once"},
        {"crash", "crashed"},
        {"hang", "hung"},
    };
    return cr_make_param_array(struct misdeed, sweep_errors,
                               G_N_ELEMENTS(sweep_errors));
}

ParameterizedTest(struct misdeed *misdeed, sweep, what_is_wrong_is_seen)
{
    int status;
    char *subject = g_strconcat("sweep_errors-", misdeed->kind, NULL);
    char *verdict = g_strconcat("\n--- ", misdeed->verdict, NULL);
    char *out =
        sweep("--watchdog 10 --point fail:ReadFile:1:1117", subject, &status);
    cr_assert(strstr(out, verdict) != NULL, "wanted: %s\n%s", misdeed->verdict,
              out);
    cr_assert((status == 0) == (strcmp(misdeed->kind, "none") == 0),
              "wanted: %s\ngot: status %d\n%s",
              strcmp(misdeed->kind, "none") == 0 ? "exit status 0"
                                                 : "a failure",
              status, out);
    g_free(out);
    g_free(verdict);
    g_free(subject);
}
