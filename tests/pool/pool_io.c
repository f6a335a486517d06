/*
 * pool_io CASE [WORKERS]: requests, refused arguments, the results of reads and
 * writes, I/O that completes immediately, and synchronous calls. See
 * pool_probe.h.
 */
#include "pool_probe.h"

/* ---- Requests ---------------------------------------------------------- */

static void say_overlapped(const struct request *request)
{
    const OVERLAPPED *overlapped = &request->overlapped;
    say("Internal %llu, InternalHigh %llu, Offset %lu, OffsetHigh %lu, "
        "hEvent %s; offset %llu",
        overlapped->Internal, overlapped->InternalHigh, overlapped->Offset,
        overlapped->OffsetHigh, overlapped->hEvent == NULL ? "NULL" : "set",
        overlapped_offset(request));
}

static const uint64_t BEYOND_4_GIB = ((uint64_t)3 << 32) + 7;

CASE(a_packed_request_is_idle_and_has_a_ticket,
     "main: Internal 0, InternalHigh 0, Offset 7, OffsetHigh 3, hEvent "
     "NULL; offset 12884901895\n"
     "main: callback 1, context 1, buffer 1, length 1, timeout 0, idle 1\n"
     "main: two requests have different tickets: 1\n"
     "main: free: 0, 0\n"
     "main: free NULL: 0\n")
{
    int context;
    char buffer[10];
    struct request *request =
        overlapped_pack(on_completion, &context, buffer, 10, BEYOND_4_GIB);
    struct request *other = overlapped_pack(on_completion, NULL, NULL, 0, 0);
    say_overlapped(request);
    say("callback %d, context %d, buffer %d, length %d, timeout %lu, idle %d",
        request->callback == on_completion, request->context == &context,
        request->buffer == buffer, request->length == 10, request->timeout,
        request->state == REQUEST_IDLE);
    say("two requests have different tickets: %d",
        request->ticket != 0 && other->ticket != 0 &&
            request->ticket != other->ticket);
    say("free: %lu, %lu", overlapped_free(request), overlapped_free(other));
    say("free NULL: %lu", overlapped_free(NULL));
}

/* The last use may have left anything in the OVERLAPPED. */
CASE(reset_sets_the_whole_overlapped_and_a_new_ticket,
     "main: reset: 0\n"
     "main: Internal 0, InternalHigh 0, Offset 64, OffsetHigh 0, "
     "hEvent NULL; offset 64\n"
     "main: a new ticket: 1\n"
     "main: callback 1, context 1, buffer 1, length 1, timeout 5\n"
     "main: Internal 0, InternalHigh 0, Offset 7, OffsetHigh 3, "
     "hEvent NULL; offset 12884901895\n")
{
    char buffer[10];
    int context;
    struct request *request =
        overlapped_pack(on_completion, &context, buffer, 10, 0);
    uint64_t ticket = request->ticket;
    request->timeout = 5;
    memset(&request->overlapped, 0xAB, sizeof request->overlapped);
    say("reset: %lu", overlapped_reset(request, 64));
    say_overlapped(request);
    say("a new ticket: %d", request->ticket > ticket);
    say("callback %d, context %d, buffer %d, length %d, timeout %lu",
        request->callback == on_completion, request->context == &context,
        request->buffer == buffer, request->length == 10, request->timeout);
    overlapped_reset(request, BEYOND_4_GIB);
    say_overlapped(request);
    must(overlapped_free(request), "free");
}

