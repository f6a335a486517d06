/*
 * stream_model FILE SEED STEPS [late]: does at random what one can do with a
 * stream, and the same with a model of the file in memory; what every call
 * returns must be what the model says. So for streams of every shape, each with
 * a file of its own, FILE-0 and so on; what the file must be like when it has
 * been closed is written to FILE-0.wanted.
 *
 * late: asynchronous reads and writes are held back and done later, by two
 * threads, in any order.
 *
 * Says how much was done, or what went wrong first. The same seed does the
 * same, but for the order of what is under way together.
 */
#include "../../final/file_stream.h"
#include "stream_probe.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

const wchar_t program[] = L"stream_model";

enum { MOST_TASKS = 5, CAPACITY = 24 << 20 };

/* ---- Chance ------------------------------------------------------------ */

static uint64_t state;

static uint64_t any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* 0 to count - 1 */
static size_t below(size_t count)
{
    return (size_t)(any() % count);
}

/* ---- The model --------------------------------------------------------- */

static struct {
    char *bytes;
    size_t length, position;
} model;

static void model_write(size_t offset, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (offset > model.length)
        memset(model.bytes + model.length, 0, offset - model.length);
    memcpy(model.bytes + offset, bytes, length);
    if (model.length < offset + length)
        model.length = offset + length;
}

static size_t model_rest(size_t offset, size_t length)
{
    size_t rest = offset < model.length ? model.length - offset : 0;
    return length < rest ? length : rest;
}

/* ---- The shape --------------------------------------------------------- */

static struct file_stream *stream;
static struct pool pool;
static unsigned shape, step;
static bool asynchronous;
static size_t buffer_size, most; /* most: the longest call */
static uint64_t done[8];         /* by kind of step */

/* Ends the program if the stream and the model differ. */
static void expect(bool same, const char *what, uint64_t got, uint64_t wanted)
{
    if (same)
        return;
    say("shape %u (%s, buffer %llu), step %u: %s: %llu, wanted %llu", shape,
        asynchronous ? "asynchronous" : "synchronous",
        (unsigned long long)buffer_size, step, what, got, wanted);
    exit(EXIT_FAILURE);
}

static void expect_equal(const char *what, uint64_t got, uint64_t wanted)
{
    expect(got == wanted, what, got, wanted);
}

/* Where the first differing byte is. */
static void expect_bytes(const char *what, const char *got, size_t offset,
                         size_t length)
{
    for (size_t i = 0; i < length; i++)
        expect(got[i] == model.bytes[offset + i], what, offset + i,
               (unsigned char)model.bytes[offset + i]);
}

/* Lengths near what matters: small ones, the buffer's, several buffers'. */
static size_t any_length(void)
{
    size_t length = 0;
    switch (below(4)) {
    case 0:
        length = below(17);
        break;
    case 1:
        length = buffer_size - 1 + below(3);
        break;
    case 2:
        length = below(2 * buffer_size + 2);
        break;
    default:
        length = below(most);
    }
    return length > most ? most : length; /* 0 - 1, too */
}

static void fill(char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)any();
}

/* ---- Synchronous steps ------------------------------------------------- */

static char *sync_buffer;

static void read_some(size_t length)
{
    size_t bytes = SIZE_MAX, rest = model_rest(model.position, length);
    DWORD error = file_stream_read(stream, sync_buffer, length, &bytes);
    expect_equal("read, error", error, ERROR_SUCCESS);
    expect(bytes <= rest && (bytes > 0 || rest == 0), "read, bytes", bytes,
           rest);
    expect_bytes("read, byte", sync_buffer, model.position, bytes);
    model.position += bytes;
}

static void write_some(size_t length)
{
    fill(sync_buffer, length);
    DWORD error = file_stream_write(stream, sync_buffer, length);
    expect_equal("write, error", error, ERROR_SUCCESS);
    model_write(model.position, sync_buffer, length);
    model.position += length;
}

/* The first `choices` of the three origins may be used. */
static void seek_from(unsigned choices, size_t offset)
{
    static const DWORD origins[] = {FILE_BEGIN, FILE_CURRENT, FILE_END};
    size_t from[] = {0, model.position, model.length};
    unsigned origin = (unsigned)below(choices);
    uint64_t at = UINT64_MAX;
    DWORD error = file_stream_seek(
        stream, (int64_t)offset - (int64_t)from[origin], origins[origin], &at);
    expect_equal("seek, error", error, ERROR_SUCCESS);
    expect_equal("seek", at, offset);
    model.position = offset;
}

