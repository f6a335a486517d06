/*
 * The rows of the truth table: what a system does, what Windows
 * documents, and what each tried Wine did.
 *
 * A row is a small function that does something with overlapped I/O and says
 * what it saw (see tools.h). The program compares this text with what is
 * expected of the system that it runs on. Each row runs in a process of its
 * own: it may crash, hang, or leave handles open, and no row affects the next
 * one.
 */
#ifndef ROWS_H
#define ROWS_H

/* If a system may do one of several things, its text names them all, with this
 * between two of them. */
#define OR "; or "

struct row {
    const char *name;
    const char *tried; /* in a few words */
    void (*run)(void);
    const char *wine;    /* what Wine 8.0 did; later Wines: see expected.c */
    const char *windows; /* NULL: we know of no documentation */
    const char *source;  /* of `windows` */
};

/* Each ends with a row without a name. */
extern const struct row file_rows[], failure_rows[], pipe_rows[], port_rows[],
    pool_rows[];

#endif
