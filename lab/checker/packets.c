#include "packets.h"

#include "../guard/guard.h"
#include "below.h"
#include "delays.h"
#include "handles.h"
#include "threads.h"

#include <stdint.h>

enum {
    LATE_MS = 20,   /* how long a packet waits for its submitter, at most */
    BLOCKED_MS = 3, /* a shorter wait may be one that does not block */
    PAGE = 4096,
};

/* ---- Hidden until the program looks -------------------------------------- */

/* The packet of a failed I/O makes its request inaccessible, so that the
 * checker sees whether the program looks at it. The first access makes it
 * accessible again, with its content. */
static volatile LONG hidden;

static void protect(const void *memory, DWORD protection)
{
    struct guard_block block;
    DWORD before;
    if (!guard_find(memory, &block) || block.freed != NULL)
        return;
    uintptr_t first = (uintptr_t)block.memory / PAGE * PAGE;
    VirtualProtect((void *)first, (uintptr_t)block.memory + block.size - first,
                   protection, &before);
}

static void hide(const void *memory)
{
    InterlockedIncrement(&hidden);
    protect(memory, PAGE_NOACCESS);
}

static bool has_looked_into(const void *memory)
{
    bool was_unseen = false;
    lock_records();
    const struct request key = {.memory = memory};
    for (struct request *at = newest_past(&key); at != NULL; at = at->next)
        if (at->memory == memory && at->unseen) {
            at->unseen = false;
            was_unseen = true;
        }
    unlock_records();
    return was_unseen;
}

void show(const void *address)
{
    struct guard_block block;
    if (hidden > 0 && guard_find(address, &block) && block.freed == NULL) {
        protect(block.memory, PAGE_READWRITE);
        if (has_looked_into(block.memory))
            InterlockedDecrement(&hidden);
    }
}

/* ---- Completions -------------------------------------------------------- */

LPOVERLAPPED_COMPLETION_ROUTINE callback_of(const OVERLAPPED *overlapped)
{
    lock_records();
    const struct request *request = find_in_flight(overlapped);
    const struct handle *file =
        request != NULL ? find_handle(request->handle) : NULL;
    LPOVERLAPPED_COMPLETION_ROUTINE callback =
        file != NULL ? file->callback : NULL;
    unlock_records();
    return callback;
}

/* The thread that submitted it still works, and may rely on a late packet. */
static bool is_busy(void *about)
{
    const struct request *request = about;
    const struct thread *by = request->submitter;
    return by != this_thread() && !by->ended && by->wait.in == NULL &&
           (!by->is_foreign || by->packet_count > 0);
}

/* The same for a packet that was posted by hand: its poster soon waits for an
 * event. If this event is set already, the wait does not block. */
static bool is_poster_busy(void *about)
{
    const struct request *request = about;
    const struct thread *by = request->submitter;
    return is_busy(about) ||
           (by != this_thread() && !by->ended && by->wait.in != NULL &&
            GetTickCount64() - by->wait.since < BLOCKED_MS);
}

/* Memory of an I/O in flight must stay accessible. So a request is hidden only
 * if no other request, and no buffer in flight, is in the same allocation. */
static bool can_hide(const struct request *request)
{
    struct guard_block block;
    if (request->memory == NULL || !guard_find(request->memory, &block))
        return false;
    for (const struct request *at = newest_in_flight(); at != NULL;
         at = at->next)
        if (at->memory == request->memory ||
            overlap(block.memory, block.size, at->buffer, at->length))
            return false;
    for (const struct request *at = newest_past(request); at != NULL;
         at = at->next)
        if (at->memory == request->memory &&
            at->overlapped != request->overlapped)
            return false;
    return true;
}

void packet_taken(OVERLAPPED *overlapped, DWORD error, bool failed)
{
    struct thread *thread = this_thread();
    struct place taken = here();
    InterlockedIncrement64(&seen_packets);
    lock_records();
    struct request *request = find_in_flight(overlapped);
    if (request != NULL) {
        request->taker = thread;
        request->taken = taken;
        request->error = error;
        request->pins++;
        if (thread->packet_count < MAX_PACKETS)
            thread->packets[thread->packet_count++] = request;
    }
    unlock_records();
    if (request != NULL && request->late)
        delay_while(is_poster_busy, request, LATE_MS);
    else if (request != NULL && !request->early && request->kind != A_POST)
        delay_while(is_busy, request, LATE_MS);
    lock_records();
    if (request != NULL && request->state == IN_FLIGHT)
        take_from_flight(request);
    if (request != NULL && failed && can_hide(request)) {
        request->unseen = true;
        hide(request->memory);
    }
    unlock_records();
    note_change();
}

void packets_over(unsigned left)
{
    struct thread *thread = this_thread();
    if (thread->packet_count <= left)
        return;
    lock_records();
    while (thread->packet_count > left) {
        struct request *request = thread->packets[--thread->packet_count];
        request->over = true;
        unpin(request);
    }
    unlock_records();
    note_change();
}

void packet_over(void)
{
    packets_over(0);
}

void result_taken(OVERLAPPED *overlapped)
{
    lock_records();
    struct request *request = find_in_flight(overlapped);
    /* If several I/Os share an event, the call may return before this one has
     * completed (seen under Wine 8). */
    if (request != NULL && request->kind != A_POST && !is_pending(request)) {
        request->over = true;
        take_from_flight(request);
    }
    unlock_records();
}

/* ---- Ignored packets ---------------------------------------------------- */

/* Whether the thread that took the packet has finished with it: its callback
 * has returned, or the thread ends. ending is NULL if all threads hang. */
static bool has_gone_on(const struct request *request,
                        const struct thread *ending)
{
    return request->over || request->taker->ended || request->taker == ending ||
           ending == NULL;
}

void judge_unseen(const struct thread *ending)
{
    lock_records();
    for (struct request *at = NULL; (at = next_past(at)) != NULL;)
        if (at->unseen && has_gone_on(at, ending))
            mistake("the packet of a failed I/O is ignored\n"
                    "GetQueuedCompletionStatus %s returned FALSE (error %lu) "
                    "and an OVERLAPPED\n"
                    "the OVERLAPPED is in %s, submitted %s\n"
                    "the program has not looked at it since\n"
                    "rule: FALSE with an OVERLAPPED is the packet of an I/O "
                    "that failed",
                    place_text(at->taken), at->error, request_text(at),
                    place_text(at->submitted));
    unlock_records();
}
