#include "routines.h"

#include "below.h"
#include "packets.h"
#include "threads.h"

#include <stdlib.h>

/* One that has not run yet. The request may be forgotten before: the program
 * may ask for the result of its I/O. */
struct routine {
    struct routine *next;
    DWORD thread;
    const OVERLAPPED *overlapped;
    LPOVERLAPPED_COMPLETION_ROUTINE call;
};

static struct routine *routines; /* newest first; the lock guards it */

/* The oldest, or the newest, of this thread's with the OVERLAPPED. Returns NULL
 * if there is none. */
static LPOVERLAPPED_COMPLETION_ROUTINE take_routine(
    const OVERLAPPED *overlapped, bool oldest)
{
    struct routine **found = NULL;
    lock_records();
    for (struct routine **at = &routines; *at != NULL; at = &(*at)->next)
        if ((*at)->overlapped == overlapped &&
            (*at)->thread == GetCurrentThreadId() && (oldest || found == NULL))
            found = at;
    struct routine *routine = found != NULL ? *found : NULL;
    if (routine != NULL)
        *found = routine->next;
    unlock_records();
    LPOVERLAPPED_COMPLETION_ROUTINE call =
        routine != NULL ? routine->call : NULL;
    free(routine);
    return call;
}

static void CALLBACK on_completion(DWORD error, DWORD bytes,
                                   OVERLAPPED *overlapped)
{
    LPOVERLAPPED_COMPLETION_ROUTINE call = take_routine(overlapped, true);
    unsigned outer = this_thread()->packet_count;
    struct wait wait = suspend_wait();
    packet_taken(overlapped, error, false);
    if (call != NULL)
        call(error, bytes, overlapped);
    packets_over(outer);
    resume_wait(&wait);
}

LPOVERLAPPED_COMPLETION_ROUTINE
begin_routine(const OVERLAPPED *overlapped,
              LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    if (routine == NULL)
        return NULL;
    struct routine *added = malloc(sizeof *added);
    if (added == NULL)
        abort();
    lock_records();
    *added =
        (struct routine){routines, GetCurrentThreadId(), overlapped, routine};
    routines = added;
    unlock_records();
    return on_completion;
}

void routine_refused(const OVERLAPPED *overlapped)
{
    take_routine(overlapped, false);
}
