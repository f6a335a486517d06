/*
 * stream_ahead CASE FILE: what is read ahead of a sequential reader, by whom,
 * and what becomes of it. FILE has 1000 digits, and the buffer 100 bytes. Cases
 * are at the end of this file.
 */
#include "../../final/file_stream.h"
#include "stream_probe.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

const wchar_t program[] = L"stream_ahead";

static struct pool pool;
static struct file_stream *stream;

/* ---- Who reads --------------------------------------------------------- */

static LONG reads_of_main, reads_of_workers;
static HANDLE begun, may_begin; /* a worker's read, if they are not NULL */
static HANDLE done, may_end;    /* likewise, afterwards */
static DWORD failure, most = MAXDWORD; /* of a worker's reads */
static HANDLE sleeps;                  /* main does; if not NULL */

static BOOL WINAPI my_read(HANDLE file, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    bool is_worker = strcmp(acting_thread(), "worker") == 0;
    InterlockedIncrement(is_worker ? &reads_of_workers : &reads_of_main);
    if (!is_worker)
        return next.read(file, buffer, length, bytes, overlapped);
    if (begun != NULL) {
        set(begun);
        wait_for(may_begin);
    }
    if (failure != ERROR_SUCCESS)
        return fail(failure);
    BOOL ok = next.read(file, buffer, length < most ? length : most, bytes,
                        overlapped);
    DWORD error = GetLastError();
    if (done != NULL) {
        set(done);
        wait_for(may_end);
    }
    SetLastError(error);
    return ok;
}

static BOOL WINAPI my_sleep(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    if (strcmp(acting_thread(), "main") == 0 && sleeps != NULL)
        set(sleeps);
    return next.sleep(condition, lock, timeout, flags);
}

static void say_who(void)
{
    say("main read %ld times, workers %ld times", reads_of_main,
        reads_of_workers);
}

/* ---- What main does ---------------------------------------------------- */

static void open_stream(const wchar_t *path, unsigned options)
{
    struct file_stream_options how = {.access = FILE_ACCESS_READ_WRITE,
                                      .share =
                                          FILE_SHARE_READ | FILE_SHARE_WRITE,
                                      .buffer_size = 100,
                                      .options = options};
    must(file_stream_open(&pool, path, &how, &stream), "open");
}

static void close_stream(void)
{
    must(file_stream_close(stream), "close");
    stream = NULL;
}

/* Returns how many bytes came; they must be FILE's own. */
static size_t read_digits(size_t length, uint64_t offset)
{
    char buffer[1000];
    size_t bytes = 0;
    must(file_stream_read(stream, buffer, length, &bytes), "read");
    for (size_t i = 0; i < bytes; i++)
        if (buffer[i] != (char)('0' + (offset + i) % 10))
            say("wrong at %llu", offset + i);
    return bytes;
}

/* All of it; what is read ahead is ready each time, or it is not waited for. */
static void read_all(size_t length, bool patient)
{
    size_t bytes, total = 0;
    while ((bytes = read_digits(length, total)) > 0) {
        total += bytes;
        if (patient)
            must(pool_wait_idle(&pool, INFINITE), "wait");
    }
    say("%llu bytes", (unsigned long long)total);
}

static void read_here(size_t length)
{
    char buffer[100];
    size_t bytes;
    must(file_stream_read(stream, buffer, length, &bytes), "read");
    say("%.*s", (int)bytes, buffer);
}

static void go_to(int64_t offset)
{
    must(file_stream_seek(stream, offset, FILE_BEGIN, NULL), "seek");
}

static void write_here(const char *text)
{
    must(file_stream_write(stream, text, strlen(text)), "write");
}

/* ---- Cases ------------------------------------------------------------- */

/* After the first buffer all is read by workers, the end included. */
static void workers_read(void)
{
    read_all(50, true);
    say_who();
}

static void in_small_pieces(void)
{
    most = 33;
    read_all(50, true);
}

static HANDLE let_worker_go;

static void block(void *event)
{
    wait_for(event);
}

/* The only worker is somewhere else. What it was to read is read here; and the
 * stream is closed before it comes back. */
static void no_worker_is_free(void)
{
    let_worker_go = new_event();
    must(pool_queue_work(&pool, block, let_worker_go), "queue");
    read_all(50, false);
    say_who();
    close_stream();
    say("closed");
    set(let_worker_go);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    say_who();
}

