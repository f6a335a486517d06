/* What is wrong when the process ends, and its exit status. */
#ifndef EXIT_H
#define EXIT_H

#include <windows.h>

/* From now on the end of the process is checked: the return from main, exit
 * and ExitProcess. */
void begin_exit(void);

/* In place of TerminateProcess. A program that ends itself in this way is
 * checked, except for what it did not close or free. */
BOOL terminate_checked(HANDLE process, UINT status);

#endif
