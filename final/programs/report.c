#include "report.h"

#include "../error.h"
#include "../pool.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

_Thread_local const char *actor;

const char *acting_thread(void)
{
    if (actor != NULL)
        return actor;
    return pool_is_worker(NULL) ? "worker" : "main";
}

static SRWLOCK reporting = SRWLOCK_INIT; /* guards `reported` */
static bool reported;

static void print_failure(const char *tried, const wchar_t *name, DWORD error)
{
    char text[ERROR_TEXT], utf8[3 * 2048];
    wchar_t line[2048];
    swprintf(line, 2048, L"%ls: cannot %hs '%.1500ls': ", program, tried, name);
    WideCharToMultiByte(CP_UTF8, 0, line, -1, utf8, sizeof utf8, NULL, NULL);
    error_text(error, text);
    fprintf(stderr, "%s%s(error %lu)\n", utf8, text, error);
    fflush(stderr);
    reported = true;
}

int report(const char *tried, const wchar_t *name, DWORD error)
{
    AcquireSRWLockExclusive(&reporting);
    print_failure(tried, name, error);
    ReleaseSRWLockExclusive(&reporting);
    return EXIT_FAILURE;
}

/* The lock is never released, so no other thread reports after this one. A
 * failure that was reported before is why the program ends already; this one is
 * only a consequence. */
static void end_process(DWORD error, const char *tried, const wchar_t *name)
{
    AcquireSRWLockExclusive(&reporting);
    if (!reported)
        print_failure(tried, name, error);
    TerminateProcess(GetCurrentProcess(), EXIT_FAILURE);
}

void check(bool ok, const char *tried, const wchar_t *name)
{
    DWORD error = GetLastError(); /* before any other call can change it */
    if (!ok)
        end_process(error, tried, name);
}

void check_error(DWORD error, const char *tried, const wchar_t *name)
{
    if (error != ERROR_SUCCESS)
        end_process(error, tried, name);
}

void report_fatal_error(const char *tried, const char *object, DWORD error)
{
    wchar_t name[64];
    swprintf(name, 64, L"%hs", object);
    end_process(error, tried, name);
}

/* One event is one line and one WriteFile: lines of several threads do not mix,
 * and a program that hangs has printed everything that came before. */
void say(const char *format, ...)
{
    char event[200], line[220]; /* a longer event is cut */
    DWORD written;
    va_list values;
    va_start(values, format);
    vsnprintf(event, sizeof event, format, values);
    va_end(values);
    int length =
        snprintf(line, sizeof line, "%s: %s\n", acting_thread(), event);
    check(WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)length,
                    &written, NULL),
          "write to", L"stdout");
}
