/*
 * leaving: 200 threads leave, and meanwhile main ends the process with 1.
 *
 * Under Wine 10.0 the status of the process is then often 0: see QUIT_BLOCKED
 * in mk/toolchain.mk, which prevents that.
 */
#include <windows.h>

#include <stdlib.h>

enum { THREADS = 200 };

static DWORD WINAPI leave(void *go)
{
    return WaitForSingleObject(go, INFINITE);
}

int wmain(void)
{
    HANDLE go = CreateEventW(NULL, TRUE, FALSE, NULL), threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        threads[i] = CreateThread(NULL, 0, leave, go, 0, NULL);
    SetEvent(go);
    WaitForSingleObject(threads[THREADS / 2], INFINITE);
    TerminateProcess(GetCurrentProcess(), EXIT_FAILURE);
    return EXIT_SUCCESS; /* not reached */
}
