#include "clock.h"

#include "model.h"
#include "timeline.h"

enum { TICKS = 10000 }; /* of the performance counter, in 1 ms */

static uint64_t now;

void reset_clock(void)
{
    now = 100000; /* some time after the system's start */
}

uint64_t deadline_after(DWORD timeout)
{
    return timeout != INFINITE ? now + timeout : NEVER;
}

/* When time ends the thread's wait. If something else ends it already, never.
 */
static uint64_t deadline_of(const struct thread *thread)
{
    bool waits = thread->is_ready != NULL && !thread->is_ready(thread);
    return waits ? thread->deadline : NEVER;
}

static uint64_t first_deadline(void)
{
    uint64_t first = NEVER;
    for (unsigned i = 0; i < MOST_THREADS; i++)
        if (deadline_of(&threads[i]) < first)
            first = deadline_of(&threads[i]);
    return first;
}

void add_timeout(struct options *options, unsigned cost)
{
    uint64_t first = first_deadline();
    for (unsigned i = 0; i < MOST_THREADS && first != NEVER; i++)
        if (deadline_of(&threads[i]) == first)
            add_option(options, CLOCK, i, cost);
}

void pass_time(struct thread *thread)
{
    if (now < thread->deadline)
        now = thread->deadline;
    thread->deadline = NEVER;
    thread->is_ready = NULL;
    tell_of("time passes: the wait of %s ends", name_of(thread));
}

/* ---- The program's calls ------------------------------------------------ */

/* While a thread looks at the clock, others go on. */

ULONGLONG WINAPI model_GetTickCount64(void)
{
    enter("GetTickCount64");
    switch_point();
    return now;
}

BOOL WINAPI model_QueryPerformanceCounter(LARGE_INTEGER *count)
{
    enter("QueryPerformanceCounter");
    switch_point();
    count->QuadPart = (LONGLONG)(now * TICKS);
    return TRUE;
}

BOOL WINAPI model_QueryPerformanceFrequency(LARGE_INTEGER *frequency)
{
    frequency->QuadPart = 1000LL * TICKS;
    return TRUE;
}

static bool is_never_ready(const struct thread *thread)
{
    (void)thread;
    return false;
}

/* Without time, the thread only lets others run. */
void WINAPI model_Sleep(DWORD timeout)
{
    enter("Sleep");
    tell("sleeps");
    wait_until(is_never_ready, NULL, timeout);
}
