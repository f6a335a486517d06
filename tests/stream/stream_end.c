/*
 * stream_end CASE KIND: how calls on a pipe complete when they are cancelled,
 * or when the stream is closed or its pool stopped. KIND is the kind of stream:
 * "asynchronous" or "synchronous".
 */
#include "stream_probe.h"

static HANDLE server;
static HANDLE reached, may_go_on; /* events */

/* ---- Windows, watched and changed -------------------------------------- */

static bool reports_reads;   /* `reached` is set before a read of the stream */
static bool stops_reads;     /* such a read waits for `may_go_on` */
static bool reports_waits;   /* `reached` is set before main waits */
static bool reports_cancels; /* `may_go_on` is set after CancelIoEx */
static uint64_t days_passed; /* at each call of GetTickCount64 */

static BOOL WINAPI my_read(HANDLE file, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    if (file != server && reports_reads)
        set(reached);
    if (file != server && stops_reads)
        wait_for(may_go_on);
    return next.ReadFile(file, buffer, length, bytes, overlapped);
}

static BOOL WINAPI my_cancel(HANDLE file, OVERLAPPED *overlapped)
{
    BOOL ok = next.CancelIoEx(file, overlapped);
    DWORD error = GetLastError();
    if (reports_cancels)
        set(may_go_on);
    SetLastError(error);
    return ok;
}

static BOOL WINAPI my_sleep(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    if (reports_waits && is_main())
        set(reached);
    return next.SleepConditionVariableSRW(condition, lock, timeout, flags);
}

static BOOL WINAPI my_wait_on_address(volatile void *address, void *compared,
                                      SIZE_T size, DWORD timeout)
{
    if (reports_waits && is_main())
        set(reached);
    return next.WaitOnAddress(address, compared, size, timeout);
}

static ULONGLONG WINAPI my_tick_count(void)
{
    static uint64_t days;
    days += days_passed;
    return next.GetTickCount64() + days * 24 * 60 * 60 * 1000;
}

/* ---- Both ends --------------------------------------------------------- */

static char buffer[64];
static struct file_task task;
static LONG callbacks;

static void server_write(const char *text)
{
    DWORD count;
    check(next.WriteFile(server, text, (DWORD)strlen(text), &count, NULL),
          "write to", L"pipe");
}

static struct submission start_read(void)
{
    return file_stream_read_async(stream, buffer, sizeof buffer, &task);
}

static void say_result(void)
{
    size_t bytes;
    DWORD error = file_task_wait(&task, INFINITE, &bytes);
    say("read: error %lu, %llu bytes", error, (unsigned long long)bytes);
}

static void say_close(void)
{
    DWORD error = file_stream_close(stream);
    stream = NULL;
    say("close: error %lu", error);
}

static unsigned __stdcall start_in_thread(void *unused)
{
    (void)unused;
    start_read();
    return 0;
}

static unsigned __stdcall read_in_thread(void *unused)
{
    char bytes[64];
    size_t count;
    (void)unused;
    actor = "thread";
    DWORD error = file_stream_read(stream, bytes, sizeof bytes, &count);
    say("read: error %lu, %llu bytes", error, (unsigned long long)count);
    return 0;
}

/* Returns when the thread is about to call ReadFile. */
static HANDLE run_until_read(thread_routine *routine)
{
    reports_reads = true;
    HANDLE thread = run_thread(routine, NULL);
    wait_for(reached);
    return thread;
}

/* ---- Cancel ------------------------------------------------------------ */

/* On a synchronous stream the read may not have reached the system yet when it
 * is cancelled. So it is cancelled until the thread ends. */
CASE(a_synchronous_read_can_be_cancelled_by_another_thread,
     "thread: read: error 995, 0 bytes\n"
     "main: read afterwards: x\n",
     .kinds = BOTH)
{
    HANDLE thread = run_until_read(read_in_thread);
    do
        file_stream_cancel(stream);
    while (!asynchronous && WaitForSingleObject(thread, 1) == WAIT_TIMEOUT);
    join(thread);
    server_write("x");
    must(file_stream_read(stream, buffer, 1, &(size_t){0}), "read");
    say("read afterwards: %.1s", buffer);
}

CASE(a_call_can_be_cancelled_before_its_system_call,
     "main: read: error 995, 0 bytes\n", .kinds = ASYNCHRONOUS)
{
    stops_reads = true;
    HANDLE thread = run_until_read(start_in_thread);
    file_task_cancel(&task);
    set(may_go_on);
    say_result();
    join(thread);
}

CASE(cancelling_the_stream_cancels_a_call_before_its_system_call,
     "main: read: error 995, 0 bytes\n", .kinds = ASYNCHRONOUS)
{
    stops_reads = true;
    HANDLE thread = run_until_read(start_in_thread);
    file_stream_cancel(stream);
    set(may_go_on);
    say_result();
    join(thread);
}

static void cancel_and_read_again(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)bytes;
    say("error %lu", error);
    file_task_cancel(&task); /* has completed: nothing happens */
    file_stream_cancel(stream);
    if (error == ERROR_OPERATION_ABORTED) {
        server_write("x");
        start_read(); /* has no callback if it completes immediately */
    }
    set(reached);
}

