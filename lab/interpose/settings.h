/*
 * What is wanted of the layers, from the environment variables IO and HOOK:
 * words with commas between them, each with what belongs to it behind colons:
 *
 *      IO=short:7,fail:WriteFile:3:112
 *
 * IO is for everybody, and has the words of lab/modes. HOOK is for tests: it
 * has them, too, and in programs with tests/support/hooks also those of tests/support/hooks. In
 * both, numbers are decimal, or hexadecimal behind 0x, and counts begin at 1.
 *
 *   fail:NAME:K:CODE        the K-th call of NAME fails with CODE
 *   fail-from:NAME:K:CODE   and so does each one after it
 *
 * NAME is a function of imports.h, or malloc or calloc if they are the guard's.
 * Of ReadFile and WriteFile only calls with an OVERLAPPED are counted; one that
 * fails leaves "pending" in it.
 *
 *   fail:K:CODE             short for fail:ReadFile:K:CODE
 *   thread:K:CODE           fail:_beginthreadex:K:CODE
 *   bind:CODE               fail-from:CreateIoCompletionPort:2:CODE; the first
 *                           makes the port
 *   no-packet:CODE          fail-from:GetQueuedCompletionStatus:1:CODE
 *
 * CODE is what GetLastError says then, and _doserrno. All calls count that are
 * made by what is linked together: seldom one of the compiler's own library,
 * which may wait when two threads are new.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <windows.h>

struct word {
    const char *variable; /* IO or HOOK */
    const char *name;
    const char *function;     /* NULL for most */
    unsigned count;           /* of its numbers */
    unsigned long numbers[3]; /* those that are not there are 0 */
    bool known;               /* to one of the layers */
    volatile LONG counted;    /* by is_due and fails, and by lab/modes */
};

/* HOOK's words, and IO's behind them; the last one's name is NULL. */
extern struct word words[];

#define NOT_UNDERSTOOD "is not understood"

/* Ends the program with one line: with a misspelt word a test would show
 * nothing. */
void refuse_word(const struct word *word, const char *why);

/* NULL if this word is not there. */
struct word *asked(const char *name);

/* Counts, and says whether this makes it the word's first number. False for
 * NULL. */
bool is_due(struct word *word);

/* Counts a call of this function, and says whether it is to fail. If so, its
 * error has been set. */
bool fails(const char *function);

#endif