/* The read still completes with its own result. */
CASE(every_function_refuses_a_request_in_flight,
     "main: reset: 170\n"
     "main: free: 170\n"
     "main: read: failed, error 170, 0 bytes\n"
     "main: write: failed, error 170, 0 bytes\n"
     "main: queue: 170\n"
     "main: first read: called once, error 0, 5 bytes\n"
     "main: it reads hello\n"
     "main: issued 1, completed 1, bytes 5\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    say("reset: %lu", overlapped_reset(io.request, 0));
    say("free: %lu", overlapped_free(io.request));
    say_started("read", bound_file_read(&pipe.file, io.request));
    say_started("write", bound_file_write(&pipe.file, io.request));
    say("queue: %lu", pool_queue_request(&pool, io.request));
    feed(&pipe, "hello");
    wait_idle();
    say_calls("first read", &io);
    say("it reads %s", io.buffer);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

CASE(a_request_is_not_started_again_without_reset,
     "main: read: reported once, error 0, 64 bytes\n"
     "main: read again: failed, error 87, 0 bytes\n"
     "main: write again: failed, error 87, 0 bytes\n"
     "main: queue again: 87\n"
     "main: issued 1, completed 1, bytes 64\n",
     .file = 1000)
{
    struct bound_file file;
    struct io io;
    begin();
    open_file(&file);
    pack(&io, 64, 0);
    say_result("read", &file, &io, bound_file_read(&file, io.request));
    say_started("read again", bound_file_read(&file, io.request));
    say_started("write again", bound_file_write(&file, io.request));
    say("queue again: %lu", pool_queue_request(&pool, io.request));
    close_file(&file);
    unpack(&io);
    end();
}

CASE(a_request_that_was_moved_is_not_started,
     "main: read: failed, error 87, 0 bytes\n"
     "main: queue: 87\n"
     "main: issued 0\n",
     .file = 1000)
{
    struct bound_file file;
    struct io io;
    begin();
    open_file(&file);
    pack(&io, 64, 0);
    struct request moved = *io.request;
    say_started("read", bound_file_read(&file, &moved));
    say("queue: %lu", pool_queue_request(&pool, &moved));
    close_file(&file);
    unpack(&io);
    end();
}

enum { REUSES = 10000 };

static struct bound_file reused_file;
static volatile LONG uses;

static void use_again(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request = request_of(overlapped);
    struct submission started = {.outcome = IO_DONE};
    must(error, "read");
    (void)bytes;
    while (started.outcome != IO_QUEUED &&
           InterlockedIncrement(&uses) <= REUSES) {
        must(overlapped_reset(request, 0), "reset");
        started = bound_file_read(&reused_file, request);
    }
}

/* The allocations: the pool's array of threads, its table, and the request. */
CASE(a_request_serves_10000_reads_without_another_allocation,
     "main: issued 10000, completed 10000, bytes 640000\n", .file = 1000,
     .err = "guard: 3 allocations")
{
    struct io io;
    begin();
    open_file(&reused_file);
    pack(&io, 64, 0);
    io.request->callback = use_again;
    use_again(0, 0, &io.request->overlapped);
    wait_idle();
    close_file(&reused_file);
    unpack(&io);
    end();
}

enum { ROUNDS = 1000 };

static struct {
    struct bound_file file;
    struct io io;
    volatile LONG arrived; /* at any meeting: two threads each time */
    volatile LONG starts;
    volatile LONG errors;
} race;

/* Returns when both threads have come to this meeting, counted from 1. */
static void meet(LONG meeting)
{
    InterlockedIncrement(&race.arrived);
    while (race.arrived < 2 * meeting)
        SwitchToThread();
}

/* Both threads start the same request, at the same time. */
static void race_once(LONG round)
{
    meet(2 * round - 1);
    struct submission started = bound_file_read(&race.file, race.io.request);
    if (started.outcome == IO_QUEUED || started.error == ERROR_SUCCESS)
        InterlockedIncrement(&race.starts);
    else if (started.error != ERROR_BUSY &&            /* in flight, */
             started.error != ERROR_INVALID_PARAMETER) /* or completed */
        InterlockedIncrement(&race.errors);
    meet(2 * round);
}

static unsigned __stdcall rival(void *unused)
{
    (void)unused;
    for (LONG round = 1; round <= ROUNDS; round++)
        race_once(round);
    return 0;
}

CASE(only_one_of_two_threads_starts_a_request,
     "main: 1000 started, 0 other errors\n"
     "main: issued 1000, completed 1000, bytes 64000\n",
     .file = 1000)
{
    begin();
    open_file(&race.file);
    pack(&race.io, 64, 0);
    HANDLE thread = run_thread(rival, NULL);
    for (LONG round = 1; round <= ROUNDS; round++) {
        race_once(round);
        wait_file_idle(&race.file);
        must(overlapped_reset(race.io.request, 0), "reset");
    }
    join(thread);
    say("%ld started, %ld other errors", race.starts, race.errors);
    close_file(&race.file);
    unpack(&race.io);
    end();
}

/* ---- Offsets ----------------------------------------------------------- */

/* The request keeps nothing of the offset before. */
CASE(an_offset_has_64_bits,
     "main: at 0: 00000000000000\n"
     "main: at 2147483648: 00002147483648\n"
     "main: at 4294967296: 00004294967296\n"
     "main: at 4294971392: 00004294971392\n"
     "main: at 4096: 00000000004096\n"
     "main: at 0: 00000000000000\n"
     "main: issued 6, completed 6, bytes 84\n",
     .before = make_sparse_file)
{
    static const uint64_t at[] = {0,
                                  (uint64_t)1 << 31,
                                  (uint64_t)1 << 32,
                                  ((uint64_t)1 << 32) + 4096,
                                  4096,
                                  0};
    struct bound_file file;
    struct io io;
    begin();
    open_named(&file, L"sparse", 0);
    pack(&io, 14, 0);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        reset(&io, at[i]);
        struct submission started = bound_file_read(&file, io.request);
        wait_file_idle(&file);
        must(started.outcome == IO_QUEUED ? io.error : started.error, "read");
        say("at %llu: %s", at[i], io.buffer);
    }
    close_file(&file);
    unpack(&io);
    end();
}

