/*
 * How the programs report: events on stdout, failures on stderr, one line each.
 * Each line on stdout starts with the name of the acting thread.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdio.h>
#include <windows.h>

/* The program's name, for the lines on stderr. Each program defines it. */
extern const wchar_t program[];

/*
 * The name of this thread in the lines on stdout. As long as it is NULL, a
 * thread of a pool is "worker", and any other thread is "main".
 */
extern _Thread_local const char *actor;

/* The name of the thread that calls: see actor. */
const char *acting_thread(void);

/*
 * Prints a failure as one line: what was tried, on what (if the
 * object has no name, its kind: "port", "event"), the system's text if it has
 * one, and the Win32 error. Returns EXIT_FAILURE, the exit status for a
 * failure.
 */
int report(const char *tried, const wchar_t *name, DWORD error);

/*
 * For a call that fails only if something is badly wrong. If `ok` is false,
 * reports GetLastError and ends the process. Of several threads only one
 * reports, and none does if a failure was reported before.
 */
void check(bool ok, const char *tried, const wchar_t *name);

/* The same for a function that returns its Win32 error, 0 for success. */
void check_error(DWORD error, const char *tried, const wchar_t *name);

/*
 * Reports the library's fatal errors as check does. A program installs it with
 * on_fatal_error(report_fatal_error). Then it prints one line for a failure,
 * also for one in the library.
 */
void report_fatal_error(const char *tried, const char *object, DWORD error);

/* Prints one event as one line, and does so immediately. An event has up to 199
 * characters; a longer one is cut. */
void say(const char *format, ...)
    __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)));

#endif
