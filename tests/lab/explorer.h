/* How the suites about lab/explore run it. */
#ifndef EXPLORER_H
#define EXPLORER_H

#include "../support/helpers.h"

#include <sys/wait.h>

/* Step 5 reads it in 3 blocks. */
#define SAMPLE "build/explore/blocks.txt"

/* What a command printed, and its exit status. */
struct answer {
    char *text;
    int status;
};

/* Runs a command in the project's directory. */
static inline struct answer run_at_top(const char *command)
{
    struct answer answer;
    int status;
    GError *error = NULL;
    char *lines =
        g_strdup_printf("cd '%s/..' && mkdir -p build/explore/test && "
                        "{ %s; } 2>&1",
                        g_getenv("BUILD"), command);
    char *const argv[] = {"sh", "-c", lines, NULL};
    bool ran = g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH,
                            NULL, NULL, &answer.text, NULL, &status, &error);
    cr_assert(ran, "%s: %s", lines, error ? error->message : "");
    answer.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    g_free(lines);
    return answer;
}

/* Explores build/explore/PROGRAM.exe. The program opens the sample, or gets the
 * name of a case. The search's files begin with `log`. */
__attribute__((format(printf, 3, 4))) static inline struct answer explore(
    const char *program, const char *log, const char *options, ...)
{
    va_list values;
    va_start(values, options);
    char *words = g_strdup_vprintf(options, values);
    va_end(values);
    char *command = g_strdup_printf(
        "python3 -B lab/explore/explore.py build/explore/%s.exe "
        "--log build/explore/test/%s %s",
        program, log, words);
    struct answer answer = run_at_top(command);
    g_free(command);
    g_free(words);
    return answer;
}

#define assert_answer(answer, wanted_status, wanted)                           \
    cr_assert((answer).status == (wanted_status) &&                            \
                  strstr((answer).text, wanted) != NULL,                       \
              "wanted: exit status %d, and '%s'\ngot: %d\n%s", wanted_status,  \
              wanted, (answer).status, (answer).text)

#endif
