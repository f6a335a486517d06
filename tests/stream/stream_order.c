/*
 * stream_order CASE KIND FILE: asynchronous calls on a file whose I/O is held
 * back until the case lets go of it, in the order it likes. KIND is the
 * stream's: "asynchronous" or "synchronous". Cases are at the end of the file.
 */
#include "../../final/file_stream.h"
#include "stream_held.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

const wchar_t program[] = L"stream_order";

static const wchar_t *path;
static struct file_stream *stream;

static void open_stream(void)
{
    struct file_stream_options options = {
        .access = FILE_ACCESS_READ_WRITE,
        .buffer_size = 100,
        .options = asynchronous ? FILE_OPTION_ASYNCHRONOUS : 0};
    must(file_stream_open(&pool, path, &options, &stream), "open");
}

/* ---- Calls and what they bring ----------------------------------------- */

enum { CALLS = 3, ROOM = 100 };

static struct call {
    struct file_task task;
    char buffer[ROOM];
    const char *name;
} calls[CALLS];

static LONG callbacks;

static void on_call(void *context, DWORD error, size_t bytes)
{
    struct call *call = context;
    say("%s: error %lu, %llu bytes: %.8s", call->name, error,
        (unsigned long long)bytes, bytes > 0 ? call->buffer : "");
    AcquireSRWLockExclusive(&held_lock);
    callbacks++;
    ReleaseSRWLockExclusive(&held_lock);
    WakeAllConditionVariable(&held_changed);
}

static void wait_for_callbacks(LONG count)
{
    AcquireSRWLockExclusive(&held_lock);
    while (callbacks < count)
        check(SleepConditionVariableSRW(&held_changed, &held_lock, INFINITE, 0),
              "wait for", L"callback");
    ReleaseSRWLockExclusive(&held_lock);
}

/* From now on. */
static void call_back(void)
{
    for (unsigned i = 0; i < CALLS; i++) {
        calls[i].task.callback = on_call;
        calls[i].task.context = &calls[i];
    }
}

/* Returns when it is held back: so the n-th call is the n-th that is. */
static void start_call(unsigned index, bool writes, size_t length)
{
    struct call *call = &calls[index];
    unsigned before = held_count;
    struct submission started =
        writes
            ? file_stream_write_async(stream, call->buffer, length, &call->task)
            : file_stream_read_async(stream, call->buffer, length, &call->task);
    if (started.outcome == IO_FAILED)
        say("not started, error %lu", started.error);
    else
        wait_until_held(before + 1);
}

static void start_read(unsigned index, const char *name, size_t length)
{
    calls[index].name = name;
    start_call(index, false, length);
}

static void start_write(unsigned index, const char *text)
{
    memcpy(calls[index].buffer, text, strlen(text));
    start_call(index, true, strlen(text));
}

static void finish(unsigned index)
{
    must(file_task_wait(&calls[index].task, INFINITE, NULL), "finish");
}

static void read_here(const char *when, size_t length)
{
    static char buffer[ROOM];
    size_t bytes;
    must(file_stream_read(stream, buffer, length, &bytes), "read");
    say("%s: %.*s", when, (int)bytes, buffer);
}

static void go_to(int64_t offset)
{
    must(file_stream_seek(stream, offset, FILE_BEGIN, NULL), "seek");
}

static void say_position(void)
{
    uint64_t at;
    must(file_stream_position(stream, &at), "tell");
    say("position %llu", at);
}

/* ---- Cases ------------------------------------------------------------- */

/* FILE is "0123456789" and on, and the buffer has 100 bytes. */

/* While a write is under way what stands there is read, and read into the
 * buffer. */
static void read_during_write(void)
{
    start_write(0, "WRITTEN");
    go_to(0);
    read_here("meanwhile", 3);
    let_go(0);
    finish(0);
    go_to(0);
    read_here("then", 10);
}

/* A read fills the buffer with more than was asked for; of that something is
 * overwritten before the read ends, or after it has read. */
static void write_during_fill(bool read_first)
{
    start_read(0, "read", 2);
    if (read_first)
        let_go(0);
    go_to(4);
    must(file_stream_write(stream, "WRITTEN", 7), "write");
    must(file_stream_flush(stream), "flush");
    if (!read_first)
        let_go(0);
    finish(0);
    go_to(2);
    read_here("then", 10);
}

static void write_before_fill_ends(void)
{
    write_during_fill(false);
}

static void write_after_fill_read(void)
{
    write_during_fill(true);
}

/* The same with a write that is itself under way. */
static void start_write_during_fill(void)
{
    start_read(0, "read", 2);
    go_to(4);
    start_write(1, "WRITTEN");
    let_go(0);
    finish(0);
    go_to(2);
    read_here("meanwhile", 2);
    let_go(1);
    finish(1);
    go_to(2);
    read_here("then", 10);
}

/* Three ranges one after the other, done from the last to the first. */
static void last_comes_first(void)
{
    call_back();
    start_read(0, "first", 8);
    start_read(1, "second", 8);
    start_read(2, "third", 8);
    say_position();
    for (unsigned i = 3; i-- > 0;) {
        say("wait: %lu", file_task_wait(&calls[i].task, 0, NULL));
        let_go(i);
        finish(i);
        wait_for_callbacks(3 - (LONG)i);
    }
    say_position();
}

