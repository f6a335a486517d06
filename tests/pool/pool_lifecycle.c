/*
 * pool_lifecycle CASE [WORKERS]: creating and stopping pools, binding handles,
 * work, waiting, callbacks, counters. See pool_probe.h.
 */
#include "pool_probe.h"

/* ---- Creating ---------------------------------------------------------- */

CASE(a_pool_has_two_threads_per_processor_by_default,
     "main: create: 0\n"
     "main: 2 threads for each processor, concurrency 0\n"
     "main: issued 0\n")
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    unsigned before = thread_count();
    say("create: %lu", pool_create(&pool, 0, 0));
    say("%lu threads for each processor, concurrency %lu",
        (thread_count() - before) / system.dwNumberOfProcessors, concurrency);
    end();
}

/* All three run at the same time although the port's concurrency is 1: a thread
 * that blocks does not count. */
CASE(a_pool_has_as_many_threads_as_requested,
     "main: create: 0\n"
     "main: 3 threads, concurrency 1\n"
     "main: 3 callbacks at the same time\n"
     "main: issued 3, completed 3\n")
{
    unsigned before = thread_count();
    say("create: %lu", pool_create(&pool, 3, 1));
    say("%u threads, concurrency %lu", thread_count() - before, concurrency);
    block_workers(3);
    say("%ld callbacks at the same time", blocked);
    open_gate();
    end();
}

CASE(without_memory_create_pack_and_work_fail,
     "main: create: 8\n"
     "main: create: 0\n"
     "main: pack: NULL\n"
     "main: work: 8\n"
     "main: issued 0\n",
     .hook = "fail:calloc:1:0,fail-from:malloc:1:0")
{
    say("create: %lu", pool_create(&pool, 3, 0));
    say("create: %lu", pool_create(&pool, 3, 0));
    say("pack: %s", overlapped_pack(on_completion, NULL, NULL, 0, 0) == NULL
                        ? "NULL"
                        : "a request");
    say("work: %lu", pool_queue_work(&pool, block, NULL));
    end();
}

CASE(a_create_that_fails_leaves_nothing_behind,
     "main: issued 0\n"
     "main: no port: 1450\n"
     "main: no first thread: 164\n"
     "main: no third thread: 164\n"
     "main: stop: 0\n"
     "main: left behind: 0 handles, 0 threads\n")
{
    begin(); /* creates objects that the process keeps */
    end();
    unsigned handles_before = open_handles(), threads_before = thread_count();
    port_error = ERROR_NO_SYSTEM_RESOURCES;
    say("no port: %lu", pool_create(&pool, 3, 0));
    port_error = 0;
    thread_to_fail = 1;
    say("no first thread: %lu", pool_create(&pool, 3, 0));
    thread_to_fail = 3;
    say("no third thread: %lu", pool_create(&pool, 3, 0));
    say("stop: %lu", pool_stop(&pool, POOL_DRAIN));
    say("left behind: %u handles, %u threads", open_handles() - handles_before,
        thread_count() - threads_before);
}

/* The pool has a file, a timer, work, and the event of a synchronous call. */
static void create_use_and_stop(void)
{
    struct io io;
    struct pipe pipe;
    DWORD bytes;
    begin();
    open_pipe(&pipe);
    pack(&io, 64, 0);
    io.request->timeout = 1000000;
    must_be_queued(bound_file_read(&pipe.file, io.request));
    feed(&pipe, "x");
    wait_idle();
    feed(&pipe, "y");
    must(bound_file_read_sync(&pipe.file, io.buffer, 64, 0, &bytes), "read");
    must(pool_queue_work(&pool, block, NULL), "queue");
    unpack(&io);
    close_pipe(&pipe);
    must(pool_stop(&pool, POOL_CANCEL), "stop");
}

CASE(a_stopped_pool_leaves_nothing_behind,
     "main: left behind: 0 handles, 0 threads\n")
{
    gate = new_event();
    set(gate);
    create_use_and_stop(); /* creates objects that the process keeps */
    unsigned handles_before = open_handles(), threads_before = thread_count();
    for (int i = 0; i < 200; i++)
        create_use_and_stop();
    say("left behind: %u handles, %u threads", open_handles() - handles_before,
        thread_count() - threads_before);
}

/* ---- Growing ------------------------------------------------------------ */

static void wait_until_blocked(LONG count)
{
    while (blocked != count)
        SwitchToThread();
}

static void wait_until_threads(unsigned count)
{
    while (thread_count() != count)
        SwitchToThread();
}

static void queue_blocks(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        must(pool_queue_work(&pool, block, NULL), "queue");
}

