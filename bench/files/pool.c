/*
 * This contender uses final's pool. Up to `depth` files are open, each with a
 * request and a bound file of its own. The callback of a read closes its file,
 * and when the pool has closed it, the same thread opens the next one.
 */
#include "../../final/pool.h"
#include "../pool_start.h"
#include "../win32.h"
#include "job.h"

const char contender[] = "pool";

static struct pool pool;

static struct slot {
    struct bound_file file;
    struct request *request;
    struct item item;
} slots[JOB_MAX_DEPTH];

static void open_next(struct slot *slot)
{
    if (!job_next(&slot->item))
        return;
    HANDLE handle = open_for_reading(slot->item.path, FILE_FLAG_OVERLAPPED);
    must(pool_bind_handle(&pool, handle, 0, &slot->file) == 0, "bind");
    overlapped_reset(slot->request, 0);
    must(bound_file_read(&slot->file, slot->request).outcome == IO_QUEUED,
         "read");
}

static void on_closed(struct bound_file *file, DWORD error)
{
    must(error == ERROR_SUCCESS, "close");
    open_next(CONTAINING_RECORD(file, struct slot, file));
}

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct slot *slot = request->context;
    must(error == ERROR_SUCCESS, "read");
    job_use(&slot->item, request->buffer, bytes);
    must(bound_file_close_later(&slot->file, on_closed) == 0, "close");
}

void do_files(void)
{
    for (unsigned i = 0; i < job.depth; i++) {
        slots[i].request = overlapped_pack(
            on_read, &slots[i], must_allocate(job.buffer), job.buffer, 0);
        must(slots[i].request != NULL, "allocate");
    }
    must(pool_create(&pool, job.threads, 0) == 0, "create the pool");
    pool_start_all(&pool);
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        open_next(&slots[i]);
    /* As long as on_closed runs, the pool is not idle. */
    must(pool_wait_idle(&pool, INFINITE) == 0, "wait");
    measure_end();
    pool_stop(&pool, POOL_DRAIN);
}
