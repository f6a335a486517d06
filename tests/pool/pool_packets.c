/*
 * pool_packets CASE [WORKERS]: the meaning of errors, stray packets, and
 * systems that queue a packet although the call has failed. See pool_probe.h.
 */
#include "pool_probe.h"

/* ---- What an error means ----------------------------------------------- */

/* The result of the next read: the error, and the NTSTATUS that stands for it
 * in a packet. */
struct code {
    DWORD error, status, bytes;
};
static const struct code *code;

/* ReadFile reports the result itself. A call that fails may leave "pending" in
 * the OVERLAPPED. */
static BOOL WINAPI complete_now(HANDLE handle, void *buffer, DWORD length,
                                DWORD *bytes, OVERLAPPED *overlapped)
{
    (void)handle, (void)buffer, (void)length, (void)bytes;
    overlapped->Internal = STATUS_PENDING;
    overlapped->InternalHigh = code->bytes;
    return code->error == 0 ? TRUE : fail_with(code->error);
}

/* As the kernel does: first the result, then the packet. */
static void send_packet(OVERLAPPED *overlapped)
{
    overlapped->InternalHigh = code->bytes;
    overlapped->Internal = code->status;
    queue_packet(pool.port, key_of_files, overlapped, code->status,
                 code->bytes);
}

/* A packet reports the result. */
static BOOL WINAPI complete_later(HANDLE handle, void *buffer, DWORD length,
                                  DWORD *bytes, OVERLAPPED *overlapped)
{
    (void)handle, (void)buffer, (void)length, (void)bytes;
    send_packet(overlapped);
    return fail_with(ERROR_IO_PENDING);
}

static const char *counted(void)
{
    static struct pool_counters before;
    struct pool_counters now = pool_counters(&pool);
    const char *as = now.issued != before.issued + 1         ? "not once"
                     : now.completed == before.completed + 1 ? "completed"
                     : now.failed == before.failed + 1       ? "failed"
                     : now.cancelled == before.cancelled + 1 ? "cancelled"
                                                             : "not at all";
    before = now;
    return as;
}

static const char *name_of(enum io_status status)
{
    static const char *const names[] = {
        [IO_STATUS_SUCCESS] = "success",
        [IO_STATUS_PENDING] = "pending",
        [IO_STATUS_MORE_DATA] = "more data",
        [IO_STATUS_END_OF_FILE] = "end of file",
        [IO_STATUS_CANCELLED] = "cancelled",
        [IO_STATUS_FAILED] = "failed",
    };
    return names[status];
}

static void say_meaning(DWORD error)
{
    say("%lu is %s%s", error, name_of(overlapped_status(error)),
        is_end_of_file(error) ? " (is_end_of_file)" : "");
}

