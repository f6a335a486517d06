#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

_Thread_local const char *actor = "main";

static void system_text(DWORD error, wchar_t text[256])
{
    text[0] = L'\0'; /* stays so if the system has no text */
    FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                       FORMAT_MESSAGE_MAX_WIDTH_MASK, /* all in one line */
                   NULL, error, 0, text, 256, NULL);
}

void error_text(DWORD error, char text[ERROR_TEXT])
{
    wchar_t wide[256];
    system_text(error, wide);
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, ERROR_TEXT, NULL, NULL);
}

static SRWLOCK telling = SRWLOCK_INIT; /* guards `told` */
static bool told;

static void tell(const char *tried, const wchar_t *name, DWORD error)
{
    wchar_t text[256], line[2048];
    char utf8[3 * 2048];
    system_text(error, text);
    swprintf(line, 2048, L"%ls: cannot %hs '%.1500ls': %ls(error %lu)\n",
             program, tried, name, text, error);
    WideCharToMultiByte(CP_UTF8, 0, line, -1, utf8, sizeof utf8, NULL, NULL);
    fputs(utf8, stderr);
    fflush(stderr);
    told = true;
}

int report(const char *tried, const wchar_t *name, DWORD error)
{
    AcquireSRWLockExclusive(&telling);
    tell(tried, name, error);
    ReleaseSRWLockExclusive(&telling);
    return EXIT_FAILURE;
}

/* The lock is never released, so nobody else tells anything any more. What was
 * told before is why the program ends: this has only met it on its way out. */
static void fail(DWORD error, const char *tried, const wchar_t *name)
{
    AcquireSRWLockExclusive(&telling);
    if (!told)
        tell(tried, name, error);
    TerminateProcess(GetCurrentProcess(), EXIT_FAILURE);
}

void check(bool ok, const char *tried, const wchar_t *name)
{
    DWORD error = GetLastError(); /* before any other call */
    if (!ok)
        fail(error, tried, name);
}

void check_error(DWORD error, const char *tried, const wchar_t *name)
{
    if (error != ERROR_SUCCESS)
        fail(error, tried, name);
}

/* One event, one line, one WriteFile: lines of several threads do not mix, and
 * a program that hangs has shown what came before. */
void say(const char *format, ...)
{
    char event[200], line[220]; /* a longer event is cut */
    DWORD written;
    va_list values;
    va_start(values, format);
    vsnprintf(event, sizeof event, format, values);
    va_end(values);
    int length = snprintf(line, sizeof line, "%s: %s\n", actor, event);
    check(WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)length,
                    &written, NULL),
          "write to", L"stdout");
}
