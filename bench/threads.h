/* Threads that begin together, and their end. */
#ifndef THREADS_H
#define THREADS_H

#include "measure.h"

#include <process.h>
#include <windows.h>

struct threads {
    void (*routine)(void);
    unsigned count;
    HANDLE handles[MAXIMUM_WAIT_OBJECTS];
};

static unsigned __stdcall run_routine(void *argument)
{
    struct threads *threads = argument;
    meet(threads->count + 1);
    threads->routine();
    return 0;
}

/* Starts threads that all call the routine, and returns when all of them run. A
 * process may call this once. */
static inline void start_threads(struct threads *threads, unsigned count,
                                 void (*routine)(void))
{
    must(count <= MAXIMUM_WAIT_OBJECTS, "wait for so many threads");
    threads->routine = routine;
    threads->count = count;
    for (unsigned i = 0; i < count; i++) {
        threads->handles[i] =
            (HANDLE)_beginthreadex(NULL, 0, run_routine, threads, 0, NULL);
        must(threads->handles[i] != NULL, "start a thread");
    }
    meet(count + 1);
}

/* Waits until the routine has returned in every thread. */
static inline void join_threads(struct threads *threads)
{
    WaitForMultipleObjects(threads->count, threads->handles, TRUE, INFINITE);
    for (unsigned i = 0; i < threads->count; i++)
        CloseHandle(threads->handles[i]);
}

#endif