/* The timer has looked at the port some times: each look is before a sleep. */
static void wait_for_looks(void)
{
    LONG before = timer_sleeps;
    while (timer_sleeps < before + 4)
        SwitchToThread();
}

/* The pool has two threads, and two more may come. The thread of the timer is
 * counted, too. */
CASE(a_pool_may_add_threads_while_all_of_its_own_block,
     "main: create: 0, 3 threads\n"
     "main: 2 blocked, no packets wait: 3 threads\n"
     "main: 4 blocked, packets wait: 5 threads\n"
     "main: all done: 3 threads\n"
     "main: 3 blocked: 4 threads\n"
     "main: stop: 0 threads\n"
     "main: issued 9, completed 9\n")
{
    unsigned before = thread_count();
    gate = new_event();
    waits_are_short = true;
    DWORD error = pool_create_growing(&pool, 2, 4, 0);
    say("create: %lu, %u threads", error, thread_count() - before);
    queue_blocks(2);
    wait_until_blocked(2);
    wait_for_looks();
    say("2 blocked, no packets wait: %u threads", thread_count() - before);
    queue_blocks(4);
    wait_until_blocked(4);
    wait_for_looks();
    say("%ld blocked, packets wait: %u threads", blocked,
        thread_count() - before);
    open_gate();
    wait_idle();
    wait_until_threads(before + 3);
    say("all done: 3 threads");
    check(ResetEvent(gate), "reset", L"event");
    queue_blocks(3);
    wait_until_blocked(3);
    say("%ld blocked: %u threads", blocked, thread_count() - before);
    open_gate();
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    say("stop: %u threads", thread_count() - before);
    say_counters();
}

CASE(a_growing_pool_needs_its_timer, "main: no timer: 164\n"
                                     "main: left behind: 0 threads\n")
{
    unsigned before = thread_count();
    thread_to_fail = 3;
    say("no timer: %lu", pool_create_growing(&pool, 2, 4, 0));
    say("left behind: %u threads", thread_count() - before);
}

/* ---- Stopping ---------------------------------------------------------- */

CASE(a_pool_can_be_stopped_again, "main: stop: 0\n"
                                  "main: stop again: 0\n"
                                  "main: stop again, draining: 0\n")
{
    begin();
    say("stop: %lu", pool_stop(&pool, POOL_CANCEL));
    say("stop again: %lu", pool_stop(&pool, POOL_CANCEL));
    say("stop again, draining: %lu", pool_stop(&pool, POOL_DRAIN));
}

static void do_nothing(void *unused)
{
    (void)unused;
}

CASE(a_pool_that_was_never_started_acts_like_a_stopped_pool,
     "main: stop: 0\n"
     "main: wait: 0\n"
     "main: work: 1115\n"
     "main: bind: 1115\n"
     "main: issued 0\n",
     .file = 1000)
{
    struct bound_file file;
    HANDLE handle = open_handle(L"file", GENERIC_READ, FILE_FLAG_OVERLAPPED);
    say("stop: %lu", pool_stop(&pool, POOL_CANCEL));
    say("wait: %lu", pool_wait_idle(&pool, INFINITE));
    say("work: %lu", pool_queue_work(&pool, do_nothing, NULL));
    say("bind: %lu", pool_bind_handle(&pool, handle, 0, &file));
    pool_cancel_all(&pool);
    say_counters();
}

struct stopper {
    enum pool_stop_mode mode;
    DWORD result;
    bool was_last; /* after the last callback, and with the port closed */
    HANDLE thread;
};

static volatile bool work_is_done;

static void block_then_finish(void *unused)
{
    block(unused);
    work_is_done = true;
}

static unsigned __stdcall stop_it(void *argument)
{
    struct stopper *stopper = argument;
    stopper->result = pool_stop(&pool, stopper->mode);
    stopper->was_last = work_is_done && !is_open(pool.port);
    return 0;
}

static void start_stopping(struct stopper *stopper, enum pool_stop_mode mode)
{
    LONG before = sleepers;
    *stopper = (struct stopper){.mode = mode};
    stopper->thread = run_thread(stop_it, stopper);
    wait_for_sleepers(before + 1);
}

static void say_stopped(const char *name, struct stopper *stopper)
{
    join(stopper->thread);
    say("%s: %lu, %s", name, stopper->result,
        stopper->was_last ? "after the last callback" : "too early");
}

CASE(two_concurrent_stops_both_return_after_the_pool_has_stopped,
     "main: first: 0, after the last callback\n"
     "main: second: 0, after the last callback\n")
{
    struct stopper first, second;
    begin();
    gate = new_event();
    must(pool_queue_work(&pool, block_then_finish, NULL), "queue");
    start_stopping(&first, POOL_DRAIN);
    start_stopping(&second, POOL_DRAIN);
    open_gate();
    say_stopped("first", &first);
    say_stopped("second", &second);
}

