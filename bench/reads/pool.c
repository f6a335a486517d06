/* This contender uses final's pool with `depth` requests. The callback of a
 * request starts it again. */
#include "../../final/pool.h"
#include "../pool_start.h"
#include "../win32.h"
#include "job.h"

const char contender[] = "pool";

static struct request *requests[JOB_MAX_DEPTH];
static struct item items[JOB_MAX_DEPTH]; /* the contexts of the requests */
static struct bound_file file;
static HANDLE done; /* event */

static void read_next(struct request *request)
{
    struct item *item = request->context;
    if (!job_next(item))
        return;
    overlapped_reset(request, item->offset);
    must(bound_file_read(&file, request).outcome == IO_QUEUED, "read");
}

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    must(error == ERROR_SUCCESS, "read");
    if (job_use(request->context, request->buffer, bytes))
        SetEvent(done);
    read_next(request);
}

void do_reads(void)
{
    struct pool pool;
    for (unsigned i = 0; i < job.depth; i++) {
        requests[i] = overlapped_pack(on_read, &items[i],
                                      must_allocate(job.block), job.block, 0);
        must(requests[i] != NULL, "allocate");
    }
    done = create_event();
    HANDLE handle = open_for_reading(job.file, FILE_FLAG_OVERLAPPED);
    must(pool_create(&pool, job.threads, 0) == 0, "create the pool");
    must(pool_bind_handle(&pool, handle, 0, &file) == 0, "bind");
    pool_start_all(&pool);
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        read_next(requests[i]);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    bound_file_close(&file);
    pool_stop(&pool, POOL_DRAIN);
}
