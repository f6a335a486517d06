/*
 * The settings in the environment variables IO and HOOK, which say what the
 * layers must do. The program's own children do not inherit IO, CHECK, LEDGER,
 * TRACE, and the variables that begin with TRACE_: they run as without the lab.
 * Settings are separated by commas. A setting is a name, and after colons the
 * name of a function, or numbers, or both:
 *
 *      IO=short:7,fail:WriteFile:3:112
 *
 * IO is for everybody: it takes the settings of lab/modes. HOOK is for tests:
 * it takes the settings of lab/modes, too. In a program that is linked with
 * tests/support/hooks, HOOK also takes the settings of these hooks. Numbers are
 * decimal, or hexadecimal after 0x. Counts begin at 1.
 *
 *   fail:NAME:K:CODE        the K-th call of NAME fails with error CODE
 *   fail-from:NAME:K:CODE   the K-th call and each call after it fail
 *
 * NAME is a function of imports.h; or, in a program with lab/guard, malloc or
 * calloc, or memory: any function that allocates, if the main thread calls it.
 * Of ReadFile and WriteFile, only calls with an OVERLAPPED are counted. If such
 * a call fails, its OVERLAPPED has STATUS_PENDING afterwards.
 *
 * These are short forms:
 *
 *   fail:K:CODE             fail:ReadFile:K:CODE
 *   thread:K:CODE           fail:_beginthreadex:K:CODE
 *   bind:CODE               fail-from:CreateIoCompletionPort:2:CODE. The first
 *                           call creates the port, each later call binds a
 *                           handle
 *   no-packet:CODE          fail-from:GetQueuedCompletionStatus:1:CODE
 *
 * After a failure, GetLastError and _doserrno report CODE. A layer counts the
 * calls of all code that is linked into the program. This includes the
 * compiler's own library. It seldom calls a function of imports.h, but it may
 * call one to wait, when two threads start at the same time.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <windows.h>

struct setting {
    const char *variable; /* "IO" or "HOOK" */
    const char *name;
    const char *function;     /* NULL: the setting names no function */
    unsigned count;           /* how many numbers were given */
    unsigned long numbers[3]; /* 0 where none was given */
    bool known;               /* a layer knows this setting */
    volatile LONG counted;    /* calls of is_kth_call, must_fail and draw */
};

/* HOOK's settings, then IO's. In the last entry, name is NULL. They are parsed
 * before main, by a constructor with the number 102; a constructor with a
 * larger number may use them. */
extern struct setting settings[];

/* The value of IO, as it was given; NULL if it was not given. */
extern const char *io_value;

/* Whether the environment variable LAB is "quiet": then no line is printed that
 * only says what the lab does. The suites set it. */
bool is_quiet(void);

#define NOT_UNDERSTOOD "is not understood"

/* Prints one line, "IO: 'shrot' is not understood", on stderr, and exits with
 * status 1. Otherwise a test with a misspelt setting would pass and show
 * nothing. */
void refuse_setting(const struct setting *setting, const char *why);

/* The first setting of this name; NULL if it was not given. */
struct setting *find_setting(const char *name);

/*
 * Each of these functions counts its calls, in the setting's field `counted`.
 * Any thread may call them, also concurrently.
 */

/* Whether this is the K-th call for this setting; K is its first number. False
 * for NULL. */
bool is_kth_call(struct setting *setting);

/* Whether "fail" or "fail-from" makes this call of the function fail. If so,
 * GetLastError and _doserrno report the setting's error. */
bool must_fail(const char *function);

/* A random number below `count`, which is at least 1. The setting's first
 * number is the seed: the same seed always gives the same sequence. */
unsigned draw(struct setting *setting, unsigned count);

#endif
