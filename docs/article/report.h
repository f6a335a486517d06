/* How a step prints: say prints an event, report and check print a failure.
 * This file is the same in all five steps; step 1's README explains it. Your
 * own program can use it, too: include it in one .c file, because each file
 * that includes it gets its own `actor`.
 * The functions are `inline` so that the compiler does not warn about those
 * that a program does not call. */
#ifndef REPORT_H
#define REPORT_H

#include <windows.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

/* The program's name: each line on stderr starts with it. main.c defines it. */
extern const wchar_t program[];

/* The name of the acting thread: each line on stdout starts with it. Every
 * thread has its own copy of this variable. */
static _Thread_local const char *actor = "main";

/* Prints one line on stderr: what the program tried, on which file or object,
 * the system's text for the Win32 error, and the error's number. Returns the
 * exit status for a failure. */
static inline int report(const char *tried, const wchar_t *name, DWORD error)
{
    wchar_t text[256] = L""; /* stays empty if the system has no text */
    wchar_t line[2048];
    char utf8[3 * 2048];
    FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                       FORMAT_MESSAGE_MAX_WIDTH_MASK, /* no line breaks */
                   NULL, error, 0, text, 256, NULL);
    swprintf(line, 2048, L"%ls: cannot %hs '%.1500ls': %ls(error %lu)\n",
             program, tried, name, text, error);
    WideCharToMultiByte(CP_UTF8, 0, line, -1, utf8, sizeof utf8, NULL, NULL);
    fputs(utf8, stderr);
    fflush(stderr);
    return EXIT_FAILURE;
}

/* For a call that fails only if something is badly wrong. If `ok` is false,
 * check reports GetLastError() and ends the process. The lock is never
 * released: if several threads fail, only the first one reports. */
static inline void check(bool ok, const char *tried, const wchar_t *name)
{
    static SRWLOCK first = SRWLOCK_INIT;
    DWORD error = GetLastError();
    if (ok)
        return;
    AcquireSRWLockExclusive(&first);
    TerminateProcess(GetCurrentProcess(), (UINT)report(tried, name, error));
}

/* Prints one event as one line on stdout. Its parameters are those of printf.
 * One WriteFile writes the line: the lines of several threads do not mix, and
 * when a program hangs, you have seen all earlier lines. */
static inline void say(const char *format, ...)
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

#endif
