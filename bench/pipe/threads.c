/* This contender uses a thread for each read, which waits for the read. The
 * handle is overlapped, because a synchronous handle does only one read at a
 * time. The program asks for small stacks. But Wine 8 gives each thread 1 MiB
 * at least, and nearly all of it is resident. */
#include "read.h"

#include <process.h>

const char contender[] = "threads";

enum { STACK_SIZE = 1 << 16 };

static HANDLE pipe, all_pending, done; /* the last two are events */
static LONG missing;                   /* reads that are not pending yet */

static unsigned __stdcall read_one(void *argument)
{
    struct read *read = argument;
    DWORD bytes;
    read->overlapped.hEvent = create_event();
    read_start(read, pipe);
    if (InterlockedDecrement(&missing) == 0)
        SetEvent(all_pending);
    must(GetOverlappedResult(pipe, &read->overlapped, &bytes, TRUE), "read");
    CloseHandle(read->overlapped.hEvent);
    if (job_use(read->buffer, bytes))
        SetEvent(done);
    return 0;
}

void do_pipe_reads(void)
{
    struct read *reads = make_reads();
    HANDLE *threads = must_allocate(job.reads * sizeof(HANDLE));
    all_pending = create_event();
    done = create_event();
    pipe = open_for_reading(job.pipe, FILE_FLAG_OVERLAPPED);
    missing = (LONG)job.reads;
    measure_begin();
    for (unsigned i = 0; i < job.reads; i++) {
        threads[i] =
            (HANDLE)_beginthreadex(NULL, STACK_SIZE, read_one, &reads[i],
                                   STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
        must(threads[i] != NULL, "start a thread");
    }
    WaitForSingleObject(all_pending, INFINITE);
    job_all_pending();
    WaitForSingleObject(done, INFINITE);
    measure_end();
    for (unsigned i = 0; i < job.reads; i++) {
        WaitForSingleObject(threads[i], INFINITE);
        CloseHandle(threads[i]);
    }
    CloseHandle(pipe);
}
