#include "case.h"

struct run run_program_of(const struct expected *expected,
                          const char *const *arguments)
{
    char *source = g_path_get_basename(expected->source);
    char *program = g_strdup_printf("tests/guarded/%.*s",
                                    (int)strcspn(source, "."), source);
    char *hook = g_strjoin(",", "allocations", expected->hook, NULL);
    if (expected->file != 0)
        make_file("file", expected->file);
    if (expected->before != NULL)
        expected->before();
    struct run run = finish(start(program, arguments, hook, -1, WATCHDOG));
    g_free(hook);
    g_free(program);
    g_free(source);
    return run;
}

const char *start_of_err(const struct expected *expected)
{
    return expected->err != NULL ? expected->err : "guard: ";
}

bool has_succeeded(const struct run *run, const struct expected *expected)
{
    return run->ending == EXITED && run->status == 0 &&
           g_str_has_prefix(run->err, start_of_err(expected)) &&
           g_str_has_suffix(run->err, ", 0 not freed\n");
}

int count_runs(const struct expected *expected)
{
    return expected->kinds[1] != NULL ? 2 : 1;
}
