/* This contender uses BindIoCompletionCallback, Win32's older pool. There is
 * one pool in the process, and no way to set its number of threads. In Wine 8
 * and 10 it has one thread. */
#include "read.h"

const char contender[] = "bind_callback";

static struct read reads[JOB_MAX_DEPTH];
static HANDLE file, done /* event */;

static void read_next(struct read *read)
{
    if (job_next(&read->item))
        read_start(read, file);
}

static void CALLBACK on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct read *read = CONTAINING_RECORD(overlapped, struct read, overlapped);
    must(error == ERROR_SUCCESS, "read");
    if (job_use(&read->item, read->buffer, bytes))
        SetEvent(done);
    read_next(read);
}

void do_reads(void)
{
    for (unsigned i = 0; i < job.depth; i++)
        reads[i].buffer = must_allocate(job.block);
    done = create_event();
    file = open_for_reading(job.file, FILE_FLAG_OVERLAPPED);
    must(BindIoCompletionCallback(file, on_read, 0), "bind");
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        read_next(&reads[i]);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    CloseHandle(file);
}