CASE(a_callback_can_cancel_and_start_its_task_again,
     "worker: error 995\n"
     "main: read: error 0, 1 bytes\n",
     .kinds = ASYNCHRONOUS)
{
    task.callback = cancel_and_read_again;
    start_read();
    file_task_cancel(&task);
    wait_for(reached);
    say_result();
}

static LONG completed_with_byte;

static void count_and_report(void *context, DWORD error, size_t bytes)
{
    (void)context;
    InterlockedIncrement(&callbacks);
    if (error == ERROR_SUCCESS && bytes == 1)
        InterlockedIncrement(&completed_with_byte);
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

/* A thread cancels each of 1000 reads, and every second one gets a byte. Reads
 * afterwards take the bytes that no cancelled read got. */
CASE(a_call_completes_once_and_loses_no_byte_whenever_it_is_cancelled,
     "main: each read completed once\n"
     "main: no byte was lost\n",
     .kinds = ASYNCHRONOUS)
{
    enum { READS = 1000 };
    LONG fed = 0, immediate = 0;
    close_object(may_go_on);
    may_go_on = CreateSemaphoreW(NULL, 0, MAXLONG, NULL);
    check(may_go_on != NULL, "create", L"semaphore");
    task.callback = count_and_report;
    start_read();
    HANDLE thread = run_thread(cancel_often, NULL);
    wait_for(may_go_on);
    for (unsigned i = 0; i < READS; i++) {
        struct submission started = start_read();
        if (i % 2 == 1) {
            server_write("x");
            fed++;
        }
        if (started.outcome == IO_QUEUED) {
            wait_for(may_go_on);
        } else if (started.outcome == IO_DONE) {
            immediate++;
            completed_with_byte++;
        }
    }
    set(reached);
    join(thread);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    while (completed_with_byte < fed) {
        size_t bytes;
        must(file_stream_read(stream, buffer, 1, &bytes), "read");
        completed_with_byte += (LONG)bytes;
    }
    say("%s", callbacks + immediate <= READS + 1 ? "each read completed once"
                                                 : "a read completed twice");
    say("no byte was lost");
}

/* ---- Close ------------------------------------------------------------- */

static unsigned __stdcall read_until_closed(void *unused)
{
    char byte;
    size_t count;
    (void)unused;
    actor = "thread";
    DWORD error = file_stream_read(stream, &byte, 1, &count);
    bool refused =
        error == ERROR_OPERATION_ABORTED || error == ERROR_INVALID_HANDLE;
    say("read: %s, %llu bytes", refused ? "error 995 or 6" : "another result",
        (unsigned long long)count);
    return 0;
}

CASE(close_ends_the_read_of_another_thread,
     "thread: read: error 995 or 6, 0 bytes\n"
     "main: close: error 0\n",
     .kinds = BOTH)
{
    HANDLE thread = run_until_read(read_until_closed);
    DWORD error = file_stream_close(stream);
    stream = NULL;
    join(thread);
    say("close: error %lu", error);
}

/* The read is cancelled when the thread has not called ReadFile yet. */
CASE(close_cancels_a_read_before_its_system_call,
     "main: close: error 0\n"
     "main: read: error 995, 0 bytes\n",
     .kinds = BOTH)
{
    stops_reads = reports_reads = reports_cancels = true;
    if (asynchronous) {
        HANDLE thread = run_until_read(start_in_thread);
        file_stream_cancel(stream);
        join(thread);
    } else {
        start_read(); /* a worker calls ReadFile */
        wait_for(reached);
    }
    say_close();
    say_result();
}

/* Reads again and again, until the stream reports an error. The first callback
 * waits until main waits in close. */
static void read_on(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)error, (void)bytes;
    if (InterlockedIncrement(&callbacks) == 1)
        wait_for(reached);
    while (start_read().outcome == IO_DONE)
        ;
}

static void start_to_read_on(void)
{
    task.callback = read_on;
    start_read();
    server_write("x");
    reports_waits = true;
}

CASE(close_ends_a_chain_of_callbacks,
     "main: close: error 0\n"
     "main: the callbacks came before\n",
     .kinds = BOTH)
{
    start_to_read_on();
    say_close();
    say("the callbacks came %s", callbacks > 0 ? "before" : "after");
}

static void read_while_main_closes(void *context, DWORD error, size_t bytes)
{
    char more[8];
    (void)context, (void)error, (void)bytes;
    wait_for(reached);
    error = file_stream_read(stream, more, sizeof more, &bytes);
    say("read: %s", error != ERROR_SUCCESS ? "an error" : "no error");
}

CASE(a_synchronous_read_in_a_callback_fails_during_close,
     "worker: read: an error\n"
     "main: close: error 0\n",
     .kinds = BOTH)
{
    task.callback = read_while_main_closes;
    start_read();
    server_write("x");
    reports_waits = true;
    say_close();
}

static void close_and_wait(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)error, (void)bytes;
    say("close: error %lu", file_stream_close(stream));
    say("wait for a task in flight: error %lu",
        file_task_wait(&task, INFINITE, NULL));
    set(reached);
}

