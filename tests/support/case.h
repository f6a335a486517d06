/*
 * A case is a function in a Windows program, and also a test of a suite. Both
 * have the same name, and the expectation is above the code:
 *
 *      CASE(a_handle_is_bound_once,
 *           "main: bind: 0\n"
 *           "main: bind again: 87\n",
 *           .file = 1000)
 *      {
 *          ...
 *      }
 *
 * In the program, CASE begins a function. The program runs one case: its first
 * argument is the name.
 *
 * A room is a directory of tests, such as tests/pool. make copies the headings,
 * CASE(...), of all programs in tests/ROOM to build/tests/ROOM.cases. The suite
 * tests/ROOM/test_ROOM.c includes this copy. There CASE is a test: it runs the
 * program with the name of the case, and compares the output. mk/tests.mk lists
 * the rooms that have cases.
 */
#ifndef CASE_H
#define CASE_H

#ifdef _WIN32

#include <stdbool.h>
#include <stdio.h>
#include <windows.h>

/* The function is exported, so that the system finds it by its name. */
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

/* What CASE(name, out, ...) says about a case. `out` is a text, and designated
 * initializers may follow. */
struct expected {
    const char *source, *name; /* set by CASE */
    const char *out;           /* all of stdout */
    const char *err;           /* the start of stderr; default: "guard: " */
    const char *hook;          /* further words for HOOK, after "allocations" */
    const char *kinds[2];      /* the case runs once with each of these as its
                                * second argument; default: once, without */
    guint64 file;              /* size of the file "file"; 0: no such file */
    void (*before)(void);      /* is called before the program is started */
    void (*after)(void);       /* is called after the output is compared */
};

/*
 * Runs a case in the guarded program: an access to freed memory crashes, and
 * the program reports how many allocations it has not freed. The further
 * arguments are strings, or NULL for none.
 */
#define RUN_CASE(expected, ...)                                                \
    run_program_of(expected,                                                   \
                   (const char *const[]){(expected)->name, __VA_ARGS__, NULL})
struct run run_program_of(const struct expected *expected,
                          const char *const *arguments);

/* It exited with 0, freed its memory, and printed the expected text. */
#define assert_case(run, expected)                                             \
    do {                                                                       \
        assert_run(run, has_succeeded(run, expected),                          \
                   "exit status 0, and '%s..., 0 not freed' on stderr",        \
                   start_of_err(expected));                                    \
        assert_text(run, (expected)->out);                                     \
    } while (0)
const char *start_of_err(const struct expected *expected);
bool has_succeeded(const struct run *run, const struct expected *expected);
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
