/* How a request begins, and the mistakes with it. */
#ifndef SUBMISSIONS_H
#define SUBMISSIONS_H

#include "requests.h"

/* What the checker does with a packet that is posted by hand. */
enum posts {
    POSTS_ALONE, /* nothing */
    POSTS_EARLY, /* the post returns only after the callback of its packet */
    POSTS_LATE,  /* the packet comes only when its poster waits */
};

/* exchanged: early I/O is late, and late I/O early. */
void begin_submissions(bool exchanged, enum posts what);

/* A call that starts an I/O. */
struct submission {
    enum io_kind kind;
    const char *function;
    HANDLE file;
    const void *buffer; /* NULL: none */
    DWORD length;
    OVERLAPPED *overlapped;
    bool by_routine; /* a completion routine reports the completion */
};

/* Around such a call. Call submit_end with always_queued if the I/O completes
 * later also if the call succeeds. submit_end may wait for the callback. */
struct request *submit_begin(struct submission submission);
void submit_end(struct request *request, BOOL ok, DWORD error,
                bool always_queued);

/* What a thread waits in while such a call waits for the callback: it soon goes
 * on. */
extern const char waits_for_callback[];

/* Around PostQueuedCompletionStatus with an OVERLAPPED. */
struct request *post_begin(HANDLE port, OVERLAPPED *overlapped);
void post_end(struct request *request, BOOL ok);

#endif
