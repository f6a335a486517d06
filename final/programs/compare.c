/*
 * compare.exe: does one job in five ways, and prints the results in one table.
 *
 * The job is to read a file to its end and to compute a sum. All ways use the
 * same loop, which says what to read next and uses the bytes:
 *
 *      while (next_piece(piece))           where, how much, into which buffer
 *          ... read it ...
 *          use_piece(piece, error, bytes)
 *
 * A way that waits for each read runs this loop once. An asynchronous way has
 * one such loop for each request: it leaves the loop when a read is queued, and
 * the callback enters it again.
 */
#include "../error.h"
#include "../file_stream.h"
#include "arguments.h"
#include "report.h"

#include <bcrypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winternl.h>

const wchar_t program[] = L"compare";

enum { MAX_ROUNDS = 1000 };

struct job {
    uint64_t threads; /* of our pool; 0: its default */
    uint64_t depth;   /* the most reads in flight */
    uint64_t block;   /* bytes */
    uint64_t rounds;
    const wchar_t *path;
    char *buffers; /* depth x block */
};

/* One run of the job. */
struct run {
    const struct job *job;
    unsigned number;
    struct pool *pool;
    BCRYPT_HASH_HANDLE hash; /* NULL: no hash */
    unsigned requests;       /* that were allocated */
    SRWLOCK lock;            /* guards the fields below */
    uint64_t next;           /* offset of the next block */
    uint64_t bytes, sum;
    DWORD error;      /* a failure; otherwise the end of the file, or 0 */
    unsigned threads; /* that have used a piece */
    unsigned pending; /* pieces between next_piece and use_piece */
    unsigned peak;    /* the largest value of pending */
};

/* A block, or the part of it that is left after a short read. */
struct piece {
    struct run *run;
    char *buffer;
    uint64_t offset;
    DWORD length;
};

/* ---- The job ---------------------------------------------------------- */

/*
 * Adds up all words of 8 bytes, each multiplied by an odd number that depends
 * on its offset in the file. So pieces may come in any order and have any
 * length. A change of one word always changes the sum; any other change almost
 * always does.
 */
static uint64_t sum_of(const char *data, size_t bytes, uint64_t offset)
{
    uint64_t sum = 0;
    for (const char *end = data + bytes; data < end;) {
        uint64_t word = (unsigned char)*data, step = 1;
        uint64_t mixed = offset / 8 * 0x9E3779B97F4A7C15U;
        if (offset % 8 == 0 && end - data >= 8) {
            memcpy(&word, data, 8);
            step = 8;
        }
        sum += (word << offset % 8 * 8) * ((mixed ^ mixed >> 32) | 1);
        data += step;
        offset += step;
    }
    return sum;
}

static void check_status(NTSTATUS status)
{
    check_error(RtlNtStatusToDosError(status), "compute", L"SHA-256");
}

/* Sets the next piece to read; returns false if there is none. */
static bool next_piece(struct piece *piece)
{
    struct run *run = piece->run;
    AcquireSRWLockExclusive(&run->lock);
    bool more = run->error == ERROR_SUCCESS ||
                (piece->length > 0 && is_end_of_file(run->error));
    if (more && piece->length == 0) {
        piece->offset = run->next;
        piece->length = (DWORD)run->job->block;
        run->next += piece->length;
    }
    if (more && ++run->pending > run->peak)
        run->peak = run->pending;
    ReleaseSRWLockExclusive(&run->lock);
    return more;
}

/* Uses the bytes of a read: the whole piece, a part of it, or none. */
static void use_piece(struct piece *piece, DWORD error, DWORD bytes)
{
    static _Thread_local unsigned last_run;
    struct run *run = piece->run;
    uint64_t sum = sum_of(piece->buffer, bytes, piece->offset);
    if (run->hash != NULL)
        check_status(
            BCryptHashData(run->hash, (UCHAR *)piece->buffer, bytes, 0));
    if (error == ERROR_SUCCESS && bytes == 0)
        error = ERROR_HANDLE_EOF;
    piece->offset += bytes;
    piece->length = error == ERROR_SUCCESS ? piece->length - bytes : 0;
    AcquireSRWLockExclusive(&run->lock);
    run->bytes += bytes;
    run->sum += sum;
    if (run->error == ERROR_SUCCESS ||
        (error != ERROR_SUCCESS && is_end_of_file(run->error)))
        run->error = error; /* a failure stays */
    if (last_run != run->number)
        run->threads++;
    last_run = run->number;
    run->pending--;
    ReleaseSRWLockExclusive(&run->lock);
}

