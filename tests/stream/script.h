/*
 * What the suites of file_stream share: scripts for stream_script.exe, and
 * files to read and write.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "../support/helpers.h"

#include <unistd.h>

/* ---- Scripts ----------------------------------------------------------- */

static inline bool prints(const char *line, const char *command,
                          const char *answers)
{
    bool found = false;
    char **answer = g_strsplit(answers, " or ", -1);
    for (guint i = 0; answer[i] != NULL; i++) {
        char *wanted = g_strdup_printf("main: %s -> %s", command, answer[i]);
        found = found || g_strcmp0(line, wanted) == 0;
        g_free(wanted);
    }
    g_strfreev(answer);
    return found;
}

/* See SCRIPT. hook may be NULL. */
static inline void run_script(const char *hook, const char *file,
                              const char *const *lines)
{
    const char *arguments[40] = {file};
    char **pairs[38]; /* of each line: the command, and its answers or NULL */
    guint count = 0;
    for (; lines[count] != NULL; count++) {
        cr_assert_lt(count, G_N_ELEMENTS(pairs));
        pairs[count] = g_strsplit(lines[count], " -> ", 2);
        arguments[count + 1] = pairs[count][0];
    }
    struct run run = finish(
        start("tests/guarded/stream_script", arguments, hook, -1, WATCHDOG));
    char **printed = g_strsplit(run.text, "\n", -1);
    for (guint i = 0; i < count; i++) {
        const char *command = pairs[i][0];
        const char *answers = pairs[i][1] != NULL ? pairs[i][1] : "ok";
        assert_run(&run, prints(printed[i], command, answers),
                   "'main: %s -> %s'", command, answers);
        g_strfreev(pairs[i]);
    }
    assert_ended(&run, 0);
    g_strfreev(printed);
    run_clear(&run);
}

/*
 * Runs stream_script on a file, and checks each answer. A line of the script is
 *
 *   "COMMAND -> ANSWER"
 *   "COMMAND -> ANSWER or ANSWER"   where Windows and Wine may differ
 *   "COMMAND"                       for the answer "ok"
 *
 * tests/stream/stream_script.c lists the commands.
 */
#define SCRIPT(file, ...) HOOKED_SCRIPT(NULL, file, __VA_ARGS__)
#define HOOKED_SCRIPT(hook, file, ...)                                         \
    run_script(hook, file, (const char *const[]){__VA_ARGS__, NULL})

/* The first line of a script, for each kind of stream. */
enum { KINDS = 6 };
static const char *const kinds[KINDS] = {
    "open both",          "open both asynchronous",
    "open both buffer=0", "open both buffer=0 asynchronous",
    "open both buffer=3", "open both buffer=3 asynchronous sequential",
};

/* A pipe that no other test has. */
static inline const char *own_pipe(void)
{
    static char name[64];
    g_snprintf(name, sizeof name, "\\\\.\\pipe\\stream-%d", (int)getpid());
    return name;
}

/* ---- Files ------------------------------------------------------------- */

static inline void put(const char *name, const char *text)
{
    cr_assert(g_file_set_contents(name, text, -1, NULL));
}

static inline void assert_bytes(const char *name, const char *wanted,
                                gsize wanted_length)
{
    char *content = NULL;
    gsize length;
    read_file(name, &content, &length);
    cr_assert(length == wanted_length && memcmp(content, wanted, length) == 0,
              "wanted: '%s' (%u bytes) in %s\ngot: '%s' (%u bytes)", wanted,
              (guint)wanted_length, name, content, (guint)length);
    g_free(content);
}

/* wanted is a literal; it may contain zeros. */
#define assert_file(name, wanted) assert_bytes(name, wanted, sizeof wanted - 1)

#define assert_exists(name, wanted)                                            \
    cr_assert(g_file_test(name, G_FILE_TEST_EXISTS) == (wanted),               \
              "wanted: %s file %s", (wanted) ? "a" : "no", name)

#endif
