/* How the process ends by itself. */
#ifndef END_H
#define END_H

#include <windows.h>

/* From now on the checker checks a program that returns from main, or calls
 * exit or ExitProcess. */
void begin_end(void);

/* In place of TerminateProcess. A program that ends itself in this way is
 * checked, except for what it did not close or free. */
BOOL terminate_checked(HANDLE process, UINT status);

#endif
