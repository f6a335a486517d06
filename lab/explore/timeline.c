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

/* Only a replay prints it. `thread`: NULL, or the thread that does it. */
static void tell_whose(const struct thread *thread, const char *format,
                       va_list values)
{
    char who[24] = "", what[LINE], where[40] = "";
    if (!shared->settings.replays)
        return;
    DWORD error = GetLastError();
    vsnprintf(what, sizeof what, format, values);
    if (thread != NULL) {
        snprintf(who, sizeof who, "%s ", name_of(thread));
        snprintf(where, sizeof where, " at %s", place_text(thread->place));
    }
    print(who, what, where);
    SetLastError(error);
}

void tell(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    tell_whose(current, format, values);
    va_end(values);
}

void tell_of(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    tell_whose(NULL, format, values);
    va_end(values);
}
