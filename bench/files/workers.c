/*
 * This contender reads as libuv does: workers do the synchronous calls, and the
 * loop's thread calls back and queues the next call (see ../workers.h).
 *
 *      style=calls   queues one call at a time, as uv_fs_open, uv_fs_read and
 *                    uv_fs_close do
 *      style=files   queues a whole file, as a program can with uv_queue_work
 */
#include "../workers.h"
#include "../win32.h"
#include "job.h"

#include <string.h>

const char contender[] = "workers";

static struct file_work {
    struct work work;
    enum { OPEN, READ, CLOSE, USE } next_step;
    struct item item;
    HANDLE file;
    void *buffer;
    DWORD bytes;
} works[JOB_MAX_DEPTH];

static bool whole_files;

static void do_call(struct file_work *work)
{
    switch (work->next_step) {
    case OPEN:
        work->file = open_for_reading(work->item.path, 0);
        work->next_step = READ;
        break;
    case READ:
        must(ReadFile(work->file, work->buffer, (DWORD)job.buffer, &work->bytes,
                      NULL),
             "read");
        work->next_step = CLOSE;
        break;
    case CLOSE:
        must(CloseHandle(work->file), "close");
        work->next_step = USE;
        break;
    case USE: /* the loop's thread does this step */
        break;
    }
}

static void do_work(struct work *queued)
{
    struct file_work *work = CONTAINING_RECORD(queued, struct file_work, work);
    do
        do_call(work);
    while (whole_files && work->next_step != USE);
}

static void queue_next(struct file_work *work)
{
    work->next_step = OPEN;
    if (job_next(&work->item))
        workers_queue(&work->work);
}

static bool call_back(struct work *finished)
{
    struct file_work *work =
        CONTAINING_RECORD(finished, struct file_work, work);
    if (work->next_step != USE) {
        workers_queue(finished);
        return false;
    }
    bool last = job_use(&work->item, work->buffer, work->bytes);
    queue_next(work);
    return last;
}

void do_files(void)
{
    whole_files = strcmp(job.style, "files") == 0;
    for (unsigned i = 0; i < job.depth; i++)
        works[i].buffer = must_allocate(job.buffer);
    workers_start(job.threads, do_work);
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        queue_next(&works[i]);
    workers_run_loop(call_back);
    measure_end();
    workers_stop();
}
