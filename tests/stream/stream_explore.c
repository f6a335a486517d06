/*
 * stream_explore KIND FILE: two things at once, in every order that locks
 * allow. The first is stopped when it is about to take its first lock; then all
 * of the second is done, or as much as can be without the first going on. Then
 * the same once more, with the first stopped at its second lock, and so on.
 *
 * KIND is the stream's: "asynchronous", "synchronous" or "sequential" (that is
 * asynchronous, too, and reads ahead). Each time FILE has 1000 digits at first,
 * and the buffer 100 bytes. Afterwards the stream must read what is in the
 * file, and the file must be what was written. Says so for each pair; they are
 * in a table at the end of this file.
 */
#include "../../final/file_stream.h"
#include "stream_held.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

const wchar_t program[] = L"stream_explore";

static const wchar_t *path;
static struct file_stream *stream;
static unsigned options;

/* ---- Stopped at a lock ------------------------------------------------- */

static enum { NOBODY, A_THREAD, A_WORKER } stopped; /* who the first is */
static _Thread_local bool is_first;
static LONG locks;       /* to be taken, until it is stopped */
static LONG is_stopped;  /* it is now */
static HANDLE stops;     /* it has been stopped, or is over: event */
static HANDLE may_go_on; /* event */

static bool am_first(void)
{
    return stopped == A_WORKER ? strcmp(acting_thread(), "worker") == 0
                               : stopped == A_THREAD && is_first;
}

static void go_on(void)
{
    if (InterlockedExchange(&is_stopped, 0))
        set(may_go_on);
}

static void WINAPI my_acquire(SRWLOCK *lock)
{
    if (am_first()) {
        if (InterlockedDecrement(&locks) == 0) {
            InterlockedExchange(&is_stopped, 1);
            set(stops);
            wait_for(may_go_on);
        }
    } else if (is_stopped) {
        if (TryAcquireSRWLockExclusive(lock))
            return;
        go_on(); /* it may be the one who has the lock */
    }
    next.acquire(lock);
}

/* Whoever waits may wait for the one that is stopped. */
static bool sleepers_wait_for_first;

/* The first is done, or waits itself: it is not stopped any more. */
static void let_second_begin(void)
{
    InterlockedExchange(&locks, LONG_MAX);
    set(stops);
}

static BOOL WINAPI my_sleep(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    if (am_first())
        let_second_begin();
    else if (sleepers_wait_for_first)
        go_on();
    return next.sleep(condition, lock, timeout, flags);
}

static BOOL WINAPI my_wait_on_address(volatile void *address, void *compared,
                                      SIZE_T size, DWORD timeout)
{
    if (am_first())
        let_second_begin();
    else if (sleepers_wait_for_first)
        go_on();
    return next.wait_on_address(address, compared, size, timeout);
}

/* A worker that waits for the next packet is done with the last. */
static bool worker_waits; /* guarded by held_lock */

static void set_waiting(bool waits)
{
    next.acquire(&held_lock);
    worker_waits = waits;
    next.release(&held_lock);
    WakeAllConditionVariable(&held_changed);
}

static BOOL WINAPI my_get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                                 OVERLAPPED **overlapped, DWORD timeout)
{
    if (stopped == A_WORKER)
        let_second_begin();
    set_waiting(true);
    BOOL ok = next.get_status(port, bytes, key, overlapped, timeout);
    DWORD error = GetLastError();
    set_waiting(false);
    SetLastError(error);
    return ok;
}

/* For a packet, or with a call that is held back on a synchronous handle. */
static void wait_until_worker_waits(void)
{
    next.acquire(&held_lock);
    while (!worker_waits && (asynchronous || held_count == 0))
        next.sleep(&held_changed, &held_lock, INFINITE, 0);
    next.release(&held_lock);
}

/* ---- Calls ------------------------------------------------------------- */

static struct file_task task, other_task;
static char buffer[200], other_buffer[200];
static LONG callbacks, expected_callbacks;
static bool file_is_written;

static void on_call(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)error, (void)bytes;
    InterlockedIncrement(&callbacks);
}

static void start_read(struct file_task *at, char *to, size_t length)
{
    at->callback = on_call;
    struct submission started = file_stream_read_async(stream, to, length, at);
    if (started.outcome == IO_QUEUED)
        InterlockedIncrement(&expected_callbacks);
}

static void start_write(struct file_task *at)
{
    at->callback = on_call;
    if (file_stream_write_async(stream, "WRITTEN", 7, at).outcome == IO_QUEUED)
        InterlockedIncrement(&expected_callbacks);
    file_is_written = true;
}

/* Well, or cancelled. */
static void finish(struct file_task *at)
{
    file_task_wait(at, INFINITE, NULL);
}

static void go_to(int64_t offset)
{
    must(file_stream_seek(stream, offset, FILE_BEGIN, NULL), "seek");
}

