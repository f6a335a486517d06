/* A thread of the checker watches whether the program goes on. */
#ifndef HANG_H
#define HANG_H

#include <stdbool.h>

/* From now on the checker says where the threads wait if nothing has happened
 * for 5 s. With `judges`, it ends a program that is certainly hung. */
void begin_hang_watch(bool judges);

/* Something that the checker does not follow may wake a thread at any time: a
 * Ctrl-C, for example. From now on no wait is a hang. */
void others_may_wake(void);

#endif