CASE(stop_cancels_the_io_in_flight,
     "main: stop: 0\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: its file is open\n"
     "main: close: 0\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: its file is open\n"
     "main: close: 0\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: its file is open\n"
     "main: close: 0\n"
     "main: issued 3, cancelled 3\n")
{
    struct pipe pipes[3];
    struct io ios[3];
    begin();
    for (int i = 0; i < 3; i++) {
        open_pipe(&pipes[i]);
        start_read(&pipes[i], &ios[i]);
    }
    say("stop: %lu", pool_stop(&pool, POOL_CANCEL));
    for (int i = 0; i < 3; i++) {
        say_calls("read", &ios[i]);
        say("its file is %s", is_open(pipes[i].file.handle) ? "open" : "gone");
        say("close: %lu", bound_file_close(&pipes[i].file));
        unpack(&ios[i]);
    }
    say_counters();
}

CASE(a_second_stop_may_cancel_the_io_that_the_first_waits_for,
     "main: second stop: 0\n"
     "main: first stop: 0, after the last callback\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: issued 1, cancelled 1\n")
{
    struct pipe pipe;
    struct io io;
    struct stopper draining;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    work_is_done = true;
    start_stopping(&draining, POOL_DRAIN);
    say("second stop: %lu", pool_stop(&pool, POOL_CANCEL));
    say_stopped("first stop", &draining);
    say_calls("read", &io);
    close_pipe(&pipe);
    unpack(&io);
    say_counters();
}

/* Refused I/O is not counted. */
CASE(stop_can_wait_for_the_io_in_flight_and_refuses_new_io,
     "main: read: failed, error 1115, 0 bytes\n"
     "main: write: failed, error 1115, 0 bytes\n"
     "main: read_sync: 1115, 0 bytes\n"
     "main: bind: 1115\n"
     "main: work: 1115\n"
     "main: request: 1115\n"
     "main: stop: 0, after the last callback\n"
     "main: read before the stop: called once, error 0, 4 bytes\n"
     "main: refused read: not called\n"
     "main: issued 1, completed 1, bytes 4\n",
     .file = 1000)
{
    struct pipe pipe;
    struct io io, other;
    struct stopper stopper;
    struct bound_file file;
    DWORD bytes = 99;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    pack(&other, 64, 0);
    HANDLE handle = open_handle(L"file", GENERIC_READ, FILE_FLAG_OVERLAPPED);
    start_stopping(&stopper, POOL_DRAIN);
    say_started("read", bound_file_read(&pipe.file, other.request));
    say_started("write", bound_file_write(&pipe.file, other.request));
    DWORD error = bound_file_read_sync(&pipe.file, other.buffer, 64, 0, &bytes);
    say("read_sync: %lu, %lu bytes", error, bytes);
    say("bind: %lu", pool_bind_handle(&pool, handle, 0, &file));
    say("work: %lu", pool_queue_work(&pool, do_nothing, NULL));
    say("request: %lu", pool_queue_request(&pool, other.request));
    work_is_done = true;
    feed(&pipe, "late");
    say_stopped("stop", &stopper);
    say_calls("read before the stop", &io);
    say_calls("refused read", &other);
    close_pipe(&pipe);
    close_object(handle);
    unpack(&io);
    unpack(&other);
    say_counters();
}

static struct pipe the_pipe;
static struct submission next_read;

static void on_completion_read_again(DWORD error, DWORD bytes,
                                     OVERLAPPED *overlapped)
{
    struct request *request = request_of(overlapped);
    struct io *io = request->context;
    on_completion(error, bytes, overlapped);
    reset(io, 0);
    next_read = bound_file_read(&the_pipe.file, request);
}

CASE(a_callback_cannot_start_io_while_its_pool_stops,
     "main: stop: 0\n"
     "main: next read: failed, error 1115, 0 bytes\n"
     "main: issued 1, cancelled 1\n")
{
    struct io io;
    begin();
    open_pipe(&the_pipe);
    pack(&io, 64, 0);
    io.request->callback = on_completion_read_again;
    must_be_queued(bound_file_read(&the_pipe.file, io.request));
    say("stop: %lu", pool_stop(&pool, POOL_CANCEL));
    say_started("next read", next_read);
    close_pipe(&the_pipe);
    unpack(&io);
    say_counters();
}

static volatile LONG done;

static void do_work(void *unused)
{
    (void)unused;
    InterlockedIncrement(&done);
}

