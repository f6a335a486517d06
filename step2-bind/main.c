/* Step 2: bind the handle to the pool, which so far is only a queue.
 * A completion port is a queue of packets. When an I/O on a bound handle
 * completes, the kernel queues a packet. A program can also post a packet by
 * hand. The pool has no threads yet: main takes the packet out of the queue.
 * .NET: ThreadPool.BindHandle. */
#include "report.h"

const wchar_t program[] = L"step2-bind";

/* Returns INVALID_HANDLE_VALUE, not NULL, if it fails. SECURITY_ANONYMOUS, as
 * in .NET: if the file is a pipe, its server cannot act as this user. */
static HANDLE open_overlapped(const wchar_t *path)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    return CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | anonymous, NULL);
}

/* The program chooses a key when it binds a handle or posts a packet. Each
 * packet brings its key. */
enum completion_key { KEY_IO };

struct pool {
    HANDLE port;
};

/* Close all bound files first: a bound file keeps its port in memory. */
static void pool_stop(struct pool *pool)
{
    check(CloseHandle(pool->port), "close", L"port");
}

/* Returns 0 or a Win32 error. */
static DWORD pool_create(struct pool *pool)
{
    *pool = (struct pool){
        .port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0)};
    if (pool->port == NULL) /* this call fails with NULL */
        return GetLastError();
    return ERROR_SUCCESS;
}

/* Binds an overlapped handle permanently. Each later I/O on it queues a packet,
 * unless it fails immediately. Returns 0 or a Win32 error. */
static DWORD pool_bind_handle(struct pool *pool, HANDLE handle)
{
    HANDLE port = CreateIoCompletionPort(handle, pool->port, KEY_IO, 0);
    return port != NULL ? ERROR_SUCCESS : GetLastError();
}

/* ---- What this step shows ---- */

/* Takes out a packet if there is one. Timeout 0: it does not wait. */
static DWORD take(struct pool *pool, DWORD *bytes, OVERLAPPED **overlapped)
{
    ULONG_PTR key;
    *overlapped = NULL;
    BOOL ok = GetQueuedCompletionStatus(pool->port, bytes, &key, overlapped, 0);
    return ok ? ERROR_SUCCESS : GetLastError();
}

static int show(struct pool *pool, HANDLE file)
{
    OVERLAPPED packet = {0}; /* the queue carries only its address */
    OVERLAPPED *overlapped;
    DWORD bytes;

    DWORD error = pool_bind_handle(pool, file); /* the second bind */
    if (error != ERROR_INVALID_PARAMETER)
        return report("get error 87 from a second bind to", L"port", error);
    say("bound; a second bind fails (error %lu)", error);
    error = take(pool, &bytes, &overlapped);
    if (error != WAIT_TIMEOUT || overlapped != NULL)
        return report("get error 258 from the empty", L"port", error);
    say("the port is empty: no packet (error %lu)", error);
    say("posting a packet: 42 bytes");
    check(PostQueuedCompletionStatus(pool->port, 42, KEY_IO, &packet),
          "post to", L"port");
    error = take(pool, &bytes, &overlapped);
    if (error != ERROR_SUCCESS)
        return report("take a packet from", L"port", error);
    say("took out a packet: %lu bytes, %s OVERLAPPED", bytes,
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
