#include "memory.h"

#include "../guard/guard.h"
#include "../interpose/caller.h"
#include "below.h"
#include "lifetimes.h"
#include "packets.h"
#include "report.h"
#include "threads.h"

#include <stdint.h>

enum { PAGE = 4096 };

/* ---- Frees -------------------------------------------------------------- */

static void judge_second_free(const char *memory, struct place freed)
{
    struct guard_block block;
    bool known = guard_find(memory, &block) && block.memory == memory;
    lock_records();
    const struct request *request = known ? request_in(memory) : NULL;
    if (request != NULL && request->freed.address != NULL)
        mistake("a request is freed twice\n%s, submitted %s\n"
                "freed first %s\nfreed again %s\n" ONE_OWNER_FREES,
                request_text(request), place_text(request->submitted),
                place_text(request->freed), place_text(freed));
    else if (known)
        mistake("memory is freed twice\nallocated %s\nfreed first %s\n"
                "freed again %s\nrule: one owner frees the memory, once",
                place_text((struct place){.address = block.allocated}),
                place_text((struct place){.address = block.freed}),
                place_text(freed));
    else
        mistake("free gets an address that malloc did not return\nfreed %s\n"
                "rule: free the request (CONTAINING_RECORD's result), not the "
                "OVERLAPPED inside it",
                place_text(freed));
    unlock_records();
    end_checked();
}

static bool freeing(enum guard_event event, char *memory, const void *caller)
{
    struct guard_block block;
    struct place freed = place_at(caller);
    if (event == GUARD_NOT_LIVE)
        judge_second_free(memory, freed);
    guard_find(memory, &block);
    show(memory);
    return memory_freed(memory, block.size, event == GUARD_MOVE, freed);
}

/* ---- Touches ------------------------------------------------------------ */

/* Where the program touched the memory, as a place's address: after the call if
 * a library did it, otherwise one byte after the beginning of the instruction.
 */
static const void *place_in_program(const CONTEXT *fault)
{
    CONTEXT context = *fault;
    if (address_in_file((const void *)context.Rip) != 0)
        return (const char *)context.Rip + 1;
    for (unsigned i = 0; i < 32 && context.Rip != 0; i++) {
        DWORD64 base, frame;
        void *data;
        RUNTIME_FUNCTION *function =
            RtlLookupFunctionEntry(context.Rip, &base, NULL);
        if (function != NULL)
            RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context.Rip, function,
                             &context, &data, &frame, NULL);
        else {
            context.Rip = *(DWORD64 *)context.Rsp;
            context.Rsp += sizeof(DWORD64);
        }
        if (address_in_file((const void *)context.Rip) != 0)
            return (const void *)context.Rip;
    }
    return NULL;
}

static _Noreturn void judge_touch(const struct guard_block *block,
                                  struct place touched)
{
    lock_records();
    const struct request *request = request_in(block->memory);
    if (block->freed == NULL)
        mistake("memory is touched past the end of its allocation\ntouched "
                "%s\nallocated %s",
                place_text(touched),
                place_text((struct place){.address = block->allocated}));
    else if (request != NULL)
        mistake("a request is touched after it was freed\n%s, submitted %s\n"
                "touched %s\nfreed %s\nrule: after a queued submission, do "
                "not touch the request: its callback owns it, and may have "
                "freed it",
                request_text(request), place_text(request->submitted),
                place_text(touched), place_text(request->freed));
    else
        mistake("memory is touched after it was freed\ntouched %s\nfreed %s\n"
                "allocated %s",
                place_text(touched),
                place_text((struct place){.address = block->freed}),
                place_text((struct place){.address = block->allocated}));
    unlock_records();
    end_checked();
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *exception)
{
    struct guard_block block;
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    if (record->ExceptionCode != EXCEPTION_ACCESS_VIOLATION ||
        record->NumberParameters < 2)
        return EXCEPTION_CONTINUE_SEARCH;
    const char *address = (const char *)record->ExceptionInformation[1];
    struct thread *thread = this_thread();
    struct place touched = place_at(place_in_program(exception->ContextRecord));
    if (thread->no_packet.address != NULL && address < (const char *)0x10000) {
        mistake("a failed dequeue without a packet is treated as a packet\n"
                "GetQueuedCompletionStatus %s returned FALSE, and no "
                "OVERLAPPED\nthe missing OVERLAPPED is used %s\n"
                "rule: FALSE without an OVERLAPPED means that no packet came",
                place_text(thread->no_packet), place_text(touched));
        end_checked();
    }
    if (!guard_find(address, &block))
        return EXCEPTION_CONTINUE_SEARCH;
    uintptr_t last_page = ((uintptr_t)block.memory + block.size - 1) / PAGE;
    bool was_hidden =
        block.freed == NULL && (uintptr_t)address / PAGE <= last_page;
    if (was_hidden) {
        show(address);
        return EXCEPTION_CONTINUE_EXECUTION;
    }
    judge_touch(&block, touched);
}

static LPTOP_LEVEL_EXCEPTION_FILTER next_filter;

/* The program crashes. */
static LONG CALLBACK on_crash(EXCEPTION_POINTERS *exception)
{
    print_hints();
    return next_filter != NULL ? next_filter(exception)
                               : EXCEPTION_CONTINUE_SEARCH;
}

void begin_memory(void)
{
    guard_watch_frees(freeing);
    AddVectoredExceptionHandler(TRUE, on_exception);
    next_filter = SetUnhandledExceptionFilter(on_crash);
}
