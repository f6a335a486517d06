/* The short sweep of lab/sweep: of each function the first and the last call
 * fails, with one code. `make sweep` tries all calls and codes. */
#include "../support/helpers.h"

TestSuite(sweep, .init = enter_scratch, .fini = leave_scratch);

/* Returns the command and its output; the caller frees it. */
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

ParameterizedTestParameters(sweep,
                            each_failure_is_reported_once_and_leaves_nothing)
{
    static char subjects[][20] = {
        "step1-create",   "step2-bind", "step3-callback", "step4-overlapped",
        "step5-readfile", "final",      "final-cat",      "final-sha256",
        "copy",           "copy-force", "compare",        "stream"};
    return cr_make_param_array(char[20], subjects, G_N_ELEMENTS(subjects));
}

ParameterizedTest(char subject[20], sweep,
                  each_failure_is_reported_once_and_leaves_nothing)
{
    int status;
    char *out = sweep("--short", subject, &status);
    cr_assert(status == 0, "wanted: no wrong point\ngot:\n%s", out);
    g_free(out);
}

/* A mistake that sweep_errors makes when ReadFile fails, and the verdict. */
struct sweep_error {
    char kind[12], verdict[48];
};

ParameterizedTestParameters(sweep, each_mistake_is_found)
{
    static struct sweep_error errors[] = {
        {"none", "right"},
        {"unreported", "did not report the error"},
        {"silent", "printed 0 error lines"},
        {"twice", "printed 2 error lines"},
        {"other", "reported another error"},
        {"status", "reported an error, but exited with 0"},
        {"output", "has wrong output"},
        {"handle", "leaks"},
        {"thread", "leaks"},
        {"packet", "leaks"},
        {"memory", "leaks"},
        {"half", "has wrong files: source, target"},
        {"temporary", "has wrong files: copy.tmp"},
        {"no-cleanup", "ended the process without releasing"},
        {"crash", "crashed"},
        {"hang", "hung"},
    };
    return cr_make_param_array(struct sweep_error, errors,
                               G_N_ELEMENTS(errors));
}

ParameterizedTest(struct sweep_error *error, sweep, each_mistake_is_found)
{
    int status;
    char *subject = g_strconcat("sweep_errors-", error->kind, NULL);
    char *verdict = g_strconcat("\n--- ", error->verdict, NULL);
    char *out =
        sweep("--watchdog 10 --point fail:ReadFile:1:1117", subject, &status);
    cr_assert(strstr(out, verdict) != NULL, "wanted: %s\n%s", error->verdict,
              out);
    cr_assert((status == 0) == (strcmp(error->kind, "none") == 0),
              "wanted: %s\ngot: status %d\n%s",
              strcmp(error->kind, "none") == 0 ? "exit status 0" : "a failure",
              status, out);
    g_free(out);
    g_free(verdict);
    g_free(subject);
}
