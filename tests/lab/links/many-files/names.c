#include "names.h"

#include <stdio.h>
#include <stdlib.h>

/* The lab has names such as these. */
int changes, below = 1, below_locks = 2, real = 3, settings = 4;
int hints, mistakes, next, lock;

void fail(const char *what)
{
    fprintf(stderr, "cannot %s\n", what);
    exit(1);
}

void show(const char *what, int number)
{
    printf("%s: %d\n", what, number);
    changes++;
}

void mistake(void)
{
}

void caller(void)
{
}
