/* Between step 5 and final: close a file while reads are in flight on it. The
 * order is: no new read starts, all reads are cancelled, the last callback has
 * run, and only then is the handle closed. Each part has a reason: see the
 * README. .NET: SafeHandle.Dispose. */
#include "pipe.h"

const wchar_t program[] = L"close";

/* A bound handle that can be closed while other threads use it. */
struct file {
    HANDLE handle;
    HANDLE idle;  /* an event: the file is closing, and nothing is in flight */
    SRWLOCK lock; /* guards the rest */
    bool closing;
    unsigned in_flight; /* reads whose callback has not left the file */
};

/* As overlapped_read. ERROR_INVALID_HANDLE: the file is closing. */
static enum io_outcome file_read(struct file *file, struct request *request,
                                 DWORD *error)
{
    enum io_outcome outcome = IO_FAILED;
    *error = ERROR_INVALID_HANDLE;
    /* If ReadFile were called after the lock is released, file_close could
     * cancel before it. Then this read would not be cancelled. */
    AcquireSRWLockExclusive(&file->lock);
    if (!file->closing)
        outcome = overlapped_read(file->handle, request, error);
    if (outcome == IO_QUEUED)
        file->in_flight++; /* the callback needs the lock to subtract it */
    ReleaseSRWLockExclusive(&file->lock);
    return outcome;
}

/* Each callback ends with this call. Afterwards the file may be gone. */
static void file_leave(struct file *file)
{
    AcquireSRWLockExclusive(&file->lock);
    bool last = --file->in_flight == 0 && file->closing;
    ReleaseSRWLockExclusive(&file->lock);
    if (last)
        check(SetEvent(file->idle), "set", L"event");
}

/* Returns when the last callback has left the file. A callback must not call
 * it: it would wait for itself. */
static void file_close(struct file *file)
{
    AcquireSRWLockExclusive(&file->lock);
    file->closing = true;
    bool idle = file->in_flight == 0;
    ReleaseSRWLockExclusive(&file->lock);
    check(CancelIoEx(file->handle, NULL) || GetLastError() == ERROR_NOT_FOUND,
          "cancel", L"read");
    if (!idle)
        check(WaitForSingleObject(file->idle, INFINITE) == WAIT_OBJECT_0,
              "wait for", L"event");
    check(CloseHandle(file->handle), "close", L"pipe");
}

/* ---- What this program shows ---- */

enum { READS = 3 };

struct reader {
    struct file *file;
    HANDLE again; /* an event: the read has started again, or failed */
    DWORD error;  /* if a read failed */
    char data[16];
};

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    struct reader *reader = request->context;
    struct file *file = reader->file;
    HANDLE again = reader->again; /* after IO_QUEUED, no use of the reader */
    enum io_outcome outcome = IO_FAILED;
    bool cancelled = error == ERROR_OPERATION_ABORTED;
    if (error == ERROR_SUCCESS) {
        say("read %lu bytes: '%.*s'; reading again", bytes, (int)bytes,
            reader->data);
        overlapped_reset(request, 0);
        outcome = file_read(file, request, &error);
    }
    if (cancelled)
        say("a read is cancelled (error %d)", ERROR_OPERATION_ABORTED);
    else if (outcome != IO_QUEUED && error != ERROR_INVALID_HANDLE)
        reader->error = error; /* and not because the file is closing */
    if (outcome != IO_QUEUED)
        overlapped_free(request);
    if (!cancelled)
        check(SetEvent(again), "set", L"event");
    file_leave(file);
}

/* Returns 0 or a Win32 error. */
static DWORD start_read(struct reader *reader)
{
    DWORD error;
    struct request *request =
        overlapped_pack(on_read, reader, reader->data, sizeof reader->data, 0);
    if (request == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    if (file_read(reader->file, request, &error) == IO_QUEUED)
        return ERROR_SUCCESS;
    overlapped_free(request);
    return error;
}

/* Closes the client's end of the pipe, also after an error. */
static DWORD show(struct pipe *pipe, struct file *file,
                  struct reader readers[READS])
{
    DWORD error = ERROR_SUCCESS;
    say("starting %d reads of an empty pipe", READS);
    for (int i = 0; i < READS && error == ERROR_SUCCESS; i++)
        error = start_read(&readers[i]);
    if (error == ERROR_SUCCESS) {
        say("writing 'hello'");
        pipe_write(pipe, "hello");
        check(WaitForSingleObject(readers[0].again, INFINITE) == WAIT_OBJECT_0,
              "wait for", L"event");
    }
    say("closing the file");
    file_close(file);
    pipe->client = INVALID_HANDLE_VALUE;
    say("closed; %u reads in flight", file->in_flight);
    for (int i = 0; i < READS && error == ERROR_SUCCESS; i++)
        error = readers[i].error;
    if (error != ERROR_SUCCESS)
        return error;
    error = start_read(&readers[0]);
    if (error != ERROR_INVALID_HANDLE)
        return error;
    say("a new read fails (error %lu)", error);
    return ERROR_SUCCESS;
}

static int with_pipe(struct pool *pool)
{
    struct pipe pipe;
    struct file file = {.lock = SRWLOCK_INIT};
    struct reader readers[READS] = {0};
    DWORD error = pipe_open(&pipe);
    if (error != ERROR_SUCCESS)
        return report("open", L"pipe", error);
    file.handle = pipe.client;
    file.idle = CreateEventW(NULL, FALSE, FALSE, NULL);
    check(file.idle != NULL, "create", L"event");
    HANDLE again = CreateEventW(NULL, FALSE, FALSE, NULL);
    check(again != NULL, "create", L"event");
    for (int i = 0; i < READS; i++)
        readers[i] = (struct reader){.file = &file, .again = again};
    const char *tried = "bind";
    error = pool_bind_handle(pool, pipe.client);
    if (error == ERROR_SUCCESS) {
        tried = "read";
        error = show(&pipe, &file, readers);
    }
    pipe_close(&pipe);
    check(CloseHandle(file.idle), "close", L"event");
    check(CloseHandle(again), "close", L"event");
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
