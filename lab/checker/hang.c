#include "hang.h"

#include "../interpose/caller.h"
#include "below.h"
#include "handles.h"
#include "harmless.h"
#include "packets.h"
#include "requests.h"
#include "system.h"
#include "threads.h"

#include <stdio.h>
#include <tlhelp32.h>

enum {
    LOOK_MS = 250,
    HUNG = 2000 / LOOK_MS, /* looks without progress; then it is a hang */
    STILL_MS = 5000,       /* after this time without progress, a line comes */
};

static DWORD watcher_id;
static bool is_judge;
static volatile bool others_wake;

void others_may_wake(void)
{
    others_wake = true;
}

/* ---- The program's threads ----------------------------------------------- */

enum { MAX_IDS = 1024 };

/* The ids of the process's threads; 0 if there are too many. */
static unsigned list_threads(DWORD ids[static MAX_IDS])
{
    HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    unsigned count = 0;
    if (list == INVALID_HANDLE_VALUE)
        return 0;
    for (BOOL more = Thread32First(list, &entry); more;
         more = Thread32Next(list, &entry))
        if (entry.th32OwnerProcessID == GetCurrentProcessId()) {
            if (count < MAX_IDS)
                ids[count] = entry.th32ThreadID;
            count++;
        }
    real.CloseHandle(list);
    return count <= MAX_IDS ? count : 0;
}

static bool is_listed(DWORD id, const DWORD *ids, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

/* A thread that starts in the program, although the checker has not seen its
 * start, is one of the lab's I/O modes. It wakes a thread only when it
 * completes an I/O, which is in flight until then. */
static bool is_of_lab(DWORD id)
{
    return id == watcher_id || address_in_file(ask_start(id)) != 0;
}

static bool is_followed(DWORD id)
{
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next)
        if (at->id == id && !at->ended)
            return !at->is_foreign;
    return is_of_lab(id);
}

/* Whether the program has only threads that the checker follows. Others, such
 * as those of the system's pools, may wake a thread at any time. A thread that
 * ended by ExitThread is no longer listed. */
static bool all_are_followed(void)
{
    DWORD ids[MAX_IDS];
    unsigned count = list_threads(ids);
    for (struct thread *at = newest_thread(); at != NULL && count > 0;
         at = at->next)
        if (!is_listed(at->id, ids, count))
            at->ended = true;
    for (unsigned i = 0; i < count; i++)
        if (!is_followed(ids[i]))
            return false;
    return count > 0;
}

/* ---- A hang ------------------------------------------------------------- */

/* Whether only this program can signal the object. */
static bool is_own(const struct handle *handle)
{
    return handle != NULL && !handle->unseen && !handle->shared &&
           (handle->kind == AN_EVENT || handle->kind == A_THREAD ||
            handle->kind == A_PORT);
}

/* Whether only this program can end the wait, and it has not done so yet. */
static bool needs_program(const struct wait *wait)
{
    unsigned signalled = 0;
    if (wait->in == NULL || !wait->for_ever ||
        (wait->object == NULL && wait->handle_count == 0))
        return false;
    for (DWORD i = 0; i < wait->handle_count; i++) {
        const struct handle *handle = find_right_handle(wait->handles[i]);
        if (!is_own(handle))
            return false;
        signalled += is_signalled(handle);
    }
    return wait->all ? signalled < wait->handle_count || signalled == 0
                     : signalled == 0;
}

/* Whether every thread waits for what only another thread of this program can
 * do. The lock is held. */
static bool is_hung(void)
{
    if (!is_judge || others_wake || newest_thread() == NULL ||
        something_can_come() || !all_are_followed())
        return false;
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next)
        if (!at->ended && !needs_program(&at->wait))
            return false;
    return true;
}

/* ---- Where threads wait -------------------------------------------------- */

/* What a line says of a thread. */
enum standing {
    GONE, /* nothing: it has ended, or it is idle in a pool of the system */
    WAITS,
    RUNS, /* it has made no call */
};

static enum standing standing_of(const struct thread *thread)
{
    if (thread->ended)
        return GONE;
    if (thread->wait.in != NULL || thread->is_inside)
        return WAITS;
    return thread->is_foreign && thread->packet_count == 0 ? GONE : RUNS;
}

