/*
 * two_pools FILE: reads the beginning of a file through each of two pools of
 * final's library, then once more through the second, when the first has been
 * stopped. Says what each read brought.
 */
#include "../../final/pool.h"
#include "../../final/programs/report.h"

#include <stdlib.h>

const wchar_t program[] = L"two_pools";

struct side {
    struct pool pool;
    struct bound_file file;
    HANDLE came; /* event */
    struct request *request;
    DWORD bytes;
    char buffer[64];
};

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct side *side = request->context;
    side->bytes = error == ERROR_SUCCESS ? bytes : 0;
    check(SetEvent(side->came), "set", L"event");
}

static void open_side(struct side *side, const wchar_t *path)
{
    check_error(pool_create(&side->pool, 2, 0), "create", L"pool");
    HANDLE handle = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL,
                                OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    check(handle != INVALID_HANDLE_VALUE, "open", path);
    check_error(pool_bind_handle(&side->pool, handle, 0, &side->file), "bind",
                path);
    side->came = CreateEventW(NULL, FALSE, FALSE, NULL);
    check(side->came != NULL, "create", L"event");
    side->request =
        overlapped_pack(on_read, side, side->buffer, sizeof side->buffer, 0);
    check(side->request != NULL, "pack", L"request");
}

static void start_read(struct side *side)
{
    overlapped_reset(side->request, 0);
    check(bound_file_read(&side->file, side->request).outcome == IO_QUEUED,
          "read", L"file");
}

static void wait_for_read(struct side *side, const char *name)
{
    check(WaitForSingleObject(side->came, INFINITE) == WAIT_OBJECT_0,
          "wait for", L"event");
    say("%s: %lu bytes, %.3s", name, side->bytes, side->buffer);
}

static void close_side(struct side *side)
{
    overlapped_free(side->request);
    check_error(bound_file_close(&side->file), "close", L"file");
    pool_stop(&side->pool, POOL_DRAIN);
    check(CloseHandle(side->came), "close", L"event");
}

int wmain(int argc, wchar_t **argv)
{
    static struct side first, second;
    if (argc != 2)
        return 2;
    open_side(&first, argv[1]);
    open_side(&second, argv[1]);
    start_read(&first);
    start_read(&second);
    wait_for_read(&second, "second");
    wait_for_read(&first, "first");
    close_side(&first);
    start_read(&second);
    wait_for_read(&second, "second, alone");
    close_side(&second);
    return EXIT_SUCCESS;
}