/* ---- Arguments --------------------------------------------------------- */

static struct bound_file tried;

static void try(const char *name, void *buffer, size_t length, uint64_t offset)
{
    struct request *request =
        overlapped_pack(on_completion, NULL, buffer, length, offset);
    struct submission read = bound_file_read(&tried, request);
    struct submission write = bound_file_write(&tried, request);
    DWORD bytes = 99, written = 99;
    DWORD read_error =
        bound_file_read_sync(&tried, buffer, length, offset, &bytes);
    DWORD write_error =
        bound_file_write_sync(&tried, buffer, length, offset, &written);
    say("%s: %lu %lu %lu %lu, %d, %lu bytes", name, read.error, write.error,
        read_error, write_error,
        read.outcome == IO_FAILED && write.outcome == IO_FAILED,
        read.bytes + write.bytes + bytes + written);
    must(overlapped_free(request), "free");
}

/* By bound_file_read, bound_file_write, and the two synchronous calls. No
 * packet has come out of the port either. */
CASE(an_io_beyond_the_limits_is_refused_and_not_counted,
     "main: offset 2^64 - 1: 87 87 87 87, 1, 0 bytes\n"
     "main: offset 2^63: 87 87 87 87, 1, 0 bytes\n"
     "main: an end at 2^63: 87 87 87 87, 1, 0 bytes\n"
     "main: 1000 bytes, an end at 2^63: 87 87 87 87, 1, 0 bytes\n"
     "main: offset 2^63, 0 bytes: 87 87 87 87, 1, 0 bytes\n"
     "main: 1 byte, no buffer: 87 87 87 87, 1, 0 bytes\n"
     "main: 4 GiB: 87 87 87 87, 1, 0 bytes\n"
     "main: 4 GiB and a byte: 87 87 87 87, 1, 0 bytes\n"
     "main: 2^64 - 1 bytes: 87 87 87 87, 1, 0 bytes\n"
     "main: issued 0\n",
     .file = 1000)
{
    char byte = 0;
    const uint64_t last = INT64_MAX;
    workers = 1;
    begin();
    open_file(&tried);
    try("offset 2^64 - 1", &byte, 1, UINT64_MAX);
    try("offset 2^63", &byte, 1, last + 1);
    try("an end at 2^63", &byte, 1, last);
    try("1000 bytes, an end at 2^63", &byte, 1000, last - 999);
    try("offset 2^63, 0 bytes", NULL, 0, last + 1);
    try("1 byte, no buffer", NULL, 1, 0);
    try("4 GiB", &byte, (size_t)1 << 32, 0);
    try("4 GiB and a byte", &byte, ((size_t)1 << 32) + 1, 0);
    try("2^64 - 1 bytes", &byte, SIZE_MAX, 0);
    close_file(&tried);
    end();
}

CASE(a_request_without_a_callback_is_refused,
     "main: read: failed, error 87, 0 bytes\n"
     "main: write: failed, error 87, 0 bytes\n"
     "main: queue: 87\n"
     "main: issued 0\n",
     .file = 1000)
{
    begin();
    open_file(&tried);
    struct request *request = overlapped_pack(NULL, NULL, NULL, 0, 0);
    say_started("read", bound_file_read(&tried, request));
    say_started("write", bound_file_write(&tried, request));
    say("queue: %lu", pool_queue_request(&pool, request));
    close_file(&tried);
    must(overlapped_free(request), "free");
    end();
}

static BOOL WINAPI deny(HANDLE handle, void *buffer, DWORD length, DWORD *bytes,
                        OVERLAPPED *overlapped)
{
    (void)handle, (void)buffer, (void)bytes, (void)overlapped;
    say("ReadFile: length %lu", length);
    return fail_with(ERROR_ACCESS_DENIED);
}

static void allow(const char *name, void *buffer, size_t length,
                  uint64_t offset)
{
    struct request *request =
        overlapped_pack(on_completion, NULL, buffer, length, offset);
    say_started(name, bound_file_read(&tried, request));
    must(overlapped_free(request), "free");
}

