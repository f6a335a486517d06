#include "delays.h"

#include "below.h"
#include "threads.h"

/* All delays together take this much, and FACTOR times as long as the program
 * itself, at most. */
enum { ALLOWED_MS = 5000, FACTOR = 3 };

static bool none_is_allowed;
static LONG64 begun;          /* in ms, as all times here */
static volatile LONG64 spent; /* by all threads, one after the other */

static LONG64 now(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return count.QuadPart / (frequency.QuadPart / 1000);
}

void begin_delays(bool wanted)
{
    begun = now();
    none_is_allowed = !wanted;
}

/* How much the delays may take now, `spent` included. Several threads may wait
 * at the same time, so the program's own time is at least what is left. */
static LONG64 allowed(LONG64 time)
{
    if (none_is_allowed)
        return 0;
    LONG64 of_program = time - begun - spent;
    return ALLOWED_MS + FACTOR * (of_program > 0 ? of_program : 0);
}

void delay_while(bool (*goes_on)(void *about), void *about, DWORD limit)
{
    LONG64 start = now(), time = start;
    for (bool more = true; more; time = now()) {
        LONG seen = changes;
        lock_records();
        more = time - start < limit &&
               spent + (time - start) < allowed(start) && goes_on(about);
        unlock_records();
        if (more)
            await_change(seen);
    }
    InterlockedExchangeAdd64(&spent, time - start);
}
