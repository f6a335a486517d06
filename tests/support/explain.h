/*
 * The words of HOOK and IO in plain English, for the report of a failing test.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <glib.h>

/*
 * One sentence in a line for each word:
 *
 *      HOOK=fail:ReadFile:3:112: the third call of ReadFile fails with error
 * 112
 *
 * The caller frees it. "" for no words.
 */
char *explain_words(const char *variable, const char *words);

/* Whether there is a sentence for words of this name. */
gboolean is_explained(const char *name);

#endif
