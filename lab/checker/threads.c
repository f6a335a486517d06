#include "checker.h"

#include "../interpose/caller.h"

#include <stdio.h>
#include <stdlib.h>
#include <tlhelp32.h>

volatile LONG changes;

static struct thread *threads; /* newest first */
static unsigned thread_count;
static _Thread_local struct thread *own;
static DWORD watcher_id;
static bool waits_for_console; /* a Ctrl-C may come at any time */

/* ---- Who there is ------------------------------------------------------- */

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
    thread->number = thread_count++;
    thread->next = threads;
    threads = thread;
    unlock_records();
    note_change();
    return thread;
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
    packet_over();
    check_whole_stack(thread);
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

/* ---- Who waits ---------------------------------------------------------- */

void note_change(void)
{
    InterlockedIncrement(&changes);
    WakeByAddressAll((void *)&changes);
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

bool somebody_waits_at(HANDLE port)
{
    struct place place;
    return count_waiters(port, &place) > 0;
}

/* ---- Whether it hangs --------------------------------------------------- */

void console_is_handled(void)
{
    waits_for_console = true;
}

static bool is_known(DWORD id)
{
    for (const struct thread *at = threads; at != NULL; at = at->next)
        if (at->id == id)
            return !at->is_foreign;
    return id == watcher_id;
}

/* Of others, those of the system's pools for example, it is not known what they
 * will do. */
static bool all_are_known(void)
{
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    bool known = list != INVALID_HANDLE_VALUE;
    for (BOOL more = known && Thread32First(list, &entry); more;
         more = Thread32Next(list, &entry))
        if (entry.th32OwnerProcessID == GetCurrentProcessId() &&
            !is_known(entry.th32ThreadID))
            known = false;
    if (list != INVALID_HANDLE_VALUE)
        below.CloseHandle(list);
    return known;
}

/* Something that was not seen when it was made may be another process's, or the
 * clock's. */
static bool waits_for_known(const struct thread *thread)
{
    if (thread->waits_for == NULL && thread->handle_count == 0)
        return false;
    for (DWORD i = 0; i < thread->handle_count; i++) {
        const struct handle *handle = find_handle(thread->handles[i]);
        if (handle == NULL || handle->unseen ||
            (handle->kind != AN_EVENT && handle->kind != A_THREAD))
            return false;
    }
    return true;
}

/* The lock is held. */
static bool is_hung(void)
{
    if (waits_for_console || threads == NULL || something_can_come())
        return false;
    for (const struct thread *at = threads; at != NULL; at = at->next)
        if (!at->ended &&
            (at->waits_in == NULL || !at->for_ever || !waits_for_known(at)))
            return false;
    return all_are_known();
}

/* Threads that wait in the same place are told in one line. */
static size_t tell_waiters(char *text, size_t size)
{
    size_t length = 0;
    for (const struct thread *at = threads; at != NULL; at = at->next) {
        unsigned same = 0;
        bool first = true;
        if (at->ended)
            continue;
        for (const struct thread *other = threads; other; other = other->next) {
            if (other->ended || other->waits_in != at->waits_in ||
                other->waits_at.address != at->waits_at.address)
                continue;
            if (same++ == 0)
                first = other == at;
        }
        if (!first || length >= size)
            continue;
        length += (size_t)snprintf(
            text + length, size - length, "\n%s %s in %s %s",
            same == 1 ? "one" : "all", same == 1 ? "waits" : "wait",
            at->waits_in, place_text(at->waits_at));
    }
    return length;
}

static void tell_hung(void)
{
    char waiters[768] = "";
    judge_unseen(NULL);
    tell_waiters(waiters, sizeof waiters);
    mistake("hung: every thread waits for ever, and nothing is in flight that "
            "could wake one%s\nrule: who waits needs somebody who will end the "
            "wait: a packet, a sentinel, an event",
            waiters);
    end_checked();
}

/* Polls: for some two seconds nothing may have changed. */
static DWORD WINAPI watch(void *unused)
{
    LONG seen = changes;
    (void)unused;
    for (unsigned quiet = 0;; quiet++) {
        Sleep(250);
        lock_records();
        if (seen != changes || !is_hung())
            quiet = 0;
        seen = changes;
        unlock_records();
        if (quiet == 8)
            tell_hung();
    }
    return 0;
}

void begin_threads(void)
{
    begin_thread_record();
    HANDLE watcher = below.CreateThread(NULL, 0, watch, NULL, 0, &watcher_id);
    if (watcher != NULL)
        below.CloseHandle(watcher);
}
