/*
 * What the suites of file_stream share: talks with
 * tests/stream/stream_script.c, and the files and pipes that they are about.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "../support/helpers.h"

#include <stdio.h>
#include <unistd.h>

/* ---- Talks with tests/stream/stream_script.c --------------------------- */

/* A command, and the answer to it; "|" stands between answers that will do. */
struct line {
    const char *command, *answer;
};

static inline bool will_do(const char *answer, const char *answers)
{
    char **all = g_strsplit(answers, "|", -1);
    bool found =
        answer != NULL && g_strv_contains((const char *const *)all, answer);
    g_strfreev(all);
    return found;
}

static inline void talk(const char *file, const struct line *lines)
{
    GPtrArray *arguments = g_ptr_array_new();
    g_ptr_array_add(arguments, (char *)file);
    for (const struct line *line = lines; line->command != NULL; line++)
        g_ptr_array_add(arguments, (char *)line->command);
    g_ptr_array_add(arguments, NULL);
    struct run run = finish(start("tests/guarded/stream_script",
                                  (const char *const *)arguments->pdata, NULL,
                                  -1, WATCHDOG));
    char **said = g_strsplit(run.text, "\n", -1);
    for (guint i = 0; lines[i].command != NULL; i++) {
        char *begin = g_strdup_printf("main: %s -> ", lines[i].command);
        bool answered = said[i] != NULL && g_str_has_prefix(said[i], begin);
        assert_run(
            &run, answered && will_do(said[i] + strlen(begin), lines[i].answer),
            "'%s%s'", begin, lines[i].answer);
        g_free(begin);
        if (said[i] == NULL)
            break;
    }
    assert_ended(&run, 0);
    g_strfreev(said);
    g_ptr_array_free(arguments, TRUE);
    run_clear(&run);
}

#define TALK(file, ...) talk(file, (const struct line[]){__VA_ARGS__, {0}})

static inline void put(const char *name, const char *text)
{
    cr_assert(g_file_set_contents(name, text, -1, NULL));
}

static inline void assert_file(const char *name, const char *wanted)
{
    char *content = NULL;
    gsize length;
    read_file(name, &content, &length);
    cr_assert(length == strlen(wanted) && memcmp(content, wanted, length) == 0,
              "%s has %u bytes: %s\nwanted: %s", name, (unsigned)length,
              content, wanted);
    g_free(content);
}

static inline bool exists(const char *name)
{
    return g_file_test(name, G_FILE_TEST_EXISTS);
}

#define assert_exists(name, wanted)                                            \
    cr_assert_eq(exists(name), wanted, "wanted: %s file %s\ngot: %s",          \
                 (wanted) ? "a" : "no", name, (wanted) ? "none" : "one")

static const char *const kinds[] = {
    "open both",          "open both asynchronous",
    "open both buffer=0", "open both buffer=0 asynchronous",
    "open both buffer=3", "open both buffer=3 asynchronous sequential",
};

#define FOR_EACH_KIND(kind)                                                    \
    for (guint kind_index = 0; kind_index < G_N_ELEMENTS(kinds); kind_index++) \
        for (const char *kind = kinds[kind_index]; kind != NULL; kind = NULL)

/* No other test has this pipe. */
static inline const char *own_pipe(void)
{
    static char name[64];
    g_snprintf(name, sizeof name, "\\\\.\\pipe\\stream-%d", (int)getpid());
    return name;
}

#endif
