/*
 * This contender uses final's pool. Up to `depth` files are open, each with a
 * request and a bound file of its own.
 *
 * One thread opens, binds and closes all files, in the same order. A callback
 * cannot close its file: bound_file_close waits for the callbacks of the file,
 * so it refuses to run in one. The workers add up the bytes.
 */
#include "../../final/pool.h"
#include "../pool_start.h"
#include "../win32.h"
#include "job.h"

const char contender[] = "pool";

static struct slot {
    struct bound_file file;
    struct request *request;
    struct item item;
    bool is_open;
} slots[JOB_MAX_DEPTH];

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    must(error == ERROR_SUCCESS, "read");
    job_use(request->context, request->buffer, bytes);
}

static void open_and_read(struct pool *pool, struct slot *slot)
{
    HANDLE handle = open_for_reading(slot->item.path, FILE_FLAG_OVERLAPPED);
    must(pool_bind_handle(pool, handle, 0, &slot->file) == 0, "bind");
    slot->is_open = true;
    overlapped_reset(slot->request, 0);
    must(bound_file_read(&slot->file, slot->request).outcome == IO_QUEUED,
         "read");
}

/* Waits for the read first, because bound_file_close would cancel it. */
static void wait_and_close(struct slot *slot)
{
    if (!slot->is_open)
        return;
    must(bound_file_wait_idle(&slot->file, INFINITE) == 0, "wait");
    must(bound_file_close(&slot->file) == 0, "close");
    slot->is_open = false;
}

void do_files(void)
{
    struct pool pool;
    struct item item;
    for (unsigned i = 0; i < job.depth; i++) {
        slots[i].request = overlapped_pack(
            on_read, &slots[i].item, must_allocate(job.buffer), job.buffer, 0);
        must(slots[i].request != NULL, "allocate");
    }
    must(pool_create(&pool, job.threads, 0) == 0, "create the pool");
    pool_start_all(&pool);
    measure_begin();
    for (unsigned next = 0; job_next(&item); next = (next + 1) % job.depth) {
        wait_and_close(&slots[next]);
        slots[next].item = item;
        open_and_read(&pool, &slots[next]);
    }
    for (unsigned i = 0; i < job.depth; i++)
        wait_and_close(&slots[i]);
    measure_end();
    pool_stop(&pool, POOL_DRAIN);
}
