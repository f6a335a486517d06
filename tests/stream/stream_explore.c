/*
 * stream_explore CASE: runs two actions concurrently, in every order that locks
 * allow. The first action stops when it is about to take its first lock. Then
 * the second action runs to its end, or until it needs the first one to
 * continue. Then the program repeats this with the first action stopped at its
 * second lock, and so on.
 *
 * After each order the stream must read the bytes that the file has, and the
 * file must have the bytes that were written.
 */
#include "stream_held.h"

static unsigned options; /* of the stream */

/* ---- The first action stops at a lock ---------------------------------- */

static enum { NO_THREAD, OWN_THREAD, WORKER } first_runs_on;
static _Thread_local bool is_first; /* this thread is OWN_THREAD */
static LONG locks_until_stop;
static LONG is_stopped;
static HANDLE second_may_begin; /* event: the first has stopped or finished */
static HANDLE first_may_go_on;  /* event */

static bool runs_first_action(void)
{
    if (first_runs_on == WORKER)
        return is_worker();
    return first_runs_on == OWN_THREAD && is_first;
}

static void let_first_go_on(void)
{
    if (InterlockedExchange(&is_stopped, 0))
        set(first_may_go_on);
}

static void WINAPI my_acquire(SRWLOCK *lock)
{
    if (runs_first_action()) {
        if (InterlockedDecrement(&locks_until_stop) == 0) {
            InterlockedExchange(&is_stopped, 1);
            set(second_may_begin);
            wait_for(first_may_go_on);
        }
    } else if (is_stopped) {
        if (next.TryAcquireSRWLockExclusive(lock))
            return;
        let_first_go_on(); /* perhaps it has the lock */
    }
    next.AcquireSRWLockExclusive(lock);
}

/* The first action has finished, or waits: it does not stop any more. */
static void let_second_begin(void)
{
    InterlockedExchange(&locks_until_stop, LONG_MAX);
    set(second_may_begin);
}

/* A thread that waits may be waiting for the first action. */
static bool waiting_needs_first;

static void before_wait(void)
{
    if (runs_first_action())
        let_second_begin();
    else if (waiting_needs_first)
        let_first_go_on();
}

static BOOL WINAPI my_sleep(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    before_wait();
    return next.SleepConditionVariableSRW(condition, lock, timeout, flags);
}

static BOOL WINAPI my_wait_on_address(volatile void *address, void *compared,
                                      SIZE_T size, DWORD timeout)
{
    before_wait();
    return next.WaitOnAddress(address, compared, size, timeout);
}

/* A worker that waits for the next packet has finished with the last one. */
static bool worker_waits; /* guarded by held_lock */

static void set_worker_waits(bool waits)
{
    next.AcquireSRWLockExclusive(&held_lock);
    worker_waits = waits;
    next.ReleaseSRWLockExclusive(&held_lock);
    WakeAllConditionVariable(&held_changed);
}

static BOOL WINAPI my_get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                                 OVERLAPPED **overlapped, DWORD timeout)
{
    if (first_runs_on == WORKER)
        let_second_begin();
    set_worker_waits(true);
    BOOL ok =
        next.GetQueuedCompletionStatus(port, bytes, key, overlapped, timeout);
    DWORD error = GetLastError();
    set_worker_waits(false);
    SetLastError(error);
    return ok;
}

/* For a packet, or with a held call on a synchronous stream. */
static void wait_until_worker_waits(void)
{
    next.AcquireSRWLockExclusive(&held_lock);
    while (!worker_waits && (asynchronous || held_count == 0))
        wait_for_change();
    next.ReleaseSRWLockExclusive(&held_lock);
}

/* ---- Calls ------------------------------------------------------------- */

static struct file_task task, other_task;
static char buffer[BUFFER_SIZE], other_buffer[BUFFER_SIZE];
static LONG callbacks, expected_callbacks;
static bool file_is_written;

static void on_call(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)error, (void)bytes;
    InterlockedIncrement(&callbacks);
}

static void start_read(struct file_task *started, char *bytes, size_t length)
{
    started->callback = on_call;
    if (file_stream_read_async(stream, bytes, length, started).outcome ==
        IO_QUEUED)
        InterlockedIncrement(&expected_callbacks);
}

