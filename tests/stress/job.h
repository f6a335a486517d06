/*
 * A job starts one I/O after the other. It has a request, a buffer, and a block
 * of its own in every file, to which no other job writes. So the program can
 * compute the bytes that each read must bring.
 *
 *      | job 0's block | job 1's block | ... | shared part |
 *
 * No job writes to the shared part. Reads there may go past the end of the
 * file.
 *
 * A job belongs to its thread while it is idle. While its request is in flight,
 * a thread may touch only the fields that say so. Then the job belongs to the
 * callback, which may start it again.
 */
#ifndef JOB_H
#define JOB_H

#include "round.h"

enum { JOBS = 12 /* of each thread */, SHARED = 16 * BLOCK };

enum kind { READ, READ_SHARED, READ_PIPE, WRITE, WRITE_PIPE, QUEUE };

struct job {
    struct thread *thread;
    unsigned number;
    uint64_t generator;
    struct request *request;      /* NULL: freed */
    uint64_t versions[READ_ONLY]; /* of its blocks; 0: unknown */
    /* Any thread may read these at any time: */
    atomic_bool busy;                  /* it does not belong to its thread */
    _Atomic(struct opening *) opening; /* NULL: the job uses no file */
    _Atomic uint64_t ticket, asked;    /* asked: the ticket to cancel */
    atomic_bool awaits;                /* its completion is still to come */
    /* The current I/O: */
    enum kind kind;
    unsigned slot;
    bool waits; /* a synchronous call */
    uint64_t offset, version, cancels_over;
    DWORD length, timeout;
    DWORD right_error, right_bytes;
    DWORD error; /* the result */
    uint64_t words[BLOCK_WORDS];
};

struct thread {
    HANDLE handle;
    uint64_t generator;
    struct job jobs[JOBS];
    _Atomic uint64_t ends; /* how many callbacks of its jobs have ended */
};

extern uint64_t thread_count;

uint64_t file_size(void); /* in bytes, of each file */

/* Returns whether each I/O of the job has a timeout. Such an I/O completes even
 * if no thread cancels it. */
bool has_timeouts(const struct job *job);

/* Starts an I/O that the job's generator chooses. Returns true if it completed
 * immediately: then the job still belongs to the caller. */
bool start(struct job *job, bool on_worker);

/* Cancels the I/O of the job, if one is in flight. Any thread may call it. */
void cancel_one(struct job *job);

#endif
