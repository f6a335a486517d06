/* The parts of the layer, one a file, and what they share. */
#ifndef LAYER_H
#define LAYER_H

#include <windows.h>

/* At the start of each function of the layer: the program calls `function`. */
void enter(const char *function);

/* The same for a function that may block without a wait of its own, and after
 * the call. */
void enter_blocking(const char *function);
void leave_blocking(void);

/* Returns to the program, with the error of its call. */
static inline BOOL answer(BOOL ok, DWORD error)
{
    SetLastError(error);
    return ok;
}

/* GetLastError() after a call that has succeeded: then it has no meaning. So a
 * program that asks it nevertheless is wrong in every run. Bit 29 is never set
 * in an error of the system. */
enum { NO_MEANING = 1 << 29 };

/* After a wait. */
void waited(void);

/* Each stores the functions of its file in the import pointers. */
void replace_waits(void);
void replace_io(void);

#endif
