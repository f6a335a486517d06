/*
 * stream_end CASE KIND PIPE: how calls on a pipe end that nobody feeds, when
 * they are cancelled, the stream is closed or the pool stopped. KIND is the
 * stream's: "asynchronous" or "synchronous". Cases are at the end of the file.
 */
#include "../../final/file_stream.h"
#include "stream_probe.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

const wchar_t program[] = L"stream_end";

static bool asynchronous;
static struct pool pool;
static struct file_stream *stream;
static HANDLE server;
static HANDLE reached, may_go_on; /* events of the cases */

/* ---- What the system is asked for ------------------------------------- */

static bool tells_reads;     /* a read sets `reached`, before it is begun */
static bool reads_wait;      /* and goes on when it may */
static bool tells_sleep;     /* main sleeps: sets `reached` */
static bool tells_cancel;    /* something was cancelled: sets `may_go_on` */
static uint64_t days_passed; /* as GetTickCount64 tells it */

static BOOL WINAPI my_read(HANDLE file, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    if (file != server && tells_reads)
        set(reached);
    if (file != server && reads_wait)
        wait_for(may_go_on);
    return next.read(file, buffer, length, bytes, overlapped);
}

static BOOL WINAPI my_cancel(HANDLE file, OVERLAPPED *overlapped)
{
    BOOL ok = next.cancel(file, overlapped);
    DWORD error = GetLastError();
    if (tells_cancel)
        set(may_go_on);
    SetLastError(error);
    return ok;
}

static BOOL WINAPI my_sleep(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    if (tells_sleep && strcmp(acting_thread(), "main") == 0)
        set(reached);
    return next.sleep(condition, lock, timeout, flags);
}

static BOOL WINAPI my_wait_on_address(volatile void *address, void *compared,
                                      SIZE_T size, DWORD timeout)
{
    if (tells_sleep && strcmp(acting_thread(), "main") == 0)
        set(reached);
    return next.wait_on_address(address, compared, size, timeout);
}

/* Each time it is asked more days have passed. */
static ULONGLONG WINAPI my_tick_count(void)
{
    static uint64_t days;
    days += days_passed;
    return next.tick_count() + days * 24 * 60 * 60 * 1000;
}

/* ---- Both ends --------------------------------------------------------- */

static void server_write(const char *text)
{
    DWORD count;
    check(next.write(server, text, (DWORD)strlen(text), &count, NULL),
          "write to", L"pipe");
}

static void open_pipe(const wchar_t *path)
{
    struct file_stream_options options = {
        .access = FILE_ACCESS_READ_WRITE,
        .options = asynchronous ? FILE_OPTION_ASYNCHRONOUS : 0};
    server = CreateNamedPipeW(path, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1,
                              1 << 16, 1 << 16, 0, NULL);
    check(server != INVALID_HANDLE_VALUE, "create", path);
    must(file_stream_open(&pool, path, &options, &stream), "open");
}

static char buffer[64];
static struct file_task task;
static LONG callbacks;

static struct submission read_again(void)
{
    return file_stream_read_async(stream, buffer, sizeof buffer, &task);
}

static unsigned __stdcall read_in_thread(void *unused)
{
    static char bytes[64];
    size_t count;
    (void)unused;
    actor = "thread";
    DWORD error = file_stream_read(stream, bytes, sizeof bytes, &count);
    say("read: error %lu, %llu bytes", error, (unsigned long long)count);
    return 0;
}

/* ---- Cancelled --------------------------------------------------------- */

/* A synchronous call that another thread has made. On a synchronous stream it
 * may not have reached the system yet: so it is asked for again. */
static void cancel_synchronous_read(void)
{
    tells_reads = true;
    HANDLE thread = run_thread(read_in_thread, NULL);
    wait_for(reached);
    do
        file_stream_cancel(stream);
    while (!asynchronous && WaitForSingleObject(thread, 1) == WAIT_TIMEOUT);
    join(thread);
    server_write("x");
    must(file_stream_read(stream, buffer, 1, &(size_t){0}), "read");
    say("read afterwards: %.1s", buffer);
}

/* A call that is just being started, and not yet known to the system. */
static unsigned __stdcall start_in_thread(void *unused)
{
    (void)unused;
    read_again();
    return 0;
}

static void cancel_before_it_begins(void)
{
    tells_reads = reads_wait = true;
    HANDLE thread = run_thread(start_in_thread, NULL);
    wait_for(reached);
    file_task_cancel(&task);
    set(may_go_on);
    say("error %lu", file_task_wait(&task, INFINITE, NULL));
    join(thread);
}

static void cancel_all_before_it_begins(void)
{
    tells_reads = reads_wait = true;
    HANDLE thread = run_thread(start_in_thread, NULL);
    wait_for(reached);
    file_stream_cancel(stream);
    set(may_go_on);
    say("error %lu", file_task_wait(&task, INFINITE, NULL));
    join(thread);
}

