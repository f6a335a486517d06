/* The checker's reports, on stderr. */
#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <windows.h>

/* The exit status after a mistake. No program here exits with it, and a crash
 * does not either. */
enum { CHECK_FAILED = 66 };

/* A call of the program. */
struct place {
    const void *address; /* after the call; NULL: unknown */
    const char *thread;  /* its name; NULL: unknown */
};

/* Such as "at {0x140001234} (main)", in one of eight buffers of this thread.
 * The command that reads the reports puts the source line in place of the
 * braces. */
const char *place_text(struct place place);

/* A report: a printf of several lines, with place_text for each place. The
 * first line says what is wrong. A mistake is printed immediately; a hint is
 * kept for print_hints. A report that differs from an earlier one only in its
 * requests' numbers is dropped. */
void mistake(const char *format, ...)
    __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)));
void hint(const char *format, ...)
    __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)));

/* A line that is no report of a mistake. It does not change the exit status. */
void note(const char *format, ...)
    __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)));

/* Prints the hints that were kept, once. */
void print_hints(void);

/* What the checker has looked at. */
extern volatile LONG64 seen_requests, seen_packets, seen_handles;

/* Prints these counts, once: the last line of a checked run. */
void print_counts(void);

/* Whether there was a mistake. */
bool has_failed(void);

/* After a mistake that the program cannot continue from: prints the hints and
 * the counts, and ends the process. */
_Noreturn void end_checked(void);

#endif
