/*
 * Memory that shows when it is used wrongly. In the object files of a program
 * under test, objcopy --redefine-sym makes these of malloc, calloc, realloc and
 * free (as mk/tests.mk has it), so that what the C library itself allocates is
 * left out.
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
 * What malloc gives is filled with 0xA5, to show what relies on zeros. realloc
 * always moves.
 *
 * In HOOK and IO (see words.h) these are the guard's:
 *
 *   fail:malloc:K:0   as for any function; calloc likewise
 *   allocations       tells on stderr, when the program exits, how much was
 *                     allocated: "guard: 12 allocations, 0 not freed"
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>

void *guard_malloc(size_t size);
void *guard_calloc(size_t count, size_t size);
void *guard_realloc(void *memory, size_t size);
void guard_free(void *memory);

/* ---- For who wants to know ---------------------------------------------- */

/* An allocation. Of callers there is the address behind the call. */
struct guard_block {
    char *memory;
    size_t size;                   /* as it was asked for */
    const void *allocated, *freed; /* by whom; freed is NULL while it is live */
};

/* The last allocation that had this address, or whose next page has it. False
 * for memory that is none of the guard's. */
bool guard_find(const void *address, struct guard_block *block);

enum guard_event {
    GUARD_FREE,
    GUARD_MOVE,     /* freed by realloc, which has moved what was in it */
    GUARD_NOT_LIVE, /* free was called for what is not allocated (any more) */
};

/* Is called before something is freed. If it returns false, nothing is done:
 * the memory stays as it is. */
typedef bool guard_free_watcher(enum guard_event event, char *memory,
                                const void *caller);
void guard_watch_frees(guard_free_watcher *called);

#endif