static struct piece first_piece(struct run *run, size_t number)
{
    char *buffer = run->job->buffers + number * run->job->block;
    return (struct piece){.run = run, .buffer = buffer};
}

/* Allocates a request for each read in flight; a request begins with its piece.
 * Without memory there are no requests, and the run has failed. */
static void *new_requests(struct run *run, size_t size)
{
    char *requests = calloc(run->job->depth, size);
    run->requests = requests != NULL ? (unsigned)run->job->depth : 0;
    if (requests == NULL)
        run->error = ERROR_NOT_ENOUGH_MEMORY;
    for (size_t i = 0; i < run->requests; i++)
        *(struct piece *)(requests + i * size) = first_piece(run, i);
    return requests;
}

/* ---- ReadFile, pool, BindIoCompletionCallback, CreateThreadpoolIo ----- */

static HANDLE open_file(const wchar_t *path, DWORD flags)
{
    const DWORD share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    const DWORD anonymous = SECURITY_SQOS_PRESENT | SECURITY_ANONYMOUS;
    return CreateFileW(path, GENERIC_READ, share, NULL, OPEN_EXISTING,
                       FILE_FLAG_SEQUENTIAL_SCAN | anonymous | flags, NULL);
}

/* Returns the error, or, if that is 0, the error of CloseHandle. */
static DWORD close_file(HANDLE file, DWORD error)
{
    BOOL closed = CloseHandle(file);
    return closed || error != ERROR_SUCCESS ? error : GetLastError();
}

/* ---- ReadFile --------------------------------------------------------- */

static DWORD with_read_file(struct run *run)
{
    struct piece piece = first_piece(run, 0);
    HANDLE file = open_file(run->job->path, 0);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError();
    while (next_piece(&piece)) {
        DWORD bytes = 0;
        BOOL ok = ReadFile(file, piece.buffer, piece.length, &bytes, NULL);
        use_piece(&piece, ok ? ERROR_SUCCESS : GetLastError(), bytes);
    }
    return close_file(file, ERROR_SUCCESS);
}

/* ---- pool ------------------------------------------------------------- */

struct pool_read {
    struct piece piece;
    struct request request;
    struct bound_file *file;
};

static void continue_in_pool(struct pool_read *read)
{
    struct piece *piece = &read->piece;
    while (next_piece(piece)) {
        overlapped_reset(&read->request, piece->offset);
        read->request.buffer = piece->buffer;
        read->request.length = piece->length;
        struct submission started = bound_file_read(read->file, &read->request);
        if (started.outcome == IO_QUEUED)
            return; /* the callback continues, or has continued already */
        use_piece(piece, started.error, started.bytes);
    }
}

static void on_pool_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct pool_read *read =
        CONTAINING_RECORD(overlapped, struct pool_read, request.overlapped);
    use_piece(&read->piece, error, bytes);
    continue_in_pool(read);
}

static DWORD with_pool(struct run *run)
{
    struct bound_file file;
    HANDLE handle = open_file(run->job->path, FILE_FLAG_OVERLAPPED);
    if (handle == INVALID_HANDLE_VALUE)
        return GetLastError();
    DWORD error = pool_bind_handle(run->pool, handle, 0, &file);
    if (error != ERROR_SUCCESS)
        return close_file(handle, error);
    struct pool_read *reads = new_requests(run, sizeof *reads);
    for (size_t i = 0; i < run->requests; i++) {
        reads[i].file = &file;
        reads[i].request.callback = on_pool_read;
        continue_in_pool(&reads[i]);
    }
    bound_file_wait_idle(&file, INFINITE);
    free(reads);
    return bound_file_close(&file);
}

