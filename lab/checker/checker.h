/*
 * Follows every OVERLAPPED, buffer, handle and packet of a program, and tells
 * what is done wrongly with them. With the environment variable CHECK; without
 * it, it does nothing. What it tells is listed in README.md.
 *
 *      checker.c    the layer: what each call is for the rest
 *      requests.c   what is in flight, and what becomes of it
 *      handles.c    what handles are, and what is done with them
 *      threads.c    who waits where, and whether anything can still come
 *      memory.c     what is freed, and touched afterwards
 *      report.c     what is told, and how the process ends
 *
 * Something that is accepted although it is wrong is a mistake, and told at
 * once. Something that the system refuses may be done on purpose: it is a hint,
 * kept until the program fails, hangs or makes a mistake.
 *
 * One lock guards all records. It is never held while the program's code runs,
 * nor while something waits.
 */
#ifndef CHECKER_H
#define CHECKER_H

#include "../interpose/interpose.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The exit status after a mistake: none of the programs', nor a crash's. */
enum { CHECK_FAILED = 66 };

/* The layer below: what the checker itself calls. */
extern struct imports below;

void lock_records(void);
void unlock_records(void);

/* Locks of the checker's own: these calls are not followed. */
void lock_plainly(SRWLOCK *lock);
void unlock_plainly(SRWLOCK *lock);
void wait_plainly(volatile void *address, void *value, size_t size, DWORD ms);

/* ---- report.c ----------------------------------------------------------- */

/* A call of the program: where, and in which thread. */
struct place {
    const void *address; /* behind the call; NULL: unknown */
    const struct thread *thread;
};

/* The call that this thread is making. */
struct place here(void);
struct place place_at(const void *address);

/* The lines of a report: a printf in which the tokens {..}, of place_text, are
 * for locate.awk to replace. The first line is what is wrong. */
void mistake(const char *format, ...)
    __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)));
void hint(const char *format, ...)
    __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)));

/* "main at {0x140001234}", in one of a few buffers of this thread. */
const char *place_text(struct place place);

/* A mistake that leaves nothing to go on with: ends the process. */
_Noreturn void end_checked(void);

/* In place of TerminateProcess: a program that ends itself so is judged, but
 * for what it has left. */
BOOL terminate_checked(HANDLE process, UINT status);

/* Prints the hints. */
void tell_hints(void);

/* Whether a mistake was told. */
bool has_failed(void);

void begin_reports(void);

/* ---- threads.c ---------------------------------------------------------- */

struct request;

enum { MAX_PACKETS = 64 }; /* that are followed, of one call */

struct thread {
    struct thread *next;
    unsigned number; /* 0: main */
    DWORD id;
    const char *stack_end;  /* the highest address of its stack, and */
    const char *stack;      /* the lowest */
    bool ended, is_foreign; /* foreign: the system's, which calls back */
    unsigned in_flight;     /* with something on its stack */
    struct request *packets[MAX_PACKETS]; /* whose callbacks it runs */
    unsigned packet_count;
    struct place no_packet; /* its last call, if that was a failing dequeue */
    /* Where it waits; NULL: nowhere. */
    const char *volatile waits_in;
    const void *waits_for; /* a port, an address; NULL: see handles */
    HANDLE handles[MAXIMUM_WAIT_OBJECTS];
    DWORD handle_count;
    bool for_ever;
    struct place waits_at;
};

/* The calling thread's record. */
struct thread *this_thread(void);

/* The record of the thread that starts now. */
struct thread *begin_thread_record(void);
void end_thread_record(struct thread *thread);

void begin_wait(const char *function, const void *object, DWORD timeout);
void begin_wait_at(const char *function, const void *object, DWORD timeout,
                   const void *address);
void begin_wait_for(const char *function, const HANDLE *handles, DWORD count,
                    DWORD timeout);
void end_wait(void);

/* How often anything has changed: to see that nothing has. */
extern volatile LONG changes;
void note_change(void);

/* Whether another thread waits at this port. The lock is held. */
bool somebody_waits_at(HANDLE port);

/* How many threads wait at it, and where one does. The lock is held. */
unsigned count_waiters(HANDLE port, struct place *place);

/* Whose stack an address is on; NULL: nobody's. The lock is held. */
struct thread *stack_owner(const void *address);