static void seek_to(size_t offset)
{
    seek_from(3, offset);
}

static void seek_too_far_back(void)
{
    uint64_t at = UINT64_MAX;
    DWORD error = file_stream_seek(
        stream, -(int64_t)model.position - 1 - (int64_t)below(1000),
        FILE_CURRENT, &at);
    expect_equal("seek, error", error, ERROR_NEGATIVE_SEEK);
    expect_equal("seek", at, model.position);
}

static void set_length_to(size_t length)
{
    DWORD error = file_stream_set_length(stream, length);
    expect_equal("set length, error", error, ERROR_SUCCESS);
    if (length > model.length)
        memset(model.bytes + model.length, 0, length - model.length);
    model.length = length;
    if (model.position > length)
        model.position = length;
}

static void ask(void)
{
    uint64_t value = UINT64_MAX;
    expect_equal("position, error", file_stream_position(stream, &value), 0);
    expect_equal("position", value, model.position);
    expect_equal("length, error", file_stream_length(stream, &value), 0);
    expect_equal("length", value, model.length);
}

static void flush(void)
{
    DWORD error = below(4) == 0 ? file_stream_flush_to_disk(stream)
                                : file_stream_flush(stream);
    expect_equal("flush, error", error, ERROR_SUCCESS);
}

/* ---- Asynchronous steps ------------------------------------------------ */

static struct {
    struct file_task task;
    bool writes;
    size_t offset, length;
    char *buffer;
    DWORD error; /* what the callback was told */
    size_t bytes;
    LONG calls;
} calls[MOST_TASKS];

static HANDLE called; /* semaphore: one for each callback */

static void on_call(void *context, DWORD error, size_t bytes)
{
    unsigned index = (unsigned)(uintptr_t)context;
    calls[index].error = error;
    calls[index].bytes = bytes;
    calls[index].calls++;
    check(ReleaseSemaphore(called, 1, NULL), "release", L"semaphore");
}

/* Returns how many callbacks are to come. */
static unsigned start_call(unsigned index, bool writes, size_t offset,
                           size_t length)
{
    struct file_task *task = &calls[index].task;
    char *buffer = calls[index].buffer;
    calls[index].writes = writes;
    calls[index].offset = offset;
    calls[index].length = length;
    calls[index].calls = 0;
    task->callback = below(2) ? on_call : NULL;
    task->context = (void *)(uintptr_t)index; /* no pointer: just a number */
    if (writes)
        fill(buffer, length);
    struct submission started =
        writes ? file_stream_write_async(stream, buffer, length, task)
               : file_stream_read_async(stream, buffer, length, task);
    expect_equal("start, error", started.error, ERROR_SUCCESS);
    expect(started.outcome != IO_FAILED, "start, outcome", started.outcome, 0);
    return started.outcome == IO_QUEUED && task->callback != NULL;
}

/* Returns how many bytes it brought, or took. */
static size_t finish_call(unsigned index)
{
    size_t bytes = SIZE_MAX, length = calls[index].length;
    bool writes = calls[index].writes;
    DWORD error = file_task_wait(&calls[index].task, INFINITE, &bytes);
    expect_equal("wait, error", error, ERROR_SUCCESS);
    if (writes)
        model_write(calls[index].offset, calls[index].buffer, length);
    else
        length = model_rest(calls[index].offset, length);
    expect_equal(writes ? "write, bytes" : "read, bytes", bytes, length);
    if (!writes)
        expect_bytes("asynchronous read, byte", calls[index].buffer,
                     calls[index].offset, bytes);
    return bytes;
}

/* In a part of the file that nobody else is about to write to or read. */
static void do_something_else(size_t end)
{
    for (size_t i = below(3); i > 0; i--) {
        size_t offset = below(end), length = any_length();
        seek_from(2, offset); /* the end may move at any moment */
        if (length > end - offset)
            length = end - offset;
        if (below(2))
            read_some(length);
        else
            write_some(length);
        if (below(4) == 0)
            flush();
    }
}

/* Several calls at once. If some write, all of it lies within the file, or all
 * write: what a read brings must not depend on who comes first. */