static void read_here(size_t length)
{
    char bytes[200];
    size_t count;
    must(file_stream_read(stream, bytes, length, &count), "read");
}

static void write_here(void)
{
    must(file_stream_write(stream, "WRITTEN", 7), "write");
    file_is_written = true;
}

/* ---- The two ----------------------------------------------------------- */

static void nothing(void)
{
}

/* A read of 2 bytes, which fills the buffer, is held back. */
static void fill_is_held(void)
{
    holding = true;
    start_read(&task, buffer, 2);
    wait_until_held(1);
    holding = false;
    go_to(4);
}

/* A write at 4. */
static void write_is_held(void)
{
    go_to(4);
    holding = true;
    start_write(&task);
    wait_until_held(1);
    holding = false;
    go_to(0);
}

static void let_it_end(void)
{
    let_go(0);
    finish(&task);
}

static void read_ten(void)
{
    read_here(10);
}

static void start_to_fill(void)
{
    start_read(&task, buffer, 2);
}

static void start_other_fill(void)
{
    start_read(&other_task, other_buffer, 5);
}

static void start_to_write(void)
{
    start_write(&other_task);
}

static void cut(void)
{
    must(file_stream_set_length(stream, 500), "cut");
}

static void cancel_it(void)
{
    file_task_cancel(&task);
}

static void cancel_all_of_it(void)
{
    file_stream_cancel(stream);
}

static void let_go_only(void)
{
    let_go(0);
}

static void read_from_the_start(void)
{
    go_to(0);
    read_here(10);
}

static void read_into_what_is_ahead(void)
{
    read_here(95);
    read_here(10);
}

static void close_it(void)
{
    must(file_stream_close(stream), "close");
    stream = NULL;
}

/* The first buffer is there, the next is being read ahead. */
static void read_first_buffer(void)
{
    go_to(0);
    read_here(4);
}

static const struct {
    const wchar_t *name;
    void (*prepare)(void);
    void (*first)(void);
    void (*second)(void);
    bool by_worker; /* what the first begins is stopped in its worker */
} pairs[] = {
    {L"write-and-end-of-fill", fill_is_held, write_here, let_it_end, false},
    {L"read-and-end-of-fill", fill_is_held, read_ten, let_it_end, false},
    {L"start-read-and-end-of-fill", fill_is_held, start_other_fill, let_it_end,
     false},
    {L"start-write-and-end-of-fill", fill_is_held, start_to_write, let_it_end,
     false},
    {L"cut-and-end-of-fill", fill_is_held, cut, let_it_end, false},
    {L"cancel-and-end-of-fill", fill_is_held, cancel_it, let_it_end, false},
    {L"cancel-all-and-end-of-fill", fill_is_held, cancel_all_of_it, let_it_end,
     false},
    {L"close-and-end-of-fill", fill_is_held, close_it, let_it_end, false},
    {L"start-fill-and-write", nothing, start_to_fill, write_here, false},
    {L"start-write-and-read", nothing, start_to_write, read_from_the_start,
     false},
    {L"read-and-start-write", nothing, read_ten, start_to_write, false},
    {L"read-and-end-of-write", write_is_held, read_ten, let_it_end, false},
    {L"start-read-and-end-of-write", write_is_held, start_other_fill,
     let_it_end, false},
    {L"end-of-fill-and-write", fill_is_held, let_go_only, write_here, true},
    {L"end-of-fill-and-read", fill_is_held, let_go_only, read_ten, true},
    {L"end-of-fill-and-start-read", fill_is_held, let_go_only, start_other_fill,
     true},
    {L"end-of-fill-and-start-write", fill_is_held, let_go_only, start_to_write,
     true},
    {L"end-of-fill-and-cancel", fill_is_held, let_go_only, cancel_it, true},
    {L"end-of-fill-and-close", fill_is_held, let_go_only, close_it, true},
    {L"end-of-write-and-read", write_is_held, let_go_only, read_ten, true},
    {L"ahead-and-write", nothing, read_first_buffer, write_here, true},
    {L"ahead-and-read", nothing, read_first_buffer, read_into_what_is_ahead,
     true},
    {L"ahead-and-seek", nothing, read_first_buffer, read_from_the_start, true},
    {L"ahead-and-cut", nothing, read_first_buffer, cut, true},
    {L"ahead-and-start-write", nothing, read_first_buffer, start_to_write,
     true},
    {L"ahead-and-close", nothing, read_first_buffer, close_it, true},
    {L"read-ahead-and-write", read_first_buffer, read_into_what_is_ahead,
     write_here, false},
};

/* ---- All orders -------------------------------------------------------- */

static void put_digits(void)
{
    char digits[1000];
    DWORD written;
    for (unsigned i = 0; i < sizeof digits; i++)
        digits[i] = (char)('0' + i % 10);
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL,
                              CREATE_ALWAYS, 0, NULL);
    check(file != INVALID_HANDLE_VALUE, "create", path);
    check(next.write(file, digits, sizeof digits, &written, NULL), "write",
          path);
    close_object(file);
}

