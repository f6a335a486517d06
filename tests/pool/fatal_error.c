/*
 * fatal_error [own]: starts a pool whose port is made to fail. "own" replaces
 * the function that the library calls then. Uses the library alone.
 */
#include "../../final/error.h"
#include "../../final/pool.h"

#include <stdio.h>

static void print_own_line(const char *tried, const char *object, DWORD error)
{
    printf("own: %s, %s, %lu\n", tried, object, error);
    fflush(stdout);
}

int wmain(int argc, wchar_t **argv)
{
    struct pool pool;
    (void)argv;
    if (argc > 1) {
        on_fatal_error(NULL);
        on_fatal_error(print_own_line);
    }
    if (pool_create(&pool, 4, 0) != ERROR_SUCCESS)
        return 2;
    Sleep(INFINITE); /* a worker ends the process */
    return 2;
}
