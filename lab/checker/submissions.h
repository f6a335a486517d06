/* How a request begins, and the mistakes with it. */
#ifndef SUBMISSIONS_H
#define SUBMISSIONS_H

#include "requests.h"

/* Around ReadFile and WriteFile with an OVERLAPPED. submit_end may wait for the
 * callback. */
struct request *submit_begin(enum io_kind kind, HANDLE file, const void *buffer,
                             DWORD length, OVERLAPPED *overlapped);
void submit_end(struct request *request, BOOL ok, DWORD error);

/* Around PostQueuedCompletionStatus with an OVERLAPPED. */
struct request *post_begin(HANDLE port, OVERLAPPED *overlapped);
void post_end(struct request *request, BOOL ok);

#endif
