/*
 * pool_close CASE [WORKERS [ROUNDS]]: closing without waiting, callbacks on any
 * thread, and what the pool does without its lock. See pool_probe.h.
 */
#include "pool_probe.h"

static volatile LONG closed; /* calls of `closed` */
static volatile LONG close_errors;

static void on_closed(struct bound_file *file, DWORD error)
{
    (void)file;
    if (error != ERROR_SUCCESS)
        InterlockedIncrement(&close_errors);
    InterlockedIncrement(&closed);
}

/* ---- Files that close themselves ---------------------------------------- */

enum { FILES = 300, BLOCK = 512 };

struct reader {
    struct bound_file file;
    struct request *request;
    uint64_t at;
    char buffer[BLOCK];
};

static volatile LONG64 bytes_read;

static void on_reader_closed(struct bound_file *file, DWORD error)
{
    struct reader *reader = CONTAINING_RECORD(file, struct reader, file);
    must(overlapped_free(reader->request), "free");
    free(reader);
    on_closed(NULL, error);
}

/* Handles a result, and then reads on until a read is queued. */
static void read_on(struct reader *reader, DWORD error, DWORD bytes)
{
    while (error == ERROR_SUCCESS) {
        reader->at += bytes;
        InterlockedAdd64(&bytes_read, bytes);
        must(overlapped_reset(reader->request, reader->at), "reset");
        struct submission read =
            bound_file_read(&reader->file, reader->request);
        if (read.outcome == IO_QUEUED)
            return;
        error = read.error;
        bytes = read.bytes;
    }
    check_error(is_end_of_file(error) ? 0 : error, "read", L"file");
    must(bound_file_close_later(&reader->file, on_reader_closed), "close");
}

static void on_block(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    read_on(request_of(overlapped)->context, error, bytes);
}