CASE(close_and_wait_fail_with_1131_in_a_callback,
     "worker: close: error 1131\n"
     "worker: wait for a task in flight: error 1131\n"
     "main: read: error 0, 1 bytes\n"
     "main: close: error 0\n",
     .kinds = BOTH)
{
    static struct file_task first = {.callback = close_and_wait};
    static char byte;
    file_stream_read_async(stream, &byte, 1, &first);
    start_read();
    server_write("x");
    wait_for(reached);
    server_write("y");
    say_result();
    say_close();
}

CASE(stopping_the_pool_ends_a_chain_of_callbacks,
     "main: stopped\n"
     "main: read: error 1115\n"
     "main: close: error 0\n",
     .kinds = BOTH)
{
    start_to_read_on();
    must(pool_stop(&pool, POOL_CANCEL), "stop");
    say("stopped");
    say("read: error %lu", start_read().error);
    say_close();
}

/* ---- Wait and flush ---------------------------------------------------- */

static unsigned __stdcall write_when_main_waits(void *unused)
{
    (void)unused;
    wait_for(reached);
    server_write("hello");
    return 0;
}

/* 50 days are more milliseconds than a DWORD can hold. */
CASE(a_wait_without_a_limit_lasts_longer_than_49_days,
     "main: read: error 0, 5 bytes\n", .kinds = BOTH)
{
    start_read();
    reports_waits = true;
    days_passed = 50;
    HANDLE thread = run_thread(write_when_main_waits, NULL);
    say_result();
    days_passed = 0;
    set(reached);
    join(thread);
}

CASE(a_flush_does_not_wait_for_a_read_in_flight_on_a_pipe,
     "main: flushed\n"
     "main: flushed to the disk\n"
     "thread: read: error 0, 5 bytes\n",
     .kinds = ASYNCHRONOUS)
{
    HANDLE thread = run_until_read(read_in_thread);
    must(file_stream_flush(stream), "flush");
    say("flushed");
    must(file_stream_flush_to_disk(stream), "flush");
    say("flushed to the disk");
    server_write("hello");
    join(thread);
}

/* ---- Both directions --------------------------------------------------- */

enum { ROUNDS = 200 };

static unsigned __stdcall read_all(void *unused)
{
    size_t total = 0;
    (void)unused;
    actor = "thread";
    for (unsigned i = 0; i < ROUNDS; i++) {
        char byte;
        size_t bytes;
        must(file_stream_read(stream, &byte, 1, &bytes), "read");
        total += bytes;
    }
    say("read %llu bytes", (unsigned long long)total);
    return 0;
}

/* Sends back each byte that the stream writes. */
static unsigned __stdcall echo(void *unused)
{
    char byte;
    DWORD count;
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        check(next.ReadFile(server, &byte, 1, &count, NULL), "read from",
              L"pipe");
        check(next.WriteFile(server, &byte, 1, &count, NULL), "write to",
              L"pipe");
    }
    return 0;
}

CASE(one_thread_can_read_a_pipe_while_another_writes,
     "thread: read 200 bytes\n", .kinds = ASYNCHRONOUS)
{
    HANDLE threads[2] = {run_thread(read_all, NULL), run_thread(echo, NULL)};
    for (unsigned i = 0; i < ROUNDS; i++)
        write_here("x");
    join(threads[0]);
    join(threads[1]);
}

static void close_in_callback(void *context, DWORD error, size_t bytes)
{
    (void)context;
    say("callback: error %lu, %llu bytes", error, (unsigned long long)bytes);
    say("close: error %lu", file_stream_close(stream));
    say("wait: error %lu", pool_wait_idle(&pool, INFINITE));
}

/* The call waits for its turn behind a synchronous read. No worker can give it
 * the turn when the pool stops. So the thread of the synchronous read completes
 * the call, and calls its callback. */
CASE(a_callback_on_a_thread_of_the_program_cannot_close,
     "thread: callback: error 1115, 0 bytes\n"
     "thread: close: error 1131\n"
     "thread: wait: error 1131\n"
     "thread: read: error 995, 0 bytes\n",
     .kinds = ASYNCHRONOUS)
{
    HANDLE thread = run_until_read(read_in_thread);
    task.callback = close_in_callback;
    start_read();
    must(pool_stop(&pool, POOL_CANCEL), "stop");
    join(thread);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 3)
        return 2;
    set_kind(argv[2]);
    reached = new_event();
    may_go_on = new_event();
    must(pool_create(&pool, 2, 0), "create");
    server = create_server(own_pipe(), PIPE_TYPE_BYTE);
    open_stream(own_pipe(), kind_option(), 0);
    put_layer((struct layer){.ReadFile = my_read,
                             .CancelIoEx = my_cancel,
                             .SleepConditionVariableSRW = my_sleep,
                             .GetTickCount64 = my_tick_count,
                             .WaitOnAddress = my_wait_on_address});
    bool found = run_case(argv[1]);
    must(file_stream_close(stream), "close");
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return found ? EXIT_SUCCESS : 2;
}
