/* What files.c offers to the other parts of the model. */
#ifndef FILES_H
#define FILES_H

#include "kernel.h"

/* Before each order. */
void reset_files(void);

/* The handle of a file, or of a pipe's end, is closed. */
void close_file(struct object *file);

/* Sets the last error. Returns FALSE. */
static inline BOOL fail_with(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

/* Whether the handle was opened for reads, or for writes. */
bool can_access(const struct object *file, bool writes);

#endif
