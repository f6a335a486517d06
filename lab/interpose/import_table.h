/* The functions in the program's import table, also those that it imports only
 * when it first calls them (delay-loaded ones). */
#ifndef IMPORT_TABLE_H
#define IMPORT_TABLE_H

#include <stdbool.h>

struct import {
    const char *name;
    void **slot;  /* what __imp_NAME names: the program calls what is here */
    void *system; /* what was here before any layer began */
    void *before; /* of unseen.c */
    bool is_followed; /* of unseen.c */
};

/* Set by a constructor with the number 102. Functions without a name, which are
 * imported by a number, are left out. */
extern struct import *imports;
extern unsigned import_count;

#endif