static void start_several(void)
{
    unsigned count = 1 + (unsigned)below(MOST_TASKS), coming = 0;
    bool may_read = below(2), may_write = below(2) || !may_read;
    size_t begin = model.position, end = begin, moved = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t length = any_length();
        bool inside = begin <= model.length && length <= model.length - end;
        if (may_read && may_write && !inside)
            length = end <= model.length ? model.length - end : 0;
        bool writes = may_write && (!may_read || below(2));
        coming += start_call(i, writes, end, length);
        end += length;
    }
    bool reads_inside = !may_read || end <= model.length;
    size_t untouched = begin < model.length ? begin : model.length;
    model.position = end;
    bool elsewhere = reads_inside && untouched > 0 && below(2);
    if (elsewhere)
        do_something_else(untouched);
    for (unsigned i = 0; i < count; i++)
        moved += finish_call(i); /* the model is written in this order */
    for (unsigned i = 0; i < coming; i++)
        check(WaitForSingleObject(called, INFINITE) == WAIT_OBJECT_0,
              "wait for", L"callback");
    for (unsigned i = 0; i < count; i++) {
        expect(calls[i].calls <= 1, "callbacks", (uint64_t)calls[i].calls, 1);
        coming -= (unsigned)calls[i].calls;
    }
    expect_equal("callbacks that did not come", coming, 0);
    if (!elsewhere)
        model.position = begin + moved;
    ask();
}

/* ---- Late: calls that the system gets later ----------------------------- */

struct late {
    bool writes;
    HANDLE file;
    void *buffer;
    DWORD length;
    OVERLAPPED *overlapped;
};

static SRWLOCK late_lock = SRWLOCK_INIT;
static CONDITION_VARIABLE late_changed = CONDITION_VARIABLE_INIT;
static struct late late[64];
static unsigned late_count;
static bool late_over;

/* Its packet comes in any case, even if it was done at once. */
static void do_late(struct late *call)
{
    BOOL ok = call->writes ? next.write(call->file, call->buffer, call->length,
                                        NULL, call->overlapped)
                           : next.read(call->file, call->buffer, call->length,
                                       NULL, call->overlapped);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (error == ERROR_IO_PENDING)
        return;
    post_packet(pool.port, call->overlapped, error,
                ok ? (DWORD)call->overlapped->InternalHigh : 0);
}

static unsigned __stdcall be_late(void *unused)
{
    (void)unused;
    uint64_t chance = 88172645463325252ULL;
    AcquireSRWLockExclusive(&late_lock);
    for (;;) {
        while (late_count == 0 && !late_over)
            next.sleep(&late_changed, &late_lock, INFINITE, 0);
        if (late_count == 0)
            break;
        chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
        unsigned index = (unsigned)(chance >> 33) % late_count;
        struct late call = late[index];
        late[index] = late[--late_count];
        ReleaseSRWLockExclusive(&late_lock);
        do_late(&call);
        AcquireSRWLockExclusive(&late_lock);
    }
    ReleaseSRWLockExclusive(&late_lock);
    return 0;
}

static BOOL put_off(struct late call)
{
    AcquireSRWLockExclusive(&late_lock);
    check(late_count < sizeof late / sizeof *late, "hold back", L"call");
    late[late_count++] = call;
    ReleaseSRWLockExclusive(&late_lock);
    WakeConditionVariable(&late_changed);
    return fail(ERROR_IO_PENDING);
}

/* An event means that somebody waits at once. */
static BOOL WINAPI late_read(HANDLE file, void *buffer, DWORD length,
                             DWORD *bytes, OVERLAPPED *overlapped)
{
    if (!asynchronous || overlapped == NULL || overlapped->hEvent != NULL)
        return next.read(file, buffer, length, bytes, overlapped);
    return put_off((struct late){false, file, buffer, length, overlapped});
}

static BOOL WINAPI late_write(HANDLE file, const void *buffer, DWORD length,
                              DWORD *bytes, OVERLAPPED *overlapped)
{
    if (!asynchronous || overlapped == NULL || overlapped->hEvent != NULL)
        return next.write(file, buffer, length, bytes, overlapped);
    return put_off(
        (struct late){true, file, (void *)buffer, length, overlapped});
}

/* ---- All of it --------------------------------------------------------- */