/* The only worker blocks while the work is queued and the stop begins. */
CASE(queued_work_is_done_before_the_pool_has_stopped,
     "main: stop: 0, after the last callback\n"
     "main: 100 pieces of work done\n"
     "main: issued 101, completed 101\n")
{
    struct stopper stopper;
    workers = 1;
    begin();
    block_workers(1);
    for (int i = 0; i < 100; i++)
        must(pool_queue_work(&pool, do_work, NULL), "queue");
    start_stopping(&stopper, POOL_CANCEL);
    work_is_done = true;
    open_gate();
    say_stopped("stop", &stopper);
    say("%ld pieces of work done", done);
    say_counters();
}

/* ---- Waiting in a callback ---------------------------------------------- */

static struct pool other_pool;
static struct bound_file here, there;

static void wait_for_both_pools(void *unused)
{
    (void)unused;
    say("worker of this pool %d, of the other %d", pool_is_worker(&pool),
        pool_is_worker(&other_pool));
    say("stop: %lu", pool_stop(&pool, POOL_CANCEL));
    say("wait for the pool: %lu", pool_wait_idle(&pool, INFINITE));
    say("wait for the file: %lu", bound_file_wait_idle(&here, INFINITE));
    say("close: %lu", bound_file_close(&here));
    say("the other pool, wait for the file: %lu",
        bound_file_wait_idle(&there, INFINITE));
    say("close: %lu", bound_file_close(&there));
    say("wait for the pool: %lu", pool_wait_idle(&other_pool, INFINITE));
    say("stop: %lu", pool_stop(&other_pool, POOL_CANCEL));
}

CASE(a_callback_can_wait_for_another_pool_but_not_for_its_own,
     "worker: worker of this pool 1, of the other 0\n"
     "worker: stop: 1131\n"
     "worker: wait for the pool: 1131\n"
     "worker: wait for the file: 1131\n"
     "worker: close: 1131\n"
     "worker: the other pool, wait for the file: 0\n"
     "worker: close: 0\n"
     "worker: wait for the pool: 0\n"
     "worker: stop: 0\n"
     "main: worker of this pool 0\n"
     "main: close: 0\n"
     "main: issued 1, completed 1\n",
     .file = 1000)
{
    begin();
    must(pool_create(&other_pool, 1, 0), "create");
    open_file(&here);
    HANDLE handle = open_handle(L"file", GENERIC_READ, FILE_FLAG_OVERLAPPED);
    must(pool_bind_handle(&other_pool, handle, 0, &there), "bind");
    must(pool_queue_work(&pool, wait_for_both_pools, NULL), "queue");
    wait_idle();
    say("worker of this pool %d", pool_is_worker(&pool));
    say("close: %lu", bound_file_close(&here));
    end();
}

/* ---- Binding ----------------------------------------------------------- */

/* After a bind that failed, the file acts like a closed one. */
static void say_refused(const char *name, HANDLE handle)
{
    struct bound_file file;
    struct io io;
    say("%s: %lu", name, pool_bind_handle(&pool, handle, 0, &file));
    pack(&io, 64, 0);
    say_started("read", bound_file_read(&file, io.request));
    say("close: %lu", bound_file_close(&file));
    unpack(&io);
}

/* The caller still owns the handle. */
CASE(a_bind_that_fails_leaves_the_handle_as_it_was,
     "main: NULL: 6\n"
     "main: read: failed, error 6, 0 bytes\n"
     "main: close: 6\n"
     "main: INVALID_HANDLE_VALUE: 87\n"
     "main: read: failed, error 6, 0 bytes\n"
     "main: close: 6\n"
     "main: closed: 6\n"
     "main: read: failed, error 6, 0 bytes\n"
     "main: close: 6\n"
     "main: not overlapped: 87\n"
     "main: read: failed, error 6, 0 bytes\n"
     "main: close: 6\n"
     "main: it still reads: 1\n"
     "main: issued 0\n",
     .file = 1000)
{
    char byte;
    DWORD bytes;
    begin();
    say_refused("NULL", NULL);
    say_refused("INVALID_HANDLE_VALUE", INVALID_HANDLE_VALUE);
    HANDLE handle = open_handle(L"file", GENERIC_READ, FILE_FLAG_OVERLAPPED);
    close_object(handle);
    say_refused("closed", handle);
    handle = open_handle(L"file", GENERIC_READ, 0);
    say_refused("not overlapped", handle);
    say("it still reads: %d", ReadFile(handle, &byte, 1, &bytes, NULL));
    end();
}

