#include "summary.h"

#include "../interpose/interpose.h"
#include "../interpose/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile LONG counts[DONE_KINDS];

void count_done(enum done what)
{
    InterlockedIncrement(&counts[what]);
}

/* ---- The line ----------------------------------------------------------- */

static char line[1024];
static size_t length;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added =
        vsnprintf(line + length, sizeof line - length, format, arguments);
    va_end(arguments);
    length = min(length + (size_t)added, sizeof line - 1);
}

static void add_amount(LONG count, const char *what)
{
    add("%ld %s%s", count, what, count == 1 ? "" : "s");
}

/* Calls are counted from 1: "1st", "2nd", "3rd", "4th". */
static void add_ordinal(unsigned long number)
{
    static const char *const ends[] = {"th", "st", "nd", "rd"};
    bool is_teen = number / 10 % 10 == 1;
    add("%lu%s", number,
        !is_teen && number % 10 < 4 ? ends[number % 10] : ends[0]);
}

static void add_held(void)
{
    LONG reads = counts[READ_HELD], writes = counts[WRITE_HELD];
    LONG left = reads + writes - counts[HELD_COMPLETED];
    if (reads + writes == 0) {
        add("no I/O could be held");
        return;
    }
    if (reads > 0 || writes == 0)
        add_amount(reads, "read");
    if (reads > 0 && writes > 0)
        add(" and ");
    if (writes > 0)
        add_amount(writes, "write");
    add(left == 0 ? " held, then completed"
                  : " held, %ld of them not yet completed",
        left);
}

static void add_immediate(bool skips)
{
    LONG immediately = counts[DONE_IMMEDIATELY];
    LONG without = counts[DONE_WITHOUT_PACKET];
    if (immediately == 0) {
        add("no I/O could complete immediately");
        return;
    }
    add_amount(immediately, "I/O");
    add(" completed immediately");
    if (skips && without == 0)
        add("; no packet was skipped");
    else if (skips)
        add(", %ld without a packet", without);
}

/* For settings that change the K-th call, packet or I/O. */
static void add_kth(const struct setting *setting, const char *what,
                    const char *was)
{
    unsigned long number = setting->numbers[0];
    bool came = (unsigned long)setting->counted >= number;
    add(came ? "the " : "no ");
    add_ordinal(number);
    add(" %s%s%s ", what, setting->function != NULL ? " of " : "",
        setting->function != NULL ? setting->function : "");
    add("%s", came ? was : "came");
}

static void add_failure(const struct setting *setting, bool from)
{
    bool came = setting->counted >= (LONG)setting->numbers[0];
    add_kth(setting, "call", from ? "and each later one failed" : "failed");
    if (came)
        add(" with error %lu", setting->numbers[1]);
}

static void add_setting(const struct setting *setting)
{
    const char *name = setting->name;
    if (strcmp(name, "wine") == 0)
        add("nothing was changed");
    else if (strcmp(name, "sync-eof") == 0 && counts[END_REFUSED] == 0)
        add("no read at the end of a file came");
    else if (strcmp(name, "sync-eof") == 0) {
        add_amount(counts[END_REFUSED], "read");
        add(" at the end failed immediately");
    } else if (strcmp(name, "short") == 0) {
        add("%ld of ", counts[READ_SHORTENED]);
        add_amount(counts[READ], "read");
        add(" shortened");
    } else if (strcmp(name, "ntfs-cached") == 0 || strcmp(name, "skip") == 0)
        add_immediate(strcmp(name, "skip") == 0);
    else if (strcmp(name, "warning") == 0) {
        add_amount(counts[READ_WARNED], "read");
        add(" returned the warning 234");
    } else if (strcmp(name, "cancel") == 0)
        add_kth(setting, "I/O", "was cancelled");
    else if (strcmp(name, "expire") == 0)
        add_kth(setting, "wait with a timeout", "ended immediately");
    else if (strcmp(name, "packet") == 0)
        add_kth(setting, "packet", "was changed");
    else if (strncmp(name, "fail", 4) == 0)
        add_failure(setting, strcmp(name, "fail-from") == 0);
    else
        add_held(); /* pending, shuffle, slow */
}

/* Several settings may hold I/O; one phrase is enough. */
static bool is_said(const struct setting *setting, bool *held)
{
    bool holds = strcmp(setting->name, "pending") == 0 ||
                 strcmp(setting->name, "shuffle") == 0 ||
                 strcmp(setting->name, "slow") == 0;
    bool again = holds && *held;
    *held |= holds;
    return again || strcmp(setting->variable, "IO") != 0 ||
           strcmp(setting->name, "allocations") == 0;
}

static void print_summary(void)
{
    static volatile LONG printed;
    bool held = false;
    if (InterlockedExchange(&printed, TRUE))
        return;
    add("IO=%s", io_value);
    const char *separator = ": ";
    for (const struct setting *at = settings; at->name != NULL; at++) {
        if (is_said(at, &held))
            continue;
        add("%s", separator);
        add_setting(at);
        separator = "; ";
    }
    fprintf(stderr, "%s\n", line);
    fflush(stderr);
}

/* ---- The end of the process --------------------------------------------- */

static __typeof__(ExitProcess) *next_exit_process;
extern __typeof__(ExitProcess) *__imp_ExitProcess;
static __typeof__(TerminateProcess) *next_terminate;

__attribute__((noreturn)) static void WINAPI exit_process(UINT status)
{
    print_summary();
    next_exit_process(status);
    __builtin_unreachable();
}

static BOOL WINAPI terminate(HANDLE process, UINT status)
{
    if (process == GetCurrentProcess())
        print_summary();
    return next_terminate(process, status);
}

void begin_summary(void)
{
    if (io_value == NULL || is_quiet())
        return;
    next_exit_process = __imp_ExitProcess;
    next_terminate = __imp_TerminateProcess;
    __imp_ExitProcess = exit_process;
    __imp_TerminateProcess = terminate;
    atexit(print_summary);
}