static void take_step(void)
{
    size_t kind = below(8), beyond = model.length + below(buffer_size + 50);
    done[kind]++;
    switch (kind) {
    case 0:
        seek_to(below(beyond + 1));
        break;
    case 1:
    case 2:
        for (size_t i = below(4); i > 0; i--)
            read_some(any_length());
        break;
    case 3:
        for (size_t i = below(4); i > 0; i--)
            write_some(any_length());
        break;
    case 4:
        if (below(4) == 0)
            set_length_to(below(beyond + 1));
        else
            seek_to(below(model.length + 1));
        break;
    case 5:
        if (below(4) == 0)
            seek_too_far_back();
        else
            flush();
        break;
    default:
        start_several();
    }
    if (model.length > CAPACITY / 4)
        set_length_to(below(most + 1));
    ask();
}

static void write_wanted(const wchar_t *path)
{
    wchar_t name[300];
    DWORD written;
    _snwprintf(name, 300, L"%ls.wanted", path);
    HANDLE file =
        CreateFileW(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    check(file != INVALID_HANDLE_VALUE, "create", name);
    check(next.write(file, model.bytes, (DWORD)model.length, &written, NULL),
          "write", name);
    check(CloseHandle(file), "close", name);
}

static void try_shape(const wchar_t *path, unsigned steps, unsigned options)
{
    struct file_stream_options how = {.mode = FILE_MODE_CREATE,
                                      .access = FILE_ACCESS_READ_WRITE,
                                      .buffer_size = buffer_size,
                                      .options = options};
    asynchronous = options & FILE_OPTION_ASYNCHRONOUS;
    most = 3 * buffer_size + 300;
    model.length = model.position = 0;
    must(file_stream_open(&pool, path, &how, &stream), "open");
    for (step = 0; step < steps; step++)
        take_step();
    expect_equal("close, error", file_stream_close(stream), ERROR_SUCCESS);
    write_wanted(path);
}

static void try_shapes(const wchar_t *path, uint64_t seed, unsigned steps)
{
    static const size_t sizes[] = {0, 1, 7, 4096, 65536, 1 << 20};
    for (shape = 0; shape < 4 * sizeof sizes / sizeof *sizes; shape++) {
        wchar_t name[280];
        _snwprintf(name, 280, L"%ls-%u", path, shape);
        state = (seed + 1) * 0x9E3779B97F4A7C15ULL + shape;
        buffer_size = sizes[shape / 4];
        /* The largest are slow, and much is done with each byte. */
        try_shape(name, buffer_size == 1 << 20 ? steps / 8 : steps,
                  (shape & 1 ? FILE_OPTION_ASYNCHRONOUS : 0) |
                      (shape & 2 ? FILE_OPTION_SEQUENTIAL : 0));
    }
}

static char *allocate(size_t size)
{
    char *memory = malloc(size);
    check_error(memory ? 0 : ERROR_NOT_ENOUGH_MEMORY, "allocate", L"memory");
    return memory;
}

int wmain(int argc, wchar_t **argv)
{
    HANDLE threads[2];
    bool is_late = argc > 4 && wcscmp(argv[4], L"late") == 0;
    if (argc < 4)
        return 2;
    model.bytes = allocate(CAPACITY);
    sync_buffer = allocate(4 << 20);
    for (unsigned i = 0; i < MOST_TASKS; i++)
        calls[i].buffer = allocate(4 << 20);
    called = CreateSemaphoreW(NULL, 0, MAXLONG, NULL);
    check(called != NULL, "create", L"semaphore");
    put_layer(is_late ? (struct layer){.read = late_read, .write = late_write}
                      : (struct layer){0});
    for (unsigned i = 0; is_late && i < 2; i++)
        threads[i] = run_thread(be_late, NULL);
    must(pool_create(&pool, 3, 0), "create");
    try_shapes(argv[1], wcstoull(argv[2], NULL, 10),
               (unsigned)wcstoul(argv[3], NULL, 10));
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    AcquireSRWLockExclusive(&late_lock);
    late_over = true;
    ReleaseSRWLockExclusive(&late_lock);
    WakeAllConditionVariable(&late_changed);
    for (unsigned i = 0; is_late && i < 2; i++)
        join(threads[i]);
    for (unsigned i = 0; i < 8; i++)
        check_error(done[i] ? 0 : ERROR_INVALID_DATA, "reach", L"step");
    say("%u shapes agree", shape);
    return EXIT_SUCCESS;
}