/* Not through the buffer. */
static void start_write(struct file_task *started)
{
    started->callback = on_call;
    if (file_stream_write_at_async(stream, "WRITTEN", 7, 4, started).outcome ==
        IO_QUEUED)
        InterlockedIncrement(&expected_callbacks);
    file_is_written = true;
}

static void read_bytes(size_t length)
{
    char bytes[BUFFER_SIZE];
    size_t count;
    must(file_stream_read(stream, bytes, length, &count), "read");
}

/* ---- Actions ----------------------------------------------------------- */

static void nothing(void)
{
}

/* A read of 2 bytes, which fills the buffer. */
static void hold_fill(void)
{
    holding = true;
    start_read(&task, buffer, 2);
    wait_until_held(1);
    holding = false;
    seek_to(4);
}

static void hold_what_starts(void)
{
    holding = true;
}

static void hold_write_at_4(void)
{
    holding = true;
    start_write(&task);
    wait_until_held(1);
    holding = false;
}

static void hold_fill_and_queue(void)
{
    hold_fill();
    start_read(&other_task, other_buffer, 5);
}

static void release_held(void)
{
    release(0);
}

/* The held call succeeds or is cancelled. */
static void complete_held(void)
{
    release(0);
    file_task_wait(&task, INFINITE, NULL);
}

static void read_ten(void)
{
    read_bytes(10);
}

static void start_fill(void)
{
    start_read(&task, buffer, 2);
}

static void start_other_fill(void)
{
    start_read(&other_task, other_buffer, 5);
}

static void start_other_write(void)
{
    start_write(&other_task);
}

/* Into the buffer, as soon as it has the turn. */
static void start_small_write(void)
{
    other_task.callback = on_call;
    if (file_stream_write_async(stream, "WRITTEN", 7, &other_task).outcome ==
        IO_QUEUED)
        InterlockedIncrement(&expected_callbacks);
    file_is_written = true;
}

static void start_flush(void)
{
    other_task.callback = on_call;
    if (file_stream_flush_async(stream, &other_task).outcome == IO_QUEUED)
        InterlockedIncrement(&expected_callbacks);
}

static void write_word(void)
{
    write_here("WRITTEN");
    file_is_written = true;
}

static void cut(void)
{
    must(file_stream_set_length(stream, 500), "cut");
}

static void flush(void)
{
    must(file_stream_flush(stream), "flush");
}

static void cancel_task(void)
{
    file_task_cancel(&task);
}

/* Nothing else completes the held call. */
static void cancel_when_started(void)
{
    if (task.state == TASK_IDLE) {
        let_first_go_on();
        wait_until_held(1);
    }
    file_task_cancel(&task);
}

static void cancel_other(void)
{
    file_task_cancel(&other_task);
}

static void cancel_stream(void)
{
    file_stream_cancel(stream);
}

static LONG closes, expected_closes;

static void on_closed(void *context, DWORD error, size_t bytes)
{
    must(error + (DWORD)bytes, "close");
    InterlockedIncrement(context);
}

static void close_later(void)
{
    expected_closes++;
    file_stream_close_async(stream, on_closed, &closes);
    stream = NULL;
}

static void read_ten_at_0(void)
{
    seek_to(0);
    read_bytes(10);
}