/* From a synchronous call, too. */
CASE(an_error_means_the_same_from_readfile_and_from_a_packet,
     "main: 0 is success\n"
     "main:   ReadFile: done, error 0, 64 bytes, completed\n"
     "main:   synchronous: error 0, 64 bytes, completed\n"
     "main:   packet: error 0, 64 bytes, completed\n"
     "main: 234 is more data\n"
     "main:   ReadFile: done, error 234, 64 bytes, completed\n"
     "main:   synchronous: error 234, 64 bytes, completed\n"
     "main:   packet: error 234, 64 bytes, completed\n"
     "main: 38 is end of file (is_end_of_file)\n"
     "main:   ReadFile: done, error 38, 0 bytes, completed\n"
     "main:   synchronous: error 38, 0 bytes, completed\n"
     "main:   packet: error 38, 0 bytes, completed\n"
     "main: 109 is end of file (is_end_of_file)\n"
     "main:   ReadFile: done, error 109, 0 bytes, completed\n"
     "main:   synchronous: error 109, 0 bytes, completed\n"
     "main:   packet: error 109, 0 bytes, completed\n"
     "main: 995 is cancelled\n"
     "main:   ReadFile: failed, error 995, 0 bytes, cancelled\n"
     "main:   synchronous: error 995, 0 bytes, cancelled\n"
     "main:   packet: error 995, 0 bytes, cancelled\n"
     "main: 1460 is cancelled\n"
     "main:   ReadFile: failed, error 1460, 0 bytes, cancelled\n"
     "main:   synchronous: error 1460, 0 bytes, cancelled\n"
     "main:   packet: error 1460, 0 bytes, cancelled\n"
     "main: 232 is failed\n"
     "main:   ReadFile: failed, error 232, 0 bytes, failed\n"
     "main:   synchronous: error 232, 0 bytes, failed\n"
     "main:   packet: error 232, 0 bytes, failed\n"
     "main: 233 is failed\n"
     "main:   ReadFile: failed, error 233, 0 bytes, failed\n"
     "main:   synchronous: error 233, 0 bytes, failed\n"
     "main:   packet: error 233, 0 bytes, failed\n"
     "main: 5 is failed\n"
     "main:   ReadFile: failed, error 5, 0 bytes, failed\n"
     "main:   synchronous: error 5, 0 bytes, failed\n"
     "main:   packet: error 5, 0 bytes, failed\n"
     "main: 997 is pending\n"
     "main: 87 is failed\n",
     .file = 1000)
{
    static const struct code codes[] = {
        {0, 0, 64},
        {ERROR_MORE_DATA, 0x80000005, 64},
        {ERROR_HANDLE_EOF, 0xC0000011, 0},
        {ERROR_BROKEN_PIPE, 0xC000014B, 0},
        {ERROR_OPERATION_ABORTED, 0xC0000120, 0},
        {ERROR_TIMEOUT, 0xC0010000 + ERROR_TIMEOUT, 0},
        {ERROR_NO_DATA, 0xC00000B1, 0},
        {ERROR_PIPE_NOT_CONNECTED, 0xC00000B0, 0},
        {ERROR_ACCESS_DENIED, 0xC0000022, 0},
    };
    struct bound_file file;
    struct io io;
    DWORD bytes;
    begin();
    open_named(&file, L"file", FILE_SKIP_COMPLETION_PORT_ON_SUCCESS);
    pack(&io, 64, 0);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        code = &codes[i];
        say_meaning(code->error);
        read_hook = complete_now;
        reset(&io, 0);
        struct submission read = bound_file_read(&file, io.request);
        say("  ReadFile: %s, error %lu, %lu bytes, %s",
            read.outcome == IO_DONE ? "done" : "failed", read.error, read.bytes,
            counted());
        DWORD error = bound_file_read_sync(&file, io.buffer, 64, 0, &bytes);
        say("  synchronous: error %lu, %lu bytes, %s", error, bytes, counted());
        read_hook = complete_later;
        reset(&io, 0);
        must_be_queued(bound_file_read(&file, io.request));
        wait_idle();
        say("  packet: error %lu, %lu bytes, %s", io.error, io.bytes,
            counted());
    }
    say_meaning(ERROR_IO_PENDING);
    say_meaning(ERROR_INVALID_PARAMETER);
    close_file(&file);
    unpack(&io);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
}

static BOOL WINAPI complete_write_now(HANDLE handle, const void *buffer,
                                      DWORD length, DWORD *bytes,
                                      OVERLAPPED *overlapped)
{
    return complete_now(handle, (void *)buffer, length, bytes, overlapped);
}

static BOOL WINAPI complete_write_later(HANDLE handle, const void *buffer,
                                        DWORD length, DWORD *bytes,
                                        OVERLAPPED *overlapped)
{
    return complete_later(handle, (void *)buffer, length, bytes, overlapped);
}

/* A request that is queued without I/O, after it has been used for a write,
 * completes well. */
CASE(an_end_of_file_error_is_a_failure_of_a_write,
     "main: WriteFile: failed, error 38, 0 bytes\n"
     "main:   failed\n"
     "main:   synchronous: error 38, 0 bytes, failed\n"
     "main:   packet: error 38, 0 bytes, failed\n"
     "main:   queued without I/O: error 0, 0 bytes, completed\n"
     "main: WriteFile: failed, error 109, 0 bytes\n"
     "main:   failed\n"
     "main:   synchronous: error 109, 0 bytes, failed\n"
     "main:   packet: error 109, 0 bytes, failed\n"
     "main:   queued without I/O: error 0, 0 bytes, completed\n"
     "main: issued 8, completed 2, failed 6\n",
     .file = 1000)
{
    static const struct code codes[] = {{ERROR_HANDLE_EOF, 0xC0000011, 0},
                                        {ERROR_BROKEN_PIPE, 0xC000014B, 0}};
    struct bound_file file;
    struct io io;
    DWORD bytes;
    begin();
    open_file(&file);
    pack(&io, 64, 0);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        code = &codes[i];
        write_hook = complete_write_now;
        reset(&io, 0);
        say_started("WriteFile", bound_file_write(&file, io.request));
        say("  %s", counted());
        DWORD error = bound_file_write_sync(&file, io.buffer, 64, 0, &bytes);
        say("  synchronous: error %lu, %lu bytes, %s", error, bytes, counted());
        write_hook = complete_write_later;
        reset(&io, 0);
        must_be_queued(bound_file_write(&file, io.request));
        wait_idle();
        say("  packet: error %lu, %lu bytes, %s", io.error, io.bytes,
            counted());
        reset(&io, 0);
        must(pool_queue_request(&pool, io.request), "queue");
        wait_idle();
        say("  queued without I/O: error %lu, %lu bytes, %s", io.error,
            io.bytes, counted());
    }
    close_file(&file);
    unpack(&io);
    end();
}

