#include "workers.h"
#include "threads.h"

/* First in, first out. */
struct queue {
    SRWLOCK lock;
    struct work *first, **end;
};

static struct queue to_do = {SRWLOCK_INIT, NULL, &to_do.first},
                    finished = {SRWLOCK_INIT, NULL, &finished.first};
static CONDITION_VARIABLE to_do_has_some;
static bool stopping; /* guarded by the lock of to_do */
static HANDLE port;   /* the loop waits on it */
static struct threads workers;
static void (*do_the_work)(struct work *work);

/* Returns true if the queue was empty. */
static bool put(struct queue *queue, struct work *work)
{
    work->next = NULL;
    AcquireSRWLockExclusive(&queue->lock);
    bool was_empty = queue->first == NULL;
    *queue->end = work;
    queue->end = &work->next;
    ReleaseSRWLockExclusive(&queue->lock);
    return was_empty;
}

/* ---- The workers ------------------------------------------------------- */

/* Waits for work. Returns NULL if the workers must stop. */
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

static void worker(void)
{
    struct work *work;
    while ((work = take()) != NULL) {
        do_the_work(work);
        /* If the queue was not empty, a packet is already on its way. */
        if (put(&finished, work))
            must(PostQueuedCompletionStatus(port, 0, 0, NULL), "wake the loop");
    }
}

void workers_start(unsigned threads, void (*do_work)(struct work *work))
{
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    must(port != NULL, "create the port");
    do_the_work = do_work;
    start_threads(&workers, threads > 0 ? threads : 4, worker);
}

void workers_stop(void)
{
    AcquireSRWLockExclusive(&to_do.lock);
    stopping = true;
    ReleaseSRWLockExclusive(&to_do.lock);
    WakeAllConditionVariable(&to_do_has_some);
    join_threads(&workers);
    CloseHandle(port);
}

/* ---- The loop ---------------------------------------------------------- */

void workers_queue(struct work *work)
{
    put(&to_do, work);
    WakeConditionVariable(&to_do_has_some);
}

/* Returns all finished work, as a list. */
static struct work *take_finished(void)
{
    AcquireSRWLockExclusive(&finished.lock);
    struct work *all = finished.first;
    finished.first = NULL;
    finished.end = &finished.first;
    ReleaseSRWLockExclusive(&finished.lock);
    return all;
}

void workers_run_loop(bool (*call_back)(struct work *work))
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
            last = call_back(work);
        }
    }
}