/* ReadFile is called with these arguments. It is replaced here, and fails. */
CASE(a_read_within_the_limits_is_not_refused,
     "main: ReadFile: length 1\n"
     "main: an end at 2^63 - 1: failed, error 5, 0 bytes\n"
     "main: ReadFile: length 1000\n"
     "main: 1000 bytes, an end at 2^63 - 1: failed, error 5, 0 bytes\n"
     "main: ReadFile: length 0\n"
     "main: 0 bytes at 2^63 - 1: failed, error 5, 0 bytes\n"
     "main: ReadFile: length 4294967295\n"
     "main: 4 GiB less a byte: failed, error 5, 0 bytes\n"
     "main: issued 4, failed 4\n",
     .file = 1000)
{
    char byte;
    const uint64_t last = INT64_MAX;
    begin();
    open_file(&tried);
    read_hook = deny;
    allow("an end at 2^63 - 1", &byte, 1, last - 1);
    allow("1000 bytes, an end at 2^63 - 1", &byte, 1000, last - 1000);
    allow("0 bytes at 2^63 - 1", NULL, 0, last);
    allow("4 GiB less a byte", &byte, MAXDWORD, 0);
    close_file(&tried);
    end();
}

/* The file was never bound, or it is closed. */
CASE(every_function_refuses_a_file_that_is_not_open,
     "main: never bound: read: failed, error 6, 0 bytes\n"
     "main: write: failed, error 6, 0 bytes\n"
     "main: read_sync: 6, 0 bytes\n"
     "main: write_sync: 6, 0 bytes\n"
     "main: cancel: 1168\n"
     "main: close: 6\n"
     "main: closed: read: failed, error 6, 0 bytes\n"
     "main: write: failed, error 6, 0 bytes\n"
     "main: read_sync: 6, 0 bytes\n"
     "main: write_sync: 6, 0 bytes\n"
     "main: cancel: 1168\n"
     "main: close: 6\n"
     "main: left behind: 0 handles\n"
     "main: issued 0\n",
     .file = 1000)
{
    struct bound_file never = {0}, closed;
    struct io io;
    DWORD bytes = 99;
    begin();
    open_file(&closed);
    close_file(&closed);
    struct bound_file *files[] = {&never, &closed};
    unsigned before = open_handles();
    for (int i = 0; i < 2; i++) {
        pack(&io, 64, 0);
        say_started(i == 0 ? "never bound: read" : "closed: read",
                    bound_file_read(files[i], io.request));
        say_started("write", bound_file_write(files[i], io.request));
        DWORD read = bound_file_read_sync(files[i], io.buffer, 64, 0, &bytes);
        say("read_sync: %lu, %lu bytes", read, bytes);
        bytes = 99;
        DWORD written =
            bound_file_write_sync(files[i], io.buffer, 64, 0, &bytes);
        say("write_sync: %lu, %lu bytes", written, bytes);
        say("cancel: %lu", bound_file_cancel(files[i], io.request->ticket));
        bound_file_cancel_all(files[i]);
        say("close: %lu", bound_file_close(files[i]));
        unpack(&io);
    }
    say("left behind: %u handles", open_handles() - before);
    end();
}

CASE(a_call_that_fails_immediately_calls_no_callback,
     "main: write: failed, error 5, 0 bytes\n"
     "main: callback: not called\n"
     "main: Internal 0\n"
     "main: read: reported once, error 0, 36 bytes\n"
     "main: issued 2, completed 1, failed 1, bytes 36\n",
     .file = 100)
{
    struct bound_file file;
    struct io io;
    begin();
    HANDLE handle = open_handle(L"file", GENERIC_READ, FILE_FLAG_OVERLAPPED);
    must(pool_bind_handle(&pool, handle, 0, &file), "bind");
    pack(&io, 64, 0);
    say_started("write", bound_file_write(&file, io.request));
    say_calls("callback", &io);
    say("Internal %llu", io.request->overlapped.Internal);
    reset(&io, 64);
    say_result("read", &file, &io, bound_file_read(&file, io.request));
    close_file(&file);
    unpack(&io);
    end();
}

/* ---- Results of reads and writes ---------------------------------------- */

static void read_at(struct bound_file *file, const char *name, size_t length,
                    uint64_t offset)
{
    struct io io;
    pack(&io, length, offset);
    say_result(name, file, &io, bound_file_read(file, io.request));
    unpack(&io);
}

