#include "end.h"

#include "below.h"
#include "handles.h"
#include "lifetimes.h"
#include "packets.h"
#include "report.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>
#include <tlhelp32.h>

/* ---- A hang ------------------------------------------------------------- */

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

/* Whether the program has only threads that the checker follows. Others, such
 * as those of the system's pools, may wake a thread at any time. */
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

/* Whether only this program can end the wait. If the checker did not see how an
 * object was made, another process, or a timer, may signal it. */
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

static bool wait_in_one_place(const struct thread *a, const struct thread *b)
{
    return !a->ended && !b->ended && a->waits_in == b->waits_in &&
           a->waits_at.address == b->waits_at.address;
}

static unsigned count_in_one_place(const struct thread *thread)
{
    unsigned count = 0;
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next)
        count += wait_in_one_place(at, thread);
    return count;
}

static bool was_listed(const struct thread *thread)
{
    for (const struct thread *at = newest_thread(); at != thread; at = at->next)
        if (wait_in_one_place(at, thread))
            return true;
    return false;
}

/* A line for each place where threads wait. */
static void list_waiters(char *text, size_t size)
{
    size_t length = 0;
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next) {
        unsigned count = count_in_one_place(at);
        struct place place = at->waits_at;
        if (count == 0 || was_listed(at) || length >= size)
            continue;
        if (count > 1)
            place.thread = NULL;
        length += (size_t)snprintf(
            text + length, size - length, "\n%u thread%s in %s %s", count,
            count == 1 ? " waits" : "s wait", at->waits_in, place_text(place));
    }
}

static void report_hang(void)
{
    char waiters[768] = "";
    judge_unseen(NULL);
    list_waiters(waiters, sizeof waiters);
    mistake("hung: every thread waits for ever, and no I/O in flight can wake "
            "one of them%s\n"
            "rule: each wait needs something that will end it: a packet, a "
            "sentinel, an event",
            waiters);
    end_checked();
}

/* Looks every 250 ms: a hang is nothing new in eight looks, two seconds. */
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

static void begin_hang_watch(void)
{
    HANDLE watcher = below.CreateThread(NULL, 0, watch, NULL, 0, &watcher_id);
    if (watcher != NULL)
        below.CloseHandle(watcher);
}

/* ---- An exit ------------------------------------------------------------ */

/* The exit status of the process. */
static unsigned judged(unsigned status)
{
    if (status != 0 || has_failed())
        print_hints();
    return has_failed() ? CHECK_FAILED : status;
}

/* The end by a return from main, exit or ExitProcess. After an exit status
 * other than 0 and 1 the program has given up: what it did not free or close is
 * no mistake. */
static unsigned judge_end(unsigned status)
{
    judge_in_flight();
    judge_unseen(this_thread());
    if (status <= 1) {
        judge_requests();
        judge_handles();
    }
    return judged(status);
}

static volatile LONG exit_status;
static __typeof__(exit) *next_exit;
static __typeof__(ExitProcess) *next_exit_process;
extern __typeof__(exit) *__imp_exit;
extern __typeof__(ExitProcess) *__imp_ExitProcess;

__attribute__((noreturn)) static void checked_exit(int status)
{
    InterlockedExchange(&exit_status, status);
    next_exit(status);
    for (;;)
        Sleep(INFINITE);
}

/* Registered before the program's own exit handlers, so it runs after them. */
static void at_exit(void)
{
    unsigned status = judge_end((unsigned)exit_status);
    if (status == CHECK_FAILED) {
        fflush(NULL);
        below.TerminateProcess(GetCurrentProcess(), status);
    }
}

__attribute__((noreturn)) static void WINAPI checked_exit_process(UINT status)
{
    next_exit_process(judge_end(status));
    for (;;)
        Sleep(INFINITE);
}

BOOL terminate_checked(HANDLE process, UINT status)
{
    if (process == GetCurrentProcess()) {
        judge_unseen(this_thread());
        status = judged(status);
    }
    return below.TerminateProcess(process, status);
}

void begin_end(void)
{
    begin_hang_watch();
    next_exit = __imp_exit;
    next_exit_process = __imp_ExitProcess;
    __imp_exit = checked_exit;
    __imp_ExitProcess = checked_exit_process;
    atexit(at_exit);
}
