#include "lifetimes.h"

#include "../guard/guard.h"
#include "../interpose/caller.h"
#include "below.h"
#include "handles.h"
#include "packets.h"
#include "threads.h"

#include <stdint.h>

enum { PAGE = 4096 };

/* ---- Stacks ------------------------------------------------------------- */

/* An I/O without a packet: as long as its OVERLAPPED lives, Internal says when
 * it has completed, and this is the last moment to look. */
static void look_for_end(struct request *request, bool gone)
{
    if (request->owes_packet || request->kind == A_POST || !request->answered)
        return;
    bool pending =
        gone ? is_pending_after_return(request) : is_pending(request);
    if (!pending)
        take_from_flight(request);
}

/* `call` is the call in which the checker sees this; its address is NULL if
 * there is none. */
static void judge_stack(const struct thread *thread, const char *stack,
                        const char *when, struct place call)
{
    for (struct request *at = newest_in_flight(), *next; at != NULL;
         at = next) {
        next = at->next;
        bool gone =
            at->stack_of == thread && (const char *)at->overlapped < stack;
        bool buffer_gone = at->buffer_stack_of == thread && at->buffer < stack;
        if (at->stack_of == thread && !at->reported)
            look_for_end(at, gone);
        if ((!gone && !buffer_gone) || at->reported || at->state == ENDED)
            continue;
        if (!gone && !is_in_flight(at))
            continue;
        at->reported = true;
        mistake("%s in flight is on the stack of a function that has returned\n"
                "%s, submitted %s, is in flight\n%s%s\n"
                "rule: OVERLAPPED and buffer must outlive the function that "
                "starts the I/O",
                gone ? "an OVERLAPPED" : "a buffer", request_text(at),
                place_text(at->submitted), when,
                call.address != NULL ? place_text(call) : "");
    }
}

static bool has_something_on(const void *stack)
{
    const struct thread *thread = this_thread();
    return thread->in_flight > 0 && is_on_stack(thread, stack);
}

void check_stack(const void *stack)
{
    if (!has_something_on(stack))
        return;
    lock_records();
    judge_stack(this_thread(), stack,
                "the function had returned before the call ", here());
    unlock_records();
}

void check_stack_at_end(const void *stack)
{
    if (!has_something_on(stack))
        return;
    lock_records();
    judge_stack(this_thread(), stack,
                "the function had returned before the end of the process",
                (struct place){0});
    unlock_records();
}

void check_whole_stack(const struct thread *thread)
{
    if (thread->in_flight == 0)
        return;
    lock_records();
    judge_stack(thread, thread->stack_end, "the thread exits, after the call ",
                here());
    unlock_records();
}

/* ---- Frees -------------------------------------------------------------- */

/* The I/O whose packet this thread handles. */
static const struct request *handled(void)
{
    const struct thread *thread = this_thread();
    return thread->packet_count == 1 && thread->packets[0]->kind != A_POST
               ? thread->packets[0]
               : NULL;
}

static void judge_free(struct request *request, bool moved, bool is_buffer,
                       struct place freed)
{
    const struct request *other = handled();
    request->reported = true;
    if (!is_buffer && !moved && other != NULL && other != request &&
        (other->memory == NULL || other->memory != request->memory))
        mistake(
            "the wrong request is freed, not the one that the packet brought\n"
            "%s, submitted %s, is in flight\n"
            "freed %s, while the thread handles the packet of %s\n"
            "rule: free the request whose address the packet brings",
            request_text(request), place_text(request->submitted),
            place_text(freed), request_text(other));
    else
        mistake("%s is %s while in flight\n%s, submitted %s, is in flight\n"
                "%s %s\nrule: the memory of an I/O in flight belongs to the "
                "kernel until the packet has come",
                is_buffer ? "a buffer" : "an OVERLAPPED",
                moved ? "moved" : "freed", request_text(request),
                place_text(request->submitted),
                moved ? "moved by realloc" : "freed", place_text(freed));
}