/* Pieces of 3 bytes: it goes on, and the position does not change. */
static void piece_by_piece(void)
{
    most = 3;
    start_read(0, "read", 8);
    let_go(0);
    say("wait: %lu", file_task_wait(&calls[0].task, 0, NULL));
    let_go(1);
    say_position();
    say("wait: %lu", file_task_wait(&calls[0].task, 0, NULL));
    let_go(2);
    finish(0);
    say("%u calls of the system: %.8s", held_count, calls[0].buffer);
}

/* After the first piece it is cancelled; the position moves back. */
static void cancelled_between_pieces(void)
{
    size_t bytes;
    most = 3;
    start_read(0, "read", 8);
    let_go(0);
    wait_until_held(2);
    file_task_cancel(&calls[0].task);
    let_go(1);
    DWORD error = file_task_wait(&calls[0].task, INFINITE, &bytes);
    say("error %lu, %llu bytes", error, (unsigned long long)bytes);
    say_position();
}

/* A short read at the end moves the position back, but not one that was set
 * meanwhile. */
static void seek_during_read(void)
{
    go_to(996);
    start_read(0, "read", 100);
    say_position();
    go_to(7);
    let_go(0);
    let_go(1); /* that there is nothing more */
    finish(0);
    say_position();
}

static void cut_during_read(void)
{
    go_to(500);
    start_read(0, "read", 100);
    must(file_stream_set_length(stream, 550), "set length");
    say_position();
    let_go(0);
    let_go(1);
    finish(0);
    say_position();
}

static void close_with_io(void)
{
    call_back();
    start_read(0, "call", 8);
    start_read(1, "call", 8);
    start_read(2, "call", 8);
    must(file_stream_close(stream), "close");
    stream = NULL;
    say("closed after %ld callbacks", callbacks);
}

static void stop_with_io(void)
{
    call_back();
    start_read(0, "call", 8);
    start_read(1, "call", 8);
    must(pool_stop(&pool, POOL_CANCEL), "stop");
    say("stopped after %ld callbacks", callbacks);
    start_read(2, "late", 8);
}

/* A callback is writing when the stream is closed: before one of the locks that
 * it takes it is overtaken. What it has written is not lost, or it is told. */
static LONG locks_until_late; /* of a worker; 0: it is not late */
static DWORD written_error;
static HANDLE is_late, in_close;

static void WINAPI my_acquire(SRWLOCK *lock)
{
    if (strcmp(acting_thread(), "worker") == 0 && locks_until_late > 0 &&
        --locks_until_late == 0) {
        set(is_late);
        wait_for(in_close);
    }
    if (strcmp(acting_thread(), "main") == 0 && in_close != NULL) {
        if (TryAcquireSRWLockExclusive(lock))
            return;
        set(in_close); /* it is the worker who has the lock */
    }
    next.acquire(lock);
}

/* In close: for the pool's callbacks, or then for the stream's calls. */
static BOOL WINAPI my_sleep(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    if (strcmp(acting_thread(), "main") == 0 && in_close != NULL)
        set(in_close);
    return next.sleep(condition, lock, timeout, flags);
}

static BOOL WINAPI my_wait(volatile void *address, void *seen, SIZE_T size,
                           DWORD timeout)
{
    if (strcmp(acting_thread(), "main") == 0 && in_close != NULL)
        set(in_close);
    return next.wait_on_address(address, seen, size, timeout);
}

static void on_read_write(void *context, DWORD error, size_t bytes)
{
    (void)error, (void)bytes;
    locks_until_late = *(LONG *)context;
    written_error = file_stream_write(stream, "WRITTEN", 7);
    locks_until_late = 0;
    set(is_late); /* it was not, if it takes fewer locks */
}

static void write_during_close(void)
{
    in_close = new_event();
    is_late = new_event();
    for (LONG locks = 1; locks < 8; locks++) {
        calls[0].task.callback = on_read_write;
        calls[0].task.context = &locks;
        start_read(0, "read", 10);
        let_go(held_count - 1);
        wait_for(is_late);
        must(file_stream_close(stream), "close");
        check(ResetEvent(is_late) && ResetEvent(in_close), "reset", L"event");
        open_stream();
        read_here(written_error == ERROR_SUCCESS ? "written" : "refused", 20);
        go_to(10);
        must(file_stream_write(stream, "0123456", 7), "write");
        go_to(0);
    }
}

static const struct {
    const wchar_t *name;
    void (*run)(void);
} cases[] = {
    {L"read-during-write", read_during_write},
    {L"write-before-fill-ends", write_before_fill_ends},
    {L"write-after-fill-read", write_after_fill_read},
    {L"start-write-during-fill", start_write_during_fill},
    {L"last-comes-first", last_comes_first},
    {L"piece-by-piece", piece_by_piece},
    {L"cancelled-between-pieces", cancelled_between_pieces},
    {L"seek-during-read", seek_during_read},
    {L"cut-during-read", cut_during_read},
    {L"close-with-io", close_with_io},
    {L"stop-with-io", stop_with_io},
    {L"write-during-close", write_during_close},
};

int wmain(int argc, wchar_t **argv)
{
    if (argc != 4)
        return 2;
    path = argv[3];
    asynchronous = wcscmp(argv[2], L"asynchronous") == 0;
    must(pool_create(&pool, 4, 0), "create");
    open_stream();
    put_layer((struct layer){.read = my_read,
                             .write = my_write,
                             .cancel = my_cancel,
                             .acquire = my_acquire,
                             .sleep = my_sleep,
                             .wait_on_address = my_wait});
    holding = true;
    int status = 2;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (wcscmp(argv[1], cases[i].name) == 0) {
            cases[i].run();
            status = EXIT_SUCCESS;
        }
    must(file_stream_close(stream), "close");
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return status;
}
