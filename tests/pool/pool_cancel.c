/*
 * pool_cancel CASE [WORKERS [ROUNDS]]: cancelling, timeouts, closing. See
 * pool_probe.h.
 */
#include "pool_probe.h"

/* ---- By ticket --------------------------------------------------------- */

struct cancellation {
    struct bound_file *file;
    uint64_t ticket;
    DWORD result;
};

static unsigned __stdcall cancel_it(void *argument)
{
    struct cancellation *cancellation = argument;
    cancellation->result =
        bound_file_cancel(cancellation->file, cancellation->ticket);
    return 0;
}

/* Two reads of a pipe are in flight. The other thread has not started them. */
CASE(another_thread_can_cancel_one_read,
     "main: cancel: 0\n"
     "main: first: called once, error 0, 13 bytes\n"
     "main: second: called once, error 995, 0 bytes\n"
     "main: issued 2, completed 1, cancelled 1, bytes 13\n")
{
    struct pipe pipe;
    struct io first, second;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &first);
    start_read(&pipe, &second);
    struct cancellation second_read = {.file = &pipe.file,
                                       .ticket = second.request->ticket};
    join(run_thread(cancel_it, &second_read));
    say("cancel: %lu", second_read.result);
    wait_until_live(1);
    feed(&pipe, "for the first");
    wait_idle();
    say_calls("first", &first);
    say_calls("second", &second);
    close_pipe(&pipe);
    unpack(&first);
    unpack(&second);
    end();
}

