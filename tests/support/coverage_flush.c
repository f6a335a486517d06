/*
 * Linked with what `make coverage` runs: a program that ends itself with
 * TerminateProcess leaves its counters, too. The compiler's library writes them
 * only when a program exits, adding them to those in the file, which it locks.
 */
#include "../../lab/interpose/writable.h"

void __gcov_dump(void);

/* lab/interpose/interpose.h explains it. It is linked with some of these
 * programs only, so nothing of it is used here. */
extern __typeof__(TerminateProcess) *__imp_TerminateProcess;
static __typeof__(TerminateProcess) *next;

static BOOL WINAPI dump_and_terminate(HANDLE process, UINT status)
{
    if (process == GetCurrentProcess())
        __gcov_dump();
    return next(process, status);
}

/* Before layers, which call on what is there already. */
__attribute__((constructor(110))) static void begin(void)
{
    make_imports_writable();
    next = __imp_TerminateProcess;
    __imp_TerminateProcess = dump_and_terminate;
}
