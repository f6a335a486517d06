#include "shell.h"

#include <glib/gstdio.h>

struct said shell(const char *lines)
{
    char *top = g_build_filename(g_getenv("BUILD"), "..", NULL);
    char *project = g_canonicalize_filename(top, NULL);
    char **env = NULL;
    env = g_environ_setenv(env, "PATH", g_getenv("PATH"), TRUE);
    env = g_environ_setenv(env, "HOME", g_getenv("HOME"), TRUE);
    env = g_environ_setenv(env, "TOP", project, TRUE);
    /* git ignores the settings of this machine. */
    env = g_environ_setenv(env, "GIT_CONFIG_GLOBAL", "/dev/null", TRUE);
    env = g_environ_setenv(env, "GIT_CONFIG_NOSYSTEM", "1", TRUE);

    GError *error = NULL;
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
    g_subprocess_launcher_set_environ(launcher, env);
    GSubprocess *process = g_subprocess_launcher_spawn(
        launcher, &error, "timeout", "120", "sh", "-c", lines, NULL);
    struct said said = {.lines = g_strdup(lines)};
    cr_assert(process != NULL &&
                  g_subprocess_communicate_utf8(process, NULL, NULL, &said.text,
                                                NULL, &error),
              "%s: %s", lines, error ? error->message : "");
    said.status = g_subprocess_get_if_exited(process)
                      ? g_subprocess_get_exit_status(process)
                      : -1;
    g_object_unref(process);
    g_object_unref(launcher);
    g_strfreev(env);
    g_free(project);
    g_free(top);
    return said;
}

void said_clear(struct said *said)
{
    g_free(said->lines);
    g_free(said->text);
}

char *quote(const struct said *said)
{
    return g_strdup_printf("%s\nexit status %d\n%.4000s", said->lines,
                           said->status, said->text);
}

void must(const char *lines)
{
    struct said said = shell(lines);
    assert_status(said, 0);
    said_clear(&said);
}

void write_script(const char *name, const char *lines)
{
    cr_assert(g_file_set_contents(name, lines, -1, NULL));
    cr_assert_eq(g_chmod(name, 0755), 0);
}

void make_top(void)
{
    must("mkdir -p top/build; for file in \"$TOP\"/*; do "
         "[ \"${file##*/}\" = build ] || ln -s \"$file\" top; done");
}
