/*
 * Telling what happens: events on stdout, failures on stderr, one line each.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdio.h>
#include <windows.h>

/* The program's name, for the lines on stderr. Each program defines it. */
extern const wchar_t program[];

/* Who acts: every line on stdout begins with it. Each thread has its own;
 * "main" until the thread says otherwise. */
extern _Thread_local const char *actor;

/* The system's text for a Win32 error, in one line of UTF-8 that ends in a
 * space; "" if it has none. */
enum { ERROR_TEXT = 3 * 256 };
void error_text(DWORD error, char text[ERROR_TEXT]);

/*
 * Tells a failure: what was tried, on what ("port" for what has no name), the
 * system's text if it has one, and the Win32 error. Returns EXIT_FAILURE, the
 * exit status for it.
 */
int report(const char *tried, const wchar_t *name, DWORD error);

/*
 * If a call that fails only when something is badly wrong has failed, reports
 * its GetLastError and ends the process. Of several threads only one reports,
 * and none if a failure was reported before.
 */
void check(bool ok, const char *tried, const wchar_t *name);

/* The same for a function that returns its Win32 error; 0 is well. */
void check_error(DWORD error, const char *tried, const wchar_t *name);

/* Prints one event, of up to 199 characters, as one line, written at once. */
void say(const char *format, ...)
    __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)));

#endif
