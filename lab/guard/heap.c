/*
 * HeapAlloc and its kin, as lab/guard has malloc. In the object files of a
 * program, objcopy renames their import pointers (see lab/check/build.py). Only
 * the process's own heap is guarded: what is in a heap of the program ends with
 * that heap.
 */
#include "../interpose/interpose.h"
#include "guard.h"

#include <stdint.h>
#include <string.h>

/* What the program calls instead of the function of this name. */
#define REPLACES(name) __asm__("guard.imp." #name)

/* The system's function. By GetProcAddress: the program's import table shows
 * what the program itself calls. */
#define SYSTEM(name)                                                           \
    ((__typeof__(name) *)(uintptr_t)real.GetProcAddress(                       \
        GetModuleHandleW(L"kernel32.dll"), #name))

static bool is_guarded(const void *memory, struct guard_block *block)
{
    return memory != NULL && guard_find(memory, block) &&
           block->memory == memory && block->freed == NULL;
}

static void *take(HANDLE heap, DWORD flags, SIZE_T size, const void *caller)
{
    bool is_zero = (flags & HEAP_ZERO_MEMORY) != 0, fails = false;
    void *memory = heap == GetProcessHeap()
                       ? guard_take(size, is_zero, caller, &fails)
                       : NULL;
    return memory != NULL || fails ? memory
                                   : SYSTEM(HeapAlloc)(heap, flags, size);
}

static void *WINAPI heap_alloc(HANDLE heap, DWORD flags, SIZE_T size)
{
    return take(heap, flags, size, __builtin_return_address(0));
}

static BOOL WINAPI heap_free(HANDLE heap, DWORD flags, void *memory)
{
    if (heap != GetProcessHeap() ||
        !guard_give_back(memory, __builtin_return_address(0)))
        return SYSTEM(HeapFree)(heap, flags, memory);
    return TRUE;
}

/* Moves the memory, unless it must stay where it is. */
static void *WINAPI heap_realloc(HANDLE heap, DWORD flags, void *memory,
                                 SIZE_T size)
{
    struct guard_block block;
    if (!is_guarded(memory, &block))
        return SYSTEM(HeapReAlloc)(heap, flags, memory, size);
    if (flags & HEAP_REALLOC_IN_PLACE_ONLY)
        return size <= block.size ? memory : NULL;
    const void *caller = __builtin_return_address(0);
    char *moved = take(heap, flags, size, caller);
    if (moved != NULL) {
        memcpy(moved, memory, size < block.size ? size : block.size);
        guard_give_back(memory, caller);
    }
    return moved;
}

static SIZE_T WINAPI heap_size(HANDLE heap, DWORD flags, const void *memory)
{
    struct guard_block block;
    return is_guarded(memory, &block) ? block.size
                                      : SYSTEM(HeapSize)(heap, flags, memory);
}

extern __typeof__(HeapAlloc) *const guard_heap_alloc REPLACES(HeapAlloc);
extern __typeof__(HeapFree) *const guard_heap_free REPLACES(HeapFree);
extern __typeof__(HeapReAlloc) *const guard_heap_realloc REPLACES(HeapReAlloc);
extern __typeof__(HeapSize) *const guard_heap_size REPLACES(HeapSize);

__typeof__(HeapAlloc) *const guard_heap_alloc = heap_alloc;
__typeof__(HeapFree) *const guard_heap_free = heap_free;
__typeof__(HeapReAlloc) *const guard_heap_realloc = heap_realloc;
__typeof__(HeapSize) *const guard_heap_size = heap_size;
