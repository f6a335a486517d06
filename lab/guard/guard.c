#include "guard.h"

#include "../interpose/words.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, PAGES = 1 << 20, ALIGNMENT = 16 };

static SRWLOCK lock = SRWLOCK_INIT;
/* All below is guarded by the lock. */
static char *area;              /* PAGES are reserved, few are there */
static unsigned next_page;      /* no allocation crosses its beginning */
static unsigned size_at[PAGES]; /* of what begins in this page; 0: none */
static struct guard_counts counts;

static unsigned pages(size_t size)
{
    return (unsigned)((size + PAGE - 1) / PAGE);
}

/* The first of `count` pages, and one more, that are free; PAGES if there are
 * none. Addresses that were used come last. */
static unsigned find_pages(unsigned count)
{
    unsigned first = next_page, at = first;
    for (unsigned seen = 0; at < first + count + 1; seen++) {
        if (seen == 2 * PAGES)
            return PAGES;
        if (first + count + 1 > PAGES)
            first = at = 0;
        else if (size_at[at] != 0)
            first = at = at + pages(size_at[at]) + 1;
        else
            at++;
    }
    return first;
}

/* Ends with its last page, and reads as zeros. */
static char *allocate(size_t size)
{
    if (size == 0)
        size = 1;
    if (size > UINT_MAX / 2)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t length = (size_t)pages(size) * PAGE;
    char *first = NULL;
    AcquireSRWLockExclusive(&lock);
    if (area == NULL)
        area = VirtualAlloc(NULL, (size_t)PAGES * PAGE, MEM_RESERVE,
                            PAGE_NOACCESS);
    unsigned page = find_pages(pages(size));
    if (area != NULL && page < PAGES)
        first = VirtualAlloc(area + (size_t)page * PAGE, length, MEM_COMMIT,
                             PAGE_READWRITE);
    if (first != NULL) {
        size_at[page] = (unsigned)size;
        next_page = page + pages(size) + 1;
        counts.allocations++;
        counts.living++;
    }
    ReleaseSRWLockExclusive(&lock);
    return first != NULL ? first + length - size : NULL;
}

static void count_call(unsigned *calls)
{
    AcquireSRWLockExclusive(&lock);
    ++*calls;
    ReleaseSRWLockExclusive(&lock);
}

struct guard_counts guard_counts(void)
{
    AcquireSRWLockExclusive(&lock);
    struct guard_counts now = counts;
    ReleaseSRWLockExclusive(&lock);
    return now;
}

void *guard_malloc(size_t size)
{
    count_call(&counts.mallocs);
    char *memory = fails("malloc") ? NULL : allocate(size);
    return memory != NULL ? memset(memory, 0xA5, size) : NULL;
}

void *guard_calloc(size_t count, size_t size)
{
    count_call(&counts.callocs);
    bool fits = size == 0 || count <= SIZE_MAX / size;
    return fails("calloc") || !fits ? NULL : allocate(count * size);
}

/* The lock is never released: nothing is to go on. */
static void crash(void)
{
    fputs("guard: freed what is not allocated, or not any more\n", stderr);
    fflush(stderr);
    RaiseException(EXCEPTION_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0,
                   NULL);
}

void guard_free(void *memory)
{
    size_t offset = (uintptr_t)memory - (uintptr_t)area;
    if (memory == NULL)
        return;
    if (area == NULL || offset >= (size_t)PAGES * PAGE) {
        free(memory); /* from the C library: strdup, for example */
        return;
    }
    AcquireSRWLockExclusive(&lock);
    size_t page = offset / PAGE, size = size_at[page];
    size_t length = (size_t)pages(size) * PAGE;
    char *first = area + page * PAGE;
    if (size == 0 || first + length - size != (char *)memory ||
        !VirtualFree(first, length, MEM_DECOMMIT))
        crash();
    size_at[page] = 0;
    counts.living--;
    ReleaseSRWLockExclusive(&lock);
}

static void tell(void)
{
    fprintf(stderr, "guard: %u allocations, %u not freed\n", counts.allocations,
            counts.living);
}

__attribute__((constructor)) static void begin(void)
{
    if (asked("allocations"))
        atexit(tell);
}
