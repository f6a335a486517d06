/* Step 2: bind the handle to the pool, which so far is only a queue.
 * A completion port is a queue of packets. Once a handle is bound to it, each
 * I/O on that handle ends as a packet there. A packet can also be posted by
 * hand. No threads yet: main takes it out itself. .NET: ThreadPool.BindHandle.
 */
#include "report.h"

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>

const wchar_t program[] = L"step2-bind";

/* INVALID_HANDLE_VALUE, not NULL, is its failure: see GetLastError. As in .NET,
 * the server of a pipe may not act in our name: SECURITY_ANONYMOUS. */
static HANDLE open_overlapped(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    return CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | anonymous, NULL);
}

/* A completion key is given when a handle is bound, and comes with each of its
 * packets. */
enum completion_key { KEY_IO };

struct pool {
    HANDLE port;
};

/* Call it when every bound file is closed: a file holds on to its port. */
static void pool_stop(struct pool *pool)
{
    check(CloseHandle(pool->port), "close", L"port");
}

/* Returns 0 or a Win32 error. */
static DWORD pool_create(struct pool *pool)
{
    *pool = (struct pool){
        .port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0)};
    if (pool->port == NULL) /* here NULL is the failure */
        return GetLastError();
    return ERROR_SUCCESS;
}

/* From now on each I/O that the handle accepts ends as a packet in the port. It
 * must be overlapped; it is bound for good. Returns 0 or a Win32 error. */
static DWORD pool_bind_handle(struct pool *pool, HANDLE handle)
{
    HANDLE port = CreateIoCompletionPort(handle, pool->port, KEY_IO, 0);
    return port != NULL ? ERROR_SUCCESS : GetLastError();
}

/* ---- What this step shows ---- */

/* Takes out a packet, if there is one: main does not wait. */
static DWORD take(struct pool *pool, DWORD *bytes, OVERLAPPED **overlapped)
{
    ULONG_PTR key;
    *overlapped = NULL;
    BOOL ok = GetQueuedCompletionStatus(pool->port, bytes, &key, overlapped, 0);
    return ok ? ERROR_SUCCESS : GetLastError();
}

static int show(struct pool *pool, HANDLE file)
{
    OVERLAPPED packet = {0}; /* only its address goes through the queue */
    OVERLAPPED *overlapped;
    DWORD bytes;

    DWORD error = pool_bind_handle(pool, file); /* with_file was the first */
    if (error != ERROR_INVALID_PARAMETER)
        return report("get error 87 from a second bind to", L"port", error);
    say("bound; a second bind is refused (error %lu)", error);
    error = take(pool, &bytes, &overlapped);
    if (error != WAIT_TIMEOUT || overlapped != NULL)
        return report("get error 258 from the empty", L"port", error);
    say("the port is empty: no packet (error %lu)", error);
    say("posting a packet of 42 bytes");
    check(PostQueuedCompletionStatus(pool->port, 42, KEY_IO, &packet),
          "post to", L"port");
    error = take(pool, &bytes, &overlapped);
    if (error != ERROR_SUCCESS)
        return report("take a packet from", L"port", error);
    say("took out a packet of %lu bytes, with %s OVERLAPPED", bytes,
        overlapped == &packet ? "the same" : "another");
    return EXIT_SUCCESS;
}

static int with_file(struct pool *pool, const wchar_t *path)
{
    HANDLE file = open_overlapped(path);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", path, GetLastError());
    DWORD error = pool_bind_handle(pool, file);
    int status =
        error == ERROR_SUCCESS ? show(pool, file) : report("bind", path, error);
    check(CloseHandle(file), "close", path);
    return status;
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %ls FILE\n", program);
        return 2;
    }
    struct pool pool;
    DWORD error = pool_create(&pool);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    int status = with_file(&pool, argv[1]);
    pool_stop(&pool);
    if (status == EXIT_SUCCESS)
        say("done");
    return status;
}
