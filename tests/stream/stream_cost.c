/*
 * stream_cost CASE: how many packets, allocations and handles streams and their
 * calls need. lab/guard counts the allocations.
 */
#include "../../lab/guard/guard.h"
#include "stream_probe.h"

/* ---- Counting ---------------------------------------------------------- */

static LONG packets;

/* An event, or NULL: a worker that has taken a packet waits for this event
 * before it uses the packet. */
static HANDLE started;

static BOOL WINAPI my_get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                                 OVERLAPPED **overlapped, DWORD timeout)
{
    BOOL ok =
        next.GetQueuedCompletionStatus(port, bytes, key, overlapped, timeout);
    InterlockedIncrement(&packets);
    if (started != NULL)
        wait_for(started);
    return ok;
}

static struct guard_counts memory_before;
static unsigned handles_before;
static LONG packets_before;

static void start_counting(void)
{
    memory_before = guard_counts();
    handles_before = open_handles();
    packets_before = packets;
}

/* What the calls since start_counting have made. */
static void say_made(void)
{
    say("%u allocations, %d handles more",
        guard_counts().allocations - memory_before.allocations,
        (int)(open_handles() - handles_before));
}

/* What they have not freed. */
static void say_left(void)
{
    say("%d allocations, %d handles left",
        (int)(guard_counts().living - memory_before.living),
        (int)(open_handles() - handles_before));
}

/* ---- Calls ------------------------------------------------------------- */

CASE(synchronous_calls_use_no_packet_no_memory_and_no_handle,
     "main: 0 packets\n"
     "main: 0 allocations, 0 handles more\n")
{
    char buffer[10];
    size_t bytes;
    open_stream(L"digits", FILE_OPTION_ASYNCHRONOUS, 0);
    must(file_stream_read(stream, buffer, sizeof buffer, &bytes), "read");
    start_counting();
    for (unsigned i = 0; i < 500; i++) {
        seek_to(i % 100 * 10);
        must(file_stream_read(stream, buffer, sizeof buffer, &bytes), "read");
        must(file_stream_write(stream, buffer, bytes), "write");
    }
    say("%ld packets", packets - packets_before);
    say_made();
    close_stream();
}

/* Two reads and two writes in flight at the same time. */
static void call_concurrently(int64_t offset)
{
    enum { TASKS = 4 };
    static struct file_task tasks[TASKS];
    static char buffers[TASKS][30];
    seek_to(offset);
    for (unsigned i = 0; i < TASKS; i += 2) {
        file_stream_write_async(stream, "0123456789", 10, &tasks[i]);
        file_stream_read_async(stream, buffers[i], 30, &tasks[i + 1]);
    }
    for (unsigned i = 0; i < TASKS; i++)
        must(file_task_wait(&tasks[i], INFINITE, NULL), "wait");
}

static void make_asynchronous_calls(unsigned options)
{
    open_digits(options);
    call_concurrently(0);
    start_counting();
    for (unsigned i = 0; i < 250; i++)
        call_concurrently(i);
    say_made();
    close_stream();
}

CASE(asynchronous_calls_allocate_nothing,
     "main: 0 allocations, 0 handles more\n"
     "main: 0 allocations, 0 handles more\n")
{
    make_asynchronous_calls(0);
    make_asynchronous_calls(FILE_OPTION_ASYNCHRONOUS);
}

/* ---- Open and close ---------------------------------------------------- */

static void use_and_close(void)
{
    struct file_task task = {0};
    char buffer[10];
    size_t bytes;
    must(file_stream_read(stream, buffer, 10, &bytes), "read");
    must(file_stream_write(stream, buffer, 10), "write");
    file_stream_read_async(stream, buffer, 10, &task);
    close_stream();
}

static void use_file(unsigned options)
{
    open_digits(options);
    use_and_close();
}

static void use_pipe(unsigned options)
{
    DWORD written;
    HANDLE server = create_server(own_pipe(), PIPE_TYPE_BYTE);
    open_stream(own_pipe(), options, BUFFER_SIZE);
    check(WriteFile(server, "0123456789", 10, &written, NULL), "write to",
          own_pipe());
    use_and_close();
    close_object(server);
}

/* What the first use allocates and keeps is no leak. */
static void use_often(void (*use)(unsigned), unsigned options)
{
    use(options);
    start_counting();
    for (unsigned i = 0; i < 500; i++)
        use(options);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    say_left();
}

