/*
 * stream_order CASE KIND: asynchronous calls on a file, whose reads and writes
 * the case releases in an order of its own. KIND is the kind of stream:
 * "asynchronous" or "synchronous".
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

CASE(a_read_during_a_write_keeps_no_old_bytes_in_the_buffer,
     "main: read '012'\n"
     "main: read 'WRITTEN789'\n",
     .kinds = BOTH)
{
    start_write(0, "WRITTEN");
    seek_to(0);
    say_read(3);
    release(0);
    finish(0);
    seek_to(0);
    say_read(10);
}

static void write_at_4(void)
{
    seek_to(4);
    write_here("WRITTEN");
    must(file_stream_flush(stream), "flush");
}

/* In the next three cases a read of 2 bytes fills the whole buffer. */

CASE(a_write_before_the_system_fills_the_buffer_is_not_lost,
     "main: read '23WRITTEN1'\n", .kinds = BOTH)
{
    start_read(0, 2);
    write_at_4();
    release(0);
    finish(0);
    seek_to(2);
    say_read(10);
}

CASE(a_write_after_the_system_has_filled_the_buffer_is_not_lost,
     "main: read '23WRITTEN1'\n", .kinds = BOTH)
{
    start_read(0, 2);
    release(0);
    write_at_4();
    finish(0);
    seek_to(2);
    say_read(10);
}

CASE(an_asynchronous_write_while_the_buffer_is_filled_is_not_lost,
     "main: read '23'\n"
     "main: read '23WRITTEN1'\n",
     .kinds = BOTH)
{
    start_read(0, 2);
    seek_to(4);
    start_write(1, "WRITTEN");
    release(0);
    finish(0);
    seek_to(2);
    say_read(2);
    release(1);
    finish(1);
    seek_to(2);
    say_read(10);
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
    use_callbacks();
    for (unsigned i = 0; i < CALLS; i++)
        start_read(i, 8);
    close_stream();
    say("closed after %ld callbacks", callbacks);
}

CASE(stopping_the_pool_cancels_the_calls_in_flight,
     "worker: error 995, ''\n"
     "worker: error 995, ''\n"
     "main: stopped after 2 callbacks\n"
     "main: not started, error 1115\n",
     .kinds = ASYNCHRONOUS)
{
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
    return next.WaitOnAddress(address, compared, size, timeout);
}

static void WINAPI my_acquire(SRWLOCK *lock)
{
    if (is_worker() && locks_until_stop > 0 && --locks_until_stop == 0) {
        set(worker_stopped);
        wait_for(main_waits);
    }
    if (is_main() && main_waits != NULL) {
        if (TryAcquireSRWLockExclusive(lock))
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
    put_layer((struct layer){.ReadFile = held_read,
                             .WriteFile = held_write,
                             .CancelIoEx = held_cancel,
                             .AcquireSRWLockExclusive = my_acquire,
                             .SleepConditionVariableSRW = my_sleep,
                             .WaitOnAddress = my_wait_on_address});
    holding = true;
    bool found = run_case(argv[1]);
    close_stream();
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return found ? EXIT_SUCCESS : 2;
}
