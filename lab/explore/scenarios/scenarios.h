/* What the scenarios share. */
#ifndef SCENARIOS_H
#define SCENARIOS_H

#include <process.h>
#include <stdbool.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

/* A scenario is begin, run, end. `path`: a file that exists. */
struct scenario {
    const wchar_t *name;
    void (*run)(void);
};

struct scenarios {
    void (*begin)(const wchar_t *path);
    void (*end)(void);
    const struct scenario *all; /* ends with one without a name */
};

extern const struct scenarios pool_scenarios, freed_pool_scenarios,
    stream_scenarios;

/* The explorer reports the exit status, and where this was. */
static inline void must(bool ok)
{
    if (!ok)
        exit(EXIT_FAILURE);
}

static inline HANDLE start(unsigned(__stdcall *routine)(void *), void *argument)
{
    return (HANDLE)_beginthreadex(NULL, 0, routine, argument, 0, NULL);
}

static inline void join(HANDLE thread)
{
    must(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
    CloseHandle(thread);
}

#endif
