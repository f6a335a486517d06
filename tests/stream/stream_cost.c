/*
 * stream_cost CASE FILE PIPE: what streams and their calls cost: packets,
 * handles, memory. Linked without lab/guard it counts what is allocated. Cases
 * are at the end of this file.
 */
#include "../../final/file_stream.h"
#include "stream_probe.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

const wchar_t program[] = L"stream_cost";

static const wchar_t *path, *pipe_path;
static struct pool pool;

/* ---- Counting ---------------------------------------------------------- */

extern __typeof__(malloc) *__imp_malloc;
extern __typeof__(calloc) *__imp_calloc;
extern __typeof__(free) *__imp_free;
static __typeof__(malloc) *next_malloc;
static __typeof__(calloc) *next_calloc;
static __typeof__(free) *next_free;
static LONG packets, allocations, living;

static void *my_malloc(size_t size)
{
    InterlockedIncrement(&allocations);
    InterlockedIncrement(&living);
    return next_malloc(size);
}

static void *my_calloc(size_t count, size_t size)
{
    InterlockedIncrement(&allocations);
    InterlockedIncrement(&living);
    return next_calloc(count, size);
}

static void my_free(void *memory)
{
    if (memory != NULL)
        InterlockedDecrement(&living);
    next_free(memory);
}

static BOOL WINAPI my_get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                                 OVERLAPPED **overlapped, DWORD timeout)
{
    BOOL ok = next.get_status(port, bytes, key, overlapped, timeout);
    InterlockedIncrement(&packets);
    return ok;
}

static void count(void)
{
    put_layer((struct layer){.get_status = my_get_status});
    next_malloc = __imp_malloc;
    next_calloc = __imp_calloc;
    next_free = __imp_free;
    __imp_malloc = my_malloc;
    __imp_calloc = my_calloc;
    __imp_free = my_free;
}

/* ---- Streams ----------------------------------------------------------- */

static struct file_stream *open_stream(const wchar_t *name, unsigned options,
                                       size_t buffer_size)
{
    struct file_stream *stream;
    struct file_stream_options how = {.access = FILE_ACCESS_READ_WRITE,
                                      .buffer_size = buffer_size,
                                      .options = options};
    must(file_stream_open(&pool, name, &how, &stream), "open");
    return stream;
}

static void close_stream(struct file_stream *stream)
{
    must(file_stream_close(stream), "close");
}

static HANDLE open_server(void)
{
    HANDLE server =
        CreateNamedPipeW(pipe_path, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, 1,
                         1 << 16, 1 << 16, 0, NULL);
    check(server != INVALID_HANDLE_VALUE, "create", pipe_path);
    return server;
}

/* ---- Cases ------------------------------------------------------------- */

/* A thousand synchronous calls on an asynchronous stream. */
static void synchronous_calls(void)
{
    struct file_stream *stream = open_stream(path, FILE_OPTION_ASYNCHRONOUS, 0);
    char buffer[10];
    size_t bytes;
    must(file_stream_read(stream, buffer, sizeof buffer, &bytes), "read");
    LONG packets_before = packets, allocations_before = allocations;
    unsigned handles_before = open_handles();
    for (unsigned i = 0; i < 500; i++) {
        must(file_stream_seek(stream, i % 100 * 10, FILE_BEGIN, NULL), "seek");
        must(file_stream_read(stream, buffer, sizeof buffer, &bytes), "read");
        must(file_stream_write(stream, buffer, bytes), "write");
    }
    say("%ld packets, %ld allocations, %d handles more",
        packets - packets_before, allocations - allocations_before,
        (int)(open_handles() - handles_before));
    close_stream(stream);
}

/* Two reads and two writes at once. */
static void call_together(struct file_stream *stream, uint64_t offset)
{
    static struct file_task tasks[4];
    static char buffers[4][30];
    must(file_stream_seek(stream, (int64_t)offset, FILE_BEGIN, NULL), "seek");
    for (unsigned i = 0; i < 4; i++)
        if (i % 2)
            file_stream_read_async(stream, buffers[i], 30, &tasks[i]);
        else
            file_stream_write_async(stream, "0123456789", 10, &tasks[i]);
    for (unsigned i = 0; i < 4; i++)
        must(file_task_wait(&tasks[i], INFINITE, NULL), "wait");
}

/* Asynchronous calls on streams of both kinds. */
static void asynchronous_calls(void)
{
    for (unsigned options = 0; options <= FILE_OPTION_ASYNCHRONOUS; options++) {
        struct file_stream *stream = open_stream(path, options, 100);
        call_together(stream, 0);
        LONG before = allocations;
        unsigned handles_before = open_handles();
        for (unsigned i = 0; i < 250; i++)
            call_together(stream, i);
        say("%ld allocations, %d handles more", allocations - before,
            (int)(open_handles() - handles_before));
        close_stream(stream);
    }
}

/* Open, use and close, again and again. */
static void cycle(unsigned options, bool pipe)
{
    struct file_task task = {0};
    char buffer[10];
    size_t bytes;
    DWORD written;
    HANDLE server = pipe ? open_server() : NULL;
    struct file_stream *stream =
        open_stream(pipe ? pipe_path : path, options, 100);
    if (pipe)
        check(WriteFile(server, "0123456789", 10, &written, NULL), "write to",
              pipe_path);
    must(file_stream_read(stream, buffer, 10, &bytes), "read");
    must(file_stream_write(stream, buffer, 10), "write");
    file_stream_read_async(stream, buffer, 10, &task);
    close_stream(stream);
    if (pipe)
        close_object(server);
}

