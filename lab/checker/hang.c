#include "hang.h"

#include "below.h"
#include "handles.h"
#include "report.h"
#include "requests.h"
#include "threads.h"

#include <stdio.h>
#include <tlhelp32.h>

static DWORD watcher_id;
static bool waits_for_console; /* a Ctrl-C may come at any time */

void console_is_handled(void)
{
    waits_for_console = true;
}

static bool is_known(DWORD id)
{
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next)
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
    if (waits_for_console || newest_thread() == NULL || something_can_come())
        return false;
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next)
        if (!at->ended &&
            (at->waits_in == NULL || !at->for_ever || !waits_for_known(at)))
            return false;
    return all_are_known();
}

/* Threads that wait in the same place are told in one line. */
static size_t list_waiters(char *text, size_t size)
{
    size_t length = 0;
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next) {
        unsigned same = 0;
        bool first = true;
        if (at->ended)
            continue;
        for (const struct thread *other = newest_thread(); other;
             other = other->next) {
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

static void report_hang(void)
{
    char waiters[768] = "";
    judge_unseen(NULL);
    list_waiters(waiters, sizeof waiters);
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
            report_hang();
    }
    return 0;
}

void begin_hang_watch(void)
{
    HANDLE watcher = below.CreateThread(NULL, 0, watch, NULL, 0, &watcher_id);
    if (watcher != NULL)
        below.CloseHandle(watcher);
}
