/*
 * stream_order CASE KIND: asynchronous calls on a file, whose reads and writes
 * the case releases in an order of its own. KIND is the kind of stream:
 * "asynchronous" or "synchronous". Calls on a buffered stream take turns. A
 * case that needs concurrent calls starts with reopen_without_buffer.
 */
#include "stream_held.h"

/* ---- Calls ------------------------------------------------------------- */

enum { CALLS = 3 };

static struct call {
    struct file_task task;
    char buffer[BUFFER_SIZE];
} calls[CALLS];

static LONG callbacks;

static void on_call(void *context, DWORD error, size_t bytes)
{
    struct call *call = context;
    say("error %lu, '%.*s'", error, (int)bytes, call->buffer);
    AcquireSRWLockExclusive(&held_lock);
    callbacks++;
    ReleaseSRWLockExclusive(&held_lock);
    WakeAllConditionVariable(&held_changed);
}

/* Gives each later call a callback. */
static void use_callbacks(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        calls[i].task.callback = on_call;
        calls[i].task.context = &calls[i];
    }
}

static void wait_for_callbacks(LONG count)
{
    AcquireSRWLockExclusive(&held_lock);
    while (callbacks < count)
        wait_for_change();
    ReleaseSRWLockExclusive(&held_lock);
}

static void reopen_without_buffer(void)
{
    close_stream();
    open_stream(L"digits", kind_option(), 0);
}

/* Returns when the call is held: so calls are held in the order in which the
 * case starts them. */
static void start_read(unsigned index, size_t length)
{
    struct call *call = &calls[index];
    unsigned before = held_count;
    struct submission started =
        file_stream_read_async(stream, call->buffer, length, &call->task);
    if (started.outcome == IO_FAILED)
        say("not started, error %lu", started.error);
    else
        wait_until_held(before + 1);
}

/* It waits for its turn. */
static void queue_read(unsigned index, size_t length)
{
    struct call *call = &calls[index];
    struct submission started =
        file_stream_read_async(stream, call->buffer, length, &call->task);
    if (started.outcome != IO_QUEUED)
        say("not queued, error %lu", started.error);
}

static void start_write(unsigned index, const char *text)
{
    unsigned before = held_count;
    file_stream_write_async(stream, text, strlen(text), &calls[index].task);
    wait_until_held(before + 1);
}

static void finish(unsigned index)
{
    must(file_task_wait(&calls[index].task, INFINITE, NULL), "finish");
}

static void say_wait(unsigned index)
{
    say("wait: %lu", file_task_wait(&calls[index].task, 0, NULL));
}

/* ---- A read and a write in flight -------------------------------------- */

CASE(a_read_during_a_write_keeps_no_old_bytes,
     "main: read '012'\n"
     "main: read 'WRITTEN789'\n",
     .kinds = BOTH)
{
    reopen_without_buffer();
    start_write(0, "WRITTEN");
    seek_to(0);
    say_read(3);
    release(0);
    finish(0);
    seek_to(0);
    say_read(10);
}

/* ---- Turns ------------------------------------------------------------- */

static HANDLE thread_waits;    /* event: for its turn; or NULL */
static HANDLE thread_may_read; /* event: its read was cancelled; or NULL */

static bool is_thread(void)
{
    return strcmp(acting_thread(), "thread") == 0;
}

static unsigned __stdcall write_at_4(void *unused)
{
    (void)unused;
    actor = "thread";
    seek_to(4);
    write_here("WRITTEN");
    must(file_stream_flush(stream), "flush");
    return 0;
}

/* The read of 2 bytes fills the whole buffer. */
CASE(a_write_waits_for_its_turn_behind_a_read_that_fills_the_buffer,
     "main: the file is unchanged\n"
     "main: read '23WRITTEN1'\n",
     .kinds = BOTH)
{
    start_read(0, 2);
    thread_waits = new_event();
    HANDLE thread = run_thread(write_at_4, NULL);
    wait_for(thread_waits);
    say("the file is %s", held_count == 1 ? "unchanged" : "written");
    release(0);
    finish(0);
    join(thread);
    seek_to(2);
    say_read(10);
}