CASE(bytes_that_come_with_an_error_are_delivered,
     "main: packet: called once, error 23, 0 bytes\n"
     "main: packet: called once, error 23, 123 bytes\n"
     "main: packet: called once, error 234, 4 bytes\n"
     "main: issued 3, completed 1, failed 2, bytes 127\n",
     .file = 1000)
{
    static const struct code packets[] = {{.status = 0xC000009C},
                                          {.status = 0xC000009C, .bytes = 123},
                                          {.status = 0x80000005, .bytes = 4}};
    struct bound_file file;
    struct io io;
    begin();
    open_file(&file);
    pack(&io, 64, 0);
    read_hook = complete_later;
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        code = &packets[i];
        reset(&io, 0);
        must_be_queued(bound_file_read(&file, io.request));
        wait_idle();
        say_calls("packet", &io);
    }
    close_file(&file);
    unpack(&io);
    end();
}

static BOOL WINAPI say_arguments(HANDLE handle, void *buffer, DWORD length,
                                 DWORD *bytes, OVERLAPPED *overlapped)
{
    say("bytes %s, hEvent %s", bytes == NULL ? "NULL" : "wanted",
        overlapped->hEvent == NULL ? "NULL" : "set");
    return complete_now(handle, buffer, length, bytes, overlapped);
}

/* ReadFile may have left "pending" in the OVERLAPPED; the pool clears it. The
 * pool does not ask ReadFile for the number of bytes: the packet brings it. */
CASE(a_call_that_fails_does_not_leave_its_request_pending,
     "main: bytes NULL, hEvent NULL\n"
     "main: read: failed, error 8, 0 bytes\n"
     "main: pending: 0\n"
     "main: callback: not called\n"
     "main: reset: 0\n"
     "main: issued 1, failed 1\n",
     .file = 1000)
{
    struct bound_file file;
    struct io io;
    begin();
    open_file(&file);
    code = &(struct code){.error = ERROR_NOT_ENOUGH_MEMORY, .bytes = 9};
    read_hook = say_arguments;
    pack(&io, 64, 0);
    say_started("read", bound_file_read(&file, io.request));
    say("pending: %d", !HasOverlappedIoCompleted(&io.request->overlapped));
    say_calls("callback", &io);
    say("reset: %lu", overlapped_reset(io.request, 0));
    close_file(&file);
    unpack(&io);
    end();
}

/* ---- Stray packets ----------------------------------------------------- */

static void post(ULONG_PTR key, void *overlapped)
{
    check(PostQueuedCompletionStatus(pool.port, 5, key, overlapped), "post to",
          L"port");
}

static void set_event(void *event)
{
    set(event);
}

/* The only worker does this work after it has taken the packet. */
static void say_stray(const char *name)
{
    HANDLE done = new_event();
    must(pool_queue_work(&pool, set_event, done), "queue");
    wait_for(done);
    close_object(done);
    say("%s: %llu stray", name, pool_counters(&pool).stray);
}

