/*
 * pool_io CASE [WORKERS]: requests, what is refused, how reads and writes end,
 * inline completion, and the calls that wait. See pool_probe.h.
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

static void pack_and_free(void)
{
    int context;
    char buffer[10];
    struct request *request =
        overlapped_pack(on_end, &context, buffer, 10, BEYOND_4_GIB);
    struct request *other = overlapped_pack(on_end, NULL, NULL, 0, 0);
    say_overlapped(request);
    say("callback %d, context %d, buffer %d, length %d, timeout %lu, idle %d",
        request->callback == on_end, request->context == &context,
        request->buffer == buffer, request->length == 10, request->timeout,
        request->state == REQUEST_IDLE);
    say("each has a ticket of its own: %d",
        request->ticket != 0 && other->ticket != 0 &&
            request->ticket != other->ticket);
    say("free: %lu, %lu", overlapped_free(request), overlapped_free(other));
    say("free nothing: %lu", overlapped_free(NULL));
}

/* Whatever the last use has left in it. */
static void reset_sets_all(void)
{
    char buffer[10];
    int context;
    struct request *request = overlapped_pack(on_end, &context, buffer, 10, 0);
    uint64_t ticket = request->ticket;
    request->timeout = 5;
    memset(&request->overlapped, 0xAB, sizeof request->overlapped);
    say("reset: %lu", overlapped_reset(request, 64));
    say_overlapped(request);
    say("a new ticket: %d", request->ticket > ticket);
    say("callback %d, context %d, buffer %d, length %d, timeout %lu",
        request->callback == on_end, request->context == &context,
        request->buffer == buffer, request->length == 10, request->timeout);
    overlapped_reset(request, BEYOND_4_GIB);
    say_overlapped(request);
    must(overlapped_free(request), "free");
}

static void busy(void)
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
    say_ended("the first read", &io);
    say("it reads %s", io.buffer);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

static void used_without_reset(void)
{
    struct bound_file file;
    struct io io;
    begin();
    open_file(&file);
    pack(&io, 64, 0);
    say_either("read", &file, &io, bound_file_read(&file, io.request));
    say_started("read again", bound_file_read(&file, io.request));
    say_started("write again", bound_file_write(&file, io.request));
    say("queue again: %lu", pool_queue_request(&pool, io.request));
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

static void reuse(void)
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

/* Two threads start the same request at the same moment, again and again. */
enum { ROUNDS = 1000 };

static struct {
    struct bound_file file;
    struct io io;
    volatile LONG arrived; /* at the start of a round: two a round */
    volatile LONG won;
    volatile LONG wrong;
} race;

static void race_once(LONG round)
{
    InterlockedIncrement(&race.arrived);
    while (race.arrived < 2 * round)
        SwitchToThread();
    struct submission started = bound_file_read(&race.file, race.io.request);
    if (started.outcome == IO_QUEUED || started.error == ERROR_SUCCESS)
        InterlockedIncrement(&race.won);
    else if (started.error != ERROR_BUSY &&            /* it is in flight, */
             started.error != ERROR_INVALID_PARAMETER) /* or has been */
        InterlockedIncrement(&race.wrong);
}

static unsigned __stdcall rival(void *unused)
{
    (void)unused;
    for (LONG round = 1; round <= ROUNDS; round++) {
        race_once(2 * round - 1);
        InterlockedIncrement(&race.arrived);
        while (race.arrived < 2 * (2 * round))
            SwitchToThread();
    }
    return 0;
}

static void two_submit_one_request(void)
{
    begin();
    open_file(&race.file);
    pack(&race.io, 64, 0);
    HANDLE thread = run_thread(rival, NULL);
    for (LONG round = 1; round <= ROUNDS; round++) {
        race_once(2 * round - 1);
        InterlockedIncrement(&race.arrived);
        while (race.arrived < 2 * (2 * round))
            SwitchToThread();
        must(bound_file_wait_idle(&race.file, INFINITE), "wait for");
        must(overlapped_reset(race.io.request, 0), "reset");
    }
    join(thread);
    say("%ld won, %ld otherwise", race.won, race.wrong);
    close_file(&race.file);
    unpack(&race.io);
    end();
}

/* ---- Offsets ----------------------------------------------------------- */

/* One request, far out and near the start, forth and back. */
static void offsets(void)
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
        must(bound_file_wait_idle(&file, INFINITE), "wait for");
        must(started.outcome == IO_QUEUED ? io.error : started.error, "read");
        say("at %llu: %s", at[i], io.buffer);
    }
    close_file(&file);
    unpack(&io);
    end();
}

