/*
 * Contends with synchronous calls made by other threads, which is how libuv
 * does files: the loop's thread queues what is to be done, one of `threads`
 * workers does it, and the loop's thread calls back, and queues the next.
 *
 *      style=calls   one call is queued at a time, as uv_fs_open, uv_fs_read
 *                    and uv_fs_close do it
 *      style=files   a whole file, as one may do with uv_queue_work
 *
 * As in libuv there are four workers, unless somebody asks for others
 * (src/threadpool.c), and the loop waits at a completion port, where a packet
 * wakes it if it has not been woken yet (src/win/async.c).
 */
#include "job.h"

#include <process.h>
#include <string.h>
#include <windows.h>

const char contender[] = "workers";

struct work {
    enum step { OPEN, READ, CLOSE, USE } step; /* what is to be done next */
    struct turn turn;
    HANDLE file;
    void *buffer;
    DWORD bytes;
    struct work *next; /* in a queue */
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
static bool whole_files;
static HANDLE port; /* on which the loop waits */

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

/* NULL when they are to stop. */
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

static void call(struct work *work)
{
    switch (work->step) {
    case OPEN:
        work->file = CreateFileA(work->turn.path, GENERIC_READ, FILE_SHARE_READ,
                                 NULL, OPEN_EXISTING, 0, NULL);
        must(work->file != INVALID_HANDLE_VALUE, "open");
        work->step = READ;
        break;
    case READ:
        must(ReadFile(work->file, work->buffer, (DWORD)job.buffer, &work->bytes,
                      NULL),
             "read");
        work->step = CLOSE;
        break;
    case CLOSE:
        must(CloseHandle(work->file), "close");
        work->step = USE;
        break;
    case USE: /* that is the loop's */
        break;
    }
}

static unsigned __stdcall worker(void *threads)
{
    struct work *work;
    meet(*(unsigned *)threads + 1);
    while ((work = take()) != NULL) {
        do
            call(work);
        while (whole_files && work->step != USE);
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

static void queue(struct work *work)
{
    put(&to_do, work);
    WakeConditionVariable(&to_do_has_some);
}

static void queue_next(struct work *work)
{
    work->step = OPEN;
    if (job_next(&work->turn))
        queue(work);
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

/* Returns whether all is done. */
static bool call_back(struct work *work)
{
    if (work->step != USE) {
        queue(work);
        return false;
    }
    bool last = job_use(&work->turn, work->buffer, work->bytes);
    queue_next(work);
    return last;
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
            last = call_back(work);
        }
    }
}

void contend_with_files(void)
{
    HANDLE workers[MAXIMUM_WAIT_OBJECTS];
    unsigned threads = job.threads > 0 ? job.threads : 4;
    must(threads <= MAXIMUM_WAIT_OBJECTS, "wait for so many threads");
    whole_files = strcmp(job.style, "files") == 0;
    for (unsigned i = 0; i < job.depth; i++)
        works[i].buffer = must_allocate(job.buffer);
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
}
