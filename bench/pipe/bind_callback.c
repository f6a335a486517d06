/* This contender uses BindIoCompletionCallback, Win32's older pool. There is
 * one pool in the process, and no way to set its number of threads. */
#include "read.h"

const char contender[] = "bind_callback";

static HANDLE done; /* event */

static void CALLBACK on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct read *read = CONTAINING_RECORD(overlapped, struct read, overlapped);
    must(error == ERROR_SUCCESS, "read");
    if (job_use(read->buffer, bytes))
        SetEvent(done);
}

void do_pipe_reads(void)
{
    struct read *reads = make_reads();
    done = create_event();
    HANDLE pipe = open_for_reading(job.pipe, FILE_FLAG_OVERLAPPED);
    must(BindIoCompletionCallback(pipe, on_read, 0), "bind");
    measure_begin();
    for (unsigned i = 0; i < job.reads; i++)
        read_start(&reads[i], pipe);
    job_all_pending();
    WaitForSingleObject(done, INFINITE);
    measure_end();
    CloseHandle(pipe);
}
