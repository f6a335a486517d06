/* How a request completes, and the mistakes with its packet. */
#ifndef PACKETS_H
#define PACKETS_H

#include "requests.h"

/* A packet, or a callback, has come to this thread. If the checker wants it to
 * come late, this function waits. failed: the dequeue returned FALSE. */
void packet_taken(OVERLAPPED *overlapped, DWORD error, bool failed);
/* The callbacks of this thread's packets have returned: of all of them, or of
 * those after the first `left`. */
void packet_over(void);
void packets_over(unsigned left);
/* The callback that the program passed to BindIoCompletionCallback for the file
 * of this I/O; NULL: unknown. */
LPOVERLAPPED_COMPLETION_ROUTINE callback_of(const OVERLAPPED *overlapped);

/* GetOverlappedResult has reported the result. */
void result_taken(OVERLAPPED *overlapped);

/* The program, or the kernel, looks at this address. If it is in a request that
 * is hidden (see packets.c), makes the request accessible. */
void show(const void *address);

/* The thread ends, or with NULL the process hangs: which packets of failed I/O
 * did the program ignore? */
void judge_unseen(const struct thread *ending);

#endif
