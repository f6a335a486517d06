/* Between step 5 and final: cancel a read that another thread may just be
 * completing. CancelIoEx asks the kernel to cancel. Whatever it returns,
 * exactly one packet comes. It finds the read by the address of its OVERLAPPED,
 * so this address must still belong to that read: a lock makes sure of it.
 * .NET: a CancellationToken. */
#include "pipe.h"

const wchar_t program[] = L"cancel";

struct reader {
    HANDLE pipe, finished;   /* finished: an event that wakes main */
    SRWLOCK lock;            /* guards `request` */
    struct request *request; /* the one that can be cancelled, or NULL */
    DWORD error;             /* of the last read; 0 if it was cancelled */
    char data[16];
};

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct reader *reader = request->context;
    /* From here on, main cannot cancel this request. Only now may its memory
     * be freed: malloc may give the same address to the next request. */
    AcquireSRWLockExclusive(&reader->lock);
    reader->request = NULL;
    ReleaseSRWLockExclusive(&reader->lock);
    if (error == ERROR_SUCCESS)
        say("read %lu bytes: '%.*s'", bytes, (int)bytes, reader->data);
    else if (error == ERROR_OPERATION_ABORTED)
        say("the read is cancelled (error %lu)", error);
    reader->error = error == ERROR_OPERATION_ABORTED ? ERROR_SUCCESS : error;
    overlapped_free(request);
    check(SetEvent(reader->finished), "set", L"event");
}

/* Returns 0 if a packet comes, or a Win32 error. */
static DWORD start_read(struct reader *reader)
{
    DWORD error;
    struct request *request =
        overlapped_pack(on_read, reader, reader->data, sizeof reader->data, 0);
    if (request == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    /* The callback takes the lock first. So it cannot set `request` to NULL
     * before this has set it. */
    AcquireSRWLockExclusive(&reader->lock);
    enum io_outcome outcome = overlapped_read(reader->pipe, request, &error);
    reader->request = outcome == IO_QUEUED ? request : NULL;
    ReleaseSRWLockExclusive(&reader->lock);
    if (outcome == IO_QUEUED)
        return ERROR_SUCCESS;
    overlapped_free(request);
    return error;
}

/* Returns whether the kernel still had the read. In both cases the callback
 * runs once: it has run, or it will. */
static bool cancel_read(struct reader *reader)
{
    bool had = false;
    AcquireSRWLockExclusive(&reader->lock);
    if (reader->request != NULL) {
        had = CancelIoEx(reader->pipe, &reader->request->overlapped);
        check(had || GetLastError() == ERROR_NOT_FOUND, "cancel", L"read");
    }
    ReleaseSRWLockExclusive(&reader->lock);
    return had;
}

/* Returns 0 or a Win32 error: that of the read. */
static DWORD cancel_and_wait(struct reader *reader)
{
    bool had = cancel_read(reader);
    check(WaitForSingleObject(reader->finished, INFINITE) == WAIT_OBJECT_0,
          "wait for", L"event");
    say("%s, and one callback came",
        had ? "CancelIoEx succeeded" : "there was nothing to cancel");
    return reader->error;
}

static DWORD show(const struct pipe *pipe, struct reader *reader)
{
    say("reading an empty pipe");
    DWORD error = start_read(reader);
    if (error != ERROR_SUCCESS)
        return error;
    say("cancelling the read");
    error = cancel_and_wait(reader);
    if (error != ERROR_SUCCESS)
        return error;
    say("reading again");
    error = start_read(reader);
    if (error != ERROR_SUCCESS)
        return error;
    say("writing 'hello', then cancelling: too late");
    pipe_write(pipe, "hello");
    return cancel_and_wait(reader);
}

static int with_pipe(struct pool *pool)
{
    struct pipe pipe;
    struct reader reader = {.lock = SRWLOCK_INIT};
    DWORD error = pipe_open(&pipe);
    if (error != ERROR_SUCCESS)
        return report("open", L"pipe", error);
    reader.pipe = pipe.client;
    reader.finished = CreateEventW(NULL, FALSE, FALSE, NULL);
    check(reader.finished != NULL, "create", L"event");
    const char *tried = "bind";
    error = pool_bind_handle(pool, pipe.client);
    if (error == ERROR_SUCCESS) {
        tried = "read";
        error = show(&pipe, &reader);
    }
    check(CloseHandle(reader.finished), "close", L"event");
    pipe_close(&pipe);
    return error == ERROR_SUCCESS ? EXIT_SUCCESS
                                  : report(tried, L"pipe", error);
}

int wmain(int argc, wchar_t **argv)
{
    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: %ls (no arguments)\n", program);
        return 2;
    }
    struct pool pool;
    DWORD error = pool_create(&pool);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    int status = with_pipe(&pool);
    pool_stop(&pool);
    if (status == EXIT_SUCCESS)
        say("done");
    return status;
}
