#include "timeline.h"

#include "decisions.h"
#include "scheduler.h"

#include <stdarg.h>
#include <windows.h>

enum { LINE = 400 };

/* A line for explore.py, which prints the source line in place of the braces.
 */
static void print(const char *who, const char *what, const char *where)
{
    char line[LINE + 100];
    DWORD written;
    int length =
        snprintf(line, sizeof line, "explore: %s%s%s\n", who, what, where);
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), line, (DWORD)length, &written,
              NULL);
}

void tell(const char *format, ...)
{
    char what[LINE], where[40];
    va_list values;
    if (!shared->settings.replays)
        return;
    DWORD error = GetLastError();
    va_start(values, format);
    vsnprintf(what, sizeof what, format, values);
    va_end(values);
    snprintf(where, sizeof where, " at %s", place_text(current->place));
    char who[24];
    snprintf(who, sizeof who, "%s ", name_of(current));
    print(who, what, where);
    SetLastError(error);
}

void tell_of(const char *format, ...)
{
    char what[LINE];
    va_list values;
    if (!shared->settings.replays)
        return;
    DWORD error = GetLastError();
    va_start(values, format);
    vsnprintf(what, sizeof what, format, values);
    va_end(values);
    print("", what, "");
    SetLastError(error);
}
