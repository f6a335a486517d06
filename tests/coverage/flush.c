/*
 * Linked with what `make coverage` runs: a program that ends itself with
 * TerminateProcess leaves its counters, too. The compiler's library writes them
 * only when a program exits, adding them to those in the file, which it locks.
 */
#include <windows.h>

void __gcov_dump(void);

typedef BOOL terminate(HANDLE, UINT);

static BOOL dump_and_terminate(HANDLE process, UINT status)
{
    terminate *next = (terminate *)(void (*)(void))GetProcAddress(
        GetModuleHandleW(L"kernel32"), "TerminateProcess");
    if (process == GetCurrentProcess())
        __gcov_dump();
    return next(process, status);
}

/* See lab/interpose/interpose.h. */
terminate *__imp_TerminateProcess = dump_and_terminate;
