/*
 * This contender reads as libuv does: workers read synchronously, and the
 * loop's thread calls back (see ../workers.h).
 *
 * A read gives its offset on an ordinary handle, as fs__read in libuv's
 * src/win/fs.c. (libuv also restores the file position, which no contender
 * needs.) On an ordinary handle, Windows does one read after the other, even if
 * several threads call ReadFile (CreateFile's documentation,
 * FILE_FLAG_OVERLAPPED).
 */
#include "../workers.h"
#include "read.h"

const char contender[] = "workers";

static struct read_work {
    struct work work;
    struct read read;
    DWORD bytes;
} works[JOB_MAX_DEPTH];

static HANDLE file;

static void do_work(struct work *work)
{
    struct read_work *read = CONTAINING_RECORD(work, struct read_work, work);
    read->bytes = read_synchronously(&read->read, file);
}

static void queue_next(struct read_work *read)
{
    if (job_next(&read->read.item))
        workers_queue(&read->work);
}

static bool call_back(struct work *work)
{
    struct read_work *read = CONTAINING_RECORD(work, struct read_work, work);
    bool last = job_use(&read->read.item, read->read.buffer, read->bytes);
    queue_next(read);
    return last;
}

void do_reads(void)
{
    for (unsigned i = 0; i < job.depth; i++)
        works[i].read.buffer = must_allocate(job.block);
    file = open_for_reading(job.file, 0);
    workers_start(job.threads, do_work);
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        queue_next(&works[i]);
    workers_run_loop(call_back);
    measure_end();
    workers_stop();
    CloseHandle(file);
}
