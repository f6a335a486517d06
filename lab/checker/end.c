#include "end.h"

#include "below.h"
#include "handles.h"
#include "lifetimes.h"
#include "packets.h"
#include "report.h"
#include "threads.h"

#include <stdio.h>
#include <stdlib.h>

/* The exit status of the process. */
static unsigned judged(unsigned status)
{
    if (status != 0 || has_failed())
        print_hints();
    print_counts();
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
    check_stack_at_end(__builtin_dwarf_cfa()); /* main may have returned */
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
    check_stack_at_end(__builtin_dwarf_cfa());
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
    next_exit = __imp_exit;
    next_exit_process = __imp_ExitProcess;
    __imp_exit = checked_exit;
    __imp_ExitProcess = checked_exit_process;
    atexit(at_exit);
}
