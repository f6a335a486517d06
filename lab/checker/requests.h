/* What is in flight, what becomes of it, and the mistakes with it. */
#ifndef REQUESTS_H
#define REQUESTS_H

#include "report.h"

#include <windows.h>

struct thread;

enum io_kind { A_READ, A_WRITE, A_POST };

/* One use of an OVERLAPPED. */
struct request {
    struct request *next;
    unsigned number; /* by order of submission; 0: posted by hand */
    enum io_kind kind;
    enum { IN_FLIGHT, ENDED } state;
    OVERLAPPED *overlapped;
    HANDLE handle, event; /* the file, or the port it was posted to */
    const char *buffer;
    DWORD length;
    ULONGLONG offset;
    bool owes_packet; /* a packet, or a callback, reports its completion */
    bool early;       /* its submission returns after its callback has */
    bool answered;    /* its submission has returned */
    bool over;        /* its callback has returned */
    bool unseen;   /* the packet of a failed I/O, at which the program has not
                    * looked */
    bool reported; /* in a report */
    unsigned pins; /* how many threads still use this record */
    struct thread *stack_of, *buffer_stack_of; /* the stack's owner, or NULL */
    struct thread *submitter, *taker;
    const void *memory; /* the allocation that has it; NULL: none */
    struct place submitted, taken, freed;
    DWORD error; /* of its packet */
};

/* In the reports about frees. */
#define ONE_OWNER_FREES                                                        \
    "rule: one owner frees a request: the callback if the I/O was queued, "    \
    "otherwise the code that started it"

/* "request 3 (ReadFile)", in one of four buffers of this thread. */
const char *request_text(const struct request *request);

/* ---- How it begins ------------------------------------------------------ */

/* Around ReadFile and WriteFile with an OVERLAPPED. */
struct request *submit_begin(enum io_kind kind, HANDLE file, const void *buffer,
                             DWORD length, OVERLAPPED *overlapped);
void submit_end(struct request *request, BOOL ok, DWORD error);

/* Around PostQueuedCompletionStatus with an OVERLAPPED. */
struct request *post_begin(HANDLE port, OVERLAPPED *overlapped);
void post_end(struct request *request, BOOL ok);

/* ---- How it ends -------------------------------------------------------- */

/* A packet has come to this thread; waits, if it is to come late. failed: the
 * dequeue returned FALSE. */
void packet_taken(OVERLAPPED *overlapped, DWORD error, bool failed);
/* The callbacks of this thread's packets have returned. */
void packet_over(void);
/* Of BindIoCompletionCallback; NULL: unknown. */
LPOVERLAPPED_COMPLETION_ROUTINE callback_of(const OVERLAPPED *overlapped);

/* GetOverlappedResult has reported the result. */
void result_taken(OVERLAPPED *overlapped);

/* Whether anything in flight can still wake a thread. The lock is held. */
bool something_can_come(void);

/* ---- Its memory --------------------------------------------------------- */

/* Each call of the program: is anything in flight on a stack that is gone? */
void check_stack(const void *stack);
/* The thread ends. */
void check_whole_stack(const struct thread *thread);

/* Memory of lab/guard is freed, or moved by realloc. Returns false to keep it:
 * something in it is in flight. */
bool memory_freed(const char *memory, size_t size, bool moved,
                  struct place freed);

/* Makes memory accessible that hides the packet of a failed I/O: the program,
 * or the kernel, looks at it. */
void show(const void *address);

/* The last request in this memory of lab/guard, or NULL. The lock is held. */
struct request *request_in(const void *memory);

/* ---- What is wrong in the end ------------------------------------------- */

/* Before the handle is closed: nothing in flight may use it. */
void judge_closing(HANDLE handle);
/* The thread ends, or with NULL the process hangs: which packets of failed I/O
 * did the program ignore? */
void judge_unseen(const struct thread *ending);
/* The process ends: what is in flight, and what was never freed? */
void judge_in_flight(void);
void judge_requests(void);

#endif
