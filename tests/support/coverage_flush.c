/*
 * Linked with each program that `make coverage` runs: a program that calls
 * TerminateProcess on itself writes its counters first. The compiler's
 * library writes them only at a normal exit. It locks the file and adds the
 * counters to those in it.
 */
#include "../../lab/interpose/writable.h"

void __gcov_dump(void);

/* lab/interpose/interpose.h explains this replacement. Some of these programs
 * are not linked with that layer, so this file uses nothing of it. */
extern __typeof__(TerminateProcess) *__imp_TerminateProcess;
static __typeof__(TerminateProcess) *next;

static BOOL WINAPI dump_and_terminate(HANDLE process, UINT status)
{
    if (process == GetCurrentProcess())
        __gcov_dump();
    return next(process, status);
}

/* Runs before the layers: each of them then calls this function in turn. */
__attribute__((constructor(110))) static void begin(void)
{
    make_imports_writable();
    next = __imp_TerminateProcess;
    __imp_TerminateProcess = dump_and_terminate;
}
