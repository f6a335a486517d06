#include "lifetimes.h"

#include "../guard/guard.h"
#include "below.h"
#include "threads.h"

/* ---- Stacks ------------------------------------------------------------- */

static void judge_stack(const struct thread *thread, const char *stack,
                        const char *when)
{
    for (struct request *at = newest_in_flight(); at != NULL; at = at->next) {
        bool gone =
            at->stack_of == thread && (const char *)at->overlapped < stack;
        bool buffer_gone = at->buffer_stack_of == thread && at->buffer < stack;
        if ((!gone && !buffer_gone) || at->reported || !is_in_flight(at))
            continue;
        at->reported = true;
        mistake("%s in flight is on the stack of a function that has returned\n"
                "%s, submitted %s, is in flight\n%s %s\n"
                "rule: OVERLAPPED and buffer must outlive the function that "
                "starts the I/O",
                gone ? "an OVERLAPPED" : "a buffer", request_text(at),
                place_text(at->submitted), when, place_text(here()));
    }
}

void check_stack(const void *stack)
{
    const struct thread *thread = this_thread();
    if (thread->in_flight == 0)
        return;
    lock_records();
    judge_stack(thread, stack, "the function had returned before the call");
    unlock_records();
}

void check_whole_stack(const struct thread *thread)
{
    if (thread->in_flight == 0)
        return;
    lock_records();
    judge_stack(thread, thread->stack_end, "the thread exits, after the call");
    unlock_records();
}

/* ---- Memory ------------------------------------------------------------- */

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
    if (!is_buffer && !moved && other != NULL && other != request)
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

bool memory_freed(const char *memory, size_t size, bool moved,
                  struct place freed)
{
    bool keep = false;
    lock_records();
    for (struct request *at = newest_in_flight(); at != NULL; at = at->next) {
        bool holds_it =
            overlap(memory, size, at->overlapped, sizeof(OVERLAPPED));
        bool holds_buffer = overlap(memory, size, at->buffer, at->length);
        if ((!holds_it && !holds_buffer) || !is_in_flight(at))
            continue;
        keep = true;
        if (!at->reported)
            judge_free(at, moved, !holds_it, freed);
    }
    const struct request key = {.memory = memory};
    for (struct request *at = newest_past(&key), *next; at != NULL && !keep;
         at = next) {
        next = at->next;
        if (at->memory == memory && at->freed.address == NULL) {
            at->unseen = false;
            remember_freed(at, freed);
        }
    }
    unlock_records();
    return !keep;
}

/* ---- The end ------------------------------------------------------------ */

static struct request *in_flight_on(HANDLE handle)
{
    for (struct request *at = newest_in_flight(); at != NULL; at = at->next)
        if (at->kind != A_POST && handle != NULL &&
            (at->handle == handle || at->event == handle) && is_in_flight(at))
            return at;
    return NULL;
}

void judge_closing(HANDLE handle)
{
    lock_records();
    const struct request *request = in_flight_on(handle);
    if (request != NULL)
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
        if (at->kind != A_POST && !at->reported && is_in_flight(at))
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
    for (struct request *at = NULL; (at = next_past(at)) != NULL;)
        judge_request(at);
    unlock_records();
}