CASE(opening_and_closing_a_file_leaves_nothing,
     "main: 0 allocations, 0 handles left\n"
     "main: 0 allocations, 0 handles left\n"
     "main: 0 allocations, 0 handles left\n")
{
    use_often(use_file, 0);
    use_often(use_file, FILE_OPTION_ASYNCHRONOUS);
    use_often(use_file, FILE_OPTION_ASYNCHRONOUS | FILE_OPTION_SEQUENTIAL);
}

CASE(opening_and_closing_a_pipe_leaves_nothing,
     "main: 0 allocations, 0 handles left\n"
     "main: 0 allocations, 0 handles left\n")
{
    use_often(use_pipe, 0);
    use_often(use_pipe, FILE_OPTION_ASYNCHRONOUS);
}

CASE(a_failed_open_leaves_nothing, "main: 0 allocations, 0 handles left\n")
{
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    start_counting();
    for (unsigned i = 0; i < 100; i++) {
        DWORD error = file_stream_open(&pool, L"missing", &options, &stream);
        if (error != ERROR_FILE_NOT_FOUND || stream != NULL)
            say("error %lu", error);
    }
    say_left();
}

/* ---- Calls in a callback ----------------------------------------------- */

static HANDLE finished; /* event */

/* Makes every synchronous call that is allowed in a callback. */
static void make_calls(void *unused, DWORD error, size_t bytes)
{
    char buffer[20];
    uint64_t position, length;
    (void)unused, (void)error;
    seek_to(0);
    write_here("WRITTEN");
    must(file_stream_flush(stream), "flush");
    must(file_stream_read(stream, buffer, 3, &bytes), "read");
    must(file_stream_position(stream, &position), "ask for the position");
    must(file_stream_set_length(stream, 500), "set length");
    must(file_stream_length(stream, &length), "ask for the length");
    say("read %.3s, at %llu of %llu", buffer, position, length);
    set(finished);
}

CASE(a_callback_on_the_only_worker_can_make_synchronous_calls,
     "worker: read 789, at 10 of 500\n")
{
    struct file_task task = {.callback = make_calls};
    char buffer[200];
    open_digits(FILE_OPTION_ASYNCHRONOUS);
    finished = new_event();
    /* A read may complete before the call returns: then no callback comes. */
    while (
        file_stream_read_async(stream, buffer, sizeof buffer, &task).outcome ==
        IO_DONE)
        must(file_stream_seek(stream, 0, FILE_BEGIN, NULL), "seek");
    wait_for(finished);
    close_stream();
}

static struct {
    struct file_task task;
    char buffer[7];
    size_t total;
    unsigned callbacks, immediate; /* reads that completed in either way */
    unsigned nested, deepest;      /* callbacks within each other */
} chain;

static void read_on(void)
{
    struct submission read;
    do {
        read = file_stream_read_async(stream, chain.buffer, sizeof chain.buffer,
                                      &chain.task);
        chain.total += read.bytes;
        if (read.outcome == IO_DONE)
            chain.immediate++;
    } while (read.outcome == IO_DONE && read.bytes > 0);
    if (read.outcome != IO_QUEUED)
        set(finished);
}

static void on_piece(void *unused, DWORD error, size_t bytes)
{
    (void)unused;
    must(error, "read");
    chain.nested++;
    if (chain.deepest < chain.nested)
        chain.deepest = chain.nested;
    chain.callbacks++;
    chain.total += bytes;
    if (bytes > 0)
        read_on();
    else
        set(finished);
    chain.nested--;
}

CASE(a_callback_can_start_its_task_again_until_the_end,
     "main: 1000 bytes, by callbacks and immediately\n"
     "main: 1 callbacks within each other\n")
{
    finished = new_event();
    open_digits(FILE_OPTION_ASYNCHRONOUS);
    chain.task.callback = on_piece;
    started = new_event();
    read_on();
    set(started); /* so the first read is completed by a callback */
    wait_for(finished);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    bool both = chain.callbacks > 0 && chain.immediate > 0;
    say("%llu bytes, %s", (unsigned long long)chain.total,
        both ? "by callbacks and immediately" : "all in one way");
    say("%u callbacks within each other", chain.deepest);
    close_stream();
}

static void do_nothing(void *unused)
{
    (void)unused;
}

int wmain(int argc, wchar_t **argv)
{
    create_digits();
    must(pool_create(&pool, 1, 0), "create");
    put_layer((struct layer){.GetQueuedCompletionStatus = my_get_status});
    /* A thread allocates memory of its own when it works for the first time. */
    must(pool_queue_work(&pool, do_nothing, NULL), "queue");
    must(pool_wait_idle(&pool, INFINITE), "wait");
    bool found = argc == 2 && run_case(argv[1]);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return found ? EXIT_SUCCESS : 2;
}