CASE(asynchronous_calls_on_a_buffered_file_take_turns,
     "main: position 24\n"
     "main: wait: 258\n"
     "main: wait: 258\n"
     "main: '01234567', '89012345', '67890123', 1 system call\n",
     .kinds = BOTH)
{
    start_read(0, 8);
    queue_read(1, 8);
    queue_read(2, 8);
    say_position();
    say_wait(1);
    say_wait(2);
    release(0);
    for (unsigned i = 0; i < CALLS; i++)
        finish(i);
    say("'%.8s', '%.8s', '%.8s', %u system call", calls[0].buffer,
        calls[1].buffer, calls[2].buffer, held_count);
}

CASE(a_small_write_waits_for_its_turn_and_is_buffered_then,
     "main: wait: 258\n"
     "main: read '23WRITTEN1'\n"
     "main: 2 system calls\n",
     .kinds = BOTH)
{
    start_read(0, 2);
    seek_to(4);
    file_stream_write_async(stream, "WRITTEN", 7, &calls[1].task);
    say_wait(1);
    release(0);
    finish(1);
    holding = false;
    seek_to(2);
    say_read(10);
    holding = true;
    file_stream_write_at_async(stream, "WRITTEN", 7, 0, &calls[0].task);
    release(1);
    finish(0);
    say("%u system calls", held_count);
}

static HANDLE called; /* event */

/* The second read has the turn when the callback of the first one runs. */
static void read_behind_another(void *context, DWORD error, size_t bytes)
{
    char byte;
    (void)context, (void)error;
    say("read: error %lu", file_stream_read(stream, &byte, 1, &bytes));
    say("flush: error %lu", file_stream_flush(stream));
    say("set length: error %lu", file_stream_set_length(stream, 9));
    set(called);
}

CASE(a_call_in_a_callback_that_would_wait_for_its_turn_fails_with_1131,
     "worker: read: error 1131\n"
     "worker: flush: error 1131\n"
     "worker: set length: error 1131\n"
     "main: position 104\n",
     .kinds = BOTH)
{
    called = new_event();
    calls[0].task.callback = read_behind_another;
    start_read(0, 4);
    queue_read(1, 100);
    release(0);
    wait_for(called);
    say_position();
    release(1);
    finish(1);
}

/* A call that another one cannot pass is cancelled, one by one, from the middle
 * of the queue. */
CASE(ten_thousand_calls_can_wait_for_their_turn,
     "main: 5000 reads, 5000 cancelled, in order\n"
     "main: position 50000\n",
     .kinds = BOTH)
{
    enum { WAITING = 10000 };
    static struct file_task tasks[WAITING];
    static char bytes[WAITING][10];
    unsigned reads = 0, cancelled = 0, wrong = 0;
    must(file_stream_set_length(stream, 100000), "set length");
    start_read(0, 1);
    seek_to(0);
    for (unsigned i = 0; i < WAITING; i++)
        file_stream_read_async(stream, bytes[i], 10, &tasks[i]);
    for (unsigned i = 0; i < WAITING; i += 2)
        file_task_cancel(&tasks[i]);
    holding = false;
    release(0);
    for (unsigned i = 0; i < WAITING; i++) {
        size_t count;
        DWORD error = file_task_wait(&tasks[i], INFINITE, &count);
        cancelled += error == ERROR_OPERATION_ABORTED && count == 0;
        reads += error == ERROR_SUCCESS && count == 10;
        wrong += i % 2 == 1 && i < DIGITS / 10 &&
                 memcmp(bytes[i], "0123456789", 10) != 0;
    }
    say("%u reads, %u cancelled, %s", reads, cancelled,
        wrong == 0 ? "in order" : "wrong bytes");
    say_position();
}

/* ---- Ranges and positions ---------------------------------------------- */

CASE(concurrent_calls_take_consecutive_ranges_in_any_order_of_completion,
     "main: position 24\n"
     "main: wait: 258\n"
     "worker: error 0, '67890123'\n"
     "main: wait: 258\n"
     "worker: error 0, '89012345'\n"
     "main: wait: 258\n"
     "worker: error 0, '01234567'\n"
     "main: position 24\n",
     .kinds = BOTH)
{
    reopen_without_buffer();
    use_callbacks();
    for (unsigned i = 0; i < CALLS; i++)
        start_read(i, 8);
    say_position();
    for (unsigned i = CALLS; i-- > 0;) {
        say_wait(i);
        release(i);
        finish(i);
        wait_for_callbacks(CALLS - (LONG)i);
    }
    say_position();
}

