#include "wakes.h"

#include "below.h"
#include "delays.h"
#include "submissions.h"
#include "threads.h"

enum { WAKE_MS = 1000 }; /* how long each of the two waits takes, at most */

static bool is_woken_first;

void begin_wakes(bool woken_first)
{
    is_woken_first = woken_first;
}

struct wake {
    HANDLE event;
    const struct thread *waiter; /* NULL: none has come yet */
    LONG calls;                  /* of the waiter, with this wait */
};

static bool another_goes_on(void)
{
    const struct thread *self = this_thread();
    for (const struct thread *at = newest_thread(); at != NULL; at = at->next)
        if (at != self && !at->ended &&
            (at->wait.in == NULL || at->wait.in == waits_for_callback))
            return true;
    return threads_to_begin > 0;
}

/* If every other thread waits for something else, none will come. */
static bool may_get_waiter(void *about)
{
    struct wake *wake = about;
    wake->waiter = find_waiter(wake->event);
    if (wake->waiter != NULL)
        wake->calls = wake->waiter->calls;
    return wake->waiter == NULL && another_goes_on();
}

/* The wait that SetEvent ends is the waiter's last call until it makes another
 * one. */
static bool goes_on(void *about)
{
    const struct wake *wake = about;
    return !wake->waiter->ended && (wake->waiter->calls == wake->calls ||
                                    wake->waiter->wait.in == NULL);
}

BOOL set_event_first(HANDLE event)
{
    struct wake wake = {.event = event};
    if (is_woken_first) {
        begin_wait("SetEvent", event, WAKE_MS);
        delay_while(may_get_waiter, &wake, WAKE_MS);
        end_wait();
    }
    BOOL ok = below.SetEvent(event);
    DWORD error = GetLastError();
    if (ok && wake.waiter != NULL)
        delay_while(goes_on, &wake, WAKE_MS);
    SetLastError(error);
    return ok;
}