/* ---- What is refused --------------------------------------------------- */

static struct bound_file tried;

static void try(const char *name, void *buffer, size_t length, uint64_t offset)
{
    struct request *request =
        overlapped_pack(on_end, NULL, buffer, length, offset);
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

static void refused(void)
{
    char byte = 0;
    const uint64_t last = INT64_MAX;
    workers = 1;
    begin();
    open_file(&tried);
    try("no offset", &byte, 1, UINT64_MAX);
    try("a negative one", &byte, 1, last + 1);
    try("an end beyond the last", &byte, 1, last);
    try("and further", &byte, 1000, last - 999);
    try("a negative one, no length", NULL, 0, last + 1);
    try("no buffer", NULL, 1, 0);
    try("4 GiB", &byte, (size_t)1 << 32, 0);
    try("4 GiB and a byte", &byte, ((size_t)1 << 32) + 1, 0);
    try("all there is", &byte, SIZE_MAX, 0);
    close_file(&tried);
    end();
}

static void no_callback(void)
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

/* The system is not asked to read so much; ours must not refuse it. */
static BOOL WINAPI deny(HANDLE handle, void *buffer, DWORD length, DWORD *bytes,
                        OVERLAPPED *overlapped)
{
    (void)handle, (void)buffer, (void)bytes, (void)overlapped;
    say("ReadFile: length %lu", length);
    return fail(ERROR_ACCESS_DENIED);
}

static void allow(const char *name, void *buffer, size_t length,
                  uint64_t offset)
{
    struct request *request =
        overlapped_pack(on_end, NULL, buffer, length, offset);
    say_started(name, bound_file_read(&tried, request));
    must(overlapped_free(request), "free");
}

static void allowed(void)
{
    char byte;
    const uint64_t last = INT64_MAX;
    begin();
    open_file(&tried);
    read_hook = deny;
    allow("up to the last offset", &byte, 1, last - 1);
    allow("and with more", &byte, 1000, last - 1000);
    allow("nothing at the last", NULL, 0, last);
    allow("4 GiB less a byte", &byte, MAXDWORD, 0);
    close_file(&tried);
    end();
}

static void not_open(void)
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

static void wrong_access(void)
{
    struct bound_file file;
    struct io io;
    begin();
    HANDLE handle = open_handle(L"file", GENERIC_READ, FILE_FLAG_OVERLAPPED);
    must(pool_bind_handle(&pool, handle, 0, &file), "bind");
    pack(&io, 64, 0);
    say_started("write", bound_file_write(&file, io.request));
    say_ended("callback", &io);
    say("Internal %llu", io.request->overlapped.Internal);
    reset(&io, 64);
    say_either("read", &file, &io, bound_file_read(&file, io.request));
    close_file(&file);
    unpack(&io);
    end();
}

/* ---- How reads and writes end ------------------------------------------ */

static void read_at(struct bound_file *file, const char *name, size_t length,
                    uint64_t offset)
{
    struct io io;
    pack(&io, length, offset);
    say_either(name, file, &io, bound_file_read(file, io.request));
    unpack(&io);
}

/* Of a file of 100 bytes. */
static void ends(void)
{
    struct bound_file file;
    struct io io;
    begin();
    open_file(&file);
    read_at(&file, "at the start", 64, 0);
    read_at(&file, "the rest", 64, 64);
    read_at(&file, "at the end", 64, 100);
    read_at(&file, "behind it", 64, 1000);
    read_at(&file, "nothing at the start", 0, 0);
    read_at(&file, "nothing at the end", 0, 100);
    read_at(&file, "nothing behind it", 0, 1000);
    pack(&io, 0, 0);
    io.request->buffer = NULL;
    say_either("nothing into no buffer", &file, &io,
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
    say_either(text, file, &io, bound_file_write(file, io.request));
    unpack(&io);
}

static void writes(void)
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

static void broken_pipe(void)
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    hang_up(&pipe);
    wait_idle();
    say_ended("a read that waited", &io);
    reset(&io, 0);
    say_started("read", bound_file_read(&pipe.file, io.request));
    say_ended("callback", &io);
    reset(&io, 0);
    say_started("write", bound_file_write(&pipe.file, io.request));
    say_ended("callback", &io);
    close_file(&pipe.file);
    unpack(&io);
    end();
}

/* A message that does not fit: at once, and when the read waits for it. */
static void more_data(void)
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
        say_started(i == 0 ? "at once" : "later",
                    bound_file_read(&pipe.file, io.request));
        if (i == 1)
            feed(&pipe, "12345678");
        wait_idle();
        say_ended("read", &io);
        reset(&io, 0);
        must_be_queued(bound_file_read(&pipe.file, io.request));
        wait_idle();
        say_ended("the rest", &io);
        say("it reads %s", io.buffer);
    }
    close_pipe(&pipe);
    unpack(&io);
    end();
}

