/*
 * Runs lines of shell as a reader types them: without what the make that
 * started the suites has put into the environment.
 */
#ifndef SHELL_H
#define SHELL_H

#include "helpers.h"

/* What lines of shell did. Freed by said_clear. */
struct said {
    char *lines;
    int status; /* -1: a signal ended them */
    char *text; /* stdout and stderr */
};

/*
 * Runs the lines in the current directory, and waits for their end, at most two
 * minutes. They see PATH, HOME and TOP, the directory that the project is in.
 */
struct said shell(const char *lines);
void said_clear(struct said *said);

/* The lines must succeed. */
void must(const char *lines);

/* A file that can be executed. */
void write_script(const char *name, const char *lines);

/* Makes top/: all of the project, by links, and an empty build directory. */
void make_top(void);

/* How it ended and all it printed, for a message; the caller frees it. */
char *quote(const struct said *said);

#define assert_status(said, wanted)                                            \
    cr_assert((said).status == (wanted), "wanted exit status %d: %s", wanted,  \
              quote(&(said)))
#define assert_says(said, wanted)                                              \
    cr_assert(strstr((said).text, wanted) != NULL, "wanted '%s': %s", wanted,  \
              quote(&(said)))
#define assert_not_says(said, unwanted)                                        \
    cr_assert(strstr((said).text, unwanted) == NULL, "wanted no '%s': %s",     \
              unwanted, quote(&(said)))

#endif