static void on_cancelled(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)bytes;
    say("error %lu", error);
    file_task_cancel(&task); /* over: nothing happens */
    file_stream_cancel(stream);
    if (error == ERROR_OPERATION_ABORTED) {
        server_write("x");
        read_again(); /* may be over at once; then there is no callback */
    }
    set(reached);
}

/* Cancelled from elsewhere; its callback begins the next call. */
static void cancel_and_go_on(void)
{
    size_t bytes;
    task.callback = on_cancelled;
    read_again();
    file_task_cancel(&task);
    wait_for(reached);
    DWORD error = file_task_wait(&task, INFINITE, &bytes);
    say("then: error %lu, %llu bytes", error, (unsigned long long)bytes);
}

/* ---- Flushed ----------------------------------------------------------- */

static void flush_while_somebody_reads(void)
{
    tells_reads = true;
    HANDLE thread = run_thread(read_in_thread, NULL);
    wait_for(reached);
    must(file_stream_flush(stream), "flush");
    say("flushed");
    must(file_stream_flush_to_disk(stream), "flush");
    say("flushed to the disk");
    server_write("hello");
    join(thread);
}

/* ---- Closed ------------------------------------------------------------ */

static void close_stream(void)
{
    DWORD error = file_stream_close(stream);
    stream = NULL;
    say("close: error %lu", error);
}

/* Goes on whatever happens, until it is refused. */
static void on_chain(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)error, (void)bytes;
    InterlockedIncrement(&callbacks);
    if (callbacks == 1)
        wait_for(reached); /* main is about to wait in close */
    while (read_again().outcome == IO_DONE)
        ;
}

static void close_during_a_chain(void)
{
    task.callback = on_chain;
    read_again();
    server_write("x");
    tells_sleep = true;
    close_stream();
    say("%s", callbacks > 0 ? "after its callbacks" : "too early");
}

/* A callback makes a synchronous call when the close has begun. */
static void on_reading(void *context, DWORD error, size_t bytes)
{
    char more[8];
    (void)context, (void)error, (void)bytes;
    wait_for(reached);
    error = file_stream_read(stream, more, sizeof more, &bytes);
    say("read: %s", error != ERROR_SUCCESS ? "an error" : "no error");
}

static void close_during_a_read_in_a_callback(void)
{
    task.callback = on_reading;
    read_again();
    server_write("x");
    tells_sleep = true;
    close_stream();
}

/* Another thread waits in a synchronous read. */
static void close_while_somebody_reads(void)
{
    tells_reads = true;
    HANDLE thread = run_thread(read_in_thread, NULL);
    wait_for(reached);
    DWORD error = file_stream_close(stream);
    stream = NULL;
    join(thread);
    say("close: error %lu", error);
}

/* A worker is about to read, but has not told the system yet, when what is in
 * flight is cancelled. */
static void close_before_a_read_begins(void)
{
    tells_reads = reads_wait = tells_cancel = true;
    if (asynchronous) {
        HANDLE thread = run_thread(start_in_thread, NULL);
        wait_for(reached);
        file_stream_cancel(stream);
        join(thread);
    } else {
        read_again();
        wait_for(reached);
    }
    close_stream();
    say("read: error %lu", file_task_wait(&task, INFINITE, NULL));
}

static void on_close(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)error, (void)bytes;
    say("close: error %lu", file_stream_close(stream));
    say("wait for a task that is not over: error %lu",
        file_task_wait(&task, INFINITE, NULL));
    set(reached);
}

static void close_in_a_callback(void)
{
    static struct file_task first = {.callback = on_close};
    static char byte;
    file_stream_read_async(stream, &byte, 1, &first);
    read_again();
    server_write("x");
    wait_for(reached);
    server_write("y");
    say("read: error %lu", file_task_wait(&task, INFINITE, NULL));
    close_stream();
}

/* ---- Stopped ----------------------------------------------------------- */

static void stop_during_a_chain(void)
{
    task.callback = on_chain;
    read_again();
    server_write("x");
    tells_sleep = true;
    must(pool_stop(&pool, POOL_CANCEL), "stop");
    say("stopped");
    say("read: error %lu", read_again().error);
    close_stream();
}

/* ---- Waited for -------------------------------------------------------- */

static unsigned __stdcall feed(void *unused)
{
    (void)unused;
    wait_for(reached); /* main sleeps */
    server_write("hello");
    return 0;
}

/* After more milliseconds than a DWORD has: 49 days. */
static void wait_for_months(void)
{
    size_t bytes;
    read_again();
    tells_sleep = true;
    days_passed = 50;
    HANDLE thread = run_thread(feed, NULL);
    DWORD error = file_task_wait(&task, INFINITE, &bytes);
    say("error %lu, %llu bytes", error, (unsigned long long)bytes);
    days_passed = 0;
    set(reached);
    join(thread);
}