/* ---- Done at once, no packet ------------------------------------------- */

static void skip(void)
{
    struct pipe pipe;
    struct io io;
    begin();
    open_typed_pipe(&pipe, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE,
                    FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    say("asked for %d, skips %d", asked_modes, pipe.file.skips);
    pack(&io, 5, 0);
    feed(&pipe, "ready");
    say_started("read", bound_file_read(&pipe.file, io.request));
    say("it reads %s", io.buffer);
    wait_idle();
    say_ended("callback", &io);
    reset(&io, 0);
    feed(&pipe, "too long");
    say_either("in part", &pipe.file, &io,
               bound_file_read(&pipe.file, io.request));
    reset(&io, 0);
    say_either("the rest", &pipe.file, &io,
               bound_file_read(&pipe.file, io.request));
    reset(&io, 0);
    say_started("read", bound_file_read(&pipe.file, io.request));
    feed(&pipe, "late");
    wait_idle();
    say_ended("callback", &io);
    reset(&io, 0);
    memcpy(io.buffer, "reply", 5);
    say_either("write", &pipe.file, &io,
               bound_file_write(&pipe.file, io.request));
    say_heard(&pipe);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

static void no_skip(void)
{
    struct pipe pipe;
    struct io io;
    begin();
    open_pipe(&pipe);
    say("asked for %d, skips %d", asked_modes, pipe.file.skips);
    pack(&io, 64, 0);
    feed(&pipe, "ready");
    say_started("read", bound_file_read(&pipe.file, io.request));
    wait_idle();
    say_ended("callback", &io);
    reset(&io, 0);
    say_started("write", bound_file_write(&pipe.file, io.request));
    wait_idle();
    say_ended("callback", &io);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

/* A system that does not grant it sends a packet. */
static void skip_not_granted(void)
{
    struct pipe pipe;
    struct io io;
    begin();
    refuse_modes = true;
    open_typed_pipe(&pipe, PIPE_TYPE_BYTE,
                    FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    say("asked for %d, skips %d", asked_modes, pipe.file.skips);
    feed(&pipe, "ready");
    pack(&io, 64, 0);
    say_started("read", bound_file_read(&pipe.file, io.request));
    wait_idle();
    say_ended("callback", &io);
    close_pipe(&pipe);
    unpack(&io);
    end();
}

static void other_modes(void)
{
    struct pipe pipe;
    begin();
    open_typed_pipe(&pipe, PIPE_TYPE_BYTE, FILE_SKIP_SET_EVENT_ON_HANDLE);
    say("asked for %d, skips %d", asked_modes, pipe.file.skips);
    close_pipe(&pipe);
    end();
}

/* A regular file that may skip: whether it does is the system's choice. */
static void skip_file(void)
{
    struct bound_file file;
    struct io io;
    begin();
    open_named(&file, L"file", FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    pack(&io, 64, 64);
    say_either("read", &file, &io, bound_file_read(&file, io.request));
    say("it reads %.14s", io.buffer);
    close_file(&file);
    unpack(&io);
    end();
}

static volatile bool in_read;
static uintptr_t deepest = UINTPTR_MAX;

static BOOL WINAPI at_once(HANDLE handle, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    (void)handle, (void)buffer, (void)bytes;
    if (deepest > here)
        deepest = here;
    overlapped->InternalHigh = length;
    return TRUE;
}

/* The stack's depth is measured where ReadFile is called. */
static void inline_loop(void)
{
    struct bound_file file;
    struct io io;
    uintptr_t depth_of_first = 0;
    uint64_t total = 0;
    begin();
    open_named(&file, L"file", FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    read_hook = at_once;
    pack(&io, 64, 0);
    for (int i = 0; i < 1000000; i++) {
        must(overlapped_reset(io.request, 0), "reset");
        struct submission started = bound_file_read(&file, io.request);
        total += started.outcome == IO_DONE ? started.bytes : 0;
        if (i == 0)
            depth_of_first = deepest;
    }
    say("%llu bytes, %s", total,
        deepest == depth_of_first ? "the stack stays flat" : "the stack grows");
    say_ended("callback", &io);
    close_file(&file);
    unpack(&io);
    end();
}

/* ---- Reading and writing, and waiting for it --------------------------- */

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

static void sync_file(void)
{
    struct bound_file file;
    begin();
    open_file(&file);
    read_sync(&file, "at the start", 64, 0);
    read_sync(&file, "the rest", 64, 64);
    read_sync(&file, "at the end", 64, 100);
    read_sync(&file, "nothing", 0, 1000);
    write_sync(&file, "written", 64);
    write_sync(&file, "written", 93);
    read_sync(&file, "the rest", 64, 64);
    say("events made: %ld", events);
    close_file(&file);
    end();
}

static BOOL WINAPI tell_when_started(HANDLE handle, void *buffer, DWORD length,
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
    read_hook = tell_when_started;
    HANDLE thread = run_thread(read_pipe_sync, pipe);
    while (!in_read)
        SwitchToThread();
    return thread;
}

/* At once; after some waiting; too short a buffer; the ends. */
static void sync_pipe(void)
{
    struct pipe pipe;
    begin();
    open_typed_pipe(&pipe, PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE, 0);
    feed(&pipe, "ready");
    read_sync(&pipe.file, "at once", 64, 0);
    HANDLE thread = start_sync_read(&pipe);
    feed(&pipe, "late");
    join(thread);
    feed(&pipe, "too long");
    read_sync(&pipe.file, "in part", 3, 0);
    read_sync(&pipe.file, "the rest", 64, 0);
    write_sync(&pipe.file, "to them", 0);
    say_heard(&pipe);
    thread = start_sync_read(&pipe);
    hang_up(&pipe);
    join(thread);
    read_sync(&pipe.file, "broken", 64, 0);
    write_sync(&pipe.file, "to nobody", 0);
    close_file(&pipe.file);
    end();
}

/* The event of a call may be set though nothing has come yet. Whoever then
 * waits for it once more gets what it waits for. */
static HANDLE early;
static struct pipe *late_pipe;
static int waits;

static void feed_who_waits_again(HANDLE object)
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

static void sync_early_event(void)
{
    struct pipe pipe;
    begin();
    open_pipe(&pipe);
    late_pipe = &pipe;
    read_hook = set_event_early;
    wait_hook = feed_who_waits_again;
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

static void sync_in_callback(void)
{
    workers = 1;
    begin();
    open_file(&sync_files[0]);
    must(pool_queue_work(&pool, read_in_callback, NULL), "queue");
    wait_idle();
    close_file(&sync_files[0]);
    end();
}

static void cancel_sync(void)
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

static void sync_by_four(void)
{
    begin();
    open_file(&sync_files[0]);
    close_file(&sync_files[0]); /* the first makes what the process keeps */
    unsigned before = open_handles();
    open_file(&sync_files[0]);
    read_by_four();
    close_file(&sync_files[0]);
    say("%ld wrong, %u handles left behind", wrong, open_handles() - before);
    end();
}

int wmain(int argc, wchar_t **argv)
{
    static const struct probe_case cases[] = {
        {L"pack-and-free", pack_and_free},
        {L"reset-sets-all", reset_sets_all},
        {L"busy", busy},
        {L"used-without-reset", used_without_reset},
        {L"reuse", reuse},
        {L"two-submit-one-request", two_submit_one_request},
        {L"offsets", offsets},
        {L"refused", refused},
        {L"no-callback", no_callback},
        {L"allowed", allowed},
        {L"not-open", not_open},
        {L"wrong-access", wrong_access},
        {L"ends", ends},
        {L"writes", writes},
        {L"broken-pipe", broken_pipe},
        {L"more-data", more_data},
        {L"skip", skip},
        {L"no-skip", no_skip},
        {L"skip-not-granted", skip_not_granted},
        {L"other-modes", other_modes},
        {L"skip-file", skip_file},
        {L"inline-loop", inline_loop},
        {L"sync-file", sync_file},
        {L"sync-pipe", sync_pipe},
        {L"sync-early-event", sync_early_event},
        {L"sync-in-callback", sync_in_callback},
        {L"cancel-sync", cancel_sync},
        {L"sync-by-four", sync_by_four},
        {0}};
    return run_case(argc, argv, cases);
}
