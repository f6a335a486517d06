/* How the process ends: by itself, or in a hang. */
#ifndef END_H
#define END_H

#include <windows.h>

/* From now on the checker ends a program that hangs. It also checks a program
 * that returns from main, or calls exit or ExitProcess. */
void begin_end(void);

/* The program handles Ctrl-C, which may come at any time: so the checker takes
 * no wait for a hang. */
void console_is_handled(void);

/* In place of TerminateProcess. A program that ends itself in this way is
 * checked, except for what it did not close or free. */
BOOL terminate_checked(HANDLE process, UINT status);

#endif