static const struct {
    const wchar_t *name;
    void (*prepare)(void);
    void (*first)(void);
    void (*second)(void);
    bool by_worker; /* the worker stops, which does what `first` has started */
} pairs[] = {
    {L"write-and-end-of-fill", hold_fill, write_word, complete_held, false},
    {L"read-and-end-of-fill", hold_fill, read_ten, complete_held, false},
    {L"start-read-and-end-of-fill", hold_fill, start_other_fill, complete_held,
     false},
    {L"start-write-and-end-of-fill", hold_fill, start_other_write,
     complete_held, false},
    {L"cut-and-end-of-fill", hold_fill, cut, complete_held, false},
    {L"cancel-and-end-of-fill", hold_fill, cancel_task, complete_held, false},
    {L"cancel-all-and-end-of-fill", hold_fill, cancel_stream, complete_held,
     false},
    {L"close-and-end-of-fill", hold_fill, close_stream, complete_held, false},
    {L"close-later-and-end-of-fill", hold_fill, close_later, complete_held,
     false},
    {L"start-small-write-and-end-of-fill", hold_fill, start_small_write,
     complete_held, false},
    {L"flush-and-end-of-fill", hold_fill, flush, complete_held, false},
    {L"cancel-waiting-and-end-of-fill", hold_fill_and_queue, cancel_other,
     complete_held, false},
    {L"cancel-all-waiting-and-end-of-fill", hold_fill_and_queue, cancel_stream,
     complete_held, false},
    {L"close-waiting-and-end-of-fill", hold_fill_and_queue, close_later,
     complete_held, false},
    {L"start-fill-and-write", nothing, start_fill, write_word, false},
    {L"start-write-and-read", nothing, start_other_write, read_ten_at_0, false},
    {L"read-and-start-write", nothing, read_ten, start_other_write, false},
    {L"read-and-end-of-write", hold_write_at_4, read_ten, complete_held, false},
    {L"start-read-and-end-of-write", hold_write_at_4, start_other_fill,
     complete_held, false},
    {L"end-of-fill-and-write", hold_fill, release_held, write_word, true},
    {L"end-of-fill-and-read", hold_fill, release_held, read_ten, true},
    {L"end-of-fill-and-start-read", hold_fill, release_held, start_other_fill,
     true},
    {L"end-of-fill-and-start-write", hold_fill, release_held, start_other_write,
     true},
    {L"end-of-fill-and-cancel", hold_fill, release_held, cancel_task, true},
    {L"end-of-fill-and-close", hold_fill, release_held, close_stream, true},
    {L"end-of-fill-and-close-later", hold_fill, release_held, close_later,
     true},
    {L"end-of-fill-and-small-write", hold_fill, release_held, start_small_write,
     true},
    {L"end-of-fill-and-flush", hold_fill, release_held, start_flush, true},
    {L"end-of-fill-and-cancel-waiting", hold_fill_and_queue, release_held,
     cancel_other, true},
    {L"end-of-fill-and-cancel-all-waiting", hold_fill_and_queue, release_held,
     cancel_stream, true},
    {L"end-of-fill-and-close-waiting", hold_fill_and_queue, release_held,
     close_later, true},
    {L"end-of-write-and-read", hold_write_at_4, release_held, read_ten, true},
    {L"start-fill-and-cancel", hold_what_starts, start_fill,
     cancel_when_started, false},
};

/* ---- All orders -------------------------------------------------------- */

enum { NOT_FOUND = DIGITS, WRONG = DIGITS + 1 };

/* Where the bytes have "WRITTEN". All other bytes must be digits. */
static unsigned find_written(const char *bytes, unsigned length)
{
    unsigned found = NOT_FOUND;
    for (unsigned i = 0; i < length; i++) {
        if (i + 7 <= length && memcmp(bytes + i, "WRITTEN", 7) == 0) {
            found = i;
            i += 6;
        } else if (bytes[i] != (char)('0' + i % 10)) {
            return WRONG;
        }
    }
    return found;
}

static DWORD read_file(char *bytes, DWORD size)
{
    DWORD length;
    HANDLE file =
        CreateFileW(L"digits", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    NULL, OPEN_EXISTING, 0, NULL);
    check(file != INVALID_HANDLE_VALUE, "open", L"digits");
    check(next.ReadFile(file, bytes, size, &length, NULL), "read", L"digits");
    close_object(file);
    return length;
}

/* Reads from the start, buffered bytes included, and flushes the buffer. */
static size_t read_stream(char *bytes, size_t size)
{
    size_t length = 0, count;
    seek_to(0);
    do {
        must(file_stream_read(stream, bytes + length, 30, &count), "read");
        length += count;
    } while (count > 0 && length + 30 <= size);
    must(file_stream_flush(stream), "flush");
    return length;
}

static bool is_right(const wchar_t *name, LONG lock)
{
    static char in_file[2 * DIGITS], in_stream[2 * DIGITS];
    size_t stream_length = 0;
    bool same = true;
    if (stream != NULL)
        stream_length = read_stream(in_stream, sizeof in_stream);
    DWORD file_length = read_file(in_file, sizeof in_file);
    if (stream != NULL)
        same = stream_length == file_length &&
               memcmp(in_file, in_stream, file_length) == 0;
    unsigned found = find_written(in_file, file_length);
    if (same && found != WRONG && (found != NOT_FOUND) == file_is_written)
        return true;
    say("%ls, lock %ld: file %lu bytes, %.20s; stream %llu bytes, %.20s", name,
        lock, file_length, in_file, (unsigned long long)stream_length,
        in_stream);
    return false;
}