CASE(a_stray_packet_is_counted_and_dropped,
     "main: no OVERLAPPED: 1 stray\n"
     "main: another key: 2 stray\n"
     "main: an OVERLAPPED of no request: 3 stray\n"
     "main: an invalid address: 4 stray\n"
     "main: an odd address: 5 stray\n"
     "main: an idle request: 6 stray\n"
     "main: a freed request: 7 stray\n"
     "main: an OVERLAPPED of no request, end of file: 8 stray\n"
     "main: another key, a request in flight: 9 stray\n"
     "main: callback: not called\n"
     "main: a second packet of a request: 10 stray\n"
     "main: callback: called once, error 0, 1 bytes\n"
     "main: the idle request: not called\n"
     "main: issued 11, completed 11, bytes 1, stray 10\n")
{
    static OVERLAPPED foreign;
    struct pipe pipe;
    struct io io, idle;
    workers = 1;
    begin();
    open_pipe(&pipe);
    start_read(&pipe, &io);
    pack(&idle, 64, 0);
    struct request *gone = overlapped_pack(on_completion, NULL, NULL, 0, 0);
    OVERLAPPED *of_gone = &gone->overlapped;
    must(overlapped_free(gone), "free");

    post(key_of_files, NULL);
    say_stray("no OVERLAPPED");
    post(99, NULL);
    say_stray("another key");
    post(key_of_files, &foreign);
    say_stray("an OVERLAPPED of no request");
    post(key_of_files, (void *)(uintptr_t)0xDEAD0000);
    say_stray("an invalid address");
    post(key_of_files, (void *)(uintptr_t)1);
    say_stray("an odd address");
    post(key_of_files, &idle.request->overlapped);
    say_stray("an idle request");
    post(key_of_files, of_gone);
    say_stray("a freed request");
    queue_packet(pool.port, key_of_files, &foreign, 0xC0000011, 0);
    say_stray("an OVERLAPPED of no request, end of file");
    post(99, &io.request->overlapped);
    say_stray("another key, a request in flight");
    say_calls("callback", &io);
    feed(&pipe, "x");
    wait_until_live(0);
    post(key_of_files, &io.request->overlapped);
    say_stray("a second packet of a request");
    say_calls("callback", &io);
    say_calls("the idle request", &idle);
    close_pipe(&pipe);
    unpack(&io);
    unpack(&idle);
    end();
}

/* ---- A packet although the call has failed ------------------------------ */

static const struct code end_of_file = {ERROR_HANDLE_EOF, 0xC0000011, 0};
static volatile LONG callbacks;

static void on_completion_free(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    must(overlapped_free(request_of(overlapped)), "free");
    say("callback: error %lu, %lu bytes", error, bytes);
    InterlockedIncrement(&callbacks);
}

static struct pipe next_pipe;

static void on_completion_read_on(DWORD error, DWORD bytes,
                                  OVERLAPPED *overlapped)
{
    struct request *request = request_of(overlapped);
    on_completion(error, bytes, overlapped);
    say("callback: error %lu, %lu bytes", error, bytes);
    if (error == ERROR_HANDLE_EOF) {
        read_hook = NULL;
        must(overlapped_reset(request, 0), "reset");
        must_be_queued(bound_file_read(&next_pipe.file, request));
    }
    InterlockedIncrement(&callbacks);
}

/* Returns after the callback: the request may be freed by then, or in flight
 * again. */
static BOOL WINAPI return_after_callback(HANDLE handle, void *buffer,
                                         DWORD length, DWORD *bytes,
                                         OVERLAPPED *overlapped)
{
    const struct code *result = code;
    LONG before = callbacks;
    (void)handle, (void)buffer, (void)length, (void)bytes;
    send_packet(overlapped);
    while (callbacks == before)
        SwitchToThread();
    return result->error == 0 ? TRUE : fail_with(result->error);
}

static BOOL WINAPI fail_with_a_packet(HANDLE handle, void *buffer, DWORD length,
                                      DWORD *bytes, OVERLAPPED *overlapped)
{
    send_packet(overlapped);
    return complete_now(handle, buffer, length, bytes, overlapped);
}

/* ReadFile may then return any result: the callback has run, and has freed the
 * request. Some systems queue a packet although the call has failed. */
