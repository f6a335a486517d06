#include "error.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

void error_text(DWORD error, char text[ERROR_TEXT])
{
    wchar_t wide[256] = L""; /* stays empty if the system has no text */
    FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS |
                       FORMAT_MESSAGE_MAX_WIDTH_MASK, /* no line breaks */
                   NULL, error, 0, wide, 256, NULL);
    WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, ERROR_TEXT, NULL, NULL);
}

/* ---- Fatal errors ------------------------------------------------------- */

/* The program's file name without directory and ".exe". */
static void program_name(char name[ERROR_TEXT])
{
    wchar_t path[MAX_PATH] = L"";
    GetModuleFileNameW(NULL, path, MAX_PATH);
    wchar_t *last = wcsrchr(path, L'\\');
    wchar_t *base = last != NULL ? last + 1 : path;
    wchar_t *dot = wcsrchr(base, L'.');
    if (dot != NULL)
        *dot = L'\0';
    WideCharToMultiByte(CP_UTF8, 0, base, -1, name, ERROR_TEXT, NULL, NULL);
}

static void print_fatal_error(const char *tried, const char *object,
                              DWORD error)
{
    char name[ERROR_TEXT], text[ERROR_TEXT];
    program_name(name);
    error_text(error, text);
    fprintf(stderr, "%s: cannot %s '%s': %s(error %lu)\n", name, tried, object,
            text, error);
    fflush(stderr);
}

static fatal_error_function *_Atomic report_fatal_error = print_fatal_error;

void on_fatal_error(fatal_error_function *function)
{
    report_fatal_error = function != NULL ? function : print_fatal_error;
}

/* The lock is never released: the first thread ends the process, and the others
 * wait for that. */
void fatal_check(bool ok, const char *tried, const char *object)
{
    static SRWLOCK first = SRWLOCK_INIT;
    DWORD error = GetLastError(); /* before any other call can change it */
    if (ok)
        return;
    AcquireSRWLockExclusive(&first);
    report_fatal_error(tried, object, error);
    TerminateProcess(GetCurrentProcess(), EXIT_FAILURE);
}
