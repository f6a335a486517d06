/*
 * What is wanted of the layers, from the environment variable HOOK: words with
 * commas between them, each with what belongs to it behind colons:
 *
 *      HOOK=short,fail:WriteFile:3:112
 *
 * Here, these are understood, for each function of imports.h and for malloc and
 * calloc if they are the guard's. Counts begin at 1.
 *
 *   none                    nothing is wanted
 *   fail:NAME:K:CODE        the K-th call of NAME fails with CODE
 *   fail-from:NAME:K:CODE   and so does each one after it
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
    const char *name;
    const char *function;     /* NULL for most */
    unsigned long numbers[3]; /* those that are not there are 0 */
    volatile LONG counted;    /* by is_due */
};

/* HOOK's words; the last one's name is NULL. */
extern struct word words[];

/* Ends the program: with a misspelt word a test would show nothing. */
void refuse_word(const char *what);

/* NULL if HOOK does not have this word. */
struct word *asked(const char *name);

/* Counts, and says whether this makes it the word's first number. False for
 * NULL. */
bool is_due(struct word *word);

/* Counts a call of this function, and says whether it is to fail. If so, its
 * error has been set. */
bool fails(const char *function);

#endif
