/*
 * Scenarios of final, for the explorer: two or three threads use the pool or a
 * stream concurrently, and each order must end well.
 *
 *      final.exe CASE FILE
 */
#include "scenarios.h"

#include <stdio.h>

static const struct scenarios *const sets[] = {
    &pool_scenarios, &freed_pool_scenarios, &stream_scenarios, NULL};

static bool try_set(const struct scenarios *set, const wchar_t *name,
                    const wchar_t *path)
{
    const struct scenario *scenario = set->all;
    while (scenario->name != NULL && wcscmp(scenario->name, name) != 0)
        scenario++;
    if (scenario->name == NULL)
        return false;
    set->begin(path);
    scenario->run();
    set->end();
    return true;
}

int wmain(int argc, wchar_t **argv)
{
    const struct scenarios *const *set = sets;
    for (; argc == 3 && *set != NULL; set++)
        if (try_set(*set, argv[1], argv[2]))
            return EXIT_SUCCESS;
    fprintf(stderr, "usage: final CASE FILE\n");
    return 2;
}