/* ---- file_stream ------------------------------------------------------ */

/* One read in flight at a time. The stream's buffer is as large as all buffers
 * that the other ways use together. */
static DWORD with_file_stream(struct run *run)
{
    struct piece piece = first_piece(run, 0);
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    struct file_stream *stream;
    options.options = FILE_OPTION_ASYNCHRONOUS | FILE_OPTION_SEQUENTIAL;
    options.buffer_size = run->job->depth * run->job->block;
    options.share = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;
    DWORD error =
        file_stream_open(run->pool, run->job->path, &options, &stream);
    if (error != ERROR_SUCCESS)
        return error;
    while (next_piece(&piece)) {
        size_t bytes = 0;
        error = file_stream_read(stream, piece.buffer, piece.length, &bytes);
        use_piece(&piece, error, (DWORD)bytes);
    }
    return file_stream_close(stream);
}

/* ---- BindIoCompletionCallback, CreateThreadpoolIo --------------------- */

struct system_read {
    struct piece piece;
    OVERLAPPED overlapped;
    struct bound_reads *all;
};

/* Returns 0 if the callback will be called, or was called already. */
static DWORD start_read(HANDLE file, struct system_read *read)
{
    const struct piece *piece = &read->piece;
    read->overlapped = (OVERLAPPED){.Offset = (DWORD)piece->offset,
                                    .OffsetHigh = (DWORD)(piece->offset >> 32)};
    BOOL ok =
        ReadFile(file, piece->buffer, piece->length, NULL, &read->overlapped);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    return error == ERROR_IO_PENDING ? ERROR_SUCCESS : error;
}

/* ---- BindIoCompletionCallback ----------------------------------------- */

struct bound_reads {
    HANDLE file;
    volatile LONG
        left;    /* loops that run: BindIoCompletionCallback counts none */
    HANDLE over; /* an event: no loop is left */
};

static void continue_bound(struct system_read *read)
{
    struct bound_reads *all = read->all;
    while (next_piece(&read->piece)) {
        DWORD error = start_read(all->file, read);
        if (error == ERROR_SUCCESS)
            return;
        use_piece(&read->piece, error, 0);
    }
    if (InterlockedDecrement(&all->left) == 0)
        check(SetEvent(all->over), "set", L"event");
}

/* The parameter `error` should be an NTSTATUS, but some systems pass a Win32
 * error. OVERLAPPED.Internal is always an NTSTATUS. */
static void CALLBACK on_bound_read(DWORD error, DWORD bytes,
                                   OVERLAPPED *overlapped)
{
    struct system_read *read =
        CONTAINING_RECORD(overlapped, struct system_read, overlapped);
    error = RtlNtStatusToDosError((NTSTATUS)overlapped->Internal);
    use_piece(&read->piece, error, bytes);
    continue_bound(read);
}

static DWORD with_bind(struct run *run)
{
    HANDLE file = open_file(run->job->path, FILE_FLAG_OVERLAPPED);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError();
    if (!BindIoCompletionCallback(file, on_bound_read, 0))
        return close_file(file, GetLastError());
    struct system_read *reads = new_requests(run, sizeof *reads);
    struct bound_reads all = {
        .file = file,
        .left = (LONG)run->requests,
        .over = CreateEventW(NULL, TRUE, run->requests == 0, NULL)};
    check(all.over != NULL, "create", L"event");
    for (size_t i = 0; i < run->requests; i++) {
        reads[i].all = &all;
        continue_bound(&reads[i]);
    }
    check(WaitForSingleObject(all.over, INFINITE) == WAIT_OBJECT_0, "wait for",
          L"event");
    check(CloseHandle(all.over), "close", L"event");
    free(reads);
    return close_file(file, ERROR_SUCCESS);
}

/* ---- CreateThreadpoolIo ----------------------------------------------- */