static void read_files(UCHAR modes)
{
    closed = 0;
    bytes_read = 0;
    for (int i = 0; i < FILES; i++) {
        struct reader *reader = calloc(1, sizeof *reader);
        check(reader != NULL, "allocate", L"reader");
        /* clang-tidy does not see that check ends the program.
         * NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        reader->request =
            overlapped_pack(on_block, reader, reader->buffer, BLOCK, 0);
        check(reader->request != NULL, "pack", L"request");
        open_named(&reader->file, L"file", modes);
        read_on(reader, ERROR_SUCCESS, 0);
    }
    wait_idle();
    say("%ld closed, %ld errors, %lld bytes", closed, close_errors, bytes_read);
}

/* Nothing is freed twice, or used after it was freed: see lab/guard. */
CASE(files_close_themselves_in_their_own_callbacks,
     "main: 300 closed, 0 errors, 300000 bytes\n"
     "main: 300 closed, 0 errors, 300000 bytes\n"
     "main: 0 handles left behind\n",
     .file = 1000)
{
    begin();
    unsigned before = open_handles();
    read_files(0);
    read_files(FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    say("%u handles left behind", open_handles() - before);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
}

/* ---- Closing without waiting -------------------------------------------- */

static void on_closed_say(struct bound_file *file, DWORD error)
{
    say("closed: %lu, its handle is %s", error,
        is_open(file->handle) ? "open" : "gone");
    say("in a callback %d, stop: %lu", pool_in_callback(&pool),
        pool_stop(&pool, POOL_CANCEL));
    InterlockedIncrement(&closed);
}

CASE(without_io_in_flight_a_file_is_closed_before_close_later_returns,
     "main: closed: 0, its handle is gone\n"
     "main: in a callback 1, stop: 1131\n"
     "main: close: 0\n"
     "main: in a callback 0\n"
     "main: close again: 6\n"
     "main: close again, waiting: 6\n"
     "main: never bound: 6\n"
     "main: issued 0\n")
{
    struct pipe pipe;
    struct bound_file unbound = {0};
    begin();
    open_pipe(&pipe);
    DWORD error = bound_file_close_later(&pipe.file, on_closed_say);
    say("close: %lu", error);
    say("in a callback %d", pool_in_callback(&pool));
    say("close again: %lu", bound_file_close_later(&pipe.file, on_closed_say));
    say("close again, waiting: %lu", bound_file_close(&pipe.file));
    say("never bound: %lu", bound_file_close_later(&unbound, on_closed_say));
    hang_up(&pipe);
    end();
}

static volatile LONG own_closes;

static BOOL WINAPI close_and_fail(HANDLE handle)
{
    own_closes++;
    check(CloseHandle(handle), "close", L"handle");
    SetLastError(ERROR_NOT_READY);
    return FALSE;
}

CASE(a_file_is_closed_by_the_function_that_its_user_sets,
     "main: close: 21, its handle is gone\n"
     "main: closed: 21, its handle is gone\n"
     "main: in a callback 1, stop: 1131\n"
     "main: close later: 0\n"
     "main: closed by it: 2\n"
     "main: issued 0\n")
{
    struct pipe first, second;
    begin();
    open_pipe(&first);
    open_pipe(&second);
    first.file.close = second.file.close = close_and_fail;
    DWORD error = bound_file_close(&first.file);
    say("close: %lu, its handle is %s", error,
        is_open(first.file.handle) ? "open" : "gone");
    error = bound_file_close_later(&second.file, on_closed_say);
    say("close later: %lu", error);
    say("closed by it: %ld", own_closes);
    hang_up(&first);
    hang_up(&second);
    end();
}

/* The callbacks run after the call, since every worker blocks. */
CASE(close_later_refuses_and_cancels_and_does_not_wait,
     "main: close: 0\n"
     "main: read: failed, error 6, 0 bytes\n"
     "main: cancel: 0\n"
     "main: first: not called\n"
     "main: closed 0\n"
     "main: first: called once, error 995, 0 bytes\n"
     "main: second: called once, error 995, 0 bytes\n"
     "main: closed 1, its handle is gone\n"
     "main: issued 4, completed 2, cancelled 2\n")
{
    struct pipe pipe;
    struct io first, second, refused;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &first);
    start_read(&pipe, &second);
    pack(&refused, 64, 0);
    block_workers(workers);
    say("close: %lu", bound_file_close_later(&pipe.file, on_closed));
    say_started("read", bound_file_read(&pipe.file, refused.request));
    say("cancel: %lu", bound_file_cancel(&pipe.file, first.request->ticket));
    say_calls("first", &first);
    say("closed %ld", closed);
    open_gate();
    wait_idle();
    say_calls("first", &first);
    say_calls("second", &second);
    say("closed %ld, its handle is %s", closed,
        is_open(pipe.file.handle) ? "open" : "gone");
    hang_up(&pipe);
    unpack(&first);
    unpack(&second);
    unpack(&refused);
    end();
}

static struct pipe the_pipe;

static BOOL WINAPI close_first(HANDLE handle, void *buffer, DWORD length,
                               DWORD *bytes, OVERLAPPED *overlapped)
{
    say("close: %lu", bound_file_close_later(&the_pipe.file, on_closed));
    return next.ReadFile(handle, buffer, length, bytes, overlapped);
}

/* The request is in the pool's table by then, and the kernel does not have it
 * yet. The handle must stay open until the callback has returned. */
CASE(a_file_can_be_closed_while_a_read_starts,
     "main: close: 0\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: closed 1, 0 errors\n"
     "main: issued 1, cancelled 1\n")
{
    struct io io;
    begin();
    open_pipe(&the_pipe);
    pack(&io, 64, 0);
    read_hook = close_first;
    must_be_queued(bound_file_read(&the_pipe.file, io.request));
    wait_idle();
    say_calls("read", &io);
    say("closed %ld, %ld errors", closed, close_errors);
    hang_up(&the_pipe);
    unpack(&io);
    end();
}

static void on_closed_block(struct bound_file *file, DWORD error)
{
    block(NULL);
    on_closed(file, error);
}

/* The thread that uses the file last calls on_closed_block: a worker, or this
 * one. So it is not main. */
static unsigned __stdcall close_and_block(void *file)
{
    must(bound_file_close_later(file, on_closed_block), "close");
    return 0;
}

static LONG closed_before_stop;

static unsigned __stdcall stop_pool(void *unused)
{
    (void)unused;
    must(pool_stop(&pool, POOL_CANCEL), "stop");
    closed_before_stop = closed;
    return 0;
}

CASE(stop_waits_for_files_that_are_still_being_closed,
     "main: closed 1 when the pool has stopped\n"
     "main: issued 1, cancelled 1\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    gate = new_event();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    HANDLE closer = run_thread(close_and_block, &pipe.file);
    while (blocked == 0)
        SwitchToThread();
    HANDLE stopper = run_thread(stop_pool, NULL);
    wait_for_sleepers(1);
    open_gate();
    join(closer);
    join(stopper);
    say("closed %ld when the pool has stopped", closed_before_stop);
    hang_up(&pipe);
    unpack(&io);
    say_counters();
}

CASE(a_file_can_be_closed_after_its_pool_has_stopped,
     "main: cancel: 1168\n"
     "main: close: 0, closed 1\n"
     "main: issued 0\n")
{
    struct pipe pipe;
    begin();
    open_pipe(&pipe);
    must(pool_stop(&pool, POOL_CANCEL), "stop");
    bound_file_cancel_all(&pipe.file);
    pool_cancel_all(&pool);
    say("cancel: %lu", bound_file_cancel(&pipe.file, 1));
    DWORD error = bound_file_close_later(&pipe.file, on_closed);
    say("close: %lu, closed %ld", error, closed);
    hang_up(&pipe);
    say_counters();
}

/* ---- Closing, beside closing -------------------------------------------- */

static volatile LONG round_started, waiting_closes;
static LONG last_round = 300;

static unsigned __stdcall close_each(void *unused)
{
    (void)unused;
    for (LONG round = 1; round <= last_round; round++) {
        while (round_started < round)
            SwitchToThread();
        DWORD error = bound_file_close(&the_pipe.file);
        if (error == ERROR_SUCCESS)
            InterlockedIncrement(&waiting_closes);
        else
            check_error(error == ERROR_INVALID_HANDLE ? 0 : error, "close",
                        L"file");
        InterlockedIncrement(&blocked); /* the other thread may go on */
    }
    return 0;
}

static void on_read_close(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    on_completion(error, bytes, overlapped);
    bound_file_close_later(&the_pipe.file, on_closed);
}

/* In each round a thread waits in close, main closes without waiting, and so
 * does the callback of the file's read. One of the three closes the file. */
CASE(of_several_closes_one_closes_the_file,
     "main: 0 rounds wrong, 0 errors, 0 handles left behind\n")
{
    LONG wrong = 0;
    DWORD written;
    unsigned before = 0;
    if (rounds != 0)
        last_round = (LONG)rounds;
    begin();
    HANDLE thread = run_thread(close_each, NULL);
    for (LONG round = 1; round <= last_round; round++) {
        struct io io;
        if (round == 3)
            before = open_handles();
        open_pipe(&the_pipe);
        pack(&io, 64, 0);
        io.request->callback = on_read_close;
        must_be_queued(bound_file_read(&the_pipe.file, io.request));
        InterlockedIncrement(&round_started);
        if (round % 2 == 0) /* fails if the file is closed already */
            WriteFile(the_pipe.theirs, "x", 1, &written, NULL);
        bound_file_close_later(&the_pipe.file, on_closed);
        while (blocked < round)
            SwitchToThread();
        wait_idle();
        wrong += io.calls != 1 || closed + waiting_closes != round;
        hang_up(&the_pipe);
        unpack(&io);
    }
    join(thread);
    say("%ld rounds wrong, %ld errors, %d handles left behind", wrong,
        close_errors, (int)(open_handles() + 1 - before));
    must(pool_stop(&pool, POOL_DRAIN), "stop");
}

/* ---- A callback is a property of the thread ----------------------------- */

static struct pool other_pool;

static void say_waits(const char *when, struct bound_file *file)
{
    say("%s: idle %lu, file idle %lu, close %lu, stop %lu", when,
        pool_wait_idle(&pool, 0), bound_file_wait_idle(file, 0),
        bound_file_close(file), pool_stop(&pool, POOL_CANCEL));
}

/* Main runs callbacks here, as a library on the pool may do: one of this pool,
 * one of another pool inside, and one of this pool once more. */
CASE(a_callback_may_run_on_any_thread,
     "main: inside: idle 1131, file idle 1131, close 1131, stop 1131\n"
     "main: in the other pool's: idle 1131, file idle 1131, close 1131, "
     "stop 1131\n"
     "main: the other pool: idle 1131\n"
     "main: innermost: idle 1131, file idle 1131, close 1131, stop 1131\n"
     "main: the other pool again: idle 0\n"
     "main: a worker 0\n"
     "main: after: idle 0, file idle 0, close 0, stop 0\n")
{
    struct pipe pipe;
    struct pool_callback outer, middle, inner;
    begin();
    must(pool_create(&other_pool, 1, 0), "create");
    open_pipe(&pipe);
    pool_begin_callback(&outer, &pool);
    say_waits("inside", &pipe.file);
    pool_begin_callback(&middle, &other_pool);
    say_waits("in the other pool's", &pipe.file);
    say("the other pool: idle %lu", pool_wait_idle(&other_pool, 0));
    pool_begin_callback(&inner, &pool);
    say_waits("innermost", &pipe.file);
    pool_end_callback(&inner);
    pool_end_callback(&middle);
    say("the other pool again: idle %lu", pool_wait_idle(&other_pool, 0));
    say("a worker %d", pool_is_worker(NULL));
    pool_end_callback(&outer);
    say_waits("after", &pipe.file);
    hang_up(&pipe);
    must(pool_stop(&other_pool, POOL_DRAIN), "stop");
}

/* ---- What the pool does without its lock -------------------------------- */

static volatile LONG hooks_called;

/* Would hang in a thread that holds the pool's lock. */
static void use_lock(void)
{
    pool_counters(&pool);
    InterlockedIncrement(&hooks_called);
}

CASE(the_pool_binds_and_cancels_a_file_without_its_lock,
     "main: bind: 1\n"
     "main: cancel all: 2\n"
     "main: close: 3\n"
     "main: close later: 4\n"
     "main: issued 3, cancelled 3\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    bind_hook = use_lock;
    open_pipe(&pipe);
    bind_hook = NULL;
    say("bind: %ld", hooks_called);
    start_read(&pipe, &io);
    cancel_hook = use_lock;
    bound_file_cancel_all(&pipe.file);
    say("cancel all: %ld", hooks_called);
    wait_idle();
    reset(&io, 0);
    must_be_queued(bound_file_read(&pipe.file, io.request));
    close_pipe(&pipe);
    say("close: %ld", hooks_called);
    open_pipe(&pipe);
    reset(&io, 0);
    must_be_queued(bound_file_read(&pipe.file, io.request));
    must(bound_file_close_later(&pipe.file, on_closed), "close");
    say("close later: %ld", hooks_called);
    wait_idle();
    hang_up(&pipe);
    unpack(&io);
    end();
}

/* ---- Steps, not time ----------------------------------------------------- */

static volatile LONG cancels;

static void count_cancel(void)
{
    InterlockedIncrement(&cancels);
}

/* Also a file that a read has used, as most files are when they are closed. */
CASE(a_file_with_nothing_in_flight_is_closed_without_a_cancel,
     "main: close: 0 calls\n"
     "main: close later: 0 calls\n"
     "main: close with a read in flight: 1 calls\n"
     "main: issued 3, completed 2, cancelled 1, bytes 2\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    cancel_hook = count_cancel;
    for (int later = 0; later < 2; later++) {
        open_pipe(&pipe);
        start_read(&pipe, &io);
        feed(&pipe, "x");
        wait_idle();
        if (later)
            must(bound_file_close_later(&pipe.file, on_closed), "close");
        else
            must(bound_file_close(&pipe.file), "close");
        say("close%s: %ld calls", later ? " later" : "", cancels);
        hang_up(&pipe);
        unpack(&io);
    }
    open_pipe(&pipe);
    start_read(&pipe, &io);
    must(bound_file_close(&pipe.file), "close");
    say("close with a read in flight: %ld calls", cancels);
    hang_up(&pipe);
    unpack(&io);
    end();
}

static LONG locks_of_file;

/* How often the pool's lock was acquired since the last call. */
static LONG locks_since(void)
{
    LONG now = locks, since = now - locks_of_file;
    locks_of_file = now;
    return since;
}

enum { FEW = 100, MANY = 1000 };

static void count_steps(LONG count)
{
    static struct io ios[MANY], one;
    struct pipe pipe, other;
    cancels = 0;
    open_pipe(&pipe);
    open_pipe(&other);
    block_workers(workers);
    locks_since();
    for (LONG i = 0; i < count; i++)
        start_read(&pipe, &ios[i]);
    say("%ld reads: %ld locks to start each", count, locks_since() / count);
    must(bound_file_cancel(&pipe.file, ios[count / 2].request->ticket),
         "cancel");
    say("  cancel one: %ld locks, %ld calls", locks_since(), cancels);
    start_read(&other, &one);
    locks_since();
    must(bound_file_close_later(&other.file, on_closed), "close");
    say("  close another file: %ld locks, %ld calls", locks_since(),
        cancels - 1);
    must(bound_file_close_later(&pipe.file, on_closed), "close");
    say("  close: %ld locks, %ld calls", locks_since(), cancels - 2);
    open_gate();
    wait_idle();
    say("  %ld locks to complete each", locks_since() / (count + 1));
    hang_up(&pipe);
    hang_up(&other);
    unpack(&one);
    for (LONG i = 0; i < count; i++)
        unpack(&ios[i]);
}

/* pool_parts.c counts the steps of the tables under the lock. */
CASE(the_work_under_the_lock_does_not_grow_with_the_io_in_flight,
     "main: 100 reads: 1 locks to start each\n"
     "main:   cancel one: 1 locks, 1 calls\n"
     "main:   close another file: 1 locks, 1 calls\n"
     "main:   close: 1 locks, 1 calls\n"
     "main:   1 locks to complete each\n"
     "main: 1000 reads: 1 locks to start each\n"
     "main:   cancel one: 1 locks, 1 calls\n"
     "main:   close another file: 1 locks, 1 calls\n"
     "main:   close: 1 locks, 1 calls\n"
     "main:   1 locks to complete each\n")
{
    begin();
    cancel_hook = count_cancel;
    count_steps(FEW);
    count_steps(MANY);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
}

int wmain(int argc, wchar_t **argv)
{
    return run_pool_case(argc, argv);
}
