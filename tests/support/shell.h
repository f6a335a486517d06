/*
 * Runs shell commands as a reader types them. make has started the suites, and
 * has set environment variables for them; the commands run without these.
 */
#ifndef SHELL_H
#define SHELL_H

#include "helpers.h"

/* The result of shell commands. said_clear frees it. */
struct said {
    char *lines;
    int status; /* the exit status; -1: a signal ended the shell */
    char *text; /* stdout and stderr together */
};

/*
 * Runs the lines in the current directory and waits for their end; after two
 * minutes they are ended. Their environment has PATH, HOME, TOP (the directory
 * of this project), and git's settings. A shell that cannot be started fails
 * the test.
 */
struct said shell(const char *lines);
void said_clear(struct said *said);

/* Runs the lines, and fails the test unless they exit with 0. */
void must(const char *lines);

/* Writes an executable file. */
void write_script(const char *name, const char *lines);

/* Makes top/: links to everything in the project, and an empty build/. */
void make_top(void);

/* The lines, their status and their output, for a message; the caller frees it.
 */
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