/* A second bind fails, and changes nothing. */
CASE(a_handle_is_bound_once,
     "main: same pool: 87\n"
     "main: another pool: 87\n"
     "main: close the refused file: 6\n"
     "main: read: reported once, error 0, 64 bytes\n"
     "main: it reads 00000000000064\n"
     "main: issued 1, completed 1, bytes 64\n",
     .file = 1000)
{
    struct pool second;
    struct bound_file first, again = {.skips = true};
    struct io io;
    begin();
    must(pool_create(&second, 1, 0), "create");
    open_file(&first);
    say("same pool: %lu", pool_bind_handle(&pool, first.handle, 0, &again));
    say("another pool: %lu",
        pool_bind_handle(&second, first.handle, 0, &again));
    say("close the refused file: %lu", bound_file_close(&again));
    pack(&io, 64, 64);
    say_result("read", &first, &io, bound_file_read(&first, io.request));
    say("it reads %.14s", io.buffer);
    must(pool_stop(&second, POOL_CANCEL), "stop");
    close_file(&first);
    unpack(&io);
    end();
}

/* ---- Work and queued requests ------------------------------------------ */

static void say_hello(void *context)
{
    say("hello, %s", (const char *)context);
}

static void queue_more(void *context)
{
    say("work: %lu", pool_queue_work(&pool, say_hello, context));
}

/* A callback may queue work, too. */
CASE(work_runs_once_on_a_worker, "worker: hello, worker\n"
                                 "main: work: 0\n"
                                 "worker: work: 0\n"
                                 "worker: hello, from a worker\n"
                                 "main: issued 3, completed 3\n"
                                 "main: work: 1115\n")
{
    workers = 1;
    begin();
    DWORD error = pool_queue_work(&pool, say_hello, "worker");
    wait_idle();
    say("work: %lu", error);
    must(pool_queue_work(&pool, queue_more, "from a worker"), "queue");
    wait_idle();
    end();
    say("work: %lu", pool_queue_work(&pool, say_hello, "too late"));
}

/* The work is not done, and the request can be used again. */
CASE(a_packet_that_cannot_be_posted_is_reported,
     "main: work: 1450\n"
     "main: request: 1450\n"
     "main: reset: 0\n"
     "main: request: not called\n"
     "main: request: 0\n"
     "main: request: called once, error 0, 0 bytes\n"
     "main: 0 pieces of work done\n"
     "main: issued 1, completed 1\n")
{
    struct io io;
    begin();
    pack(&io, 64, 0);
    post_error = ERROR_NO_SYSTEM_RESOURCES;
    say("work: %lu", pool_queue_work(&pool, do_work, NULL));
    say("request: %lu", pool_queue_request(&pool, io.request));
    say("reset: %lu", overlapped_reset(io.request, 0));
    post_error = 0;
    wait_idle();
    say_calls("request", &io);
    say("request: %lu", pool_queue_request(&pool, io.request));
    wait_idle();
    say_calls("request", &io);
    unpack(&io);
    say("%ld pieces of work done", done);
    end();
}

static OVERLAPPED *came_back;

static void on_queued(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    on_completion(error, bytes, overlapped);
    came_back = overlapped;
}

/* Its timeout does not expire, and it cannot be cancelled: it is no I/O. */
CASE(a_queued_request_completes_with_error_0_and_0_bytes,
     "main: queue: 0\n"
     "main: queue again: 170\n"
     "main: request: called once, error 0, 0 bytes\n"
     "main: its OVERLAPPED came back: 1\n"
     "main: queue without reset: 87\n"
     "main: request: called once, error 0, 0 bytes\n"
     "main: issued 3, completed 3\n")
{
    struct io io;
    begin();
    pack(&io, 64, 5);
    io.request->callback = on_queued;
    io.request->timeout = 1;
    block_workers(workers);
    say("queue: %lu", pool_queue_request(&pool, io.request));
    say("queue again: %lu", pool_queue_request(&pool, io.request));
    pool_cancel_all(&pool);
    open_gate();
    wait_idle();
    say_calls("request", &io);
    say("its OVERLAPPED came back: %d", came_back == &io.request->overlapped);
    say("queue without reset: %lu", pool_queue_request(&pool, io.request));
    say_calls("request", &io);
    unpack(&io);
    end();
}

enum { CROWD = 1000 }; /* more than the table has at first */

