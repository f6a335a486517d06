/*
 * An allocator that makes wrong uses of memory crash. In the object files of a
 * program under test, objcopy --redefine-sym replaces malloc, calloc, realloc
 * and free by these functions (see mk/tests.mk). Memory that the C library
 * itself allocates is not affected.
 *
 *      |  page with the memory  |  page that is not mapped  |
 *      |              ....bytes.|                           |
 *
 * Each allocation has pages of its own. It ends where its last page ends,
 * except for alignment to 16 bytes. The page after it is not mapped. free
 * unmaps the allocation's pages. The guard uses an address again only after
 * some 500,000 further allocations. So three mistakes crash, in any thread:
 *
 *   - to read or write after the end of an allocation;
 *   - to read or write an allocation after free;
 *   - to free it twice.
 *
 * malloc fills the memory with 0xA5, to expose a program that relies on zeros.
 * realloc always moves the allocation. Any thread may call these functions.
 *
 * An allocation of more than 256 MiB is not guarded, and neither is a further
 * one while 24,000 are guarded or the guard's 4 GiB of addresses are used. The
 * C library allocates it, and the guard knows nothing of it. One line on stderr
 * says so, once.
 *
 * The guard has these settings in HOOK and IO (see lab/interpose/settings.h):
 *
 *   fail:malloc:K:0   as for any function; the same for calloc
 *   fail:memory:K:0   the K-th allocation of the main thread fails, by whatever
 *                     function
 *   allocations       when the program exits, prints on stderr how many
 *                     allocations it made: "guard: 12 allocations, 0 not freed"
 */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* As malloc, calloc, realloc and free. guard_free and guard_realloc also accept
 * memory that is not guarded, of strdup for example. For the
 * linker their names have a dot: no program's own function has such a name. */
void *guard_malloc(size_t size) __asm__("guard.malloc");
void *guard_calloc(size_t count, size_t size) __asm__("guard.calloc");
void *guard_realloc(void *memory, size_t size) __asm__("guard.realloc");
void guard_free(void *memory) __asm__("guard.free");

/*
 * For lab/guard/operators.cpp and heap.c, which call them for a call with this
 * return address. guard_take returns memory that is filled with zeros, or with
 * 0xA5. NULL means that the call has to fail, or else (*fails is false) that
 * there is no room: then the caller allocates as the program would.
 * guard_give_back returns false for memory that is not guarded.
 */
void *guard_take(size_t size, bool is_zero, const void *caller,
                 bool *fails) __asm__("guard.take");
bool guard_give_back(void *memory,
                     const void *caller) __asm__("guard.give.back");

/* ---- For layers that report on memory ------------------------------------ */

struct guard_counts {
    unsigned mallocs, callocs; /* calls, also those that failed */
    unsigned allocations;      /* that are or were guarded */
    unsigned living;           /* of these, not freed yet */
};

/* The counts up to now. */
struct guard_counts guard_counts(void);

/* An allocation, and the return addresses of the calls that made and freed it.
 */
struct guard_block {
    char *memory;
    size_t size;     /* that the program asked for */
    unsigned number; /* K of "fail:memory:K:0"; 0: not of the main thread */
    const void *allocated;
    const void *freed; /* NULL while the allocation is live */
};

/* Finds the last allocation that had this address in its pages or in the
 * unmapped page after them. False if the guard never allocated there. */
bool guard_find(const void *address, struct guard_block *block);

enum guard_event {
    GUARD_ALLOCATE,
    GUARD_FREE,
    GUARD_MOVE,     /* realloc frees the old place */
    GUARD_NOT_LIVE, /* free was called for memory that is not allocated, or not
                       allocated any more */
};

/* The guard calls a watcher before it frees memory, on the thread that frees.
 * `caller` is the return address of that call. If the watcher returns false,
 * the memory is not freed. */
typedef bool guard_free_watcher(enum guard_event event, char *memory,
                                const void *caller);

/* Sets the only watcher. Call it once, before the program's threads start. */
void guard_watch_frees(guard_free_watcher *called);

/* The guard calls an observer after each allocation, and before a watcher of
 * frees, on the thread that allocates or frees. It keeps no lock meanwhile.
 * Memory that is not guarded is not observed. `size`: of an allocation, what
 * the program asked for; otherwise 0. */
typedef void guard_observer(enum guard_event event, const char *memory,
                            size_t size, const void *caller);

/* Sets the only observer. Call it once, before the program's threads start. */
void guard_observe(guard_observer *called);

/* The next allocations get the lowest addresses that are free, as in a new
 * process. */
void guard_begin_again(void);

#endif
