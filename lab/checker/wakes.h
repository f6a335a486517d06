/* Which thread goes on first after SetEvent. */
#ifndef WAKES_H
#define WAKES_H

#include <stdbool.h>
#include <windows.h>

/* Before set_event_first. Without `woken_first`, SetEvent is left alone. */
void begin_wakes(bool woken_first);

/* Calls SetEvent, and returns its result and its error. The call begins when a
 * thread waits for the event, and returns when that thread waits again, or has
 * ended: see README.md. Both take a limited time. */
BOOL set_event_first(HANDLE event);

#endif
