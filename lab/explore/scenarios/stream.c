/*
 * Scenarios of a stream on an asynchronous handle. Each has a pool of two
 * workers. At the end the stream is closed, the pool is stopped, and each call
 * that was queued has had one callback, if it has one.
 *
 * The file consists of lines of 64 bytes: each is the number of its own offset.
 */
#include "../../../final/file_stream.h"
#include "scenarios.h"

#include <stdio.h>
#include <string.h>

enum { LINE = 64, TWO_LINES = 2 * LINE, CALLS = 3 };

static struct pool pool;
static const wchar_t *sample;
static struct file_stream *stream;
static struct file_task tasks[CALLS];
static char lines[CALLS][LINE];
static LONG volatile queued, called, closed;

/* ---- Opening, calls, results -------------------------------------------- */

static void open_stream(enum file_access access, size_t buffer_size)
{
    const struct file_stream_options options = {
        .mode = FILE_MODE_OPEN,
        .access = access,
        .share = FILE_SHARE_READ | FILE_SHARE_WRITE,
        .buffer_size = buffer_size,
        .options = FILE_OPTION_ASYNCHRONOUS};
    must(file_stream_open(&pool, sample, &options, &stream) == ERROR_SUCCESS);
}

static void close_stream(void)
{
    must(file_stream_close(stream) == ERROR_SUCCESS);
}

static bool has_line(const char *text, uint64_t offset)
{
    char wanted[LINE + 1];
    snprintf(wanted, sizeof wanted, "%063llu\n", (unsigned long long)offset);
    return memcmp(text, wanted, LINE) == 0;
}

static enum io_outcome read_line(unsigned call)
{
    return file_stream_read_async(stream, lines[call], LINE, &tasks[call])
        .outcome;
}

static void write_line(unsigned call, char letter)
{
    memset(lines[call], letter, LINE);
    must(file_stream_write_async(stream, lines[call], LINE, &tasks[call])
             .outcome != IO_FAILED);
}

static DWORD await(unsigned call, size_t *bytes)
{
    return file_task_wait(&tasks[call], INFINITE, bytes);
}

static void must_read(unsigned call, uint64_t offset)
{
    size_t bytes;
    must(await(call, &bytes) == ERROR_SUCCESS && bytes == LINE);
    must(has_line(lines[call], offset));
}

/* The call may have been cancelled. Returns how many bytes it got. */
static size_t may_read(unsigned call, uint64_t offset)
{
    size_t bytes;
    DWORD error = await(call, &bytes);
    must(error == ERROR_SUCCESS || error == ERROR_OPERATION_ABORTED);
    must(bytes == LINE || (error != ERROR_SUCCESS && bytes < LINE));
    must(bytes < LINE || has_line(lines[call], offset));
    return bytes;
}

/* ---- Read, close, cancel ------------------------------------------------ */

static void on_read(void *context, DWORD error, size_t bytes)
{
    (void)context;
    must(error != ERROR_SUCCESS || bytes == LINE);
    InterlockedIncrement(&called);
}

/* The close cancels the read, and waits for its callback. */
static void read_close(void)
{
    open_stream(FILE_ACCESS_READ, 0);
    tasks[0].callback = on_read;
    if (read_line(0) == IO_QUEUED)
        queued++;
    close_stream();
    must(called == queued);
}

/* Whether the read had certainly begun. */
static bool has_begun;

static unsigned __stdcall cancel(void *task)
{
    has_begun = ((struct file_task *)task)->state != TASK_IDLE;
    file_task_cancel(task);
    return 0;
}

/* A cancel that comes before the read begins has no effect. */
static void read_cancel(void)
{
    open_stream(FILE_ACCESS_READ, 0);
    HANDLE other = start(cancel, &tasks[0]);
    read_line(0);
    join(other);
    if (!has_begun)
        file_task_cancel(&tasks[0]);
    may_read(0, 0);
    close_stream();
}

/* The second read waits for its turn when it is cancelled. */
static void cancel_waiting(void)
{
    uint64_t position;
    open_stream(FILE_ACCESS_READ, TWO_LINES);
    HANDLE other = start(cancel, &tasks[1]);
    read_line(0);
    read_line(1);
    must_read(0, 0);
    size_t bytes = may_read(1, LINE);
    join(other);
    must(file_stream_position(stream, &position) == ERROR_SUCCESS);
    must(position == LINE + bytes);
    close_stream();
}

/* ---- Turns -------------------------------------------------------------- */

/* The first read fills the buffer, and the second takes its bytes from it. */
static void two_reads(void)
{
    open_stream(FILE_ACCESS_READ, TWO_LINES);
    read_line(0);
    read_line(1);
    must_read(1, LINE);
    must_read(0, 0);
    close_stream();
}