/* They are queued in four different orders. */
CASE(each_of_1000_requests_gets_its_own_callback,
     "main: live 1000\n"
     "main: live 1000\n"
     "main: live 1000\n"
     "main: live 1000\n"
     "main: 4000 called once\n"
     "main: issued 4008, completed 4008\n")
{
    static const int orders[] = {1, 3, 7, 999}; /* coprime to CROWD */
    static struct io ios[CROWD];
    LONG once = 0;
    begin();
    for (int i = 0; i < CROWD; i++)
        pack(&ios[i], 0, 0);
    for (size_t round = 0; round < sizeof orders / sizeof *orders; round++) {
        block_workers(workers);
        for (int i = 0; i < CROWD; i++)
            must(pool_queue_request(&pool,
                                    ios[i * orders[round] % CROWD].request),
                 "queue");
        say("live %llu", pool_counters(&pool).live);
        open_gate();
        wait_idle();
        for (int i = 0; i < CROWD; i++) {
            once += ios[i].calls == 1;
            reset(&ios[i], 0);
        }
    }
    say("%ld called once", once);
    for (int i = 0; i < CROWD; i++)
        unpack(&ios[i]);
    end();
}

/* ---- Waiting ----------------------------------------------------------- */

static void say_idle(const char *name, struct bound_file *file)
{
    say("%s: file %lu, pool %lu", name, bound_file_wait_idle(file, 0),
        pool_wait_idle(&pool, 1));
}

CASE(a_pool_is_idle_if_nothing_is_in_flight_and_no_callback_runs,
     "main: nothing: file 0, pool 0\n"
     "main: a read: file 258, pool 258\n"
     "main: a read of another file: file 0, pool 258\n"
     "main: read: called once, error 0, 1 bytes\n"
     "main: after the read: file 0, pool 0\n"
     "main: live 0\n"
     "main: a running callback of the pool: file 0, pool 258\n"
     "main: closed: 0\n"
     "main: never bound: 0\n"
     "main: issued 2, completed 2, bytes 1\n")
{
    struct pipe pipe, other;
    struct io io;
    struct bound_file unbound = {0};
    begin();
    open_pipe(&pipe);
    open_pipe(&other);
    say_idle("nothing", &pipe.file);
    start_read(&pipe, &io);
    say_idle("a read", &pipe.file);
    say_idle("a read of another file", &other.file);
    feed(&pipe, "x");
    wait_idle();
    say_calls("read", &io);
    say_idle("after the read", &pipe.file);
    block_workers(1);
    say("live %llu", pool_counters(&pool).live);
    say_idle("a running callback of the pool", &pipe.file);
    open_gate();
    wait_idle();
    close_pipe(&pipe);
    say("closed: %lu", bound_file_wait_idle(&pipe.file, 0));
    say("never bound: %lu", bound_file_wait_idle(&unbound, 0));
    close_pipe(&other);
    unpack(&io);
    end();
}

/* Notes the first two timeouts. The first sleep wakes for no reason, at the
 * next tick of the clock. */
static DWORD timeouts[2];

static bool wake_once(DWORD timeout)
{
    LONG slept = sleepers - 1;
    ULONGLONG now = GetTickCount64();
    if (slept < 2)
        timeouts[slept] = timeout;
    while (slept == 0 && GetTickCount64() == now)
        SwitchToThread();
    return slept == 0;
}

CASE(a_wait_that_wakes_early_does_not_start_its_timeout_again,
     "main: wait: 258\n"
     "main: first 50 ms, then less\n"
     "main: issued 1, cancelled 1\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    sleep_hook = wake_once;
    say("wait: %lu", pool_wait_idle(&pool, 50));
    say("first %lu ms, then %s", timeouts[0],
        timeouts[1] < timeouts[0] ? "less" : "not less");
    sleep_hook = NULL;
    close_pipe(&pipe);
    unpack(&io);
    end();
}

struct waiter {
    struct bound_file *file;
    struct io *io;
    LONG calls;
    DWORD result;
};

static unsigned __stdcall wait_until_idle(void *argument)
{
    struct waiter *waiter = argument;
    waiter->result = waiter->file != NULL
                         ? bound_file_wait_idle(waiter->file, INFINITE)
                         : pool_wait_idle(&pool, 1000000);
    waiter->calls = waiter->io->calls;
    return 0;
}

CASE(a_waiting_thread_wakes_after_the_last_callback,
     "main: file: 0, after 1 callbacks\n"
     "main: pool: 0, after 1 callbacks\n"
     "main: issued 2, completed 2, bytes 2\n")
{
    struct pipe pipe, other;
    struct io io, other_io;
    begin();
    open_pipe(&pipe);
    open_pipe(&other);
    start_read(&pipe, &io);
    start_read(&other, &other_io);
    struct waiter for_file = {.file = &pipe.file, .io = &io};
    struct waiter for_pool = {.io = &other_io};
    HANDLE first = run_thread(wait_until_idle, &for_file);
    HANDLE second = run_thread(wait_until_idle, &for_pool);
    wait_for_sleepers(2);
    feed(&pipe, "x");
    join(first);
    say("file: %lu, after %ld callbacks", for_file.result, for_file.calls);
    feed(&other, "x");
    join(second);
    say("pool: %lu, after %ld callbacks", for_pool.result, for_pool.calls);
    close_pipe(&pipe);
    close_pipe(&other);
    unpack(&io);
    unpack(&other_io);
    end();
}

