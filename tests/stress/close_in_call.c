/*
 * close_in_call FILE: closes a file when the callback of a read has returned,
 * but the call that started the read has not. Prints which comes first: the
 * return of the call, or of the close.
 */
#include "../pool/pool_probe.h"

static struct bound_file file;
static HANDLE called, left, closer;
static volatile bool closed;

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)error, (void)bytes, (void)overlapped;
    set(called);
}

static void on_work(void *context)
{
    (void)context;
    set(left);
}

static unsigned __stdcall close_it(void *context)
{
    (void)context;
    must(bound_file_close(&file), "close");
    closed = true;
    return 0;
}

/* The only worker has left the callback when it runs other work. Then
 * bound_file_close waits only for this call. */
static BOOL WINAPI return_late(HANDLE handle, void *buffer, DWORD length,
                               DWORD *bytes, OVERLAPPED *overlapped)
{
    BOOL ok = next.ReadFile(handle, buffer, length, bytes, overlapped);
    DWORD error = GetLastError();
    wait_for(called);
    must(pool_queue_work(&pool, on_work, NULL), "queue");
    wait_for(left);
    closer = run_thread(close_it, NULL);
    while (sleepers == 0 && !closed)
        SwitchToThread();
    say("the call returns, the file is %s", closed ? "closed" : "open");
    SetLastError(error);
    return ok;
}

int wmain(int argc, wchar_t **argv)
{
    char buffer[64];
    if (argc != 2)
        return 2;
    watch_windows();
    workers = 1;
    begin();
    called = new_event();
    left = new_event();
    HANDLE handle = CreateFileW(argv[1], GENERIC_READ, FILE_SHARE_READ, NULL,
                                OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    check(handle != INVALID_HANDLE_VALUE, "open", argv[1]);
    must(pool_bind_handle(&pool, handle, 0, &file), "bind");
    struct request *request = overlapped_pack(on_read, NULL, buffer, 64, 0);
    check(request != NULL, "pack", L"request");
    read_hook = return_late;
    check(bound_file_read(&file, request).outcome == IO_QUEUED, "read",
          argv[1]);
    join(closer);
    say("closed");
    overlapped_free(request);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return EXIT_SUCCESS;
}