static void open_stream(void)
{
    struct file_stream_options how = {.access = FILE_ACCESS_READ_WRITE,
                                      .share =
                                          FILE_SHARE_READ | FILE_SHARE_WRITE,
                                      .buffer_size = 100,
                                      .options = options};
    must(file_stream_open(&pool, path, &how, &stream), "open");
}

/* Where the file has "WRITTEN", or 1000: it must be somewhere if it was
 * written, and all else must be digits. */
static size_t find_written(const char *bytes, size_t length)
{
    size_t at = 1000;
    for (size_t i = 0; i < length; i++) {
        if (i + 7 <= length && memcmp(bytes + i, "WRITTEN", 7) == 0) {
            at = i;
            i += 6;
        } else if (bytes[i] != (char)('0' + i % 10)) {
            return SIZE_MAX;
        }
    }
    return at;
}

static bool is_as_in_the_file(const wchar_t *name, LONG at_lock)
{
    static char in_file[2000], in_stream[2000];
    DWORD in_file_length;
    size_t length = 0, bytes = 1;
    HANDLE file =
        CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                    NULL, OPEN_EXISTING, 0, NULL);
    check(file != INVALID_HANDLE_VALUE, "open", path);
    if (stream != NULL) {
        go_to(0); /* with what it has in its buffer */
        for (; bytes > 0 && length + 30 <= sizeof in_stream; length += bytes)
            must(file_stream_read(stream, in_stream + length, 30, &bytes),
                 "read");
        must(file_stream_flush(stream), "flush");
    }
    check(next.read(file, in_file, sizeof in_file, &in_file_length, NULL),
          "read", path);
    close_object(file);
    size_t written = find_written(in_file, in_file_length);
    bool same = stream == NULL || (length == in_file_length &&
                                   memcmp(in_file, in_stream, length) == 0);
    if (same && (written < 1000) == file_is_written && written != SIZE_MAX)
        return true;
    say("%ls, lock %ld: file %lu bytes, %.20s; stream %llu bytes, %.20s", name,
        at_lock, in_file_length, in_file, (unsigned long long)length,
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

/* With the first stopped at its n-th lock. False if it does not take so many,
 * or if something is wrong. */
static bool try_order(size_t index, LONG at_lock, bool *right)
{
    put_digits();
    held_count = 0;
    callbacks = expected_callbacks = 0;
    task = other_task = (struct file_task){0};
    file_is_written = false;
    check(ResetEvent(stops) && ResetEvent(may_go_on), "reset", L"event");
    locks = LONG_MAX;
    stopped = NOBODY;
    open_stream();
    pairs[index].prepare();
    HANDLE thread = NULL;
    void (*first)(void) = pairs[index].first;
    sleepers_wait_for_first = pairs[index].by_worker || first == close_it;
    locks = at_lock;
    if (pairs[index].by_worker) {
        wait_until_worker_waits();
        stopped = A_WORKER;
        first();
    } else {
        stopped = A_THREAD;
        thread = run_thread(run_first, &first);
    }
    wait_for(stops);
    bool was_stopped = is_stopped;
    pairs[index].second();
    go_on();
    if (thread != NULL)
        join(thread);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    stopped = NOBODY;
    if (callbacks != expected_callbacks) {
        say("%ls, lock %ld: %ld callbacks, wanted %ld", pairs[index].name,
            at_lock, callbacks, expected_callbacks);
        *right = false;
    }
    if (!is_as_in_the_file(pairs[index].name, at_lock))
        *right = false;
    must(file_stream_close(stream), "close");
    stream = NULL;
    return was_stopped;
}

static bool is_ahead(const wchar_t *name)
{
    return wcsncmp(name, L"ahead-", 6) == 0;
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 3)
        return 2;
    path = argv[2];
    asynchronous = wcscmp(argv[1], L"synchronous") != 0;
    bool sequential = wcscmp(argv[1], L"sequential") == 0;
    options = (asynchronous ? FILE_OPTION_ASYNCHRONOUS : 0) |
              (sequential ? FILE_OPTION_SEQUENTIAL : 0);
    stops = new_event();
    may_go_on = new_event();
    put_layer((struct layer){.read = my_read,
                             .write = my_write,
                             .cancel = my_cancel,
                             .acquire = my_acquire,
                             .sleep = my_sleep,
                             .get_status = my_get_status,
                             .wait_on_address = my_wait_on_address});
    must(pool_create(&pool, 1, 0), "create");
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        bool right = true;
        LONG orders = 0;
        if (is_ahead(pairs[i].name) && !sequential)
            continue;
        while (try_order(i, orders + 1, &right) && right)
            orders++;
        say("%ls: %s", pairs[i].name,
            !right       ? "wrong"
            : orders > 0 ? "right in every order"
                         : "no order was tried");
    }
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return EXIT_SUCCESS;
}
