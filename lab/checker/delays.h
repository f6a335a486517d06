/* The waiting that the checker adds to the program's: see README.md. */
#ifndef DELAYS_H
#define DELAYS_H

#include <stdbool.h>
#include <windows.h>

/* The program starts now. With wanted false, delay_while never waits. */
void begin_delays(bool wanted);

/* Waits while `goes_on` returns true, for `limit` ms at most. It waits for less
 * time, or not at all, if the checker has added too much already. It calls
 * `goes_on` with `about`, and with the lock held. */
void delay_while(bool (*goes_on)(void *about), void *about, DWORD limit);

#endif