static void continue_in_threadpool(struct system_read *read, HANDLE file,
                                   TP_IO *io)
{
    while (next_piece(&read->piece)) {
        StartThreadpoolIo(io);
        DWORD error = start_read(file, read);
        if (error == ERROR_SUCCESS)
            return;
        CancelThreadpoolIo(io); /* this read gets no callback */
        use_piece(&read->piece, error, 0);
    }
}

static void CALLBACK on_threadpool_read(TP_CALLBACK_INSTANCE *instance,
                                        void *file, void *overlapped,
                                        ULONG error, ULONG_PTR bytes, TP_IO *io)
{
    struct system_read *read =
        CONTAINING_RECORD(overlapped, struct system_read, overlapped);
    (void)instance;
    use_piece(&read->piece, error, (DWORD)bytes);
    continue_in_threadpool(read, file, io);
}

static DWORD with_threadpool(struct run *run)
{
    HANDLE file = open_file(run->job->path, FILE_FLAG_OVERLAPPED);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError();
    TP_IO *io = CreateThreadpoolIo(file, on_threadpool_read, file, NULL);
    if (io == NULL)
        return close_file(file, GetLastError());
    struct system_read *reads = new_requests(run, sizeof *reads);
    for (size_t i = 0; i < run->requests; i++)
        continue_in_threadpool(&reads[i], file, io);
    WaitForThreadpoolIoCallbacks(io, FALSE);
    DWORD error = close_file(file, ERROR_SUCCESS);
    CloseThreadpoolIo(io);
    free(reads);
    return error;
}

/* ---- The table -------------------------------------------------------- */

struct way {
    const char *name;
    DWORD (*read)(struct run *run);
    unsigned requests, threads, peak; /* the largest of all rounds */
    double seconds[MAX_ROUNDS];
};

static struct way ways[] = {
    {.name = "ReadFile", .read = with_read_file},
    {.name = "pool", .read = with_pool},
    {.name = "file_stream", .read = with_file_stream},
    {.name = "BindIoCompletionCallback", .read = with_bind},
    {.name = "CreateThreadpoolIo", .read = with_threadpool},
};

enum { WAYS = sizeof ways / sizeof *ways };

/* Does the job. The result must equal that of `right`, unless it is NULL. */
static int do_job(const struct way *way, struct run *run,
                  const struct run *right)
{
    static unsigned runs;
    char tried[64];
    run->number = ++runs;
    DWORD error = way->read(run);
    if (error == ERROR_SUCCESS && !is_end_of_file(run->error))
        error = run->error;
    if (error == ERROR_SUCCESS && right != NULL &&
        (run->bytes != right->bytes || run->sum != right->sum))
        error = ERROR_CRC;
    if (error == ERROR_SUCCESS)
        return EXIT_SUCCESS;
    snprintf(tried, sizeof tried, "read with %s", way->name);
    return report(tried, run->job->path, error);
}

/* Each round runs every way, so that other work on the machine affects all ways
 * alike. */
static int do_round(const struct run *right, unsigned round)
{
    LARGE_INTEGER frequency, start, end;
    int status = EXIT_SUCCESS;
    QueryPerformanceFrequency(&frequency);
    for (unsigned i = 0; i < WAYS && status == EXIT_SUCCESS; i++) {
        struct way *way = &ways[i];
        struct run run = {.job = right->job, .pool = right->pool};
        QueryPerformanceCounter(&start);
        status = do_job(way, &run, right);
        QueryPerformanceCounter(&end);
        way->seconds[round] = (double)(end.QuadPart - start.QuadPart) /
                              (double)frequency.QuadPart;
        way->requests = max(way->requests, run.requests);
        way->threads = max(way->threads, run.threads);
        way->peak = max(way->peak, run.peak);
    }
    return status;
}

/* First a plain read, without a timer. Its result is the right one, and the
 * SHA-256 lets you check that. */
