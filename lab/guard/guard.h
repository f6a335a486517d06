/*
 * Memory that shows when it is used wrongly. In the object files of a program
 * under test, objcopy --redefine-sym makes these of malloc, calloc and free (as
 * mk/tests.mk has it), so that what the C library itself allocates is left out.
 *
 *      | page      | page that is not there |
 *      |  .... bytes|
 *
 * Each allocation has pages of its own and ends at the last of them, but for
 * alignment; the page behind it is not there. When it is freed, its pages go,
 * too, and the addresses are not used again until some 500,000 further
 * allocations have been made. So to read or write behind its end or after its
 * end crashes, wherever that is done, and so does to free it twice.
 *
 * What malloc gives is filled with 0xA5, to show what relies on zeros. There is
 * no realloc: a program that calls it cannot be linked.
 *
 * In HOOK (see words.h) these are the guard's:
 *
 *   fail:malloc:K:0   as for any function; calloc likewise
 *   allocations       tells on stderr, when the program exits, how much was
 *                     allocated: "guard: 12 allocations, 0 not freed"
 */
#ifndef GUARD_H
#define GUARD_H

#include <stddef.h>

/* What has been counted up to now; failed calls are calls, too. */
struct guard_counts {
    unsigned mallocs, callocs;    /* calls */
    unsigned allocations, living; /* made; not freed */
};
struct guard_counts guard_counts(void);

void *guard_malloc(size_t size);
void *guard_calloc(size_t count, size_t size);
void guard_free(void *memory);

#endif
