/*
 * Errors: the system's text for a number, and the failures that no return value
 * can report.
 */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>
#include <windows.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { ERROR_TEXT = 3 * 256 }; /* bytes that error_text needs at most */

/*
 * Writes the system's text for a Win32 error: one line of UTF-8 that ends in a
 * space, or "" if the system has no text. .NET: Win32Exception.Message.
 */
void error_text(DWORD error, char text[ERROR_TEXT]);

/* ---- Fatal errors ------------------------------------------------------- */

/*
 * A fatal error is a failure on a worker, or in the middle of a wait, after
 * which the library could never call some callbacks: the port gives no packet,
 * a thread or an event cannot be waited for, a handle cannot be closed. The
 * library has no caller that it could return the error to, so it calls this
 * function, on the thread that met the error. When the function returns, the
 * process ends with exit status 1. .NET: Environment.FailFast.
 *
 *   tried   what the library tried, as an English verb: "wait for"
 *   object  what it tried that on: "port", "worker", "event", ...
 *   error   the Win32 error
 */
typedef void fatal_error_function(const char *tried, const char *object,
                                  DWORD error);

/*
 * Sets the function for the whole process; NULL sets the default. The default
 * prints one line on stderr: the program's file name, what was tried, the
 * system's text and the number. Any thread may call this.
 */
void on_fatal_error(fatal_error_function *function);

/*
 * For the library itself. If `ok` is false, takes GetLastError and ends the
 * process as said above. Of several threads only the first reports.
 */
void fatal_check(bool ok, const char *tried, const char *object);

#ifdef __cplusplus
}
#endif

#endif