static int read_plainly(struct run *run)
{
    BCRYPT_ALG_HANDLE sha256;
    UCHAR digest[32];
    char hex[2 * sizeof digest + 1];
    check_status(
        BCryptOpenAlgorithmProvider(&sha256, BCRYPT_SHA256_ALGORITHM, NULL, 0));
    check_status(BCryptCreateHash(sha256, &run->hash, NULL, 0, NULL, 0, 0));
    int status = do_job(&ways[0], run, NULL);
    check_status(BCryptFinishHash(run->hash, digest, sizeof digest, 0));
    check_status(BCryptDestroyHash(run->hash));
    check_status(BCryptCloseAlgorithmProvider(sha256, 0));
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    if (status == EXIT_SUCCESS)
        say("%llu bytes, SHA-256 %s, sum %016llx", run->bytes, hex, run->sum);
    return status;
}

static int order(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, order);
    return (numbers[(count - 1) / 2] + numbers[count / 2]) / 2;
}

static void print_table(const struct run *right)
{
    double synchronous = 0;
    say("%-24s %8s %7s %4s %8s %6s", "way", "requests", "threads", "peak",
        "MB/s", "ratio");
    for (unsigned i = 0; i < WAYS; i++) {
        struct way *way = &ways[i];
        double seconds = median(way->seconds, right->job->rounds);
        if (i == 0)
            synchronous = seconds;
        say("%-24s %8u %7u %4u %8.1f %6.2f", way->name, way->requests,
            way->threads, way->peak, (double)right->bytes / 1e6 / seconds,
            synchronous / seconds);
    }
}

static int compare(const struct job *job, struct pool *pool)
{
    struct run right = {.job = job, .pool = pool};
    int status = read_plainly(&right);
    if (status == EXIT_SUCCESS)
        say("median of %llu rounds, blocks of %llu bytes, depth %llu",
            job->rounds, job->block, job->depth);
    for (unsigned i = 0; i < job->rounds && status == EXIT_SUCCESS; i++)
        status = do_round(&right, i);
    if (status == EXIT_SUCCESS)
        print_table(&right);
    return status;
}

/* ---- What main does --------------------------------------------------- */

/* Only a file can be read at offsets, and more than once. */
static int check_file(const wchar_t *path)
{
    HANDLE file = open_file(path, 0);
    if (file == INVALID_HANDLE_VALUE)
        return report("open", path, GetLastError());
    bool is_file = GetFileType(file) == FILE_TYPE_DISK;
    DWORD error = close_file(file, is_file ? 0 : ERROR_NOT_SUPPORTED);
    return error == 0 ? EXIT_SUCCESS : report("read", path, error);
}

static int with_buffers(const struct job *job)
{
    struct pool pool;
    DWORD error = pool_create(&pool, (unsigned)job->threads, 0);
    if (error != ERROR_SUCCESS)
        return report("create", L"pool", error);
    int status = compare(job, &pool);
    pool_stop(&pool, POOL_DRAIN);
    return status;
}

int wmain(int argc, wchar_t **argv)
{
    (void)argc;
    struct job job = {.depth = 8, .block = 64 << 10, .rounds = 5};
    on_fatal_error(report_fatal_error);
    const struct option options[] = {
        {L"--threads", NULL, &job.threads, 1, MAX_THREADS},
        {L"--depth", NULL, &job.depth, 1, MAX_DEPTH},
        {L"--block", NULL, &job.block, 1, MAX_BLOCK},
        {L"--rounds", NULL, &job.rounds, 1, MAX_ROUNDS},
        {0},
    };
    if (take_options(argv + 1, options) != 1 ||
        job.depth * job.block > MAX_MEMORY) {
        fprintf(stderr,
                "usage: %ls [--threads N] [--depth N] [--block SIZE] "
                "[--rounds N] FILE\n",
                program);
        return 2;
    }
    job.path = argv[1];
    int status = check_file(job.path);
    if (status != EXIT_SUCCESS)
        return status;
    job.buffers = malloc(job.depth * job.block);
    if (job.buffers == NULL)
        return report("allocate", L"buffers", ERROR_NOT_ENOUGH_MEMORY);
    status = with_buffers(&job);
    free(job.buffers);
    if (status == EXIT_SUCCESS)
        say("done: all sums are equal");
    return status;
}
