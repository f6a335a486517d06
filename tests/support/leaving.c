/*
 * leaving: main ends the process with status 1 while 200 threads exit.
 *
 * Under Wine 10.0 the status of the process is then often 0. QUIT_BLOCKED in
 * mk/toolchain.mk prevents this.
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