/* What a worker is at is waited for, and not read twice. */
static unsigned __stdcall when_main_sleeps(void *unused)
{
    (void)unused;
    wait_for(sleeps);
    set(may_begin);
    return 0;
}

static void a_worker_is_at_it(void)
{
    begun = new_event();
    may_begin = new_event();
    read_digits(50, 0);
    wait_for(begun);
    read_digits(50, 50);
    sleeps = new_event();
    HANDLE thread = run_thread(when_main_sleeps, NULL);
    read_digits(50, 100);
    join(thread);
    say("main read %ld times", reads_of_main);
}

static void seek_away(void)
{
    read_digits(50, 0);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    go_to(555);
    read_here(5);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    go_to(111);
    read_here(5);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    go_to(211);
    read_here(5);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    say_who();
}

/* Of what has been read ahead a part is overwritten. */
static void write_into_it(void)
{
    read_digits(50, 0);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    go_to(105);
    write_here("WRITTEN");
    go_to(100);
    read_here(20);
}

/* The same before a worker has read it, and after that; its read is not over
 * yet. */
static void write_before_it_is_read(void)
{
    begun = new_event();
    may_begin = new_event();
    read_digits(50, 0);
    wait_for(begun);
    go_to(105);
    write_here("WRITTEN");
    set(may_begin);
    go_to(100);
    read_here(20);
}

static void write_after_it_is_read(void)
{
    done = new_event();
    may_end = new_event();
    read_digits(50, 0);
    wait_for(done);
    go_to(105);
    write_here("WRITTEN");
    go_to(0);
    read_here(5); /* another buffer */
    set(may_end);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    done = NULL;
    go_to(100);
    read_here(20);
}

static void start_write_into_it(void)
{
    struct file_task task = {0};
    read_digits(50, 0);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    go_to(105);
    file_stream_write_async(stream, "WRITTEN", 7, &task);
    must(file_task_wait(&task, INFINITE, NULL), "write");
    go_to(100);
    read_here(20);
}

static void cut_it_off(void)
{
    read_digits(50, 0);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    must(file_stream_set_length(stream, 110), "cut");
    go_to(100);
    read_here(20);
    read_here(20);
}

/* A worker's failure is nobody's: who needs the bytes reads them. */
static void worker_fails(void)
{
    failure = ERROR_CRC;
    read_all(50, true);
}

static void close_while_a_worker_reads(void)
{
    begun = new_event();
    may_begin = new_event();
    read_digits(50, 0);
    wait_for(begun);
    sleeps = new_event();
    HANDLE thread = run_thread(when_main_sleeps, NULL);
    close_stream();
    join(thread);
    say("closed");
}

static void close_when_it_is_ready(void)
{
    read_digits(50, 0);
    must(pool_wait_idle(&pool, INFINITE), "wait");
    close_stream();
    say("closed");
}

static const struct {
    const wchar_t *name;
    void (*run)(void);
    unsigned threads;
} cases[] = {
    {L"workers-read", workers_read, 2},
    {L"in-small-pieces", in_small_pieces, 2},
    {L"no-worker-is-free", no_worker_is_free, 1},
    {L"a-worker-is-at-it", a_worker_is_at_it, 1},
    {L"seek-away", seek_away, 2},
    {L"write-into-it", write_into_it, 2},
    {L"write-before-it-is-read", write_before_it_is_read, 2},
    {L"write-after-it-is-read", write_after_it_is_read, 2},
    {L"start-write-into-it", start_write_into_it, 2},
    {L"cut-it-off", cut_it_off, 2},
    {L"worker-fails", worker_fails, 2},
    {L"close-while-a-worker-reads", close_while_a_worker_reads, 2},
    {L"close-when-it-is-ready", close_when_it_is_ready, 2},
};

int wmain(int argc, wchar_t **argv)
{
    int status = 2;
    if (argc < 3)
        return status;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (wcscmp(argv[1], cases[i].name) == 0) {
            must(pool_create(&pool, cases[i].threads, 0), "create");
            /* "plain": without reading ahead */
            open_stream(argv[2], argc > 3 ? FILE_OPTION_ASYNCHRONOUS
                                          : FILE_OPTION_ASYNCHRONOUS |
                                                FILE_OPTION_SEQUENTIAL);
            put_layer((struct layer){.read = my_read, .sleep = my_sleep});
            cases[i].run();
            must(file_stream_close(stream), "close");
            must(pool_stop(&pool, POOL_DRAIN), "stop");
            status = EXIT_SUCCESS;
        }
    return status;
}
