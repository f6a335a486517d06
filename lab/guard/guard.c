#include "guard.h"

#include "../interpose/interpose.h"
#include "../interpose/settings.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, PAGES = 1 << 20, ALIGNMENT = 16 };
/* What is guarded at the same time. Under Wine each guarded allocation needs
 * two of the 65,530 mappings that Linux gives a process, and the program needs
 * mappings for itself. */
enum { MOST_LIVING = 24000, MOST_MEGABYTES = 256 };

static SRWLOCK lock = SRWLOCK_INIT;
/* All below is guarded by the lock. */
static char *area;              /* PAGES are reserved, few of them mapped */
static unsigned next_page;      /* where the search for free pages starts; no
                                   allocation lies across its first byte */
static unsigned size_at[PAGES]; /* of the allocation that starts in this page;
                                   0: none does */
/* The last allocation that started in this page. */
static struct guard_block blocks[PAGES];
static struct guard_counts counts;
static bool is_full; /* until a guarded allocation is freed */

static DWORD main_thread;
static unsigned of_main; /* its allocations; only this thread counts them */

static guard_free_watcher *watcher;
static guard_observer *observer;

/* VirtualAlloc, by GetProcAddress: the program's import table shows what the
 * program itself calls. */
static __typeof__(VirtualAlloc) *reserve;

static unsigned pages(size_t size)
{
    return (unsigned)((size + PAGE - 1) / PAGE);
}

/* Finds `count` free pages, and a free page after them; returns the first, or
 * PAGES if there are none. The search goes around from next_page, so the
 * addresses that were used last come last. */
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

/* Returns the first of the pages, now mapped; NULL if there are none. The lock
 * is held. */
static char *map_pages(unsigned page, unsigned count)
{
    if (area == NULL || page == PAGES)
        return NULL;
    return reserve(area + (size_t)page * PAGE, (size_t)count * PAGE, MEM_COMMIT,
                   PAGE_READWRITE);
}

/* The memory ends where its last page ends, and is filled with zeros. NULL if
 * there is no room for it. The lock is held. */
static char *allocate_locked(size_t asked_for, unsigned number,
                             const void *caller)
{
    size_t size = asked_for > 0 ? asked_for : 1;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    unsigned length = pages(size), page = find_pages(length);
    char *first = map_pages(page, length);
    if (first == NULL)
        return NULL;
    size_at[page] = (unsigned)size;
    next_page = page + length + 1;
    for (unsigned i = page + 1; i < next_page; i++)
        blocks[i].memory = NULL;
    char *memory = first + (size_t)length * PAGE - size;
    blocks[page] = (struct guard_block){.memory = memory,
                                        .size = asked_for,
                                        .number = number,
                                        .allocated = caller};
    counts.allocations++;
    counts.living++;
    return memory;
}

static void begin_area(void)
{
    HMODULE kernel = GetModuleHandleW(L"kernel32.dll");
    reserve = (__typeof__(VirtualAlloc) *)(uintptr_t)real.GetProcAddress(
        kernel, "VirtualAlloc");
    area = reserve(NULL, (size_t)PAGES * PAGE, MEM_RESERVE, PAGE_NOACCESS);
}

/* Prints, for the first allocation that is not guarded, why it is not. */
static void explain(size_t size)
{
    static volatile LONG explained;
    if (InterlockedExchange(&explained, TRUE))
        return;
    if (size > (size_t)MOST_MEGABYTES << 20)
        fprintf(stderr,
                "guard: allocations of more than %d MiB are not "
                "guarded\n",
                MOST_MEGABYTES);
    else
        fputs("guard: too many allocations at the same time: the further ones "
              "are not guarded\n",
              stderr);
}

/* NULL if there is no room for it. */
static char *allocate(size_t size, unsigned number, const void *caller)
{
    char *memory = NULL;
    AcquireSRWLockExclusive(&lock);
    if (reserve == NULL)
        begin_area();
    if (!is_full && size <= (size_t)MOST_MEGABYTES << 20) {
        memory = allocate_locked(size, number, caller);
        is_full = memory == NULL || counts.living == MOST_LIVING;
    }
    ReleaseSRWLockExclusive(&lock);
    if (memory == NULL)
        explain(size);
    return memory;
}