static unsigned __stdcall run_first(void *argument)
{
    void (*const *first)(void) = argument;
    is_first = true;
    (*first)();
    let_second_begin();
    return 0;
}

/* NO_SUCH_LOCK: right, and the first action takes fewer locks. */
enum order { RIGHT, WRONG_ORDER, NO_SUCH_LOCK };

static void start_from_nothing(void)
{
    create_digits();
    held_count = 0;
    callbacks = expected_callbacks = closes = expected_closes = 0;
    task = other_task = (struct file_task){0};
    file_is_written = false;
    check(ResetEvent(second_may_begin) && ResetEvent(first_may_go_on), "reset",
          L"event");
    locks_until_stop = LONG_MAX;
    first_runs_on = NO_THREAD;
    open_digits(options);
}

/* Each callback has come once, and the bytes are right. */
static bool check_end(size_t index, LONG lock)
{
    bool right = callbacks == expected_callbacks && closes == expected_closes;
    if (!right)
        say("%ls, lock %ld: %ld callbacks, wanted %ld; %ld closes",
            pairs[index].name, lock, callbacks, expected_callbacks, closes);
    return is_right(pairs[index].name, lock) && right;
}

/* Stops the first action at this lock, counted from 1. */
static enum order try_order(size_t index, LONG lock)
{
    void (*first)(void) = pairs[index].first;
    HANDLE thread = NULL;
    start_from_nothing();
    pairs[index].prepare();
    /* If nothing is in flight before, the first action may have the turn. */
    waiting_needs_first = pairs[index].by_worker || first == close_stream ||
                          pairs[index].prepare == nothing ||
                          pairs[index].prepare == hold_what_starts;
    locks_until_stop = lock;
    if (pairs[index].by_worker) {
        wait_until_worker_waits();
        first_runs_on = WORKER;
        first();
    } else {
        first_runs_on = OWN_THREAD;
        thread = run_thread(run_first, &first);
    }
    wait_for(second_may_begin);
    bool was_stopped = is_stopped;
    pairs[index].second();
    let_first_go_on();
    if (thread != NULL)
        join(thread);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    first_runs_on = NO_THREAD;
    holding = false;
    bool right = check_end(index, lock);
    close_stream();
    if (!right)
        return WRONG_ORDER;
    return was_stopped ? RIGHT : NO_SUCH_LOCK;
}

static bool is_right_in_every_order(size_t index)
{
    LONG lock = 1;
    enum order order;
    do
        order = try_order(index, lock++);
    while (order == RIGHT);
    if (lock == 2)
        say("%ls: no order was tried", pairs[index].name);
    return order == NO_SUCH_LOCK && lock > 2;
}

static void try_pairs(void)
{
    unsigned tried = 0, right = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        /* On a synchronous stream nothing cancels a call that a worker runs. */
        if (pairs[i].second == cancel_when_started && !asynchronous)
            continue;
        tried++;
        right += is_right_in_every_order(i);
    }
    say("%u of %u pairs are right in every order", right, tried);
}

CASE(two_concurrent_actions_on_an_asynchronous_stream_are_right,
     "main: 33 of 33 pairs are right in every order\n")
{
    asynchronous = true;
    options = FILE_OPTION_ASYNCHRONOUS;
    try_pairs();
}

CASE(two_concurrent_actions_on_a_synchronous_stream_are_right,
     "main: 32 of 32 pairs are right in every order\n")
{
    try_pairs();
}

int wmain(int argc, wchar_t **argv)
{
    second_may_begin = new_event();
    first_may_go_on = new_event();
    put_layer((struct layer){.ReadFile = held_read,
                             .WriteFile = held_write,
                             .CancelIoEx = held_cancel,
                             .AcquireSRWLockExclusive = my_acquire,
                             .SleepConditionVariableSRW = my_sleep,
                             .GetQueuedCompletionStatus = my_get_status,
                             .WaitOnAddress = my_wait_on_address});
    must(pool_create(&pool, 1, 0), "create");
    bool found = argc == 2 && run_case(argv[1]);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return found ? EXIT_SUCCESS : 2;
}
