#include "threads.h"

#include "../interpose/caller.h"
#include "below.h"

#include <stdio.h>
#include <stdlib.h>

volatile LONG changes, threads_to_begin;

static struct thread *threads; /* newest first */
static unsigned thread_count;
static DWORD own; /* of TlsAlloc: each thread's record */

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
    TlsSetValue(own, thread);
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

void begin_threads(void)
{
    own = TlsAlloc();
    if (own == TLS_OUT_OF_INDEXES)
        abort();
}

/* GetLastError keeps its value: TlsGetValue sets it to 0. */
static struct thread *find_own(void)
{
    DWORD error = GetLastError();
    struct thread *thread = TlsGetValue(own);
    SetLastError(error);
    return thread;
}

struct thread *this_thread(void)
{
    struct thread *thread = find_own();
    return thread != NULL ? thread : add_thread(true);
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

bool is_on_stack(const struct thread *thread, const void *address)
{
    return (const char *)address >= thread->stack &&
           (const char *)address < thread->stack_end;
}

struct thread *stack_owner(const void *address)
{
    for (struct thread *at = threads; at != NULL; at = at->next)
        if (!at->ended && is_on_stack(at, address))
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

/* ---- Their waits --------------------------------------------------------- */

void note_change(void)
{
    InterlockedIncrement(&changes);
    WakeByAddressAll((void *)&changes);
}

void await_change(LONG seen)
{
    below_locks.wait_on_address(&changes, &seen, sizeof seen, 5);
}

LONG progress(void)
{
    LONG sum = changes;
    for (const struct thread *at = threads; at != NULL; at = at->next)
        sum = (LONG)((ULONG)sum + (ULONG)at->calls);
    return sum;
}

static void begin_any_wait(const struct wait *wait)
{
    struct thread *thread = this_thread();
    lock_records();
    thread->wait = *wait;
    thread->wait.since = GetTickCount64();
    unlock_records();
    note_change();
}

void begin_wait(const char *function, const void *object, DWORD timeout)
{
    begin_any_wait(&(struct wait){.in = function,
                                  .object = object,
                                  .for_ever = timeout == INFINITE,
                                  .at = here()});
}

void begin_wait_for(const char *function, const HANDLE *handles, DWORD count,
                    bool all, DWORD timeout)
{
    struct wait wait = {.in = function,
                        .all = all,
                        .for_ever = timeout == INFINITE,
                        .at = here()};
    if (count <= MAXIMUM_WAIT_OBJECTS)
        for (; wait.handle_count < count; wait.handle_count++)
            wait.handles[wait.handle_count] = handles[wait.handle_count];
    begin_any_wait(&wait);
}

void begin_lock_wait(const char *function, const void *object, DWORD timeout,
                     const void *address)
{
    begin_any_wait(&(struct wait){.in = function,
                                  .object = object,
                                  .for_ever = timeout == INFINITE,
                                  .at = place_at(address)});
}

void end_wait(void)
{
    struct thread *thread = this_thread();
    lock_records();
    thread->wait.in = NULL;
    unlock_records();
    note_change();
}

struct wait suspend_wait(void)
{
    struct wait wait = this_thread()->wait;
    end_wait();
    return wait;
}

void resume_wait(const struct wait *wait)
{
    begin_any_wait(wait);
}

static bool waits_at(const struct thread *thread, HANDLE port)
{
    return thread->wait.in != NULL && thread->wait.handle_count == 1 &&
           thread->wait.handles[0] == port;
}

unsigned count_waiters(HANDLE port, struct place *place)
{
    unsigned count = 0;
    const struct thread *self = find_own();
    for (const struct thread *at = threads; at != NULL; at = at->next)
        if (at != self && !at->ended && waits_at(at, port)) {
            *place = at->wait.at;
            count++;
        }
    return count;
}

bool has_waiter(HANDLE port)
{
    struct place place;
    return count_waiters(port, &place) > 0;
}

const struct thread *find_waiter(HANDLE handle)
{
    const struct thread *self = find_own();
    for (const struct thread *at = threads; at != NULL; at = at->next)
        for (DWORD i = 0; i < at->wait.handle_count; i++)
            if (at != self && !at->ended && at->wait.in != NULL &&
                at->wait.handles[i] == handle)
                return at;
    return NULL;
}

bool has_taker(HANDLE port)
{
    const struct thread *self = find_own();
    for (const struct thread *at = threads; at != NULL; at = at->next)
        if (at != self && !at->ended &&
            (at->wait.in == NULL || waits_at(at, port)))
            return true;
    return false;
}