CASE(a_read_completes_after_its_last_piece,
     "main: wait: 258\n"
     "main: position 8\n"
     "main: wait: 258\n"
     "main: 3 system calls: '01234567'\n",
     .kinds = BOTH)
{
    limit = 3;
    start_read(0, 8);
    release(0);
    say_wait(0);
    release(1);
    say_position();
    say_wait(0);
    release(2);
    finish(0);
    say("%u system calls: '%.8s'", held_count, calls[0].buffer);
}

CASE(a_cancelled_read_reports_its_bytes_and_moves_the_position_back,
     "main: error 995, 3 bytes\n"
     "main: position 3\n",
     .kinds = ASYNCHRONOUS)
{
    size_t bytes;
    limit = 3;
    start_read(0, 8);
    release(0);
    wait_until_held(2);
    file_task_cancel(&calls[0].task);
    release(1);
    DWORD error = file_task_wait(&calls[0].task, INFINITE, &bytes);
    say("error %lu, %llu bytes", error, (unsigned long long)bytes);
    say_position();
}

/* In the next two cases a read is short, as it meets the end of the file: so it
 * would move the position back. */

CASE(a_position_set_by_seek_during_a_short_read_is_kept,
     "main: position 1096\n"
     "main: position 7\n",
     .kinds = BOTH)
{
    seek_to(996);
    start_read(0, 100);
    say_position();
    seek_to(7);
    release(0);
    release(1); /* reports the end */
    finish(0);
    say_position();
}

CASE(a_position_set_by_set_length_during_a_short_read_is_kept,
     "main: position 550\n"
     "main: position 550\n",
     .kinds = BOTH)
{
    reopen_without_buffer();
    seek_to(500);
    start_read(0, 100);
    must(file_stream_set_length(stream, 550), "set length");
    say_position();
    release(0);
    release(1);
    finish(0);
    say_position();
}

/* ---- Close and stop ---------------------------------------------------- */

CASE(close_cancels_the_calls_in_flight_and_waits_for_their_callbacks,
     "worker: error 995, ''\n"
     "worker: error 995, ''\n"
     "worker: error 995, ''\n"
     "main: closed after 3 callbacks\n",
     .kinds = ASYNCHRONOUS)
{
    reopen_without_buffer();
    use_callbacks();
    for (unsigned i = 0; i < CALLS; i++)
        start_read(i, 8);
    close_stream();
    say("closed after %ld callbacks", callbacks);
}

CASE(close_cancels_the_calls_that_wait_for_their_turn,
     "worker: error 995, ''\n"
     "worker: error 995, ''\n"
     "worker: error 995, ''\n"
     "main: closed after 3 callbacks\n",
     .kinds = ASYNCHRONOUS)
{
    use_callbacks();
    start_read(0, 8);
    queue_read(1, 8);
    queue_read(2, 8);
    close_stream();
    say("closed after %ld callbacks", callbacks);
}

static unsigned __stdcall read_in_thread(void *unused)
{
    char bytes[200];
    size_t count;
    (void)unused;
    actor = "thread";
    say("read: error %lu", file_stream_read(stream, bytes, 200, &count));
    return 0;
}

/* Before the system call of the thread. The read lasts until it is cancelled.
 */
static BOOL WINAPI my_read(HANDLE file, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    if (!is_thread() || thread_may_read == NULL)
        return held_read(file, buffer, length, bytes, overlapped);
    set(thread_waits);
    wait_for(thread_may_read);
    return fail_with(ERROR_OPERATION_ABORTED);
}

static BOOL WINAPI my_cancel(HANDLE file, OVERLAPPED *overlapped)
{
    if (thread_may_read != NULL)
        set(thread_may_read);
    return held_cancel(file, overlapped);
}

CASE(close_does_not_wait_behind_a_read_of_another_thread,
     "thread: read: error 995\n"
     "main: closed\n",
     .kinds = BOTH)
{
    thread_waits = new_event();
    thread_may_read = new_event();
    HANDLE thread = run_thread(read_in_thread, NULL);
    wait_for(thread_waits);
    close_stream();
    join(thread);
    say("closed");
}

