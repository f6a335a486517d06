#include "statics.h"

#include "verdict.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A part of the program's variables, and a copy of their first values. */
struct part {
    char *from, *to, *copy;
};

static struct part parts[] = {{first_data, last_data, NULL},
                              {first_zeros, last_zeros, NULL}};
enum { PARTS = sizeof parts / sizeof *parts };

static size_t size_of(const struct part *part)
{
    return (size_t)((uintptr_t)part->to - (uintptr_t)part->from);
}

void keep_statics(void)
{
    for (struct part *part = parts; part < parts + PARTS; part++) {
        part->copy = malloc(size_of(part));
        if (part->copy == NULL)
            refuse("static variables for which there is no memory");
        memcpy(part->copy, part->from, size_of(part));
    }
}

void restore_statics(void)
{
    for (const struct part *part = parts; part < parts + PARTS; part++)
        memcpy(part->from, part->copy, size_of(part));
}