static HANDLE next_read_has_started;

static void on_completion_read_on(DWORD error, DWORD bytes,
                                  OVERLAPPED *overlapped)
{
    struct request *request = request_of(overlapped);
    on_completion(error, bytes, overlapped);
    if (bytes < 3) { /* of "go" */
        must(overlapped_reset(request, 0), "reset");
        must_be_queued(bound_file_read(&the_pipe.file, request));
        set(next_read_has_started);
    }
}

CASE(a_callback_that_starts_the_next_read_keeps_its_file_busy,
     "main: after the callback's read: file 258, pool 258\n"
     "main: read: called twice, error 0, 4 bytes\n"
     "main: issued 2, completed 2, bytes 6\n")
{
    struct io io;
    begin();
    open_pipe(&the_pipe);
    pack(&io, 64, 0);
    io.request->callback = on_completion_read_on;
    next_read_has_started = new_event();
    must_be_queued(bound_file_read(&the_pipe.file, io.request));
    feed(&the_pipe, "go");
    wait_for(next_read_has_started);
    say_idle("after the callback's read", &the_pipe.file);
    feed(&the_pipe, "stop");
    wait_idle();
    say_calls("read", &io);
    close_pipe(&the_pipe);
    unpack(&io);
    end();
}

/* ---- Callbacks --------------------------------------------------------- */

CASE(a_callback_that_blocks_does_not_block_the_other_workers,
     "main: read: called once, error 0, 1 bytes\n"
     "main: 1 blocked\n"
     "main: issued 2, completed 2, bytes 1\n")
{
    struct pipe pipe;
    struct io io;
    workers = 2;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    block_workers(1);
    feed(&pipe, "x");
    wait_file_idle(&pipe.file);
    say_calls("read", &io);
    say("%ld blocked", blocked);
    open_gate();
    wait_idle();
    close_pipe(&pipe);
    unpack(&io);
    end();
}

static void on_completion_say(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    const struct io *io = request_of(overlapped)->context;
    say("error %lu, %lu bytes '%s'", error, bytes, io->buffer);
}

static struct io outliving_io;

static unsigned __stdcall issue(void *argument)
{
    struct pipe *pipe = argument;
    pack(&outliving_io, 64, 0);
    outliving_io.request->callback = on_completion_say;
    must_be_queued(bound_file_read(&pipe->file, outliving_io.request));
    return 0;
}

CASE(a_read_outlives_the_thread_that_started_it,
     "worker: error 0, 10 bytes 'still here'\n"
     "main: issued 1, completed 1, bytes 10\n")
{
    struct pipe pipe;
    begin();
    open_pipe(&pipe);
    join(run_thread(issue, &pipe));
    feed(&pipe, "still here");
    wait_idle();
    close_pipe(&pipe);
    unpack(&outliving_io);
    end();
}

static void on_completion_free(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request = request_of(overlapped);
    (void)error, (void)bytes;
    must(overlapped_free(request), "free");
    InterlockedIncrement(&done);
}

/* A callback often runs before the call that started the read has returned. */
CASE(a_callback_may_free_its_request,
     "main: 2000 freed\n"
     "main: issued 2000, completed 2000, bytes 128000\n",
     .file = 1000)
{
    static char buffer[64];
    struct bound_file file;
    begin();
    open_file(&file);
    for (int i = 0; i < 2000; i++) {
        struct request *request =
            overlapped_pack(on_completion_free, NULL, buffer, sizeof buffer, 0);
        struct submission started = bound_file_read(&file, request);
        if (started.outcome != IO_QUEUED)
            on_completion_free(started.error, started.bytes,
                               &request->overlapped);
        if (i % 16 == 0)
            wait_idle();
    }
    wait_idle();
    close_file(&file);
    say("%ld freed", done);
    end();
}

/* ---- Counters, and many reads ------------------------------------------- */

enum { DEPTH = 16, BLOCK = 640 };

struct piece {
    struct request *request;
    char buffer[BLOCK];
};

static struct piece pieces[DEPTH];
static struct bound_file big_file;
static volatile LONG64 next_offset, wrong;

/* Each line of 64 bytes starts with its own offset. */
static void check_lines(const char *buffer, DWORD bytes, uint64_t offset)
{
    for (DWORD at = 0; at < bytes; at += 64)
        if (strtoull(buffer + at, NULL, 10) != offset + at)
            InterlockedIncrement64(&wrong);
}

