#include "make.h"

#include <string.h>
#include <unistd.h>

char *top_directory(void)
{
    char *build = g_build_filename(g_getenv("BUILD"), "..", NULL);
    char *top = g_canonicalize_filename(build, NULL);
    g_free(build);
    return top;
}

static char **readers_environment(void)
{
    static const char *const left_out[] = {
        "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "BUILD", "CHOSEN",
        "LAUNCHER",  "IO",     "HOOK",      "TRACE",         "STEP",  "TESTS",
    };
    char **environment = g_get_environ();
    for (size_t i = 0; i < G_N_ELEMENTS(left_out); i++)
        environment = g_environ_unsetenv(environment, left_out[i]);
    return environment;
}

struct made make_in(const char *directory, const char *words)
{
    struct made made = {.command = g_strdup_printf("make %s", words)};
    char *out = NULL, *err = NULL, **argv = NULL;
    int wait_status = 0;
    GError *error = NULL;
    char *command = g_strconcat("make --no-print-directory ", words, NULL);
    char **environment = readers_environment();
    bool ran = g_shell_parse_argv(command, NULL, &argv, &error) &&
               g_spawn_sync(directory, argv, environment, G_SPAWN_SEARCH_PATH,
                            NULL, NULL, &out, &err, &wait_status, &error);
    cr_assert(ran, "%s: %s", made.command, error ? error->message : "");
    made.status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
    made.text = g_strconcat(out, err, NULL);
    g_strfreev(environment);
    g_strfreev(argv);
    g_free(command);
    g_free(out);
    g_free(err);
    return made;
}

void made_clear(struct made *made)
{
    g_free(made->command);
    g_free(made->text);
}

void link_project(void)
{
    char *top = top_directory();
    const char *name;
    GDir *dir = g_dir_open(top, 0, NULL);
    cr_assert_not_null(dir, "%s cannot be read", top);
    while ((name = g_dir_read_name(dir)) != NULL) {
        char *target = g_build_filename(top, name, NULL);
        if (strcmp(name, "build") != 0)
            cr_assert_eq(symlink(target, name), 0, "cannot link %s", name);
        g_free(target);
    }
    g_dir_close(dir);
    g_free(top);
}