static unsigned __stdcall read_and_wait(void *unused)
{
    size_t bytes;
    (void)unused;
    must(file_stream_read(stream, lines[1], LINE, &bytes) == ERROR_SUCCESS);
    must(bytes == LINE);
    return 0;
}

/* Which of the two comes first is open. */
static void sync_async(void)
{
    open_stream(FILE_ACCESS_READ, TWO_LINES);
    HANDLE other = start(read_and_wait, NULL);
    read_line(0);
    join(other);
    uint64_t second = has_line(lines[1], 0) ? 0 : LINE;
    must(has_line(lines[1], second));
    must_read(0, LINE - second);
    close_stream();
}

/* ---- Writes ------------------------------------------------------------- */

/* Looks at the file itself, without the stream. */
static void must_have_written(DWORD line, char letter)
{
    char text[LINE], wanted[LINE];
    DWORD bytes;
    OVERLAPPED at = {.Offset = line * LINE};
    HANDLE file = CreateFileW(sample, GENERIC_READ, FILE_SHARE_READ, NULL,
                              OPEN_EXISTING, 0, NULL);
    must(file != INVALID_HANDLE_VALUE);
    must(ReadFile(file, text, LINE, &bytes, &at) && bytes == LINE);
    CloseHandle(file);
    memset(wanted, letter, LINE);
    must(memcmp(text, wanted, LINE) == 0);
}

/* The second write comes while the buffer's bytes are being written. */
static void write_flush(void)
{
    size_t bytes;
    open_stream(FILE_ACCESS_READ_WRITE, TWO_LINES);
    write_line(0, 'a');
    must(file_stream_flush_async(stream, &tasks[1]).outcome != IO_FAILED);
    write_line(2, 'b');
    must(await(2, &bytes) == ERROR_SUCCESS && bytes == LINE);
    must(await(1, &bytes) == ERROR_SUCCESS);
    close_stream();
    must_have_written(0, 'a');
    must_have_written(1, 'b');
}

/* The close cancels the flush, and writes what the buffer has. */
static void write_close(void)
{
    open_stream(FILE_ACCESS_READ_WRITE, TWO_LINES);
    write_line(0, 'a');
    must(file_stream_flush_async(stream, &tasks[1]).outcome != IO_FAILED);
    close_stream();
    must_have_written(0, 'a');
}

/* ---- Inside callbacks --------------------------------------------------- */

static void on_closed(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)bytes;
    must(error == ERROR_SUCCESS);
    InterlockedIncrement(&closed);
}

static void close_inside(void *context, DWORD error, size_t bytes)
{
    must(file_stream_close(stream) == ERROR_POSSIBLE_DEADLOCK);
    on_read(context, error, bytes);
    file_stream_close_async(stream, on_closed, NULL);
}

static void close_in_callback(void)
{
    open_stream(FILE_ACCESS_READ, 0);
    tasks[0].callback = close_inside;
    if (read_line(0) != IO_QUEUED)
        file_stream_close_async(stream, on_closed, NULL);
    must(pool_stop(&pool, POOL_DRAIN) == ERROR_SUCCESS);
    must(closed == 1);
}

static void read_again(void *context, DWORD error, size_t bytes)
{
    on_read(context, error, bytes);
    if (called == 1 && read_line(0) == IO_QUEUED)
        queued++;
}

/* The second read may begin before the close, or fail after it. */
static void again_close(void)
{
    open_stream(FILE_ACCESS_READ, 0);
    tasks[0].callback = read_again;
    queued = 1;
    if (read_line(0) != IO_QUEUED)
        queued = 0;
    close_stream();
    must(called == queued);
}

/* ---- All ---------------------------------------------------------------- */

static const struct scenario all[] = {
    {L"stream-read-close", read_close},
    {L"stream-read-cancel", read_cancel},
    {L"stream-read-cancel-endless", read_cancel},
    {L"stream-cancel-waiting", cancel_waiting},
    {L"stream-two-reads", two_reads},
    {L"stream-sync-async", sync_async},
    {L"stream-write-flush", write_flush},
    {L"stream-write-close", write_close},
    {L"stream-close-in-callback", close_in_callback},
    {L"stream-again-close", again_close},
    {NULL, NULL},
};

static void begin(const wchar_t *path)
{
    sample = path;
    must(pool_create(&pool, 2, 0) == ERROR_SUCCESS);
}

static void end(void)
{
    must(pool_stop(&pool, POOL_DRAIN) == ERROR_SUCCESS);
    struct pool_counters counters = pool_counters(&pool);
    must(counters.live == 0 && counters.stray == 0);
}

const struct scenarios stream_scenarios = {begin, end, all};
