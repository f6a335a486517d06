/*
 * cancel_in_time: starts two reads that no write completes. Cancels the first
 * immediately, and lets the second one time out. Prints the error of each. The
 * only worker is busy until both timeouts are over, so no callback runs before.
 */
#include "../../final/pool.h"
#include "../../final/programs/report.h"

#include <stdlib.h>

const wchar_t program[] = L"cancel_in_time";

static struct bound_file file;
static struct request *cancelled, *late;
static char buffers[2][8];

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    (void)bytes;
    say("%s: error %lu", (const char *)request->context, error);
}

static struct request *pack_read(char *name, char *buffer, DWORD timeout)
{
    struct request *request = overlapped_pack(on_read, name, buffer, 8, 0);
    check(request != NULL, "pack", L"request");
    /* clang-tidy does not see that the check above does not return.
     * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
    request->timeout = timeout;
    return request;
}

/* A read in flight belongs to the kernel. The program may only ask whether it
 * has completed. When the later one has, the timer has looked at both. */
static void cancel_and_wait(void *context)
{
    (void)context;
    uint64_t ticket = cancelled->ticket;
    check(bound_file_read(&file, cancelled).outcome == IO_QUEUED, "read",
          L"pipe");
    check(bound_file_read(&file, late).outcome == IO_QUEUED, "read", L"pipe");
    check_error(bound_file_cancel(&file, ticket), "cancel", L"read");
    while (!HasOverlappedIoCompleted(&late->overlapped))
        SwitchToThread();
}

int wmain(void)
{
    struct pool pool;
    wchar_t name[64];
    swprintf(name, 64, L"\\\\.\\pipe\\in-time-%lu", GetCurrentProcessId());
    HANDLE server =
        CreateNamedPipeW(name, PIPE_ACCESS_OUTBOUND, 0, 1, 64, 64, 0, NULL);
    check(server != INVALID_HANDLE_VALUE, "create", name);
    HANDLE client = CreateFileW(name, GENERIC_READ, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_OVERLAPPED, NULL);
    check(client != INVALID_HANDLE_VALUE, "open", name);
    check_error(pool_create(&pool, 1, 0), "create", L"pool");
    check_error(pool_bind_handle(&pool, client, 0, &file), "bind", name);
    cancelled = pack_read("cancelled", buffers[0], 20);
    late = pack_read("late", buffers[1], 60);
    check_error(pool_queue_work(&pool, cancel_and_wait, NULL), "queue",
                L"work");
    check_error(pool_wait_idle(&pool, INFINITE), "wait for", L"pool");
    check_error(bound_file_close(&file), "close", name);
    check_error(pool_stop(&pool, POOL_DRAIN), "stop", L"pool");
    check(CloseHandle(server), "close", name);
    overlapped_free(cancelled);
    overlapped_free(late);
    return EXIT_SUCCESS;
}