/* It handles Ctrl-C, which may come at any time. */
void console_is_handled(void);

void begin_threads(void);

/* ---- handles.c ---------------------------------------------------------- */

enum handle_kind { A_FILE, A_PORT, AN_EVENT, A_THREAD };

struct handle {
    struct handle *next;
    HANDLE value;
    enum handle_kind kind;
    bool overlapped; /* a file: opened so */
    bool unseen;     /* not seen when it was made */
    bool closed, skips;
    HANDLE port; /* it is bound to; INVALID_HANDLE_VALUE: a pool */
    LPOVERLAPPED_COMPLETION_ROUTINE callback; /* of BindIoCompletionCallback */
    struct place made, bound, closed_at;
};

/* NULL: unknown, or closed. The lock is held. */
struct handle *find_handle(HANDLE value);

void handle_made(HANDLE value, enum handle_kind kind, bool overlapped);
void handle_bound(HANDLE value, HANDLE port,
                  LPOVERLAPPED_COMPLETION_ROUTINE callback);
void handle_bind_refused(HANDLE value, DWORD error);
void handle_skips(HANDLE value);
/* Before a packet is taken from it. */
void port_awaited(HANDLE port);

/* Before it is closed, which makes its value free; false if it was not open.
 * And after that was refused. */
bool handle_closing(HANDLE value);
void handle_close_refused(HANDLE value, DWORD error, bool was_open);
void note_failed_open(DWORD error);
void judge_handles(void);

/* ---- requests.c --------------------------------------------------------- */

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
    bool owes_packet;     /* its end is told by a packet, or a callback */
    bool early, answered; /* see submit_begin */
    bool over;            /* its callback is */
    bool unseen; /* a failing packet brought it, and nobody has looked at it */
    bool reported;
    unsigned pins; /* who still looks into this record */
    struct thread *stack_of, *buffer_stack_of;
    struct thread *submitter, *taker;
    const void *memory; /* of lab/guard, that it is in; NULL: none */
    struct place submitted, taken, freed;
    DWORD error; /* that its packet told */
};

/* Around ReadFile and WriteFile with an OVERLAPPED. */
struct request *submit_begin(enum io_kind kind, HANDLE file, const void *buffer,
                             DWORD length, OVERLAPPED *overlapped);
void submit_end(struct request *request, BOOL ok, DWORD error);

/* Around PostQueuedCompletionStatus with an OVERLAPPED. */
struct request *post_begin(HANDLE port, OVERLAPPED *overlapped);
void post_end(struct request *request, BOOL ok);

/* A packet has come to this thread; waits, if it is to come late. failing: the
 * dequeue itself was FALSE. */
void packet_taken(OVERLAPPED *overlapped, DWORD error, bool failing);
/* The callbacks of this thread's packets are over. */
void packet_over(void);
/* Of BindIoCompletionCallback; NULL: unknown. */
LPOVERLAPPED_COMPLETION_ROUTINE callback_of(const OVERLAPPED *overlapped);

/* GetOverlappedResult has told the end. */
void result_told(OVERLAPPED *overlapped);

/* Each call of the program: is anything in flight on a stack that is gone? */
void check_stack(const void *stack);
/* The thread ends. */
void check_whole_stack(const struct thread *thread);

/* The first that is in flight and uses this handle, as file or event. The lock
 * is held. */
struct request *in_flight_on(HANDLE handle);
/* Whether anything in flight can still wake somebody. The lock is held. */
bool something_can_come(void);

/* False: it is in flight, and had better stay. */
bool memory_freed(const char *memory, size_t size, bool moved,
                  struct place freed);
/* Somebody looks into it; whether it was hidden. */
bool has_looked_into(const void *memory);
/* The last request in this memory of lab/guard. The lock is held. */
struct request *request_in(const void *memory);

void judge_in_flight(void);
void judge_unseen(const struct thread *ending);
void judge_requests(void);

/* "request 3: ReadFile" */
const char *request_text(const struct request *request);

/* ---- memory.c ----------------------------------------------------------- */

void begin_memory(void);
/* From now on it is noticed if anybody looks into it. */
void hide(const void *memory);
/* Shows it again, if it was hidden. */
void show(const void *address);

#endif
