/*
 * A case is a function in a Windows program, and a test of a suite. It has one
 * name, and its expectation is above its code:
 *
 *      CASE(a_handle_is_bound_once,
 *           "main: bind: 0\n"
 *           "main: bind again: 87\n",
 *           .file = 1000)
 *      {
 *          ...
 *      }
 *
 * In the program, CASE begins a function. The program runs the case that its
 * first argument names.
 *
 * make copies the headings, CASE(...), of all programs in tests/ROOM to
 * build/tests/ROOM.cases. The room's suite includes this copy, and there CASE
 * is a test: it runs the program with the case's name, and compares.
 */
#ifndef CASE_H
#define CASE_H

#ifdef _WIN32

#include <stdbool.h>
#include <stdio.h>
#include <windows.h>

/* Exported, so that the system finds the function by its name. */
#define CASE(name, ...) __declspec(dllexport) void name(void)

/* Runs the case with this name. Returns whether the program has it. */
static inline bool run_case(const wchar_t *name)
{
    char symbol[128];
    snprintf(symbol, sizeof symbol, "%ls", name);
    void (*run)(void) =
        (void (*)(void))GetProcAddress(GetModuleHandleW(NULL), symbol);
    if (run != NULL)
        run();
    return run != NULL;
}

#else

#include "helpers.h"

/* The expectation. Each case has the first text, and names the others. */
struct expected {
    const char *source, *name; /* the program's source; set by CASE */
    const char *out;           /* all of stdout */
    const char *err;           /* the start of stderr; default: "guard: " */
    const char *hook;          /* words for HOOK, besides "allocations" */
    const char *kinds[2];      /* runs once with each as its second argument;
                                * default: once, without */
    guint64 file;              /* "file" has this size; default: no such file */
    void (*before)(void);      /* called before the program is started, */
    void (*after)(void);       /* and after its output was compared */
};

/*
 * Runs the guarded program of a case: an access to memory after its lifetime
 * crashes it, and it reports allocations that it has not freed. Further
 * arguments are strings, or NULL for none.
 */
#define RUN_CASE(expected, ...)                                                \
    run_case(expected,                                                         \
             (const char *const[]){(expected)->name, __VA_ARGS__, NULL})
struct run run_case(const struct expected *expected,
                    const char *const *arguments);

/* It exited with 0, freed its memory, and printed the expected text. */
#define assert_case(run, expected)                                             \
    do {                                                                       \
        assert_run(run, has_freed_all(run, expected),                          \
                   "exit status 0, and '%s..., 0 not freed' on stderr",        \
                   start_of_err(expected));                                    \
        assert_text(run, (expected)->out);                                     \
    } while (0)
const char *start_of_err(const struct expected *expected);
bool has_freed_all(const struct run *run, const struct expected *expected);
int count_runs(const struct expected *expected);

/* The suite defines SUITE, its name. */
#define CASE(NAME, ...)                                                        \
    static const struct expected NAME = {                                      \
        .source = __FILE__, .name = #NAME, .out = __VA_ARGS__};                \
    TEST_IN(SUITE, NAME)                                                       \
    {                                                                          \
        for (int kind = 0; kind < count_runs(&(NAME)); kind++) {               \
            struct run run = RUN_CASE(&(NAME), (NAME).kinds[kind]);            \
            assert_case(&run, &(NAME));                                        \
            if ((NAME).after != NULL)                                          \
                (NAME).after();                                                \
            run_clear(&run);                                                   \
        }                                                                      \
    }
#define TEST_IN(suite, name) Test(suite, name)

#endif

#endif