static void cycles(unsigned options, bool pipe)
{
    cycle(options, pipe); /* what is kept from then on is no leak */
    LONG before = living;
    unsigned handles_before = open_handles();
    for (unsigned i = 0; i < 500; i++)
        cycle(options, pipe);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    say("%ld pieces of memory more, %d handles", living - before,
        (int)(open_handles() - handles_before));
}

static void file_cycles(void)
{
    cycles(0, false);
    cycles(FILE_OPTION_ASYNCHRONOUS, false);
    cycles(FILE_OPTION_ASYNCHRONOUS | FILE_OPTION_SEQUENTIAL, false);
}

static void pipe_cycles(void)
{
    cycles(0, true);
    cycles(FILE_OPTION_ASYNCHRONOUS, true);
}

/* What cannot be opened leaves nothing behind. */
static void failing_opens(void)
{
    struct file_stream_options missing = FILE_STREAM_DEFAULTS;
    struct file_stream *stream = NULL;
    LONG before = living;
    unsigned handles_before = open_handles();
    for (unsigned i = 0; i < 100; i++)
        if (file_stream_open(&pool, L"missing", &missing, &stream) !=
                ERROR_FILE_NOT_FOUND ||
            stream != NULL)
            say("opened");
    say("%ld pieces of memory more, %d handles", living - before,
        (int)(open_handles() - handles_before));
}

static HANDLE over;

/* In a callback, on the pool's only thread: all that does not wait for
 * callbacks. */
static void on_read(void *context, DWORD error, size_t bytes)
{
    static char buffer[20];
    struct file_stream *stream = context;
    uint64_t position, length;
    (void)error, (void)bytes;
    must(file_stream_seek(stream, 0, FILE_BEGIN, NULL), "seek");
    must(file_stream_write(stream, "WRITTEN", 7), "write");
    must(file_stream_flush(stream), "flush");
    must(file_stream_read(stream, buffer, 3, &bytes), "read");
    must(file_stream_position(stream, &position), "tell");
    must(file_stream_set_length(stream, 500), "set length");
    must(file_stream_length(stream, &length), "tell");
    say("read %.3s, at %llu of %llu", buffer, position, length);
    set(over);
}

static void calls_in_a_callback(void)
{
    struct file_stream *stream =
        open_stream(path, FILE_OPTION_ASYNCHRONOUS, 100);
    struct file_task task = {.callback = on_read, .context = stream};
    char buffer[200];
    over = new_event();
    file_stream_read_async(stream, buffer, sizeof buffer, &task);
    wait_for(over);
    close_stream(stream);
}

/* To the end of the file with one task, begun again by its own callback. */
static struct {
    struct file_stream *stream;
    struct file_task task;
    char buffer[7];
    uint64_t total;
    unsigned callbacks, at_once, nested, deepest;
} chain;

static void go_on(void)
{
    struct submission started;
    do {
        started = file_stream_read_async(chain.stream, chain.buffer,
                                         sizeof chain.buffer, &chain.task);
        chain.total += started.bytes;
        chain.at_once += started.outcome == IO_DONE;
    } while (started.outcome == IO_DONE && started.bytes > 0);
    if (started.outcome != IO_QUEUED)
        set(over);
}

static void on_piece(void *context, DWORD error, size_t bytes)
{
    (void)context;
    must(error, "read");
    chain.nested++;
    if (chain.deepest < chain.nested)
        chain.deepest = chain.nested;
    chain.callbacks++;
    chain.total += bytes;
    if (bytes > 0)
        go_on();
    else
        set(over);
    chain.nested--;
}

static void a_chain_of_callbacks(void)
{
    over = new_event();
    chain.stream = open_stream(path, FILE_OPTION_ASYNCHRONOUS, 100);
    chain.task.callback = on_piece;
    go_on();
    wait_for(over);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    say("%llu bytes, %s", chain.total,
        chain.callbacks > 0 && chain.at_once > 0 ? "some of it at once"
                                                 : "all in one way");
    say("%u callbacks within each other", chain.deepest);
    close_stream(chain.stream);
}

static void do_nothing(void *unused)
{
    (void)unused;
}

static const struct {
    const wchar_t *name;
    void (*run)(void);
} cases[] = {
    {L"synchronous-calls", synchronous_calls},
    {L"asynchronous-calls", asynchronous_calls},
    {L"file-cycles", file_cycles},
    {L"pipe-cycles", pipe_cycles},
    {L"failing-opens", failing_opens},
    {L"calls-in-a-callback", calls_in_a_callback},
    {L"a-chain-of-callbacks", a_chain_of_callbacks},
};

int wmain(int argc, wchar_t **argv)
{
    int status = 2;
    if (argc != 4)
        return status;
    path = argv[2];
    pipe_path = argv[3];
    must(pool_create(&pool, 1, 0), "create");
    count();
    /* What is each thread's own is allocated when it is used first. */
    must(pool_queue_work(&pool, do_nothing, NULL), "queue");
    must(pool_wait_idle(&pool, INFINITE), "wait");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (wcscmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            status = EXIT_SUCCESS;
        }
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return status;
}