/* Immediately or by a packet. A read of 0 bytes succeeds everywhere. */
CASE(a_read_at_or_after_the_end_reports_error_38,
     "main: at the start: reported once, error 0, 64 bytes\n"
     "main: the rest: reported once, error 0, 36 bytes\n"
     "main: at the end: reported once, error 38, 0 bytes\n"
     "main: after the end: reported once, error 38, 0 bytes\n"
     "main: 0 bytes at the start: reported once, error 0, 0 bytes\n"
     "main: 0 bytes at the end: reported once, error 0, 0 bytes\n"
     "main: 0 bytes after the end: reported once, error 0, 0 bytes\n"
     "main: 0 bytes, no buffer: reported once, error 0, 0 bytes\n"
     "main: issued 8, completed 8, bytes 100\n",
     .file = 100)
{
    struct bound_file file;
    struct io io;
    begin();
    open_file(&file);
    read_at(&file, "at the start", 64, 0);
    read_at(&file, "the rest", 64, 64);
    read_at(&file, "at the end", 64, 100);
    read_at(&file, "after the end", 64, 1000);
    read_at(&file, "0 bytes at the start", 0, 0);
    read_at(&file, "0 bytes at the end", 0, 100);
    read_at(&file, "0 bytes after the end", 0, 1000);
    pack(&io, 0, 0);
    io.request->buffer = NULL;
    say_result("0 bytes, no buffer", &file, &io,
               bound_file_read(&file, io.request));
    close_file(&file);
    unpack(&io);
    end();
}

static void write_at(struct bound_file *file, const char *text, uint64_t offset)
{
    struct io io;
    pack(&io, strlen(text), offset);
    memcpy(io.buffer, text, strlen(text));
    say_result(text, file, &io, bound_file_write(file, io.request));
    unpack(&io);
}

CASE(each_write_goes_to_its_own_offset,
     "main: later: reported once, error 0, 5 bytes\n"
     "main: first: reported once, error 0, 5 bytes\n"
     "main: : reported once, error 0, 0 bytes\n"
     "main: end: reported once, error 0, 3 bytes\n"
     "main: issued 4, completed 4, bytes 13\n",
     .file = 100, .after = check_the_written_bytes)
{
    struct bound_file file;
    begin();
    open_file(&file);
    write_at(&file, "later", 10);
    write_at(&file, "first", 0);
    write_at(&file, "", 4);
    write_at(&file, "end", 20);
    close_file(&file);
    end();
}

CASE(a_broken_pipe_reports_109_to_reads_and_232_to_writes,
     "main: a read in flight: called once, error 109, 0 bytes\n"
     "main: read: done, error 109, 0 bytes\n"
     "main: callback: not called\n"
     "main: write: failed, error 232, 0 bytes\n"
     "main: callback: not called\n"
     "main: issued 3, completed 2, failed 1\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    hang_up(&pipe);
    wait_idle();
    say_calls("a read in flight", &io);
    reset(&io, 0);
    say_started("read", bound_file_read(&pipe.file, io.request));
    say_calls("callback", &io);
    reset(&io, 0);
    say_started("write", bound_file_write(&pipe.file, io.request));
    say_calls("callback", &io);
    close_file(&pipe.file);
    unpack(&io);
    end();
}

/* The message is there before the read, or comes after it. */
CASE(a_message_that_does_not_fit_reports_234_and_can_be_read_on,
     "main: after the message: queued\n"
     "main: read: called once, error 234, 4 bytes\n"
     "main: the rest: called once, error 0, 4 bytes\n"
     "main: it reads 5678\n"
     "main: before the message: queued\n"
     "main: read: called once, error 234, 4 bytes\n"
     "main: the rest: called once, error 0, 4 bytes\n"
     "main: it reads 5678\n"
     "main: issued 4, completed 4, bytes 16\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_typed_pipe(&pipe, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 0);
    pack(&io, 4, 0);
    for (int i = 0; i < 2; i++) {
        reset(&io, 0);
        if (i == 0)
            feed(&pipe, "12345678");
        say_started(i == 0 ? "after the message" : "before the message",
                    bound_file_read(&pipe.file, io.request));
        if (i == 1)
            feed(&pipe, "12345678");
        wait_idle();
        say_calls("read", &io);
        reset(&io, 0);
        must_be_queued(bound_file_read(&pipe.file, io.request));
        wait_idle();
        say_calls("the rest", &io);
        say("it reads %s", io.buffer);
    }
    close_pipe(&pipe);
    unpack(&io);
    end();
}

/* ---- I/O that completes immediately ------------------------------------- */