/* To be called when the memory has its first contents. */
static void *allocated(char *memory, size_t size, const void *caller)
{
    if (observer != NULL)
        observer(GUARD_ALLOCATE, memory, size, caller);
    return memory;
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

/* Guarded memory for a call of this function, filled with zeros or with 0xA5.
 * NULL if there is no room for it, or if the call has to fail. */
static void *take(const char *function, size_t size, bool is_zero,
                  const void *caller, bool *fails)
{
    bool is_main = GetCurrentThreadId() == main_thread;
    unsigned number = is_main ? ++of_main : 0;
    *fails = is_main && must_fail("memory");
    *fails = must_fail(function) || *fails;
    char *memory = *fails ? NULL : allocate(size, number, caller);
    if (memory == NULL)
        return NULL;
    if (!is_zero)
        memset(memory, 0xA5, size);
    return allocated(memory, size, caller);
}

void *guard_take(size_t size, bool is_zero, const void *caller, bool *fails)
{
    return take("", size, is_zero, caller, fails);
}

static void *allocate_filled(size_t size, const void *caller)
{
    bool fails;
    count_call(&counts.mallocs);
    void *memory = take("malloc", size, false, caller, &fails);
    /* The program decides the size, and may ask for 0 bytes.
     * NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI) */
    return memory != NULL || fails ? memory : malloc(size);
}

void *guard_malloc(size_t size)
{
    return allocate_filled(size, __builtin_return_address(0));
}

void *guard_calloc(size_t count, size_t size)
{
    count_call(&counts.callocs);
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    bool fails;
    void *memory =
        take("calloc", count * size, true, __builtin_return_address(0), &fails);
    /* The program decides the size, and may ask for 0 bytes.
     * NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI) */
    return memory != NULL || fails ? memory : calloc(count, size);
}

/* The lock stays locked, so that no other thread can go on. */
static void crash(void)
{
    fputs("guard: the program frees memory that is not allocated\n", stderr);
    fflush(stderr);
    RaiseException(EXCEPTION_ACCESS_VIOLATION, EXCEPTION_NONCONTINUABLE, 0,
                   NULL);
}

static bool is_ours(const void *memory)
{
    return area != NULL &&
           (uintptr_t)memory - (uintptr_t)area < (size_t)PAGES * PAGE;
}

static size_t page_of(const void *memory)
{
    return ((uintptr_t)memory - (uintptr_t)area) / PAGE;
}

bool guard_find(const void *address, struct guard_block *block)
{
    if (!is_ours(address))
        return false;
    AcquireSRWLockExclusive(&lock);
    size_t page = page_of(address);
    while (page > 0 && blocks[page].memory == NULL)
        page--;
    *block = blocks[page];
    ReleaseSRWLockExclusive(&lock);
    /* The unmapped page after it belongs to it, too. */
    return block->memory != NULL &&
           page_of(address) <= page + pages(block->size);
}

void guard_watch_frees(guard_free_watcher *called)
{
    watcher = called;
}

void guard_observe(guard_observer *called)
{
    observer = called;
}

void guard_begin_again(void)
{
    AcquireSRWLockExclusive(&lock);
    next_page = 0;
    ReleaseSRWLockExclusive(&lock);
}

static bool is_live(const void *memory)
{
    struct guard_block block;
    return guard_find(memory, &block) && block.memory == memory &&
           block.freed == NULL;
}

static void release(void *memory, const void *caller)
{
    size_t page = page_of(memory), size = size_at[page];
    size_t length = (size_t)pages(size) * PAGE;
    char *first = area + page * PAGE;
    if (size == 0 || first + length - size != (char *)memory ||
        !VirtualFree(first, length, MEM_DECOMMIT))
        crash();
    size_at[page] = 0;
    blocks[page].freed = caller;
    counts.living--;
    is_full = false;
}

static void free_or_move(void *memory, enum guard_event event,
                         const void *caller)
{
    if (memory == NULL)
        return;
    if (!is_ours(memory)) {
        free(memory); /* it is not guarded */
        return;
    }
    if (!is_live(memory))
        event = GUARD_NOT_LIVE;
    if (observer != NULL)
        observer(event, memory, 0, caller);
    if (watcher != NULL && !watcher(event, memory, caller))
        return;
    AcquireSRWLockExclusive(&lock);
    release(memory, caller);
    ReleaseSRWLockExclusive(&lock);
}

void guard_free(void *memory)
{
    free_or_move(memory, GUARD_FREE, __builtin_return_address(0));
}

bool guard_give_back(void *memory, const void *caller)
{
    if (memory != NULL && !is_ours(memory))
        return false;
    free_or_move(memory, GUARD_FREE, caller);
    return true;
}

/* Always moves the allocation: realloc may do so at any time. */
void *guard_realloc(void *memory, size_t size)
{
    struct guard_block block;
    const void *caller = __builtin_return_address(0);
    if (memory != NULL && !is_ours(memory))
        return realloc(memory, size);
    if (memory != NULL && size == 0) { /* as the C library of Windows does */
        free_or_move(memory, GUARD_FREE, caller);
        return NULL;
    }
    char *moved = allocate_filled(size, caller);
    if (moved != NULL && memory != NULL && guard_find(memory, &block)) {
        memcpy(moved, memory, size < block.size ? size : block.size);
        free_or_move(memory, GUARD_MOVE, caller);
    }
    return moved;
}

static void print_counts(void)
{
    fprintf(stderr, "guard: %u allocations, %u not freed\n", counts.allocations,
            counts.living);
}

/* Before the program's own constructors, which may allocate. */
__attribute__((constructor(103))) static void note_main_thread(void)
{
    main_thread = GetCurrentThreadId();
}

__attribute__((constructor)) static void begin(void)
{
    if (find_setting("allocations") != NULL)
        atexit(print_counts);
}
