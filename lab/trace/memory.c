/*
 * The memory that a look includes: each live allocation of the program, and
 * each OVERLAPPED and buffer that it has used, wherever they lie. Any
 * allocation may turn out to hold a request, and its fields are set before the
 * request is used for the first time. So deep mode records them all;
 * lab/trace/deep.py keeps those that hold requests.
 */
#include "deep.h"

#include "../guard/guard.h"

#include "../interpose/interpose.h"

#include <string.h>

enum { BLOCKS = 256, LOOKED_AT = 256, BUFFERS = 64, BUFFER = 48 };

/* Guarded by the lock of deep.c. */
static struct block {
    const char *memory; /* NULL: this place is free */
    size_t size;        /* of what a look compares */
    bool is_allocated;  /* by the guard, so free ends it */
    bool is_fresh;      /* no look has seen it yet */
    char last[LOOKED_AT];
} blocks[BLOCKS];

static struct buffer {
    const OVERLAPPED *overlapped; /* NULL: this place is free */
    const char *memory;
    size_t size;
    bool is_fresh;
    char last[BUFFER];
} buffers[BUFFERS];

/* By GetProcAddress: the program's import table shows what the program itself
 * calls. */
static __typeof__(VirtualQuery) *query_memory;

void begin_memory(void)
{
    query_memory = (__typeof__(query_memory))(uintptr_t)real.GetProcAddress(
        GetModuleHandleW(L"kernel32.dll"), "VirtualQuery");
}

/* Whether memory that the guard did not allocate can be read: a stack may have
 * ended, and the program may have unmapped the memory. */
static bool is_readable(const void *memory, size_t size)
{
    MEMORY_BASIC_INFORMATION found;
    const DWORD readable = PAGE_READWRITE | PAGE_READONLY | PAGE_WRITECOPY;
    return query_memory(memory, &found, sizeof found) != 0 &&
           found.State == MEM_COMMIT && (found.Protect & readable) != 0 &&
           (found.Protect & PAGE_GUARD) == 0 &&
           (const char *)memory + size <=
               (const char *)found.BaseAddress + found.RegionSize;
}

static bool has_changed(const char *memory, char *last, size_t size,
                        bool *is_fresh)
{
    if (!*is_fresh && memcmp(last, memory, size) == 0)
        return false;
    *is_fresh = false;
    memcpy(last, memory, size);
    return true;
}

static void look_at_block(struct block *block)
{
    bool readable =
        block->is_allocated || is_readable(block->memory, block->size);
    if (readable &&
        has_changed(block->memory, block->last, block->size, &block->is_fresh))
        deep_bytes(BYTES_OF_BLOCK, (uintptr_t)block->memory, 0, block->last,
                   block->size);
}

static void look_at_buffer(struct buffer *buffer)
{
    if (is_readable(buffer->memory, buffer->size) &&
        has_changed(buffer->memory, buffer->last, buffer->size,
                    &buffer->is_fresh))
        deep_bytes(BYTES_OF_BUFFER, (uintptr_t)buffer->overlapped, 0,
                   buffer->last, buffer->size);
}

void look_at_memory(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].memory != NULL)
            look_at_block(&blocks[i]);
    for (unsigned i = 0; i < BUFFERS; i++)
        if (buffers[i].overlapped != NULL)
            look_at_buffer(&buffers[i]);
}

static bool is_in(const struct block *block, const void *address)
{
    uintptr_t first = (uintptr_t)block->memory, at = (uintptr_t)address;
    return first != 0 && at >= first && at < first + block->size;
}

/* If there is no place for it, the looks do not include it. */
static void know(const void *memory, size_t size, bool is_allocated)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].memory == NULL) {
            blocks[i] =
                (struct block){.memory = memory,
                               .size = size < LOOKED_AT ? size : LOOKED_AT,
                               .is_allocated = is_allocated,
                               .is_fresh = true};
            return;
        }
}

void memory_allocated(const char *memory, size_t size)
{
    know(memory, size, true);
}

/* A later allocation may lie in the same place. */
static void forget_buffers(const char *memory, size_t size)
{
    for (unsigned i = 0; i < BUFFERS; i++)
        if (buffers[i].overlapped != NULL &&
            (uintptr_t)buffers[i].memory - (uintptr_t)memory < size)
            buffers[i].overlapped = NULL;
}

void memory_freed(const char *memory)
{
    struct guard_block freed;
    if (guard_find(memory, &freed) && freed.memory == memory)
        forget_buffers(memory, freed.size);
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].is_allocated && blocks[i].memory == memory)
            blocks[i].memory = NULL;
}

/* The place of the OVERLAPPED's buffer, or a free place, or the first one. */
static struct buffer *place_for(const OVERLAPPED *overlapped)
{
    struct buffer *place = &buffers[0];
    for (unsigned i = BUFFERS; i-- > 0;) {
        if (buffers[i].overlapped == overlapped)
            return &buffers[i];
        if (buffers[i].overlapped == NULL)
            place = &buffers[i];
    }
    return place;
}

void memory_submitted(const OVERLAPPED *overlapped, const void *buffer,
                      DWORD length)
{
    bool known = false;
    for (unsigned i = 0; i < BLOCKS; i++)
        known = known || is_in(&blocks[i], overlapped);
    if (!known) /* on a stack, or static */
        know(overlapped, sizeof *overlapped, false);
    struct buffer *place = place_for(overlapped);
    if (buffer == NULL ||
        (place->overlapped == overlapped && place->memory == buffer))
        return;
    *place = (struct buffer){.overlapped = overlapped,
                             .memory = buffer,
                             .size = length < BUFFER ? length : BUFFER,
                             .is_fresh = true};
}