static void read_next(struct piece *piece);

static void take(struct piece *piece, DWORD error, DWORD bytes)
{
    if (error == ERROR_SUCCESS) {
        check_lines(piece->buffer, bytes, overlapped_offset(piece->request));
        read_next(piece);
    } else if (!is_end_of_file(error)) {
        InterlockedIncrement64(&wrong);
    }
}

static void on_piece(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    take(request_of(overlapped)->context, error, bytes);
}

static void read_next(struct piece *piece)
{
    LONG64 offset = InterlockedAdd64(&next_offset, BLOCK) - BLOCK;
    must(overlapped_reset(piece->request, (uint64_t)offset), "reset");
    struct submission started = bound_file_read(&big_file, piece->request);
    if (started.outcome != IO_QUEUED)
        take(piece, started.error, started.bytes);
}

static void read_the_whole_file(void)
{
    open_file(&big_file);
    for (struct piece *piece = pieces; piece < pieces + DEPTH; piece++) {
        piece->request =
            overlapped_pack(on_piece, piece, piece->buffer, BLOCK, 0);
        check(piece->request != NULL, "pack", L"request");
        read_next(piece);
    }
    wait_idle();
    close_file(&big_file);
    for (int i = 0; i < DEPTH; i++)
        must(overlapped_free(pieces[i].request), "free");
}

/* Each of 16 callbacks starts its request again, until the end of the file. */
CASE(many_requests_read_a_file_to_its_end,
     "main: 0 wrong\n"
     "main: issued 216, completed 216, bytes 128000\n",
     .file = 128000)
{
    begin();
    read_the_whole_file();
    say("%lld wrong", wrong);
    end();
}

static volatile bool all_is_read;
static uint64_t samples, bad_samples;

static unsigned __stdcall sample(void *unused)
{
    struct pool_counters last = {0};
    (void)unused;
    while (!all_is_read) {
        struct pool_counters now = pool_counters(&pool);
        samples++;
        bad_samples += now.issued != now.completed + now.failed +
                                         now.cancelled + now.live ||
                       now.live > now.peak || now.peak > DEPTH ||
                       now.issued < last.issued || now.bytes < last.bytes;
        last = now;
    }
    return 0;
}

CASE(the_counters_add_up_at_every_moment,
     "main: samples: some, 0 wrong\n"
     "main: issued 216, completed 216, bytes 128000\n",
     .file = 128000)
{
    begin();
    HANDLE sampler = run_thread(sample, NULL);
    read_the_whole_file();
    all_is_read = true;
    join(sampler);
    say("samples: %s, %llu wrong", samples > 0 ? "some" : "none", bad_samples);
    end();
}

CASE(each_result_is_counted_once_and_by_its_kind,
     "main: issued 0\n"
     "main: issued 3, live 3\n"
     "main: issued 3, completed 1, live 2, bytes 5\n"
     "main: issued 3, completed 1, cancelled 1, live 1, bytes 5\n"
     "main: issued 3, completed 2, cancelled 1, bytes 5\n"
     "main: write to a closed pipe: failed, error 232, 0 bytes\n"
     "main: peak 3, they add up\n"
     "main: issued 4, completed 2, failed 1, cancelled 1, bytes 5\n",
     .err = "pool: issued 4, completed 2, failed 1, cancelled 1, live 0, "
            "peak 3, bytes 5, stray 0\nguard: ")
{
    struct pipe pipes[3];
    struct io ios[3];
    begin();
    say_counters();
    for (int i = 0; i < 3; i++) {
        open_pipe(&pipes[i]);
        start_read(&pipes[i], &ios[i]);
    }
    say_counters();
    feed(&pipes[0], "12345");
    wait_file_idle(&pipes[0].file);
    say_counters();
    bound_file_cancel_all(&pipes[1].file);
    wait_file_idle(&pipes[1].file);
    say_counters();
    hang_up(&pipes[2]);
    wait_idle();
    say_counters();
    must(overlapped_reset(ios[2].request, 0), "reset");
    say_started("write to a closed pipe",
                bound_file_write(&pipes[2].file, ios[2].request));
    struct pool_counters all = pool_counters(&pool);
    say("peak %llu, %s", all.peak,
        all.issued == all.completed + all.failed + all.cancelled + all.live
            ? "they add up"
            : "they do not add up");
    pool_print_counters(&pool);
    close_pipe(&pipes[0]);
    close_pipe(&pipes[1]);
    close_file(&pipes[2].file);
    for (int i = 0; i < 3; i++)
        unpack(&ios[i]);
    end();
}

int wmain(int argc, wchar_t **argv)
{
    return run_pool_case(argc, argv);
}
