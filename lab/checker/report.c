#include "checker.h"

#include "../interpose/caller.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT = 1024, MAX_TOLD = 24, MAX_HINTS = 8 };

static SRWLOCK lock = SRWLOCK_INIT;
/* Guarded by the lock. */
static uint64_t told[MAX_TOLD];
static unsigned told_count;
static char hints[MAX_HINTS][TEXT];
static unsigned hint_count;

static volatile LONG mistakes;

struct place here(void)
{
    return place_at(caller());
}

struct place place_at(const void *address)
{
    return (struct place){.address = address, .thread = this_thread()};
}

const char *place_text(struct place place)
{
    static _Thread_local char texts[8][64];
    static _Thread_local unsigned last;
    char *text = texts[++last % 8], where[32] = "outside the program";
    char who[24] = ""; /* if it is known */
    unsigned long long address =
        place.address != NULL ? address_in_file(place.address) : 0;
    if (address != 0)
        snprintf(where, sizeof where, "at {0x%llx}", address);
    if (place.thread != NULL && place.thread->number == 0)
        snprintf(who, sizeof who, " (main)");
    else if (place.thread != NULL)
        snprintf(who, sizeof who, " (thread %u)", place.thread->number);
    snprintf(text, sizeof texts[0], "%s%s", where, who);
    return text;
}

/* The same mistake in the same places is told once, whatever the requests'
 * numbers are. */
static uint64_t kind_of(const char *format, const char *text)
{
    uint64_t mixed = (uintptr_t)format;
    bool inside = false;
    for (; *text != '\0'; text++) {
        if (*text == '{' || *text == '}')
            inside = *text == '{';
        if (inside)
            mixed = (mixed ^ (unsigned char)*text) * 1099511628211U;
    }
    return mixed;
}

static bool is_new(uint64_t kind)
{
    for (unsigned i = 0; i < told_count; i++)
        if (told[i] == kind)
            return false;
    if (told_count == MAX_TOLD)
        return false;
    told[told_count++] = kind;
    return true;
}

/* In one write: reports of several threads do not mix. */
static void print(const char *prefix, const char *text)
{
    char out[2 * TEXT];
    DWORD written;
    size_t length = (size_t)snprintf(out, sizeof out, "%s", prefix);
    for (; *text != '\0' && length < sizeof out - 8; text++) {
        out[length++] = *text;
        for (unsigned i = 0; *text == '\n' && i < 4; i++)
            out[length++] = ' ';
    }
    out[length++] = '\n';
    below.WriteFile(GetStdHandle(STD_ERROR_HANDLE), out, (DWORD)length,
                    &written, NULL);
}

void mistake(const char *format, ...)
{
    char text[TEXT];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    InterlockedIncrement(&mistakes);
    lock_plainly(&lock);
    if (is_new(kind_of(format, text)))
        print("checker: ", text);
    unlock_plainly(&lock);
}

void hint(const char *format, ...)
{
    char text[TEXT];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    lock_plainly(&lock);
    if (hint_count < MAX_HINTS && is_new(kind_of(format, text)))
        snprintf(hints[hint_count++], TEXT, "%s", text);
    unlock_plainly(&lock);
}

void tell_hints(void)
{
    lock_plainly(&lock);
    for (unsigned i = 0; i < hint_count; i++)
        print("checker: hint: ", hints[i]);
    hint_count = 0;
    unlock_plainly(&lock);
}

bool has_failed(void)
{
    return mistakes > 0;
}

/* ---- The end ------------------------------------------------------------ */

void end_checked(void)
{
    tell_hints();
    below.TerminateProcess(GetCurrentProcess(), CHECK_FAILED);
    for (;;)
        Sleep(INFINITE);
}

static unsigned judged(unsigned status)
{
    if (status != 0 || has_failed())
        tell_hints();
    return has_failed() ? CHECK_FAILED : status;
}

/* It ends by itself: by a return from main, exit or ExitProcess. */
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

/* After the program's own. */
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

void begin_reports(void)
{
    next_exit = __imp_exit;
    next_exit_process = __imp_ExitProcess;
    __imp_exit = checked_exit;
    __imp_ExitProcess = checked_exit_process;
    atexit(at_exit);
}