CASE(a_read_that_is_cancelled_twice_completes_once,
     "main: cancel: 0\n"
     "main: cancel again: 0\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: issued 3, completed 2, cancelled 1\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    block_workers(workers); /* its packet stays in the port */
    say("cancel: %lu", bound_file_cancel(&pipe.file, io.request->ticket));
    say("cancel again: %lu", bound_file_cancel(&pipe.file, io.request->ticket));
    open_gate();
    wait_idle();
    say_calls("read", &io);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

/* To cancel with any other ticket fails with ERROR_NOT_FOUND. */
CASE(a_ticket_is_valid_for_one_use_of_one_file,
     "main: 0: 1168\n"
     "main: of an idle request: 1168\n"
     "main: of a read of another file: 1168\n"
     "main: of a completed read: 1168\n"
     "main: of the first use, during the second: 1168\n"
     "main: 0, during the second: 1168\n"
     "main: second use: called once, error 0, 1 bytes\n"
     "main: of a freed request: 1168\n"
     "main: of a request without I/O: 1168\n"
     "main: callback: called once, error 0, 0 bytes\n"
     "main: issued 5, completed 5, bytes 2\n")
{
    struct pipe pipe, other;
    struct io io, queued;
    begin();
    open_pipe(&pipe);
    open_pipe(&other);
    say("0: %lu", bound_file_cancel(&pipe.file, 0));
    pack(&io, 64, 0);
    uint64_t ticket = io.request->ticket;
    say("of an idle request: %lu", bound_file_cancel(&pipe.file, ticket));
    must_be_queued(bound_file_read(&pipe.file, io.request));
    say("of a read of another file: %lu",
        bound_file_cancel(&other.file, ticket));
    feed(&pipe, "x");
    wait_idle();
    say("of a completed read: %lu", bound_file_cancel(&pipe.file, ticket));
    reset(&io, 0);
    must_be_queued(bound_file_read(&pipe.file, io.request));
    say("of the first use, during the second: %lu",
        bound_file_cancel(&pipe.file, ticket));
    say("0, during the second: %lu", bound_file_cancel(&pipe.file, 0));
    feed(&pipe, "x");
    wait_idle();
    say_calls("second use", &io);
    unpack(&io);
    say("of a freed request: %lu", bound_file_cancel(&pipe.file, ticket));
    block_workers(workers);
    pack(&queued, 64, 0);
    ticket = queued.request->ticket;
    must(pool_queue_request(&pool, queued.request), "queue");
    say("of a request without I/O: %lu", bound_file_cancel(&pipe.file, ticket));
    open_gate();
    wait_idle();
    say_calls("callback", &queued);
    close_pipe(&pipe);
    close_pipe(&other);
    unpack(&queued);
    end();
}

/* Such a read may complete before it is cancelled, or after. */
CASE(a_read_of_a_regular_file_completes_once_cancelled_or_not,
     "main: reported 300 times, 0 wrong\n"
     "main: 300 counted, 0 stray\n",
     .file = 1000)
{
    struct bound_file file;
    struct io io;
    LONG64 reported = 0, wrong = 0;
    begin();
    open_file(&file);
    pack(&io, 64, 0);
    for (LONG64 i = 1; i <= 300; i++) {
        reset(&io, 0);
        uint64_t ticket = io.request->ticket;
        struct submission started = bound_file_read(&file, io.request);
        DWORD error = bound_file_cancel(&file, ticket);
        wrong += error != 0 && error != ERROR_NOT_FOUND;
        wait_file_idle(&file);
        reported += io.calls + (started.outcome != IO_QUEUED);
        if (started.outcome == IO_QUEUED)
            wrong += io.error != 0 && io.error != ERROR_OPERATION_ABORTED;
    }
    say("reported %lld times, %lld wrong", reported, wrong);
    close_file(&file);
    unpack(&io);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    struct pool_counters counters = pool_counters(&pool);
    say("%llu counted, %llu stray", counters.completed + counters.cancelled,
        counters.stray);
}

/* ---- All I/O of a file or of a pool ------------------------------------ */

CASE(cancelling_a_file_does_not_affect_other_files,
     "main: read: called once, error 995, 0 bytes\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: other file: not called\n"
     "main: other file: called once, error 0, 1 bytes\n"
     "main: issued 4, completed 1, cancelled 3, bytes 1\n")
{
    struct pipe pipe, other;
    struct io ios[3], left;
    begin();
    open_pipe(&pipe);
    open_pipe(&other);
    start_read(&other, &left);
    for (int i = 0; i < 3; i++)
        start_read(&pipe, &ios[i]);
    bound_file_cancel_all(&pipe.file);
    wait_file_idle(&pipe.file);
    for (int i = 0; i < 3; i++)
        say_calls("read", &ios[i]);
    say_calls("other file", &left);
    feed(&other, "x");
    wait_idle();
    say_calls("other file", &left);
    close_pipe(&pipe);
    close_pipe(&other);
    for (int i = 0; i < 3; i++)
        unpack(&ios[i]);
    unpack(&left);
    end();
}

CASE(cancelling_a_pool_cancels_all_its_files, "main: 40 cancelled\n"
                                              "main: issued 40, cancelled 40\n")
{
    enum { MANY = 40 };
    struct pipe pipes[MANY];
    struct io ios[MANY];
    LONG once = 0;
    begin();
    for (int i = 0; i < MANY; i++) {
        open_pipe(&pipes[i]);
        start_read(&pipes[i], &ios[i]);
    }
    pool_cancel_all(&pool);
    wait_idle();
    for (int i = 0; i < MANY; i++) {
        once += ios[i].calls == 1 && ios[i].error == ERROR_OPERATION_ABORTED;
        close_pipe(&pipes[i]);
        unpack(&ios[i]);
    }
    say("%ld cancelled", once);
    end();
}

/* The write is larger than the pipe's buffer, so it stays in flight. */
CASE(a_write_can_be_cancelled, "main: cancel: 0\n"
                               "main: called once, error 995\n")
{
    static char much[1 << 20];
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    pack(&io, 64, 0);
    io.request->buffer = much;
    io.request->length = sizeof much;
    must_be_queued(bound_file_write(&pipe.file, io.request));
    say("cancel: %lu", bound_file_cancel(&pipe.file, io.request->ticket));
    wait_idle();
    say("called %s, error %lu", times(io.calls), io.error);
    close_pipe(&pipe);
    unpack(&io);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
}

/* ---- Cancelling before ReadFile is called ------------------------------- */

/* cancel_first calls early_cancel before ReadFile: the request is in the pool's
 * table by then, and the kernel does not have it yet. */
static struct pipe early_pipe;
static uint64_t early_ticket;
static void (*early_cancel)(void);

static BOOL WINAPI cancel_first(HANDLE handle, void *buffer, DWORD length,
                                DWORD *bytes, OVERLAPPED *overlapped)
{
    early_cancel();
    return next.ReadFile(handle, buffer, length, bytes, overlapped);
}

static void by_ticket(void)
{
    say("cancel: %lu", bound_file_cancel(&early_pipe.file, early_ticket));
}

static void by_file(void)
{
    bound_file_cancel_all(&early_pipe.file);
}

static void by_pool(void)
{
    pool_cancel_all(&pool);
}

static struct io other_io; /* another read of the file */

static void of_another(void)
{
    say("cancel another: %lu",
        bound_file_cancel(&early_pipe.file, other_io.request->ticket));
}

static volatile LONG cancels;

static void count_cancel(void)
{
    InterlockedIncrement(&cancels);
}

static void wait_for_cancel(void)
{
    while (cancels == 0)
        SwitchToThread();
}

static HANDLE closer;
static DWORD closed; /* the result of the close or stop */

static unsigned __stdcall close_early_pipe(void *unused)
{
    (void)unused;
    closed = bound_file_close(&early_pipe.file);
    return 0;
}

static unsigned __stdcall stop_pool(void *unused)
{
    (void)unused;
    closed = pool_stop(&pool, POOL_CANCEL);
    return 0;
}

static void by_closing(void)
{
    closer = run_thread(close_early_pipe, NULL);
    wait_for_cancel();
}

static void by_stopping(void)
{
    closer = run_thread(stop_pool, NULL);
    wait_for_cancel();
}

static void say_early(const char *name, void (*how)(void))
{
    struct io io;
    pack(&io, 64, 0);
    early_ticket = io.request->ticket;
    early_cancel = how;
    read_hook = cancel_first;
    must_be_queued(bound_file_read(&early_pipe.file, io.request));
    wait_file_idle(&early_pipe.file);
    read_hook = NULL;
    say_calls(name, &io);
    unpack(&io);
}

static void say_early_sync(const char *name, void (*how)(void))
{
    char buffer[64];
    DWORD bytes;
    early_cancel = how;
    read_hook = cancel_first;
    DWORD error = bound_file_read_sync(&early_pipe.file, buffer, 64, 0, &bytes);
    read_hook = NULL;
    say("%s: error %lu, %lu bytes", name, error, bytes);
}

/* A cancel of another read of the file does not cancel this one. */
CASE(a_read_can_be_cancelled_before_readfile_is_called,
     "main: cancel: 0\n"
     "main: by ticket: called once, error 995, 0 bytes\n"
     "main: by file: called once, error 995, 0 bytes\n"
     "main: by pool: called once, error 995, 0 bytes\n"
     "main: synchronous, by file: error 995, 0 bytes\n"
     "main: cancel another: 0\n"
     "main: not cancelled: called once, error 0, 1 bytes\n"
     "main: the other: called once, error 995, 0 bytes\n"
     "main: issued 6, completed 1, cancelled 5, bytes 1\n")
{
    struct io io;
    begin();
    open_pipe(&early_pipe);
    say_early("by ticket", by_ticket);
    say_early("by file", by_file);
    say_early("by pool", by_pool);
    say_early_sync("synchronous, by file", by_file);
    start_read(&early_pipe, &other_io);
    pack(&io, 64, 0);
    early_cancel = of_another;
    read_hook = cancel_first;
    must_be_queued(bound_file_read(&early_pipe.file, io.request));
    wait_until_live(1);
    feed(&early_pipe, "x");
    wait_idle();
    say_calls("not cancelled", &io);
    say_calls("the other", &other_io);
    close_pipe(&early_pipe);
    unpack(&io);
    unpack(&other_io);
    end();
}

CASE(a_read_that_starts_while_its_file_closes_is_cancelled,
     "main: by close: called once, error 995, 0 bytes\n"
     "main: close: 0\n"
     "main: issued 1, cancelled 1\n")
{
    begin();
    cancel_hook = count_cancel;
    open_pipe(&early_pipe);
    say_early("by close", by_closing);
    join(closer);
    say("close: %lu", closed);
    hang_up(&early_pipe);
    end();
}

CASE(a_read_that_starts_while_its_pool_stops_is_cancelled,
     "main: by stop: error 995, 0 bytes\n"
     "main: stop: 0\n"
     "main: issued 1, cancelled 1\n")
{
    begin();
    cancel_hook = count_cancel;
    open_pipe(&early_pipe);
    say_early_sync("by stop", by_stopping);
    join(closer);
    say("stop: %lu", closed);
    say_counters();
}

static void on_first_completion(DWORD error, DWORD bytes,
                                OVERLAPPED *overlapped)
{
    struct io *io = request_of(overlapped)->context;
    if (io->calls == 0) {
        must(overlapped_reset(io->request, 0), "reset");
        read_hook = NULL;
        must_be_queued(bound_file_read(&early_pipe.file, io->request));
    }
    on_completion(error, bytes, overlapped);
}

static BOOL WINAPI return_late(HANDLE handle, void *buffer, DWORD length,
                               DWORD *bytes, OVERLAPPED *overlapped)
{
    struct io *io = request_of(overlapped)->context;
    BOOL ok = next.ReadFile(handle, buffer, length, bytes, overlapped);
    DWORD error = GetLastError();
    bound_file_cancel_all(&early_pipe.file);
    while (io->calls == 0)
        SwitchToThread();
    SetLastError(error);
    return ok;
}

/* The first use has completed, and its request is in flight again, before
 * ReadFile returns. */
CASE(a_readfile_that_returns_late_does_not_cancel_the_next_use,
     "main: first use: called once, error 995, 0 bytes\n"
     "main: second use: called twice, error 0, 6 bytes\n"
     "main: issued 2, completed 1, cancelled 1, bytes 6\n")
{
    struct io io;
    begin();
    open_pipe(&early_pipe);
    pack(&io, 64, 0);
    io.request->callback = on_first_completion;
    read_hook = return_late;
    must_be_queued(bound_file_read(&early_pipe.file, io.request));
    say_calls("first use", &io);
    feed(&early_pipe, "second");
    wait_idle();
    say_calls("second use", &io);
    close_pipe(&early_pipe);
    unpack(&io);
    end();
}

/* ---- Cancelling, completing, reusing and freeing, concurrently ---------- */

enum { USES = 1000, MAX_USES = 100000 };

struct use {
    volatile LONG64 ticket;
    volatile LONG asked, calls;
    DWORD error;
};

static struct use uses[MAX_USES];
static LONG last = USES;
static volatile LONG current = -1;
static struct pipe race_pipe;
static char race_buffer[1];

/* The callbacks of uses 0, 2, 4, ... free their request. The others keep it. */
static struct request *kept;

static void on_use_completion(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request = request_of(overlapped);
    struct use *use = request->context;
    (void)bytes;
    use->error = error;
    if ((use - uses) % 2 == 0)
        must(overlapped_free(request), "free");
    else
        kept = request;
    InterlockedIncrement(&use->calls);
    WakeByAddressAll((void *)&use->calls);
}

static void wait_while(volatile LONG *value, LONG same)
{
    while (*value == same)
        WaitOnAddress(value, &same, sizeof same, INFINITE);
}

/* Cancels the newest use again and again: while it is in flight, and at least
 * once after its completion. Returns after the last use. */
static unsigned __stdcall cancel_each_use(void *unused)
{
    (void)unused;
    for (;;) {
        LONG at = current;
        if (at == last)
            return 0;
        bool has_completed = at < 0 || uses[at].calls != 0;
        if (at >= 0 &&
            bound_file_cancel(&race_pipe.file, (uint64_t)uses[at].ticket) == 0)
            InterlockedIncrement(&uses[at].asked);
        if (has_completed)
            wait_while(&current, at);
    }
}

/* Each read gets its byte immediately, and may be cancelled before it. */
static void use_once(int i)
{
    struct request *request = kept;
    struct use *use = &uses[i];
    kept = NULL;
    if (request == NULL)
        request = overlapped_pack(on_use_completion, NULL, race_buffer, 1, 0);
    else
        must(overlapped_reset(request, 0), "reset");
    request->context = use;
    InterlockedExchange64(&use->ticket, (LONG64)request->ticket);
    InterlockedExchange(&current, i);
    WakeByAddressAll((void *)&current);
    struct submission started = bound_file_read(&race_pipe.file, request);
    feed(&race_pipe, "x");
    if (started.outcome != IO_QUEUED)
        on_use_completion(started.error, started.bytes, &request->overlapped);
    wait_while(&use->calls, 0);
}

/* 1,000 reads. Each gets its byte, and is cancelled, at the same time. A read
 * that nothing has cancelled must not report error 995. */
CASE(cancelling_races_with_completing_reusing_and_freeing,
     "main: 1000 called once, 0 aborted without a cancel, 0 other errors\n"
     "main: 1000 counted, 0 stray\n")
{
    LONG once = 0, unasked = 0, other = 0;
    if (rounds != 0)
        last = (LONG)min(rounds, MAX_USES);
    begin();
    open_pipe(&race_pipe);
    HANDLE thread = run_thread(cancel_each_use, NULL);
    for (int i = 0; i < last; i++)
        use_once(i);
    InterlockedExchange(&current, last);
    WakeByAddressAll((void *)&current);
    join(thread);
    close_pipe(&race_pipe);
    must(overlapped_free(kept), "free"); /* by the last use, which is odd */
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    for (int i = 0; i < last; i++) {
        once += uses[i].calls == 1;
        unasked += uses[i].error == ERROR_OPERATION_ABORTED && !uses[i].asked;
        other += uses[i].error != ERROR_OPERATION_ABORTED && uses[i].error != 0;
    }
    struct pool_counters counters = pool_counters(&pool);
    say("%ld called once, %ld aborted without a cancel, %ld other errors", once,
        unasked, other);
    say("%llu counted, %llu stray", counters.completed + counters.cancelled,
        counters.stray);
}

/* ---- Timeouts ---------------------------------------------------------- */

enum { SOON = 20, NOT_SOON = 1000000 }; /* ms */

static void start_timed(struct pipe *pipe, struct io *io, DWORD timeout)
{
    pack(io, 64, 0);
    io->request->timeout = timeout;
    must_be_queued(bound_file_read(&pipe->file, io->request));
}

CASE(a_read_is_cancelled_after_its_timeout,
     "main: read: called once, error 1460, 0 bytes\n"
     "main: in time\n"
     "main: again: queued\n"
     "main: again: called once, error 1460, 0 bytes\n"
     "main: cancelled by hand: called once, error 995, 0 bytes\n"
     "main: issued 3, cancelled 3\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    ULONGLONG start = GetTickCount64();
    start_timed(&pipe, &io, SOON);
    wait_idle();
    say_calls("read", &io);
    say("%s", GetTickCount64() - start >= SOON ? "in time" : "too early");
    reset(&io, 0);
    say_started("again", bound_file_read(&pipe.file, io.request));
    wait_idle();
    say_calls("again", &io);
    reset(&io, 0);
    io.request->timeout = 0;
    must_be_queued(bound_file_read(&pipe.file, io.request));
    bound_file_cancel_all(&pipe.file);
    wait_idle();
    say_calls("cancelled by hand", &io);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

/* The old timeout does not cancel the next use of the request either. */
CASE(a_read_that_completes_in_time_is_not_cancelled,
     "main: late: called once, error 1460, 0 bytes\n"
     "main: without timeout: not called\n"
     "main: without timeout: called once, error 0, 1 bytes\n"
     "main: issued 3, completed 2, cancelled 1, bytes 2\n")
{
    struct pipe pipe, other;
    struct io io, late;
    begin();
    open_pipe(&pipe);
    open_pipe(&other);
    feed(&pipe, "x");
    start_timed(&pipe, &io, SOON);
    wait_file_idle(&pipe.file);
    reset(&io, 0);
    io.request->timeout = 0;
    must_be_queued(bound_file_read(&pipe.file, io.request));
    start_timed(&other, &late, 2 * SOON);
    wait_file_idle(&other.file);
    say_calls("late", &late);
    say_calls("without timeout", &io);
    feed(&pipe, "x");
    wait_idle();
    say_calls("without timeout", &io);
    close_pipe(&pipe);
    close_pipe(&other);
    unpack(&io);
    unpack(&late);
    end();
}

CASE(a_shorter_timeout_expires_before_a_longer_one,
     "main: the shortest: called once, error 1460, 0 bytes\n"
     "main: the next: called once, error 1460, 0 bytes\n"
     "main: a long one: not called\n"
     "main: cancelled by hand: called once, error 995, 0 bytes\n"
     "main: issued 4, cancelled 4\n")
{
    static const DWORD timeouts[] = {NOT_SOON, 2 * SOON, SOON, NOT_SOON + 1};
    struct pipe pipes[4];
    struct io ios[4];
    begin();
    for (int i = 0; i < 4; i++) {
        open_pipe(&pipes[i]);
        start_timed(&pipes[i], &ios[i], timeouts[i]);
    }
    wait_file_idle(&pipes[2].file);
    say_calls("the shortest", &ios[2]);
    wait_file_idle(&pipes[1].file);
    say_calls("the next", &ios[1]);
    say_calls("a long one", &ios[0]);
    pool_cancel_all(&pool);
    wait_idle();
    say_calls("cancelled by hand", &ios[0]);
    for (int i = 0; i < 4; i++) {
        close_pipe(&pipes[i]);
        unpack(&ios[i]);
    }
    end();
}

/* Nor does the longest timeout expire here. */
CASE(a_timeout_of_0_or_infinite_never_expires,
     "main: short: called once, error 1460, 0 bytes\n"
     "main: never: not called\n"
     "main: never: called once, error 0, 1 bytes\n"
     "main: never: not called\n"
     "main: never: called once, error 0, 1 bytes\n"
     "main: never: not called\n"
     "main: never: called once, error 0, 1 bytes\n"
     "main: issued 4, completed 3, cancelled 1, bytes 3\n")
{
    static const DWORD timeouts[3] = {0, INFINITE, INFINITE - 1};
    struct pipe pipes[3], other;
    struct io ios[3], io;
    begin();
    open_pipe(&other);
    for (int i = 0; i < 3; i++) {
        open_pipe(&pipes[i]);
        start_timed(&pipes[i], &ios[i], timeouts[i]);
    }
    start_timed(&other, &io, SOON);
    wait_file_idle(&other.file);
    say_calls("short", &io);
    for (int i = 0; i < 3; i++) {
        say_calls("never", &ios[i]);
        feed(&pipes[i], "x");
        wait_file_idle(&pipes[i].file);
        say_calls("never", &ios[i]);
        close_pipe(&pipes[i]);
        unpack(&ios[i]);
    }
    close_pipe(&other);
    unpack(&io);
    end();
}

CASE(a_timeout_expires_although_every_worker_blocks,
     "main: read: not called\n"
     "main: read: called once, error 1460, 0 bytes\n"
     "main: issued 3, completed 2, cancelled 1\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    cancel_hook = count_cancel;
    open_pipe(&pipe);
    block_workers(workers);
    start_timed(&pipe, &io, SOON);
    wait_for_cancel();
    feed(&pipe, "too late");
    say_calls("read", &io);
    open_gate();
    wait_idle();
    say_calls("read", &io);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

/* The read has completed when its timeout expires. Its packet is still in the
 * port, since every worker blocks. */
CASE(a_timeout_after_the_completion_changes_nothing,
     "main: read: called once, error 0, 1 bytes\n"
     "main: issued 3, completed 3, bytes 1\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    cancel_hook = count_cancel;
    open_pipe(&pipe);
    block_workers(workers);
    feed(&pipe, "x");
    start_timed(&pipe, &io, SOON);
    wait_for_cancel();
    open_gate();
    wait_idle();
    say_calls("read", &io);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

/* The request still has the timeout of its last use, and it is in flight when
 * the timer looks for expired reads. The timer cancels only the other read. */
CASE(a_queued_request_has_no_timeout,
     "main: late: called once, error 1460, 0 bytes\n"
     "main: queued: called once, error 0, 0 bytes\n"
     "main: issued 5, completed 4, cancelled 1, bytes 1\n")
{
    struct pipe pipe;
    struct io io, late;
    begin();
    cancel_hook = count_cancel;
    open_pipe(&pipe);
    feed(&pipe, "x");
    start_timed(&pipe, &io, SOON);
    wait_idle();
    reset(&io, 0);
    block_workers(workers);
    must(pool_queue_request(&pool, io.request), "queue");
    start_timed(&pipe, &late, 2 * SOON);
    wait_for_cancel();
    open_gate();
    wait_idle();
    say_calls("late", &late);
    say_calls("queued", &io);
    close_pipe(&pipe);
    unpack(&io);
    unpack(&late);
    end();
}

CASE(many_timeouts_all_expire, "main: 12 timed out\n"
                               "main: issued 12, cancelled 12\n")
{
    enum { MANY = 12 };
    struct pipe pipes[MANY];
    struct io ios[MANY];
    LONG late = 0;
    begin();
    for (int i = 0; i < MANY; i++) {
        open_pipe(&pipes[i]);
        start_timed(&pipes[i], &ios[i], 1 + (DWORD)(i * 7 % MANY) * 3);
    }
    wait_idle();
    for (int i = 0; i < MANY; i++) {
        late += ios[i].calls == 1 && ios[i].error == ERROR_TIMEOUT;
        close_pipe(&pipes[i]);
        unpack(&ios[i]);
    }
    say("%ld timed out", late);
    end();
}

CASE(a_timeout_expires_while_the_pool_stops,
     "main: stop: 0\n"
     "main: read: called once, error 1460, 0 bytes\n"
     "main: issued 1, cancelled 1\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    start_timed(&pipe, &io, SOON);
    say("stop: %lu", pool_stop(&pool, POOL_DRAIN));
    say_calls("read", &io);
    close_pipe(&pipe);
    unpack(&io);
    say_counters();
}

static volatile LONG timer_thread, joins;

static void count_join(HANDLE object)
{
    (void)object;
    InterlockedIncrement(&joins);
}

static void hold_timer(void)
{
    while (GetCurrentThreadId() == (DWORD)timer_thread && joins == 0)
        SwitchToThread();
}

static void remember_timer(void)
{
    timer_thread = (LONG)GetCurrentThreadId();
    wait_hook = count_join;
    acquire_hook = hold_timer;
}

/* The timer has cancelled the read, and released the lock. It gets the lock
 * again when pool_stop already waits for its end. */
CASE(the_timer_ends_although_it_was_busy,
     "main: stop: 0\n"
     "main: read: called once, error 1460, 0 bytes\n"
     "main: issued 1, cancelled 1\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    cancel_hook = remember_timer;
    start_timed(&pipe, &io, SOON);
    say("stop: %lu", pool_stop(&pool, POOL_DRAIN));
    say_calls("read", &io);
    cancel_hook = NULL;
    close_pipe(&pipe);
    unpack(&io);
    say_counters();
}

CASE(a_timeout_may_expire_before_readfile_is_called,
     "main: read: called once, error 1460, 0 bytes\n"
     "main: issued 1, cancelled 1\n")
{
    struct io io;
    begin();
    cancel_hook = count_cancel;
    open_pipe(&early_pipe);
    pack(&io, 64, 0);
    io.request->timeout = SOON;
    early_cancel = wait_for_cancel;
    read_hook = cancel_first;
    must_be_queued(bound_file_read(&early_pipe.file, io.request));
    wait_idle();
    say_calls("read", &io);
    close_pipe(&early_pipe);
    unpack(&io);
    end();
}

/* Timeouts of 0 and INFINITE need no thread. The fourth read gets one. */
CASE(without_a_timer_thread_a_timeout_is_refused,
     "main: read: queued\n"
     "main: callback: called once, error 0, 1 bytes\n"
     "main: read: queued\n"
     "main: callback: called once, error 0, 1 bytes\n"
     "main: read: failed, error 164, 0 bytes\n"
     "main: callback: not called\n"
     "main: read: queued\n"
     "main: callback: called once, error 0, 1 bytes\n"
     "main: issued 3, completed 3, bytes 3\n")
{
    static const DWORD timeouts[] = {0, INFINITE, NOT_SOON, NOT_SOON};
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    pack(&io, 64, 0);
    thread_to_fail = 1;
    for (int i = 0; i < 4; i++) {
        reset(&io, 0);
        io.request->timeout = timeouts[i];
        say_started("read", bound_file_read(&pipe.file, io.request));
        feed(&pipe, "x");
        wait_idle();
        say_calls("callback", &io);
    }
    close_pipe(&pipe);
    unpack(&io);
    end();
}

static double now_in_ms(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart * 1000 / (double)frequency.QuadPart;
}

static double expired_at;

static void on_expired(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    expired_at = now_in_ms();
    on_completion(error, bytes, overlapped);
}

/* Also if the system's clock moves on by 16 ms at a time. */
CASE(a_timeout_never_expires_early, "main: 0 of 40 early\n"
                                    "main: issued 40, cancelled 40\n")
{
    struct pipe pipe;
    struct io io;
    LONG early = 0;
    clock_is_coarse = true;
    begin();
    open_pipe(&pipe);
    pack(&io, 64, 0);
    io.request->callback = on_expired;
    io.request->timeout = 10;
    for (int i = 0; i < 40; i++) {
        reset(&io, 0);
        double start = now_in_ms();
        must_be_queued(bound_file_read(&pipe.file, io.request));
        wait_idle();
        early += expired_at - start < 10;
    }
    say("%ld of 40 early", early);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

/* ---- Closing ----------------------------------------------------------- */

CASE(close_cancels_waits_and_then_closes,
     "main: close: 0\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: read: called once, error 995, 0 bytes\n"
     "main: its handle: 6\n"
     "main: close again: 6\n"
     "main: issued 3, cancelled 3\n")
{
    struct pipe pipe;
    struct io ios[3];
    char byte;
    DWORD bytes;
    HANDLE others[8];
    begin();
    open_pipe(&pipe);
    for (int i = 0; i < 3; i++)
        start_read(&pipe, &ios[i]);
    HANDLE handle = pipe.file.handle;
    say("close: %lu", bound_file_close(&pipe.file));
    for (int i = 0; i < 3; i++) {
        say_calls("read", &ios[i]);
        unpack(&ios[i]);
    }
    OVERLAPPED overlapped = {0};
    BOOL ok = ReadFile(handle, &byte, 1, &bytes, &overlapped);
    say("its handle: %lu", ok ? 0 : GetLastError());
    /* One of these events probably gets the number of the closed handle. The
     * second close must not close that event. */
    for (int i = 0; i < 8; i++)
        others[i] = new_event();
    say("close again: %lu", bound_file_close(&pipe.file));
    for (int i = 0; i < 8; i++)
        close_object(others[i]);
    hang_up(&pipe);
    end();
}

CASE(closing_a_file_does_not_affect_other_files,
     "main: closed: called once, error 995, 0 bytes\n"
     "main: other file: not called\n"
     "main: other file: called once, error 0, 1 bytes\n"
     "main: issued 2, completed 1, cancelled 1, bytes 1\n")
{
    struct pipe pipe, other;
    struct io io, left;
    begin();
    open_pipe(&pipe);
    open_pipe(&other);
    start_read(&pipe, &io);
    start_read(&other, &left);
    close_pipe(&pipe);
    say_calls("closed", &io);
    say_calls("other file", &left);
    feed(&other, "x");
    wait_idle();
    say_calls("other file", &left);
    close_pipe(&other);
    unpack(&io);
    unpack(&left);
    end();
}

static volatile bool callback_has_run;

static void on_completion_block(DWORD error, DWORD bytes,
                                OVERLAPPED *overlapped)
{
    block(NULL);
    on_completion(error, bytes, overlapped);
    callback_has_run = true;
}

static unsigned __stdcall close_and_say(void *argument)
{
    struct pipe *pipe = argument;
    DWORD error = bound_file_close(&pipe->file);
    say("close: %lu, %s", error,
        callback_has_run ? "after the callback" : "too early");
    return 0;
}

CASE(close_waits_for_a_running_callback,
     "main: read: failed, error 6, 0 bytes\n"
     "main: close: 0, after the callback\n"
     "main: callback: called once, error 0, 1 bytes\n"
     "main: issued 1, completed 1, bytes 1\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    gate = new_event();
    pack(&io, 64, 0);
    io.request->callback = on_completion_block;
    must_be_queued(bound_file_read(&pipe.file, io.request));
    feed(&pipe, "x");
    while (blocked == 0)
        SwitchToThread();
    HANDLE thread = run_thread(close_and_say, &pipe);
    wait_for_sleepers(1);
    say_started("read", bound_file_read(&pipe.file, io.request));
    open_gate();
    join(thread);
    say_calls("callback", &io);
    unpack(&io);
    hang_up(&pipe);
    end();
}

/* A mistake: the caller calls CloseHandle instead of bound_file_close. The
 * error of the read depends on the system. */
CASE(a_handle_that_is_closed_directly_still_completes_its_reads,
     "main: called once, with an error\n"
     "main: live 0\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    close_object(pipe.file.handle);
    hang_up(&pipe);
    wait_idle();
    say("called %s, %s", times(io.calls),
        io.error != 0 ? "with an error" : "without an error");
    unpack(&io);
    must(pool_stop(&pool, POOL_CANCEL), "stop");
    say("live %llu", pool_counters(&pool).live);
}

/* ---- Closing while others read ----------------------------------------- */

enum { READERS = 4 };

static LONG closes = 200;

static struct {
    struct bound_file file;
    volatile LONG open;    /* rounds that have started */
    volatile LONG refused; /* threads that were refused, in all rounds */
    volatile LONG64 started, completed, wrong;
} crowd;

static char crowd_buffer[READERS][64];

static void on_crowd_completion(DWORD error, DWORD bytes,
                                OVERLAPPED *overlapped)
{
    struct request *request = request_of(overlapped);
    (void)bytes;
    if (error != 0 && error != ERROR_OPERATION_ABORTED)
        InterlockedIncrement64(&crowd.wrong);
    must(overlapped_free(request), "free");
    InterlockedIncrement64(&crowd.completed);
}

static void read_until_refused(char *buffer)
{
    for (;;) {
        struct request *request =
            overlapped_pack(on_crowd_completion, NULL, buffer, 64, 0);
        struct submission read = bound_file_read(&crowd.file, request);
        if (read.outcome != IO_QUEUED && read.error == ERROR_INVALID_HANDLE) {
            must(overlapped_free(request), "free");
            return;
        }
        InterlockedIncrement64(&crowd.started);
        if (read.outcome != IO_QUEUED)
            on_crowd_completion(read.error, read.bytes, &request->overlapped);
    }
}

static unsigned __stdcall read_every_round(void *argument)
{
    for (LONG round = 1; round <= closes; round++) {
        while (crowd.open < round)
            SwitchToThread();
        read_until_refused(argument);
        InterlockedIncrement(&crowd.refused);
    }
    return 0;
}

/* 200 files and pipes, in turn. Four threads read each of them until it is
 * closed. A read that is started too late would use a closed handle, or that of
 * the next round. */
CASE(closing_races_with_reading,
     "main: 0 wrong, 0 not completed, 0 handles left behind\n"
     "main: all counted, 0 live, 0 stray\n",
     .file = 1000)
{
    HANDLE threads[READERS], theirs = NULL;
    LONG64 seen = 0;
    unsigned before = 0;
    if (rounds != 0)
        closes = (LONG)rounds;
    begin();
    for (int i = 0; i < READERS; i++)
        threads[i] = run_thread(read_every_round, crowd_buffer[i]);
    for (LONG round = 1; round <= closes; round++) {
        if (round == 3)
            before = open_handles();
        bool is_pipe = round % 2 == 0;
        HANDLE handle =
            is_pipe ? make_pipe(&theirs, PIPE_TYPE_BYTE)
                    : open_handle(L"file", GENERIC_READ, FILE_FLAG_OVERLAPPED);
        must(pool_bind_handle(&pool, handle, 0, &crowd.file), "bind");
        InterlockedIncrement(&crowd.open);
        while (crowd.started < seen + round % 7)
            SwitchToThread();
        must(bound_file_close(&crowd.file), "close");
        while (crowd.refused < round * READERS)
            SwitchToThread();
        seen = crowd.started;
        crowd.wrong += crowd.completed != seen;
        if (is_pipe)
            close_object(theirs);
    }
    for (int i = 0; i < READERS; i++)
        join(threads[i]);
    say("%lld wrong, %lld not completed, %d handles left behind", crowd.wrong,
        crowd.started - crowd.completed,
        (int)(open_handles() + READERS - before));
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    struct pool_counters counters = pool_counters(&pool);
    say("%s, %llu live, %llu stray",
        counters.issued == (uint64_t)crowd.started ? "all counted"
                                                   : "not all counted",
        counters.live, counters.stray);
}

int wmain(int argc, wchar_t **argv)
{
    return run_pool_case(argc, argv);
}