CASE(a_callback_may_return_before_readfile_does,
     "worker: callback: error 0, 64 bytes\n"
     "main: read: queued\n"
     "worker: callback: error 0, 64 bytes\n"
     "main: read: queued\n"
     "worker: callback: error 38, 0 bytes\n"
     "main: read: queued\n"
     "worker: callback: error 87, 0 bytes\n"
     "main: read: queued\n"
     "worker: callback: error 0, 64 bytes\n"
     "main: read: queued\n"
     "worker: callback: error 0, 64 bytes\n"
     "main: read: queued\n"
     "worker: callback: error 38, 0 bytes\n"
     "main: read: queued\n"
     "worker: callback: error 87, 0 bytes\n"
     "main: read: queued\n"
     "main: issued 8, completed 6, failed 2, bytes 256\n",
     .file = 1000)
{
    static const struct code codes[] = {
        {ERROR_IO_PENDING, 0, 64}, /* as documented */
        {0, 0, 64},
        {ERROR_HANDLE_EOF, 0xC0000011, 0},
        {ERROR_INVALID_PARAMETER, 0xC000000D, 0}};
    static const UCHAR modes[] = {0, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS};
    static char buffer[64];
    struct bound_file file;
    begin();
    read_hook = return_after_callback;
    for (int mode = 0; mode < 2; mode++) {
        open_named(&file, L"file", modes[mode]);
        for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
            struct request *request =
                overlapped_pack(on_completion_free, NULL, buffer, 64, 0);
            code = &codes[i];
            say_started("read", bound_file_read(&file, request));
        }
        close_file(&file);
    }
    end();
}

/* The first ReadFile returns an error when the request is already in flight
 * again, on another file. That error is not a result of the second use. */
CASE(a_readfile_that_returns_late_does_not_end_the_next_use,
     "worker: callback: error 38, 0 bytes\n"
     "main: read: queued\n"
     "main: issued 2, completed 1, live 1\n"
     "worker: callback: error 0, 6 bytes\n"
     "main: both uses: called twice, error 0, 6 bytes\n"
     "main: issued 2, completed 2, bytes 6\n",
     .file = 1000)
{
    struct bound_file file;
    struct io io;
    begin();
    open_file(&file);
    open_pipe(&next_pipe);
    pack(&io, 64, 0);
    io.request->callback = on_completion_read_on;
    code = &end_of_file;
    read_hook = return_after_callback;
    say_started("read", bound_file_read(&file, io.request));
    say_counters();
    feed(&next_pipe, "second");
    wait_idle();
    say_calls("both uses", &io);
    close_file(&file);
    close_pipe(&next_pipe);
    unpack(&io);
    end();
}

/* ReadFile reports the end, and the request is freed before the packet comes.
 */
CASE(a_packet_after_an_immediate_end_is_stray,
     "main: read: done, error 38, 0 bytes\n"
     "main: callback: not called\n"
     "main: issued 2, completed 2, stray 1\n",
     .file = 1000)
{
    struct bound_file file;
    struct io io;
    workers = 1;
    begin();
    open_file(&file);
    pack(&io, 64, 0);
    block_workers(1);
    code = &end_of_file;
    read_hook = fail_with_a_packet;
    say_started("read", bound_file_read(&file, io.request));
    unpack(&io);
    open_gate();
    wait_idle();
    say_calls("callback", &io);
    close_file(&file);
    end();
}

/* Each read of NUL is at its end. On some systems the call fails, and a packet
 * is queued, too. */
CASE(each_read_of_an_empty_device_completes_once,
     "main: 500 reads: reported 500 times, 0 wrong, error 38\n"
     "main: read_sync: 38, 0 bytes\n"
     "main: 501 issued, 501 completed\n")
{
    struct bound_file file;
    struct io io;
    LONG immediate = 0, wrong = 0;
    DWORD bytes;
    begin();
    open_named(&file, L"NUL", 0);
    pack(&io, 64, 0);
    for (LONG i = 1; i <= 500; i++) {
        must(overlapped_reset(io.request, 0), "reset");
        struct submission started = bound_file_read(&file, io.request);
        immediate += started.outcome != IO_QUEUED;
        wrong +=
            started.outcome != IO_QUEUED && started.error != ERROR_HANDLE_EOF;
        while (immediate + io.calls < i)
            SwitchToThread();
        wrong += immediate + io.calls != i;
    }
    say("500 reads: reported %ld times, %ld wrong, error %lu",
        immediate + io.calls, wrong,
        io.calls > 0 ? io.error : (DWORD)ERROR_HANDLE_EOF);
    DWORD error = bound_file_read_sync(&file, io.buffer, 64, 0, &bytes);
    say("read_sync: %lu, %lu bytes", error, bytes);
    wait_idle();
    close_file(&file);
    unpack(&io);
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    struct pool_counters counters = pool_counters(&pool);
    say("%llu issued, %llu completed", counters.issued, counters.completed);
}

