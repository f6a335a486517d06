/*
 * Jobs: each is a request, a buffer, and a block of its own in every file that
 * is written, so that all bytes can be foretold.
 *
 *      | job 0's block | job 1's | ... | shared: only read, and past its end |
 *
 * It belongs to its thread while it is idle, to nobody while its request is in
 * flight, and then to the callback, which may start it again.
 */
#ifndef JOB_H
#define JOB_H

#include "round.h"

enum { JOBS = 12 /* a thread's */, SHARED = 16 * BLOCK };

enum kind { READ, READ_SHARED, READ_PIPE, WRITE, WRITE_PIPE, QUEUE };

struct job {
    struct thread *thread;
    unsigned number;
    uint64_t generator;
    struct request *request;      /* NULL: freed */
    uint64_t versions[READ_ONLY]; /* of its blocks; 0: unknown */
    /* What its thread may look at, at any time: */
    atomic_bool busy;                  /* it is not the thread's */
    _Atomic(struct opening *) opening; /* NULL: it is not about a file */
    _Atomic uint64_t ticket, asked;    /* to be cancelled */
    atomic_bool awaits;                /* its only end */
    /* The use it is made of now: */
    enum kind kind;
    unsigned slot;
    bool waits; /* a synchronous call */
    uint64_t offset, version, cancels_over;
    DWORD length, timeout;
    DWORD right_error, right_bytes;
    DWORD error; /* that came */
    uint64_t words[WORDS];
};

struct thread {
    HANDLE handle;
    uint64_t generator;
    struct job jobs[JOBS];
    _Atomic uint64_t ends; /* of callbacks of its jobs */
};

extern uint64_t thread_count;

uint64_t file_size(void);

/* Whether its I/O ends in any case, even if nobody cancels it. */
bool has_timeouts(const struct job *job);

/* Starts it, with something to do that its generator chooses. True if that is
 * over at once; then the job is still the caller's. */
bool start(struct job *job, bool on_worker);

/* Asks for the end of what it does. */
void cancel_one(struct job *job);

#endif
