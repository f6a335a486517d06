#include "report.h"

#include "../interpose/caller.h"
#include "below.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT = 1024, MAX_REPORTS = 24, MAX_HINTS = 8 };

static SRWLOCK lock = SRWLOCK_INIT;
/* Guarded by the lock. */
static uint64_t reported[MAX_REPORTS];
static unsigned reported_count;
static bool is_full; /* one more came */
static char hints[MAX_HINTS][TEXT];
static unsigned hint_count;

static volatile LONG mistakes;

volatile LONG64 seen_requests, seen_packets, seen_handles;

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
    if (place.thread != NULL)
        snprintf(who, sizeof who, " (%s)", place.thread);
    snprintf(text, sizeof texts[0], "%s%s", where, who);
    return text;
}

/* A hash of the message and its places. The requests' numbers are left out: the
 * same mistake in the same places is reported once. */
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

/* One write for each report: reports of several threads do not mix. */
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

static bool is_new(uint64_t kind)
{
    for (unsigned i = 0; i < reported_count; i++)
        if (reported[i] == kind)
            return false;
    if (reported_count < MAX_REPORTS) {
        reported[reported_count++] = kind;
        return true;
    }
    if (!is_full)
        print("lab: ", "the checker has found too many different mistakes, and "
                       "reports no more");
    is_full = true;
    return false;
}

void mistake(const char *format, ...)
{
    char text[TEXT];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    InterlockedIncrement(&mistakes);
    below_locks.acquire(&lock);
    if (is_new(kind_of(format, text)))
        print("checker: ", text);
    below_locks.release(&lock);
}

void hint(const char *format, ...)
{
    char text[TEXT];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    below_locks.acquire(&lock);
    if (hint_count < MAX_HINTS && is_new(kind_of(format, text)))
        snprintf(hints[hint_count++], TEXT, "%s", text);
    below_locks.release(&lock);
}

void note(const char *format, ...)
{
    char text[TEXT];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    below_locks.acquire(&lock);
    print("checker: ", text);
    below_locks.release(&lock);
}

void print_counts(void)
{
    static volatile LONG printed;
    if (InterlockedExchange(&printed, TRUE) == FALSE)
        note("looked at %lld requests, %lld packets, %lld handles",
             seen_requests, seen_packets, seen_handles);
}

void print_hints(void)
{
    below_locks.acquire(&lock);
    for (unsigned i = 0; i < hint_count; i++)
        print("checker: hint: ", hints[i]);
    hint_count = 0;
    below_locks.release(&lock);
}

bool has_failed(void)
{
    return mistakes > 0;
}

void end_checked(void)
{
    print_hints();
    print_counts();
    below.TerminateProcess(GetCurrentProcess(), CHECK_FAILED);
    for (;;)
        Sleep(INFINITE);
}