/* I/O that does not complete immediately still queues one. */
CASE(an_immediate_success_queues_no_packet_if_requested,
     "main: requested modes: 1, skips: 1\n"
     "main: read: done, error 0, 5 bytes\n"
     "main: it reads ready\n"
     "main: callback: not called\n"
     "main: the first part: reported once, error 234, 5 bytes\n"
     "main: the rest: reported once, error 0, 3 bytes\n"
     "main: read: queued\n"
     "main: callback: called once, error 0, 4 bytes\n"
     "main: write: reported once, error 0, 5 bytes\n"
     "main: the other end reads 'reply'\n"
     "main: issued 5, completed 5, bytes 22\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_typed_pipe(&pipe, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE,
                    FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    say("requested modes: %d, skips: %d", requested_modes, pipe.file.skips);
    pack(&io, 5, 0);
    feed(&pipe, "ready");
    say_started("read", bound_file_read(&pipe.file, io.request));
    say("it reads %s", io.buffer);
    wait_idle();
    say_calls("callback", &io);
    reset(&io, 0);
    feed(&pipe, "too long");
    say_result("the first part", &pipe.file, &io,
               bound_file_read(&pipe.file, io.request));
    reset(&io, 0);
    say_result("the rest", &pipe.file, &io,
               bound_file_read(&pipe.file, io.request));
    reset(&io, 0);
    say_started("read", bound_file_read(&pipe.file, io.request));
    feed(&pipe, "late");
    wait_idle();
    say_calls("callback", &io);
    reset(&io, 0);
    memcpy(io.buffer, "reply", 5);
    say_result("write", &pipe.file, &io,
               bound_file_write(&pipe.file, io.request));
    say_written(&pipe);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

CASE(an_immediate_success_queues_a_packet_by_default,
     "main: requested modes: -1, skips: 0\n"
     "main: read: queued\n"
     "main: callback: called once, error 0, 5 bytes\n"
     "main: write: queued\n"
     "main: callback: called once, error 0, 64 bytes\n"
     "main: issued 2, completed 2, bytes 69\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    say("requested modes: %d, skips: %d", requested_modes, pipe.file.skips);
    pack(&io, 64, 0);
    feed(&pipe, "ready");
    say_started("read", bound_file_read(&pipe.file, io.request));
    wait_idle();
    say_calls("callback", &io);
    reset(&io, 0);
    say_started("write", bound_file_write(&pipe.file, io.request));
    wait_idle();
    say_calls("callback", &io);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

CASE(a_file_does_not_skip_packets_if_the_system_refuses,
     "main: requested modes: 1, skips: 0\n"
     "main: read: queued\n"
     "main: callback: called once, error 0, 5 bytes\n"
     "main: issued 1, completed 1, bytes 5\n")
{
    struct pipe pipe;
    struct io io;
    begin();
    refuse_modes = true;
    open_typed_pipe(&pipe, PIPE_TYPE_BYTE,
                    FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    say("requested modes: %d, skips: %d", requested_modes, pipe.file.skips);
    feed(&pipe, "ready");
    pack(&io, 64, 0);
    say_started("read", bound_file_read(&pipe.file, io.request));
    wait_idle();
    say_calls("callback", &io);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

CASE(no_other_mode_is_requested, "main: requested modes: -1, skips: 0\n"
                                 "main: issued 0\n")
{
    struct pipe pipe;
    begin();
    open_typed_pipe(&pipe, PIPE_TYPE_BYTE, FILE_SKIP_SET_EVENT_ON_HANDLE);
    say("requested modes: %d, skips: %d", requested_modes, pipe.file.skips);
    close_pipe(&pipe);
    end();
}

/* The system chooses whether it completes the read immediately. */
CASE(a_regular_file_may_skip_the_packet_or_not,
     "main: read: reported once, error 0, 36 bytes\n"
     "main: it reads 00000000000064\n"
     "main: issued 1, completed 1, bytes 36\n",
     .file = 100)
{
    struct bound_file file;
    struct io io;
    begin();
    open_named(&file, L"file", FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    pack(&io, 64, 64);
    say_result("read", &file, &io, bound_file_read(&file, io.request));
    say("it reads %.14s", io.buffer);
    close_file(&file);
    unpack(&io);
    end();
}

static volatile bool in_read;
static uintptr_t deepest = UINTPTR_MAX;

static BOOL WINAPI succeed_immediately(HANDLE handle, void *buffer,
                                       DWORD length, DWORD *bytes,
                                       OVERLAPPED *overlapped)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    (void)handle, (void)buffer, (void)bytes;
    if (deepest > here)
        deepest = here;
    overlapped->InternalHigh = length;
    return TRUE;
}

/* A million reads. The replaced ReadFile notes how deep the stack is. */
CASE(an_immediate_success_does_not_recurse,
     "main: 64000000 bytes, the stack does not grow\n"
     "main: callback: not called\n"
     "main: issued 1000000, completed 1000000, bytes 64000000\n",
     .file = 1000)
{
    struct bound_file file;
    struct io io;
    uintptr_t depth_of_first = 0;
    uint64_t total = 0;
    begin();
    open_named(&file, L"file", FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    read_hook = succeed_immediately;
    pack(&io, 64, 0);
    for (int i = 0; i < 1000000; i++) {
        must(overlapped_reset(io.request, 0), "reset");
        struct submission started = bound_file_read(&file, io.request);
        total += started.outcome == IO_DONE ? started.bytes : 0;
        if (i == 0)
            depth_of_first = deepest;
    }
    say("%llu bytes, %s", total,
        deepest == depth_of_first ? "the stack does not grow"
                                  : "the stack grows");
    say_calls("callback", &io);
    close_file(&file);
    unpack(&io);
    end();
}

/* ---- Synchronous calls ------------------------------------------------- */

static void read_sync(struct bound_file *file, const char *name, size_t length,
                      uint64_t offset)
{
    char buffer[65] = "";
    DWORD bytes = 99;
    DWORD error = bound_file_read_sync(file, buffer, length, offset, &bytes);
    say("%s: error %lu, %lu bytes '%.14s'", name, error, bytes, buffer);
}

static void write_sync(struct bound_file *file, const char *text,
                       uint64_t offset)
{
    DWORD bytes = 99;
    DWORD error =
        bound_file_write_sync(file, text, strlen(text), offset, &bytes);
    say("write: error %lu, %lu bytes", error, bytes);
}

/* A packet would be counted as stray. */
CASE(synchronous_calls_on_a_file_do_not_use_the_port,
     "main: at the start: error 0, 64 bytes '00000000000000'\n"
     "main: the rest: error 0, 36 bytes '00000000000064'\n"
     "main: at the end: error 38, 0 bytes ''\n"
     "main: 0 bytes: error 0, 0 bytes ''\n"
     "main: write: error 0, 7 bytes\n"
     "main: write: error 0, 7 bytes\n"
     "main: the rest: error 0, 36 bytes 'written0000064'\n"
     "main: events created: 1\n"
     "main: issued 7, completed 7, bytes 150\n",
     .file = 100)
{
    struct bound_file file;
    begin();
    open_file(&file);
    read_sync(&file, "at the start", 64, 0);
    read_sync(&file, "the rest", 64, 64);
    read_sync(&file, "at the end", 64, 100);
    read_sync(&file, "0 bytes", 0, 1000);
    write_sync(&file, "written", 64);
    write_sync(&file, "written", 93);
    read_sync(&file, "the rest", 64, 64);
    say("events created: %ld", events);
    close_file(&file);
    end();
}

static BOOL WINAPI note_the_start(HANDLE handle, void *buffer, DWORD length,
                                  DWORD *bytes, OVERLAPPED *overlapped)
{
    BOOL ok = next.ReadFile(handle, buffer, length, bytes, overlapped);
    DWORD error = GetLastError();
    in_read = true;
    SetLastError(error);
    return ok;
}

static unsigned __stdcall read_pipe_sync(void *argument)
{
    struct pipe *pipe = argument;
    read_sync(&pipe->file, "read", 64, 0);
    return 0;
}

static HANDLE start_sync_read(struct pipe *pipe)
{
    in_read = false;
    read_hook = note_the_start;
    HANDLE thread = run_thread(read_pipe_sync, pipe);
    while (!in_read)
        SwitchToThread();
    return thread;
}

CASE(synchronous_calls_on_a_pipe_do_not_use_the_port,
     "main: immediately: error 0, 5 bytes 'ready'\n"
     "main: read: error 0, 4 bytes 'late'\n"
     "main: the first part: error 234, 3 bytes 'too'\n"
     "main: the rest: error 0, 5 bytes ' long'\n"
     "main: write: error 0, 7 bytes\n"
     "main: the other end reads 'written'\n"
     "main: read: error 109, 0 bytes ''\n"
     "main: broken: error 109, 0 bytes ''\n"
     "main: write: error 232, 0 bytes\n"
     "main: issued 8, completed 7, failed 1, bytes 24\n")
{
    struct pipe pipe;
    begin();
    open_typed_pipe(&pipe, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 0);
    feed(&pipe, "ready");
    read_sync(&pipe.file, "immediately", 64, 0);
    HANDLE thread = start_sync_read(&pipe);
    feed(&pipe, "late");
    join(thread);
    feed(&pipe, "too long");
    read_sync(&pipe.file, "the first part", 3, 0);
    read_sync(&pipe.file, "the rest", 64, 0);
    write_sync(&pipe.file, "written", 0);
    say_written(&pipe);
    thread = start_sync_read(&pipe);
    hang_up(&pipe);
    join(thread);
    read_sync(&pipe.file, "broken", 64, 0);
    write_sync(&pipe.file, "to a closed pipe", 0);
    close_file(&pipe.file);
    end();
}

/* Sets the event of a synchronous read before the read completes. The data
 * comes when the read waits for its event a second time. */
static HANDLE early;
static struct pipe *late_pipe;
static int waits;

static void feed_at_the_second_wait(HANDLE object)
{
    if (object == early && ++waits == 2)
        feed(late_pipe, "late");
}

static BOOL WINAPI set_event_early(HANDLE handle, void *buffer, DWORD length,
                                   DWORD *bytes, OVERLAPPED *overlapped)
{
    BOOL ok = next.ReadFile(handle, buffer, length, bytes, overlapped);
    DWORD error = GetLastError();
    early = (HANDLE)((ULONG_PTR)overlapped->hEvent & ~(ULONG_PTR)1);
    set(early);
    SetLastError(error);
    return ok;
}

CASE(an_event_that_is_set_too_early_does_not_end_the_wait,
     "main: read: error 0, 4 bytes 'late'\n"
     "main: waited 2 times\n"
     "main: issued 1, completed 1, bytes 4\n")
{
    struct pipe pipe;
    begin();
    open_pipe(&pipe);
    late_pipe = &pipe;
    read_hook = set_event_early;
    wait_hook = feed_at_the_second_wait;
    read_sync(&pipe.file, "read", 64, 0);
    say("waited %d times", waits);
    close_pipe(&pipe);
    end();
}

static struct bound_file sync_files[2];

static void read_in_callback(void *unused)
{
    (void)unused;
    read_sync(&sync_files[0], "read", 64, 64);
    write_sync(&sync_files[0], "written", 0);
    read_sync(&sync_files[0], "read", 64, 0);
}

CASE(a_callback_may_make_synchronous_calls,
     "worker: read: error 0, 36 bytes '00000000000064'\n"
     "worker: write: error 0, 7 bytes\n"
     "worker: read: error 0, 64 bytes 'written0000000'\n"
     "main: issued 4, completed 4, bytes 107\n",
     .file = 100)
{
    workers = 1;
    begin();
    open_file(&sync_files[0]);
    must(pool_queue_work(&pool, read_in_callback, NULL), "queue");
    wait_idle();
    close_file(&sync_files[0]);
    end();
}

/* By a cancel of all I/O of its file or its pool, a close, and a stop. */
CASE(a_synchronous_read_can_be_cancelled, "main: read: error 995, 0 bytes ''\n"
                                          "main: read: error 995, 0 bytes ''\n"
                                          "main: read: error 995, 0 bytes ''\n"
                                          "main: close: 0\n"
                                          "main: read: error 995, 0 bytes ''\n"
                                          "main: stop: 0\n"
                                          "main: issued 4, cancelled 4\n")
{
    struct pipe pipe;
    begin();
    open_pipe(&pipe);
    HANDLE thread = start_sync_read(&pipe);
    bound_file_cancel_all(&pipe.file);
    join(thread);
    thread = start_sync_read(&pipe);
    pool_cancel_all(&pool);
    join(thread);
    thread = start_sync_read(&pipe);
    DWORD closed = bound_file_close(&pipe.file);
    join(thread);
    say("close: %lu", closed);
    hang_up(&pipe);
    open_pipe(&pipe);
    thread = start_sync_read(&pipe);
    DWORD stopped = pool_stop(&pool, POOL_CANCEL);
    join(thread);
    say("stop: %lu", stopped);
    close_pipe(&pipe);
    say_counters();
}

enum { SYNC_READS = 250 };

static volatile LONG wrong;

static unsigned __stdcall read_many_sync(void *argument)
{
    uint64_t at = *(const uint64_t *)argument;
    for (int i = 0; i < SYNC_READS; i++, at = (at + 64 * 37) % 64000) {
        char buffer[64] = "";
        DWORD bytes;
        DWORD error =
            bound_file_read_sync(&sync_files[0], buffer, 64, at, &bytes);
        if (error != 0 || bytes != 64 || strtoull(buffer, NULL, 10) != at)
            InterlockedIncrement(&wrong);
    }
    return 0;
}

static void read_by_four(void)
{
    uint64_t starts[4] = {0, 64, 640, 6400};
    HANDLE threads[4];
    for (int i = 0; i < 4; i++)
        threads[i] = run_thread(read_many_sync, &starts[i]);
    for (int i = 0; i < 4; i++)
        join(threads[i]);
}

CASE(four_threads_may_read_a_file_synchronously,
     "main: 0 wrong, 0 handles left behind\n"
     "main: issued 1000, completed 1000, bytes 64000\n",
     .file = 128000)
{
    begin();
    open_file(&sync_files[0]);
    close_file(&sync_files[0]); /* creates objects that the process keeps */
    unsigned before = open_handles();
    open_file(&sync_files[0]);
    read_by_four();
    close_file(&sync_files[0]);
    say("%ld wrong, %u handles left behind", wrong, open_handles() - before);
    end();
}

int wmain(int argc, wchar_t **argv)
{
    return run_pool_case(argc, argv);
}
