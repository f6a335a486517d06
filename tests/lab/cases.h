/* The main of a program whose first argument names a case. To be included in
 * one source of the program. */
#ifndef CASES_H
#define CASES_H

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

struct named_case {
    const wchar_t *name;
    void (*show)(void);
};

extern const struct named_case cases[]; /* the last one's name is NULL */

int wmain(int argc, wchar_t **argv)
{
    for (const struct named_case *at = cases; argc > 1 && at->name; at++)
        if (wcscmp(argv[1], at->name) == 0) {
            at->show();
            return EXIT_SUCCESS;
        }
    fprintf(stderr, "there is no such case\n");
    return 2;
}

#endif
