/* Completion routines, which ReadFileEx and other functions get. The system
 * calls each one on the thread that started the I/O, inside an alertable wait.
 */
#ifndef ROUTINES_H
#define ROUTINES_H

#include <windows.h>

/* Before the call that starts the I/O. Returns the routine to pass instead: it
 * calls the program's. NULL for NULL. */
LPOVERLAPPED_COMPLETION_ROUTINE
begin_routine(const OVERLAPPED *overlapped,
              LPOVERLAPPED_COMPLETION_ROUTINE routine);

/* The call has failed: no routine runs. */
void routine_refused(const OVERLAPPED *overlapped);

#endif
