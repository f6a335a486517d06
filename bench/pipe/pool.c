/* This contender uses final's pool. */
#include "../../final/pool.h"
#include "../pool_start.h"
#include "../win32.h"
#include "job.h"

const char contender[] = "pool";

static HANDLE done; /* event */

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    must(error == ERROR_SUCCESS, "read");
    if (job_use(request->buffer, bytes))
        SetEvent(done);
}

void do_pipe_reads(void)
{
    struct pool pool;
    struct bound_file pipe;
    struct request **requests = must_allocate(job.reads * sizeof(void *));
    for (unsigned i = 0; i < job.reads; i++) {
        requests[i] = overlapped_pack(on_read, NULL, must_allocate(job.piece),
                                      job.piece, 0);
        must(requests[i] != NULL, "allocate");
    }
    done = create_event();
    HANDLE handle = open_for_reading(job.pipe, FILE_FLAG_OVERLAPPED);
    must(pool_create(&pool, job.threads, 0) == 0, "create the pool");
    must(pool_bind_handle(&pool, handle, 0, &pipe) == 0, "bind");
    pool_start_all(&pool);
    measure_begin();
    for (unsigned i = 0; i < job.reads; i++)
        must(bound_file_read(&pipe, requests[i]).outcome == IO_QUEUED, "read");
    job_all_pending();
    WaitForSingleObject(done, INFINITE);
    measure_end();
    bound_file_close(&pipe);
    pool_stop(&pool, POOL_DRAIN);
}