/* ---- Close without waiting --------------------------------------------- */

static HANDLE closed; /* event */

static void on_closed(void *context, DWORD error, size_t bytes)
{
    say("closed: error %lu, %llu bytes, '%s'", error, (unsigned long long)bytes,
        (const char *)context);
    stream = NULL;
    set(closed);
}

static void write_and_close(void *context, DWORD error, size_t bytes)
{
    (void)error, (void)bytes;
    if (*(bool *)context)
        write_here("WRITTEN");
    file_stream_close_async(stream, on_closed, "context");
    say("closing");
}

static void say_file(void)
{
    char bytes[20];
    size_t count;
    open_digits(kind_option());
    must(file_stream_read(stream, bytes, sizeof bytes, &count), "read");
    say("file: '%.*s'", (int)count, bytes);
}

static void close_in_callback(bool writes)
{
    closed = new_event();
    calls[0].task.callback = write_and_close;
    calls[0].task.context = &writes;
    start_read(0, 5);
    holding = false;
    release(0);
    wait_for(closed);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    say_file();
}

CASE(a_callback_can_close_its_own_stream,
     "worker: closing\n"
     "worker: closed: error 0, 0 bytes, 'context'\n"
     "main: file: '01234567890123456789'\n",
     .kinds = BOTH)
{
    close_in_callback(false);
}

CASE(a_callback_can_close_its_own_stream_with_bytes_to_write,
     "worker: closing\n"
     "worker: closed: error 0, 0 bytes, 'context'\n"
     "main: file: '01234WRITTEN23456789'\n",
     .kinds = BOTH)
{
    close_in_callback(true);
}

/* The stream is freed only after this callback. */
static void close_and_go_on(void *context, DWORD error, size_t bytes)
{
    uint64_t length;
    (void)error;
    file_stream_close_async(stream, on_closed, context);
    say("read: error %lu",
        file_stream_read(stream, calls[1].buffer, 5, &bytes));
    say("flush: error %lu", file_stream_flush(stream));
    say("to disk: error %lu", file_stream_flush_to_disk(stream));
    say("length: error %lu", file_stream_length(stream, &length));
    say("lock: error %lu", file_stream_lock(stream, 0, 1));
    file_stream_cancel(stream);
}

CASE(calls_in_a_callback_after_close_are_error_6,
     "worker: read: error 6\n"
     "worker: flush: error 6\n"
     "worker: to disk: error 6\n"
     "worker: length: error 6\n"
     "worker: lock: error 6\n"
     "worker: closed: error 0, 0 bytes, 'z'\n",
     .kinds = BOTH)
{
    closed = new_event();
    calls[0].task.callback = close_and_go_on;
    calls[0].task.context = "z";
    start_read(0, 5);
    holding = false;
    release(0);
    wait_for(closed);
    must(pool_wait_idle(&pool, INFINITE), "wait");
}

static HANDLE returned; /* an event */

static void on_call_after_close(void *context, DWORD error, size_t bytes)
{
    wait_for(returned);
    on_call(context, error, bytes);
}

CASE(close_without_waiting_cancels_and_ends_after_the_last_callback,
     "worker: error 995, ''\n"
     "worker: error 995, ''\n"
     "worker: error 995, ''\n"
     "worker: closed: error 0, 0 bytes, 'x'\n",
     .kinds = ASYNCHRONOUS)
{
    closed = new_event();
    returned = new_event();
    use_callbacks();
    calls[2].task.callback = on_call_after_close;
    start_read(0, 8);
    queue_read(1, 8);
    queue_read(2, 8);
    file_stream_close_async(stream, on_closed, "x");
    set(returned);
    wait_for(closed);
    must(pool_wait_idle(&pool, INFINITE), "wait");
}

CASE(close_without_waiting_ends_before_it_returns_if_nothing_runs,
     "main: closed: error 0, 0 bytes, 'y'\n"
     "main: returned\n",
     .kinds = BOTH)
{
    closed = new_event();
    write_here("0");
    file_stream_close_async(NULL, on_closed, "nothing");
    file_stream_close_async(stream, on_closed, "y");
    say("returned");
}