/* NULL: none yet. */
static const char *function_of(const struct thread *thread)
{
    return thread->wait.in != NULL ? thread->wait.in : thread->last_call;
}

static struct place place_of(const struct thread *thread)
{
    return thread->wait.in != NULL ? thread->wait.at : thread->last_at;
}

static bool stand_in_one_place(const struct thread *a, const struct thread *b)
{
    return standing_of(a) == standing_of(b) &&
           function_of(a) == function_of(b) &&
           place_of(a).address == place_of(b).address;
}

static unsigned count_in_one_place(const struct thread *thread)
{
    unsigned count = 0;
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next)
        count += stand_in_one_place(at, thread);
    return count;
}

static bool was_listed(const struct thread *thread)
{
    for (const struct thread *at = newest_thread(); at != thread; at = at->next)
        if (stand_in_one_place(at, thread))
            return true;
    return false;
}

struct list {
    char text[768];
    size_t length;
};

/* A line for each place where threads wait. */
static void list_waiters(struct list *list)
{
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next) {
        unsigned count = count_in_one_place(at);
        struct place place = at->wait.at;
        if (standing_of(at) != WAITS || was_listed(at) ||
            list->length >= sizeof list->text)
            continue;
        if (count > 1)
            place.thread = NULL;
        list->length += (size_t)snprintf(
            list->text + list->length, sizeof list->text - list->length,
            "\n%u thread%s in %s %s", count, count == 1 ? " waits" : "s wait",
            at->wait.in, place_text(place));
    }
}

/* Such as ", 2 threads in NAME at PLACE". */
static void add_standing(struct list *list, const struct thread *thread)
{
    char who[24], where[160] = "";
    unsigned count = count_in_one_place(thread);
    struct place place = place_of(thread);
    place.thread = NULL;
    snprintf(who, sizeof who, "%u threads", count);
    if (function_of(thread) != NULL)
        snprintf(where, sizeof where, "%s%s %s",
                 standing_of(thread) == WAITS ? " in " : ", last call ",
                 function_of(thread), place_text(place));
    list->length += (size_t)snprintf(
        list->text + list->length, sizeof list->text - list->length, "%s%s%s",
        list->length > 0 ? ", " : "", count > 1 ? who : thread->name, where);
}

/* All threads of this standing, in one line. */
static void list_standing(struct list *list, enum standing standing)
{
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next) {
        if (standing_of(at) == standing && !was_listed(at) &&
            list->length < sizeof list->text)
            add_standing(list, at);
    }
}

/* If no thread waits, the program may only calculate: then there is no line. */
static void say_still_waiting(void)
{
    struct list waiting = {0}, running = {0};
    list_standing(&waiting, WAITS);
    list_standing(&running, RUNS);
    if (waiting.length > 0)
        note("still waiting after 5 s: %s%s%s", waiting.text,
             running.length > 0 ? "; no call for 5 s: " : "", running.text);
}

static void report_hang(void)
{
    struct list waiters = {0};
    judge_unseen(NULL);
    list_waiters(&waiters);
    mistake("hung: every thread waits for ever, and no I/O in flight can wake "
            "one of them%s\n"
            "rule: each wait needs something that will end it: a packet, a "
            "sentinel, an event",
            waiters.text);
    end_checked();
}

/* ---- The watch ---------------------------------------------------------- */

static DWORD WINAPI watch(void *unused)
{
    LONG seen = 0;
    ULONGLONG since = GetTickCount64();
    bool said = false;
    (void)unused;
    for (unsigned quiet = 0;; quiet++) {
        Sleep(LOOK_MS);
        lock_records();
        LONG now = progress();
        if (now != seen) {
            quiet = 0;
            since = GetTickCount64();
            said = false;
        }
        seen = now;
        bool hung = quiet >= HUNG && is_hung();
        if (!hung && !said && GetTickCount64() - since >= STILL_MS) {
            say_still_waiting();
            said = true;
        }
        unlock_records();
        if (hung)
            report_hang();
    }
    return 0;
}

void begin_hang_watch(bool judges)
{
    is_judge = judges && has_harmless_imports();
    /* `real`: it is no thread of the program, and no trace must show it. */
    HANDLE watcher = real.CreateThread(NULL, 0, watch, NULL, 0, &watcher_id);
    if (watcher != NULL)
        real.CloseHandle(watcher);
}
