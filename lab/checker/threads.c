#include "threads.h"

#include "../interpose/caller.h"
#include "below.h"

#include <stdio.h>
#include <stdlib.h>

volatile LONG changes;

static struct thread *threads; /* newest first */
static unsigned thread_count;
static _Thread_local struct thread *own;

/* ---- Their records ------------------------------------------------------- */

static void name_thread(struct thread *thread, unsigned number)
{
    if (number == 0)
        snprintf(thread->name, sizeof thread->name, "main");
    else
        snprintf(thread->name, sizeof thread->name, "thread %u", number);
}

static struct thread *add_thread(bool is_foreign)
{
    struct thread *thread = calloc(1, sizeof *thread);
    ULONG_PTR low, high;
    if (thread == NULL)
        abort();
    GetCurrentThreadStackLimits(&low, &high);
    thread->id = GetCurrentThreadId();
    thread->stack = (const char *)low;
    thread->stack_end = (const char *)high;
    thread->is_foreign = is_foreign;
    own = thread;
    lock_records();
    name_thread(thread, thread_count++);
    thread->next = threads;
    threads = thread;
    unlock_records();
    note_change();
    return thread;
}

struct thread *newest_thread(void)
{
    return threads;
}

struct thread *this_thread(void)
{
    return own != NULL ? own : add_thread(true);
}

struct thread *begin_thread_record(void)
{
    return add_thread(false);
}

void end_thread_record(struct thread *thread)
{
    lock_records();
    thread->ended = true;
    unlock_records();
    note_change();
}

struct thread *stack_owner(const void *address)
{
    for (struct thread *at = threads; at != NULL; at = at->next)
        if (!at->ended && (const char *)address >= at->stack &&
            (const char *)address < at->stack_end)
            return at;
    return NULL;
}

struct place place_at(const void *address)
{
    return (struct place){.address = address, .thread = this_thread()->name};
}

struct place here(void)
{
    return place_at(caller());
}

/* ---- Their waits ----------------------------------------------------------
 */

void note_change(void)
{
    InterlockedIncrement(&changes);
    WakeByAddressAll((void *)&changes);
}

void await_change(LONG seen)
{
    below_locks.wait_on_address(&changes, &seen, sizeof seen, 5);
}

static void begin_any_wait(const char *function, const void *object,
                           const HANDLE *handles, DWORD count, DWORD timeout)
{
    struct thread *thread = this_thread();
    lock_records();
    thread->waits_for = object;
    thread->handle_count =
        handles != NULL && count < MAXIMUM_WAIT_OBJECTS ? count : 0;
    for (DWORD i = 0; i < thread->handle_count; i++)
        thread->handles[i] = handles[i];
    thread->for_ever = timeout == INFINITE;
    thread->waits_at = here();
    thread->waits_in = function;
    unlock_records();
    note_change();
}

void begin_wait(const char *function, const void *object, DWORD timeout)
{
    begin_any_wait(function, object, NULL, 0, timeout);
}

void begin_wait_for(const char *function, const HANDLE *handles, DWORD count,
                    DWORD timeout)
{
    begin_any_wait(function, NULL, handles, count, timeout);
}

void begin_wait_at(const char *function, const void *object, DWORD timeout,
                   const void *address)
{
    begin_any_wait(function, object, NULL, 0, timeout);
    this_thread()->waits_at.address = address;
}

void end_wait(void)
{
    struct thread *thread = this_thread();
    lock_records();
    thread->waits_in = NULL;
    unlock_records();
    note_change();
}

unsigned count_waiters(HANDLE port, struct place *place)
{
    unsigned count = 0;
    for (const struct thread *at = threads; at != NULL; at = at->next)
        if (at != own && !at->ended && at->waits_in != NULL &&
            at->waits_for == port) {
            *place = at->waits_at;
            count++;
        }
    return count;
}

bool has_waiter(HANDLE port)
{
    struct place place;
    return count_waiters(port, &place) > 0;
}
