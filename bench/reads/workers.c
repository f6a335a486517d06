/*
 * Contends with ordinary reads done by other threads, which is how libuv reads
 * files: the loop's thread queues a read, one of `threads` workers does it, and
 * the loop's thread calls back.
 *
 * As in libuv there are four workers, unless somebody asks for others
 * (docs.libuv.org, "Thread pool work scheduling"); a lock and a condition
 * variable before the queue, and a second queue of what is finished
 * (src/threadpool.c); reads with an offset on an ordinary handle (fs__read in
 * src/win/fs.c; it also puts the file pointer back, which nobody here would
 * see); and a loop that waits on a completion port and is woken by a packet
 * (src/win/async.c).
 *
 * Windows does one thing after the other on an ordinary handle, however many
 * threads ask (CreateFile's documentation, FILE_FLAG_OVERLAPPED).
 */
#include "read.h"

#include <process.h>

const char contender[] = "workers";

struct work {
    struct read read;
    DWORD bytes;
    struct work *next;
};

/* First in, first out. */
struct queue {
    SRWLOCK lock;
    struct work *first, **end;
};

static struct work works[JOB_MAX_DEPTH];
static struct queue to_do = {SRWLOCK_INIT, NULL, &to_do.first},
                    finished = {SRWLOCK_INIT, NULL, &finished.first};
static CONDITION_VARIABLE to_do_has_some;
static bool stopping; /* guarded by to_do's lock */
static HANDLE file, port /* on which the loop waits */;

/* Returns whether it is the only one there. */
static bool put(struct queue *queue, struct work *work)
{
    work->next = NULL;
    AcquireSRWLockExclusive(&queue->lock);
    bool only = queue->first == NULL;
    *queue->end = work;
    queue->end = &work->next;
    ReleaseSRWLockExclusive(&queue->lock);
    return only;
}

/* ---- The workers ------------------------------------------------------- */

static struct work *take(void)
{
    AcquireSRWLockExclusive(&to_do.lock);
    while (to_do.first == NULL && !stopping)
        SleepConditionVariableSRW(&to_do_has_some, &to_do.lock, INFINITE, 0);
    struct work *work = to_do.first;
    if (work != NULL)
        to_do.first = work->next;
    if (to_do.first == NULL)
        to_do.end = &to_do.first;
    ReleaseSRWLockExclusive(&to_do.lock);
    return work;
}

static unsigned __stdcall worker(void *threads)
{
    struct work *work;
    meet(*(unsigned *)threads + 1);
    while ((work = take()) != NULL) {
        work->bytes = read_at_once(&work->read, file);
        /* If there were others, a packet for them is on its way. */
        if (put(&finished, work))
            must(PostQueuedCompletionStatus(port, 0, 0, NULL), "wake the loop");
    }
    return 0;
}

static void stop_workers(void)
{
    AcquireSRWLockExclusive(&to_do.lock);
    stopping = true;
    ReleaseSRWLockExclusive(&to_do.lock);
    WakeAllConditionVariable(&to_do_has_some);
}

/* ---- The loop ---------------------------------------------------------- */

static void queue_next(struct work *work)
{
    if (!job_next(&work->read.turn))
        return;
    put(&to_do, work);
    WakeConditionVariable(&to_do_has_some);
}

static struct work *take_finished(void)
{
    AcquireSRWLockExclusive(&finished.lock);
    struct work *all = finished.first;
    finished.first = NULL;
    finished.end = &finished.first;
    ReleaseSRWLockExclusive(&finished.lock);
    return all;
}

static void run_loop(void)
{
    for (bool last = false; !last;) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped;
        must(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
                                       INFINITE),
             "wait");
        for (struct work *work = take_finished(), *next; work != NULL;
             work = next) {
            next = work->next;
            last = job_use(&work->read.turn, work->read.buffer, work->bytes);
            queue_next(work);
        }
    }
}

void contend_reading(void)
{
    HANDLE workers[MAXIMUM_WAIT_OBJECTS];
    unsigned threads = job.threads > 0 ? job.threads : 4;
    must(threads <= MAXIMUM_WAIT_OBJECTS, "wait for so many threads");
    for (unsigned i = 0; i < job.depth; i++)
        works[i].read.buffer = must_allocate(job.block);
    file = open_file(0);
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    must(port != NULL, "create the port");
    for (unsigned i = 0; i < threads; i++) {
        workers[i] = (HANDLE)_beginthreadex(NULL, 0, worker, &threads, 0, NULL);
        must(workers[i] != NULL, "start a thread");
    }
    meet(threads + 1);
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        queue_next(&works[i]);
    run_loop();
    measure_end();
    stop_workers();
    WaitForMultipleObjects(threads, workers, TRUE, INFINITE);
    for (unsigned i = 0; i < threads; i++)
        CloseHandle(workers[i]);
    CloseHandle(port);
    CloseHandle(file);
}