CASE(stopping_the_pool_cancels_the_calls_in_flight,
     "worker: error 995, ''\n"
     "worker: error 995, ''\n"
     "main: stopped after 2 callbacks\n"
     "main: not started, error 1115\n",
     .kinds = ASYNCHRONOUS)
{
    reopen_without_buffer();
    use_callbacks();
    start_read(0, 8);
    start_read(1, 8);
    must(pool_stop(&pool, POOL_CANCEL), "stop");
    say("stopped after %ld callbacks", callbacks);
    start_read(2, 8);
}

/* A worker writes in a callback, and stops before the n-th lock that it takes,
 * until main waits in close. */
static LONG locks_until_stop; /* 0: the worker does not stop */
static HANDLE worker_stopped; /* event; also set when the worker has written */
static HANDLE main_waits;     /* event; NULL in the other cases */
static DWORD write_error;

static BOOL WINAPI my_sleep(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    if (is_main() && main_waits != NULL)
        set(main_waits);
    return next.SleepConditionVariableSRW(condition, lock, timeout, flags);
}

static BOOL WINAPI my_wait_on_address(volatile void *address, void *compared,
                                      SIZE_T size, DWORD timeout)
{
    if (is_main() && main_waits != NULL)
        set(main_waits);
    if (is_thread() && thread_waits != NULL)
        set(thread_waits);
    return next.WaitOnAddress(address, compared, size, timeout);
}

static void WINAPI my_acquire(SRWLOCK *lock)
{
    if (is_worker() && locks_until_stop > 0 && --locks_until_stop == 0) {
        set(worker_stopped);
        wait_for(main_waits);
    }
    if (is_main() && main_waits != NULL) {
        if (next.TryAcquireSRWLockExclusive(lock))
            return;
        set(main_waits); /* the worker has the lock */
    }
    next.AcquireSRWLockExclusive(lock);
}

static void write_and_stop(void *context, DWORD error, size_t bytes)
{
    (void)error, (void)bytes;
    locks_until_stop = *(LONG *)context;
    write_error = file_stream_write(stream, "WRITTEN", 7);
    locks_until_stop = 0;
    set(worker_stopped);
}

static bool file_matches_write_error(void)
{
    char bytes[20];
    size_t count;
    const char *wanted = write_error == ERROR_SUCCESS ? "0123456789WRITTEN789"
                                                      : "01234567890123456789";
    must(file_stream_read(stream, bytes, sizeof bytes, &count), "read");
    return count == sizeof bytes && memcmp(bytes, wanted, count) == 0;
}

CASE(a_write_in_a_callback_during_close_is_kept_or_reports_an_error,
     "main: 7 of 7 writes were kept or reported an error\n", .kinds = BOTH)
{
    enum { LOCKS = 7 }; /* more than a write takes */
    unsigned right = 0;
    main_waits = new_event();
    worker_stopped = new_event();
    for (LONG locks = 1; locks <= LOCKS; locks++) {
        calls[0].task.callback = write_and_stop;
        calls[0].task.context = &locks;
        start_read(0, 10);
        release(held_count - 1);
        wait_for(worker_stopped);
        close_stream();
        check(ResetEvent(worker_stopped) && ResetEvent(main_waits), "reset",
              L"event");
        open_digits(kind_option());
        right += file_matches_write_error();
        seek_to(10);
        write_here("0123456");
        must(file_stream_flush(stream), "flush");
        seek_to(0);
    }
    say("%u of %d writes were kept or reported an error", right, LOCKS);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 3)
        return 2;
    set_kind(argv[2]);
    create_digits();
    must(pool_create(&pool, 4, 0), "create");
    open_digits(kind_option());
    put_layer((struct layer){.ReadFile = my_read,
                             .WriteFile = held_write,
                             .CancelIoEx = my_cancel,
                             .AcquireSRWLockExclusive = my_acquire,
                             .SleepConditionVariableSRW = my_sleep,
                             .WaitOnAddress = my_wait_on_address});
    holding = true;
    bool found = run_case(argv[1]);
    close_stream();
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return found ? EXIT_SUCCESS : 2;
}