/* Leaves a packet in the port, as the read of an empty device does under Wine
 * 8: the call fails and does not say so in the OVERLAPPED. */
static BOOL WINAPI fail_with_an_early_packet(HANDLE handle, void *buffer,
                                             DWORD length, DWORD *bytes,
                                             OVERLAPPED *overlapped)
{
    queue_packet(pool.port, key_of_files, overlapped, code->status, 0);
    return complete_now(handle, buffer, length, bytes, overlapped);
}

/* What such a read, and a later read of a pipe with the same request, need. */
struct early {
    struct bound_file file;
    struct pipe pipe;
    struct io io;
};

/* The packet waits until both reads are started. `fed`: the pipe has bytes, so
 * the second read has completed by then. */
static void read_twice(struct early *early, bool fed)
{
    workers = 1;
    begin();
    open_file(&early->file);
    open_pipe(&early->pipe);
    if (fed)
        feed(&early->pipe, "late");
    pack(&early->io, 64, 0);
    block_workers(1);
    code = &end_of_file;
    read_hook = fail_with_an_early_packet;
    say_started("read", bound_file_read(&early->file, early->io.request));
    read_hook = NULL;
    reset(&early->io, 0);
    say_started("pipe", bound_file_read(&early->pipe.file, early->io.request));
    open_gate();
}

static void end_both(struct early *early)
{
    wait_idle();
    say_calls("pipe", &early->io);
    close_file(&early->file);
    close_pipe(&early->pipe);
    unpack(&early->io);
    end();
}

/* A request whose read has failed reads a pipe next. The packet of the first
 * read comes while the second one is in flight: the kernel still owns the
 * buffer. */
CASE(a_stray_packet_does_not_end_a_later_read,
     "main: read: done, error 38, 0 bytes\n"
     "main: pipe: queued\n"
     "main: 1 stray, 1 live\n"
     "main: pipe: not called\n"
     "main: pipe: called once, error 0, 4 bytes\n"
     "main: issued 4, completed 4, bytes 4, stray 1\n",
     .file = 1000)
{
    struct early early;
    read_twice(&early, false);
    HANDLE done = new_event();
    must(pool_queue_work(&pool, set_event, done), "queue");
    wait_for(done);
    close_object(done);
    struct pool_counters counters = pool_counters(&pool);
    say("%llu stray, %llu live", counters.stray, counters.live);
    say_calls("pipe", &early.io);
    feed(&early.pipe, "late");
    end_both(&early);
}

/* The second read has completed when the packet of the first one comes. The
 * callback gets the result of the second one, and the other packet is stray. */
CASE(a_stray_packet_never_brings_a_wrong_result,
     "main: read: done, error 38, 0 bytes\n"
     "main: pipe: queued\n"
     "main: pipe: called once, error 0, 4 bytes\n"
     "main: issued 3, completed 3, bytes 4, stray 1\n",
     .file = 1000)
{
    struct early early;
    read_twice(&early, true);
    end_both(&early);
}

/* While a synchronous read is in flight, a packet with its address comes. */
static BOOL WINAPI read_with_a_packet(HANDLE handle, void *buffer, DWORD length,
                                      DWORD *bytes, OVERLAPPED *overlapped)
{
    BOOL ok = next.ReadFile(handle, buffer, length, bytes, overlapped);
    DWORD error = GetLastError();
    LONG before = locks;
    queue_packet(pool.port, key_of_files, overlapped, 0xC0000011, 0);
    while (locks == before)
        SwitchToThread();
    SetLastError(error);
    return ok;
}

CASE(a_packet_does_not_end_a_synchronous_read,
     "main: error 0, 64 bytes\n"
     "main: issued 1, completed 1, bytes 64, stray 1\n",
     .file = 1000)
{
    struct bound_file file;
    char buffer[64];
    DWORD bytes;
    begin();
    open_file(&file);
    read_hook = read_with_a_packet;
    DWORD error = bound_file_read_sync(&file, buffer, 64, 0, &bytes);
    say("error %lu, %lu bytes", error, bytes);
    close_file(&file);
    end();
}

int wmain(int argc, wchar_t **argv)
{
    return run_pool_case(argc, argv);
}
