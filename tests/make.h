/*
 * Runs make as a reader types it: without what the make that started the suites
 * has put into the environment.
 */
#ifndef MAKE_H
#define MAKE_H

#include "helpers.h"

/* What make did. Freed by made_clear. */
struct made {
    char *command;
    int status;
    char *text; /* stdout, and stderr behind it */
};

/*
 * Runs make in a directory and waits for its end. `words` are its arguments,
 * quoted as in a shell. Fails the test if make cannot be started.
 */
struct made make_in(const char *directory, const char *words);
void made_clear(struct made *made);

/* The directory that make is typed in; the caller frees it. */
char *top_directory(void);

/*
 * Makes the current directory one that make can be typed in, with a build
 * directory of its own: all of the project is there, by links.
 */
void link_project(void);

#define assert_made(made, wanted)                                              \
    cr_assert((made)->status == (wanted),                                      \
              "%s\nwanted: exit status %d\ngot: "                              \
              "%d\n%s",                                                        \
              (made)->command, wanted, (made)->status, (made)->text)

/* Part of what make printed. */
#define assert_printed(made, wanted)                                           \
    cr_assert(strstr((made)->text, wanted) != NULL, "%s\nwanted: %s\ngot: %s", \
              (made)->command, wanted, (made)->text)
#define assert_not_printed(made, unwanted)                                     \
    cr_assert(strstr((made)->text, unwanted) == NULL,                          \
              "%s\nwanted: no '%s'\ngot: %s", (made)->command, unwanted,       \
              (made)->text)

#endif
