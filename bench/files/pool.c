/*
 * Contends with final's pool: up to `depth` files under way, each with a
 * request and a bound file of its own.
 *
 * One thread opens, binds and closes, since bound_file_close waits for the
 * file's callbacks and so is refused in one; the workers use what comes. The
 * files are closed in the order in which they were opened.
 */
#include "../../final/pool.h"
#include "../pool_start.h"
#include "job.h"

const char contender[] = "pool";
const wchar_t program[] = L"pool";

static struct slot {
    struct bound_file file;
    struct request *request;
    struct turn turn;
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
    HANDLE handle =
        CreateFileA(slot->turn.path, GENERIC_READ, FILE_SHARE_READ, NULL,
                    OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    must(handle != INVALID_HANDLE_VALUE, "open");
    must(pool_bind_handle(pool, handle, 0, &slot->file) == 0, "bind");
    slot->is_open = true;
    overlapped_reset(slot->request, 0);
    must(bound_file_read(&slot->file, slot->request).outcome == IO_QUEUED,
         "read");
}

/* To close it before its read has ended would cancel that. */
static void wait_and_close(struct slot *slot)
{
    if (!slot->is_open)
        return;
    must(bound_file_wait_idle(&slot->file, INFINITE) == 0, "wait");
    must(bound_file_close(&slot->file) == 0, "close");
    slot->is_open = false;
}

void contend_with_files(void)
{
    struct pool pool;
    struct turn turn;
    for (unsigned i = 0; i < job.depth; i++) {
        slots[i].request = overlapped_pack(
            on_read, &slots[i].turn, must_allocate(job.buffer), job.buffer, 0);
        must(slots[i].request != NULL, "allocate");
    }
    must(pool_create(&pool, job.threads, 0) == 0, "create the pool");
    pool_start_all(&pool);
    measure_begin();
    for (unsigned next = 0; job_next(&turn); next = (next + 1) % job.depth) {
        wait_and_close(&slots[next]);
        slots[next].turn = turn;
        open_and_read(&pool, &slots[next]);
    }
    for (unsigned i = 0; i < job.depth; i++)
        wait_and_close(&slots[i]);
    measure_end();
    pool_stop(&pool, POOL_DRAIN);
}