/* ---- Both ways at once ------------------------------------------------- */

enum { ROUNDS = 200 };

static unsigned __stdcall read_all(void *unused)
{
    size_t bytes, total = 0;
    char byte;
    (void)unused;
    actor = "thread";
    for (unsigned i = 0; i < ROUNDS; i++) {
        must(file_stream_read(stream, &byte, 1, &bytes), "read");
        total += bytes;
    }
    say("read %llu bytes", (unsigned long long)total);
    return 0;
}

/* What is written comes back, byte by byte. */
static unsigned __stdcall echo(void *unused)
{
    char byte;
    DWORD count;
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        check(next.read(server, &byte, 1, &count, NULL), "read from", L"pipe");
        check(next.write(server, &byte, 1, &count, NULL), "write to", L"pipe");
    }
    return 0;
}

static void two_directions(void)
{
    HANDLE threads[2] = {run_thread(read_all, NULL), run_thread(echo, NULL)};
    for (unsigned i = 0; i < ROUNDS; i++)
        must(file_stream_write(stream, "x", 1), "write");
    join(threads[0]);
    join(threads[1]);
}

/* ---- A race ------------------------------------------------------------ */

static LONG ended, ended_well;

static void on_race(void *context, DWORD error, size_t bytes)
{
    (void)context;
    InterlockedIncrement(&callbacks);
    InterlockedIncrement(&ended);
    if (error == ERROR_SUCCESS && bytes == 1)
        InterlockedIncrement(&ended_well);
    else if (error != ERROR_OPERATION_ABORTED)
        say("error %lu, %llu bytes", error, (unsigned long long)bytes);
    ReleaseSemaphore(may_go_on, 1, NULL);
}

static unsigned __stdcall cancel_often(void *unused)
{
    (void)unused;
    while (WaitForSingleObject(reached, 0) == WAIT_TIMEOUT)
        file_task_cancel(&task);
    return 0;
}

/* Each read gets its byte or is cancelled, whichever is first; no byte gets
 * lost, and no callback comes twice. */
static void race_of_cancels(void)
{
    enum { READS = 1000 };
    LONG fed = 0;
    close_object(may_go_on);
    may_go_on = CreateSemaphoreW(NULL, 0, MAXLONG, NULL);
    check(may_go_on != NULL, "create", L"semaphore");
    task.callback = on_race;
    read_again();
    HANDLE thread = run_thread(cancel_often, NULL);
    wait_for(may_go_on);
    for (unsigned i = 0; i < READS; i++) {
        struct submission started = read_again();
        if (i % 2) {
            server_write("x");
            fed++;
        }
        if (started.outcome == IO_QUEUED) {
            wait_for(may_go_on);
        } else if (started.outcome == IO_DONE) {
            ended++;
            ended_well++;
        }
    }
    set(reached);
    join(thread);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    while (ended_well < fed) {
        size_t bytes;
        must(file_stream_read(stream, buffer, 1, &bytes), "read");
        ended_well += (LONG)bytes;
    }
    say("%s", ended <= READS + 1 ? "each ended once" : "some ended twice");
    say("no byte was lost");
}

static const struct {
    const wchar_t *name;
    void (*run)(void);
} cases[] = {
    {L"cancel-synchronous-read", cancel_synchronous_read},
    {L"cancel-before-it-begins", cancel_before_it_begins},
    {L"cancel-all-before-it-begins", cancel_all_before_it_begins},
    {L"cancel-and-go-on", cancel_and_go_on},
    {L"flush-while-somebody-reads", flush_while_somebody_reads},
    {L"close-during-a-chain", close_during_a_chain},
    {L"close-during-a-read-in-a-callback", close_during_a_read_in_a_callback},
    {L"close-while-somebody-reads", close_while_somebody_reads},
    {L"close-before-a-read-begins", close_before_a_read_begins},
    {L"close-in-a-callback", close_in_a_callback},
    {L"stop-during-a-chain", stop_during_a_chain},
    {L"wait-for-months", wait_for_months},
    {L"two-directions", two_directions},
    {L"race-of-cancels", race_of_cancels},
};

int wmain(int argc, wchar_t **argv)
{
    if (argc != 4)
        return 2;
    asynchronous = wcscmp(argv[2], L"asynchronous") == 0;
    reached = new_event();
    may_go_on = new_event();
    must(pool_create(&pool, 2, 0), "create");
    open_pipe(argv[3]);
    put_layer((struct layer){.read = my_read,
                             .cancel = my_cancel,
                             .sleep = my_sleep,
                             .tick_count = my_tick_count,
                             .wait_on_address = my_wait_on_address});
    int status = 2;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (wcscmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            status = EXIT_SUCCESS;
        }
    must(file_stream_close(stream), "close");
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return status;
}