/* Returns false to keep the memory: something in it is in flight. */
static bool memory_freed(const char *memory, size_t size, bool moved,
                         struct place freed)
{
    bool keep = false;
    lock_records();
    forget_ended_in(memory, size);
    for (struct request *at = newest_in_flight(); at != NULL; at = at->next) {
        if (!is_in(at, memory, size) || !is_in_flight(at))
            continue;
        keep = true;
        bool is_buffer =
            !overlap(memory, size, at->overlapped, sizeof(OVERLAPPED));
        if (!at->reported)
            judge_free(at, moved, is_buffer, freed);
    }
    const struct request key = {.memory = memory};
    for (struct request *at = newest_past(&key), *next; at != NULL; at = next) {
        next = at->next;
        if (at->memory != memory || at->freed.address != NULL)
            continue;
        at->unseen = false;
        if (keep)
            at->reported = true; /* freed too early, not never freed */
        else
            remember_freed(at, freed);
    }
    unlock_records();
    return !keep;
}

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
 * a library or the lab did it, otherwise one byte after the beginning of the
 * instruction. */
static bool is_of_program(DWORD64 address)
{
    return address_in_file((const void *)address) != 0 &&
           !is_of_lab_or_library((const void *)address);
}

static const void *place_in_program(const CONTEXT *fault)
{
    CONTEXT context = *fault;
    if (is_of_program(context.Rip))
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
        if (is_of_program(context.Rip))
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

/* ---- The end ------------------------------------------------------------ */

/* Whether the close is the program's way to end the I/O: a server closes a pipe
 * that waits for a client, or a directory that it watches, and then takes the
 * packet. */
static bool ends_by_closing(const struct request *request)
{
    return request->kind == A_CALL && request->owes_packet;
}

/* An I/O that has completed does not need the handle any more, even if its
 * packet has not been taken. */
static bool needs(const struct request *request, HANDLE handle)
{
    if (request->kind == A_POST || handle == NULL || !is_in_flight(request) ||
        !is_pending(request))
        return false;
    return request->event == handle ||
           (request->handle == handle && !ends_by_closing(request));
}

static struct request *in_flight_on(HANDLE handle)
{
    for (struct request *at = newest_in_flight(); at != NULL; at = at->next)
        if (needs(at, handle))
            return at;
    return NULL;
}

/* A duplicate keeps the object open. */
static bool has_duplicate(HANDLE value)
{
    const struct handle *handle = find_handle(value);
    return handle != NULL && handle->shared;
}

void judge_closing(HANDLE handle)
{
    lock_records();
    const struct request *request = in_flight_on(handle);
    if (request != NULL && !has_duplicate(handle))
        mistake("a handle is closed with I/O in flight\nclosed %s\n"
                "%s is in flight, submitted %s\n"
                "rule: cancel the I/O, or wait; close the handle when you have "
                "the result of the I/O",
                place_text(here()), request_text(request),
                place_text(request->submitted));
    unlock_records();
}

void judge_in_flight(void)
{
    lock_records();
    for (struct request *at = newest_in_flight(); at != NULL; at = at->next)
        if (at->kind != A_POST && !at->reported && is_in_flight(at) &&
            (at->thread == 0 || is_pending(at)))
            mistake("the process ends with I/O in flight\n"
                    "%s, submitted %s, is in flight\n"
                    "rule: wait until all callbacks have run, and then exit",
                    request_text(at), place_text(at->submitted));
    unlock_records();
}

static void judge_request(struct request *request)
{
    struct guard_block block;
    if (request->memory == NULL || request->freed.address != NULL ||
        request->unseen || request->reported || request->kind == A_POST ||
        !guard_find(request->memory, &block) || block.freed != NULL)
        return;
    mistake("a request is never freed\n%s, submitted %s, has completed\n"
            "allocated %s\n" ONE_OWNER_FREES,
            request_text(request), place_text(request->submitted),
            place_text((struct place){.address = block.allocated}));
}

void judge_requests(void)
{
    lock_records();
    forget_ended();
    for (struct request *at = NULL; (at = next_past(at)) != NULL;)
        judge_request(at);
    unlock_records();
}

void begin_lifetimes(void)
{
    guard_watch_frees(freeing);
    AddVectoredExceptionHandler(TRUE, on_exception);
    next_filter = SetUnhandledExceptionFilter(on_crash);
}
