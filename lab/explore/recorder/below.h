/* What recorder.c needs of the model. (kernel.h and lab/trace both have an enum
 * kind, so no file can include both.) */
#ifndef BELOW_H
#define BELOW_H

#include <stdbool.h>
#include <windows.h>

/* How many packets wait in a port of the model. -1: there is no such port; then
 * the last error changes. */
LONG packets_in(HANDLE port);

/* Whether the kernel is just writing to memory of the program. */
bool kernel_copies(void);

#endif
