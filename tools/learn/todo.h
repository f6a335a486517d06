/* For functions that you have not written yet. When you have written a
 * function, remove its TODO(...). When no TODO is left, remove the line that
 * includes this file: then the compiler also warns about what is not used. */
#ifndef TODO_H
#define TODO_H

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"

/* Ends the process. The lock is never released: if several threads come here,
 * only the first one prints a line. */
_Noreturn static inline void end_at_todo(const char *name, const char *file,
                                         int line)
{
    static SRWLOCK first = SRWLOCK_INIT;
    AcquireSRWLockExclusive(&first);
    fprintf(stderr, "TODO: %s is not written yet (%s:%d)\n", name, file, line);
    fflush(stderr);
    TerminateProcess(GetCurrentProcess(), EXIT_FAILURE);
    for (;;)
        Sleep(INFINITE);
}

#define TODO(name) end_at_todo(#name, __FILE__, __LINE__)

#endif
