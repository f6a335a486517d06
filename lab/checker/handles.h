/* What each handle is, and the mistakes with handles. */
#ifndef HANDLES_H
#define HANDLES_H

#include "report.h"

#include <windows.h>

enum handle_kind { A_FILE, A_PIPE, A_PORT, AN_EVENT, A_THREAD };

struct handle {
    struct handle *next;
    HANDLE value;
    enum handle_kind kind;
    bool overlapped; /* a file or pipe that was opened so */
    bool unseen;     /* the checker did not see how it was made */
    bool shared;     /* others may use its object: a duplicate, or a process
                      * that inherits it */
    bool closed;
    bool skips;  /* an I/O that succeeds immediately queues no packet */
    HANDLE port; /* of its bind; INVALID_HANDLE_VALUE: a pool */
    LPOVERLAPPED_COMPLETION_ROUTINE callback; /* of BindIoCompletionCallback */
    struct place made, bound, closed_at;
};

/* Its record; NULL: unknown, or closed. The lock is held. */
struct handle *find_handle(HANDLE value);
/* The same, but it asks the system whether the record is still right. Calls
 * that the checker does not follow may have closed the handle, and its value
 * may be another handle's: then it drops the record, and returns NULL. */
struct handle *find_right_handle(HANDLE value);

/* Whether an event or a thread is signalled, or a port has packets. False if
 * this is unknown. */
bool is_signalled(const struct handle *handle);

/* A call made the handle; security is what the call got. */
void handle_made(HANDLE value, enum handle_kind kind, bool overlapped,
                 const SECURITY_ATTRIBUTES *security);
/* A duplicate of this process's handle was made. If it belongs to this process,
 * too, `copy` is its value; otherwise NULL. */
void handle_duplicated(HANDLE value, HANDLE copy);
/* From now on code that the checker does not follow owns the handle. */
void handle_given_away(HANDLE value);
void handle_bound(HANDLE value, HANDLE port,
                  LPOVERLAPPED_COMPLETION_ROUTINE callback);
void bind_failed(HANDLE value, DWORD error);
/* A call fails with ERROR_INVALID_HANDLE. request: its text. */
void call_failed(HANDLE value, const char *request);
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
