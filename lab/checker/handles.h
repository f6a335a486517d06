/* What each handle is, and the mistakes with handles. */
#ifndef HANDLES_H
#define HANDLES_H

#include "report.h"

#include <windows.h>

enum handle_kind { A_FILE, A_PORT, AN_EVENT, A_THREAD };

struct handle {
    struct handle *next;
    HANDLE value;
    enum handle_kind kind;
    bool overlapped; /* a file that was opened so */
    bool unseen;     /* the checker did not see how it was made */
    bool closed;
    bool skips;  /* an I/O that succeeds immediately queues no packet */
    HANDLE port; /* of its bind; INVALID_HANDLE_VALUE: a pool */
    LPOVERLAPPED_COMPLETION_ROUTINE callback; /* of BindIoCompletionCallback */
    struct place made, bound, closed_at;
};

/* NULL: unknown, or closed. The lock is held. */
struct handle *find_handle(HANDLE value);

void handle_made(HANDLE value, enum handle_kind kind, bool overlapped);
void handle_bound(HANDLE value, HANDLE port,
                  LPOVERLAPPED_COMPLETION_ROUTINE callback);
void bind_failed(HANDLE value, DWORD error);
void handle_skips(HANDLE value);
void open_failed(DWORD error);

/* Before a packet is taken from the port. */
void check_port(HANDLE port);

/* Before the handle is closed, which makes its value free. Returns whether it
 * was open, for close_failed. */
bool handle_closing(HANDLE value);
void close_failed(HANDLE value, DWORD error, bool was_open);

/* The process ends: which handles are still open? */
void judge_handles(void);

#endif
