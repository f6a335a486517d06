/*
 * stream_model SEED STEPS [delayed]: makes random calls on a stream, and the
 * same calls on a model of the file in memory. Each call must return what the
 * model returns, and the closed file must have the bytes of the model. The
 * program does so for streams of many shapes. A shape is a buffer size and
 * options.
 *
 * With "delayed" two threads hand the asynchronous reads and writes to the
 * system later, and in any order.
 *
 * The same seed makes the same calls. Only the order in which calls in flight
 * complete can differ.
 */
#include "stream_held.h"

enum { MOST_TASKS = 5, CAPACITY = 24 << 20, LONGEST = 4 << 20 };

/* ---- Random numbers ---------------------------------------------------- */

static uint64_t state;

static uint64_t any(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* From 0 to count - 1. */
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

static unsigned shape, step;
static size_t buffer_size, most; /* most: the longest call */
static unsigned done[10];        /* how often each kind of step */

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

/* Names the first byte that differs. */
static void expect_bytes(const char *what, const char *got, size_t offset,
                         size_t length)
{
    for (size_t i = 0; i < length; i++)
        expect(got[i] == model.bytes[offset + i], what, offset + i,
               (unsigned char)model.bytes[offset + i]);
}

/* A small length, or one near the buffer's size, or some buffers. */
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
    return length > most ? most : length; /* most, if 0 - 1 wrapped around */
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

static void read_some_at(size_t offset, size_t length)
{
    size_t bytes = SIZE_MAX, rest = model_rest(offset, length);
    DWORD error =
        file_stream_read_at(stream, sync_buffer, length, offset, &bytes);
    expect_equal("read at, error", error, ERROR_SUCCESS);
    expect(bytes <= rest && (bytes > 0 || rest == 0), "read at, bytes", bytes,
           rest);
    expect_bytes("read at, byte", sync_buffer, offset, bytes);
}

static void write_some_at(size_t offset, size_t length)
{
    fill(sync_buffer, length);
    DWORD error = file_stream_write_at(stream, sync_buffer, length, offset);
    expect_equal("write at, error", error, ERROR_SUCCESS);
    model_write(offset, sync_buffer, length);
}

/* The first `choices` of the three origins may be used. */
static void move_from(unsigned choices, size_t offset)
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

static void move_to(size_t offset)
{
    move_from(3, offset);
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
    LONG callbacks;
    DWORD callback_error; /* what the callback got */
    size_t callback_bytes;
} calls[MOST_TASKS];

static HANDLE called; /* semaphore: counts the callbacks */

static void on_call(void *context, DWORD error, size_t bytes)
{
    unsigned index = (unsigned)(uintptr_t)context;
    calls[index].callbacks++;
    calls[index].callback_error = error;
    calls[index].callback_bytes = bytes;
    check(ReleaseSemaphore(called, 1, NULL), "release", L"semaphore");
}

static struct submission start_at_offset(unsigned index)
{
    struct file_task *task = &calls[index].task;
    char *buffer = calls[index].buffer;
    size_t length = calls[index].length, offset = calls[index].offset;
    if (calls[index].writes)
        return file_stream_write_at_async(stream, buffer, length, offset, task);
    return file_stream_read_at_async(stream, buffer, length, offset, task);
}

static struct submission start_at_position(unsigned index)
{
    struct file_task *task = &calls[index].task;
    char *buffer = calls[index].buffer;
    if (calls[index].writes)
        return file_stream_write_async(stream, buffer, calls[index].length,
                                       task);
    return file_stream_read_async(stream, buffer, calls[index].length, task);
}

/* at: the offset is no result of the position. Returns whether a callback will
 * come. */
static bool start_call(unsigned index, bool writes, bool at, size_t offset,
                       size_t length)
{
    struct file_task *task = &calls[index].task;
    calls[index].writes = writes;
    calls[index].offset = offset;
    calls[index].length = length;
    calls[index].callbacks = 0;
    task->callback = below(2) ? on_call : NULL;
    task->context = (void *)(uintptr_t)index; /* a number, no pointer */
    if (writes)
        fill(calls[index].buffer, length);
    struct submission started =
        at ? start_at_offset(index) : start_at_position(index);
    expect_equal("start, error", started.error, ERROR_SUCCESS);
    expect(started.outcome != IO_FAILED, "start, outcome", started.outcome, 0);
    return started.outcome == IO_QUEUED && task->callback != NULL;
}

/* Returns how many bytes the call has read or written. */
static size_t finish_call(unsigned index)
{
    size_t bytes = SIZE_MAX, offset = calls[index].offset;
    size_t length = calls[index].length;
    DWORD error = file_task_wait(&calls[index].task, INFINITE, &bytes);
    expect_equal("wait, error", error, ERROR_SUCCESS);
    if (calls[index].writes) {
        model_write(offset, calls[index].buffer, length);
        expect_equal("write, bytes", bytes, length);
    } else {
        expect_equal("read, bytes", bytes, model_rest(offset, length));
        expect_bytes("asynchronous read, byte", calls[index].buffer, offset,
                     bytes);
    }
    return bytes;
}

/* Before `end`, where no call in flight reads or writes. */
static void call_synchronously(size_t end)
{
    for (size_t i = below(3); i > 0; i--) {
        size_t offset = below(end), length = any_length();
        move_from(2, offset); /* not from the end: it may move at any moment */
        if (length > end - offset)
            length = end - offset;
        if (below(2))
            read_some(length);
        else
            write_some(length);
        if (below(4) == 0)
            flush();
        if (below(4) == 0)
            read_some_at(offset, length);
        else if (below(4) == 0)
            write_some_at(offset, length);
    }
}

static void flush_later(void)
{
    struct file_task flushing = {0};
    size_t bytes = SIZE_MAX;
    struct submission started = file_stream_flush_async(stream, &flushing);
    expect(started.outcome != IO_FAILED, "flush, outcome", started.outcome, 0);
    expect_equal("flush, error", file_task_wait(&flushing, INFINITE, &bytes),
                 ERROR_SUCCESS);
    expect_equal("flush, bytes", bytes, 0);
}

static void wait_for_callbacks(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        wait_for(called);
}

/* Checks what each callback got. */
static void check_callbacks(unsigned count, unsigned expected)
{
    unsigned came = 0;
    wait_for_callbacks(expected);
    for (unsigned i = 0; i < count; i++) {
        if (calls[i].callbacks == 0)
            continue;
        came++;
        expect_equal("callbacks", (uint64_t)calls[i].callbacks, 1);
        expect_equal("callback, error", calls[i].callback_error, 0);
        expect_equal("callback, bytes", calls[i].callback_bytes,
                     calls[i].length);
    }
    expect_equal("calls with a callback", came, expected);
}

/* Starts several calls concurrently. The result of a read must not depend on
 * which call completes first: so if some calls read and others write, all of
 * them stay within the file. */
static void start_several(void)
{
    enum { READS, MIXED, WRITES };
    const size_t kind = below(4); /* WRITES or more: only writes */
    const unsigned count = 1 + (unsigned)below(MOST_TASKS);
    const bool at = below(4) == 0; /* the position does not move */
    const size_t begin = model.position;
    size_t end = begin, moved = 0;
    unsigned expected = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t length = any_length();
        size_t rest = end < model.length ? model.length - end : 0;
        if (kind == MIXED && length > rest)
            length = rest;
        bool writes = kind >= WRITES || (kind == MIXED && below(2));
        expected += start_call(i, writes, at, end, length);
        end += length;
    }
    if (!at)
        model.position = end;
    /* A synchronous call is possible before `begin`, if no read is short and
     * moves the position back. */
    bool none_is_short = at || kind >= WRITES || end <= model.length;
    size_t untouched = begin < model.length ? begin : model.length;
    bool calls_meanwhile = none_is_short && untouched > 0 && below(2);
    if (calls_meanwhile)
        call_synchronously(untouched);
    if (below(8) == 0)
        flush_later();
    for (unsigned i = 0; i < count; i++) {
        size_t bytes = finish_call(i); /* changes the model in this order */
        moved += bytes;
        calls[i].length = bytes;
    }
    check_callbacks(count, expected);
    if (!calls_meanwhile && !at)
        model.position = begin + moved;
    ask();
}

/* ---- Delayed calls ----------------------------------------------------- */

static bool delayed; /* the third argument: asynchronous calls are held */
static bool no_more; /* guarded by held_lock */

/* Submits the held calls in any order, until there will be no more. */
static unsigned __stdcall submit_held_calls(void *unused)
{
    uint64_t chance = 88172645463325252ULL;
    (void)unused;
    AcquireSRWLockExclusive(&held_lock);
    while (held_count > 0 || !no_more) {
        if (held_count == 0) {
            wait_for_change();
            continue;
        }
        chance = chance * 6364136223846793005ULL + 1442695040888963407ULL;
        unsigned index = (unsigned)(chance >> 33) % held_count;
        struct held call = held[index];
        held[index] = held[--held_count];
        ReleaseSRWLockExclusive(&held_lock);
        submit(&call);
        AcquireSRWLockExclusive(&held_lock);
    }
    ReleaseSRWLockExclusive(&held_lock);
    return 0;
}

static void stop_submitting(void)
{
    AcquireSRWLockExclusive(&held_lock);
    no_more = true;
    ReleaseSRWLockExclusive(&held_lock);
    WakeAllConditionVariable(&held_changed);
}

/* ---- All of it --------------------------------------------------------- */

static void call_at(size_t beyond)
{
    read_some_at(below(beyond + 1), any_length());
    write_some_at(below(beyond + 1), any_length());
}

static void repeat(void (*call)(size_t length))
{
    for (size_t i = below(4); i > 0; i--)
        call(any_length());
}

static void take_step(void)
{
    size_t kind = below(10), beyond = model.length + below(buffer_size + 50);
    done[kind]++;
    switch (kind) {
    case 0:
        move_to(below(beyond + 1));
        break;
    case 1:
    case 2:
        repeat(read_some);
        break;
    case 3:
        repeat(write_some);
        break;
    case 4:
        if (below(4) == 0)
            set_length_to(below(beyond + 1));
        else
            move_to(below(model.length + 1));
        break;
    case 5:
        below(4) == 0 ? seek_too_far_back() : flush();
        break;
    case 6:
        call_at(beyond);
        break;
    case 7:
        flush_later();
        break;
    default:
        start_several();
    }
    if (model.length > CAPACITY / 4)
        set_length_to(below(most + 1));
    ask();
}

static void compare_file(const wchar_t *path)
{
    LARGE_INTEGER size;
    DWORD count;
    HANDLE file =
        CreateFileW(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    check(file != INVALID_HANDLE_VALUE, "open", path);
    check(GetFileSizeEx(file, &size), "get the size of", path);
    expect_equal("file, length", (uint64_t)size.QuadPart, model.length);
    for (size_t offset = 0; offset < model.length; offset += count) {
        check(next.ReadFile(file, sync_buffer, LONGEST, &count, NULL), "read",
              path);
        expect(count > 0, "file, bytes", offset, model.length);
        expect_bytes("file, byte", sync_buffer, offset, count);
    }
    close_object(file);
}

static void open_model(const wchar_t *path, unsigned options)
{
    struct file_stream_options how = {.mode = FILE_MODE_CREATE,
                                      .access = FILE_ACCESS_READ_WRITE,
                                      .buffer_size = buffer_size,
                                      .options = options};
    if (below(2)) {
        must(file_stream_open(&pool, path, &how, &stream), "open");
        return;
    }
    HANDLE handle =
        CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                    asynchronous ? FILE_FLAG_OVERLAPPED : 0, NULL);
    check(handle != INVALID_HANDLE_VALUE, "create", path);
    must(file_stream_from_handle(&pool, handle, &how, &stream), "open");
}

static void on_closed(void *context, DWORD error, size_t bytes)
{
    expect_equal("close, error", error + bytes, ERROR_SUCCESS);
    set(context);
}

/* Half of the streams close while a call runs, and without waiting. */
static void close_model(void)
{
    HANDLE closed = new_event();
    struct file_task last = {0};
    if (below(2)) {
        file_stream_read_at_async(stream, sync_buffer, 1, 0, &last);
        file_stream_close_async(stream, on_closed, closed);
        wait_for(closed);
        file_task_wait(&last, INFINITE, NULL);
    } else {
        expect_equal("close, error", file_stream_close(stream), ERROR_SUCCESS);
    }
    close_object(closed);
}

static void try_shape(unsigned steps, unsigned options)
{
    wchar_t path[20];
    swprintf(path, 20, L"model-%u", shape);
    asynchronous = options & FILE_OPTION_ASYNCHRONOUS;
    holding = delayed && asynchronous;
    most = 3 * buffer_size + 300;
    model.length = model.position = 0;
    open_model(path, options);
    for (step = 0; step < steps; step++)
        take_step();
    close_model();
    compare_file(path);
}

static void try_shapes(uint64_t seed, unsigned steps)
{
    static const size_t sizes[] = {0, 1, 7, 4096, 65536, 1 << 20};
    static const unsigned options[] = {
        0, FILE_OPTION_ASYNCHRONOUS, FILE_OPTION_SEQUENTIAL,
        FILE_OPTION_ASYNCHRONOUS | FILE_OPTION_SEQUENTIAL};
    for (shape = 0; shape < 4 * sizeof sizes / sizeof *sizes; shape++) {
        state = (seed + 1) * 0x9E3779B97F4A7C15ULL + shape;
        buffer_size = sizes[shape / 4];
        /* Steps with the largest buffer are slow. */
        try_shape(buffer_size == 1 << 20 ? steps / 8 : steps,
                  options[shape % 4]);
    }
}

static char *allocate(size_t size)
{
    char *memory = malloc(size);
    check_error(memory != NULL ? 0 : ERROR_NOT_ENOUGH_MEMORY, "allocate",
                L"memory");
    return memory;
}

int wmain(int argc, wchar_t **argv)
{
    enum { THREADS = 2 };
    HANDLE threads[THREADS];
    if (argc < 3)
        return 2;
    delayed = argc > 3;
    model.bytes = allocate(CAPACITY);
    sync_buffer = allocate(LONGEST);
    for (unsigned i = 0; i < MOST_TASKS; i++)
        calls[i].buffer = allocate(LONGEST);
    called = CreateSemaphoreW(NULL, 0, MAXLONG, NULL);
    check(called != NULL, "create", L"semaphore");
    put_layer((struct layer){.ReadFile = held_read, .WriteFile = held_write});
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] = run_thread(submit_held_calls, NULL);
    must(pool_create(&pool, 3, 0), "create");
    try_shapes(wcstoull(argv[1], NULL, 10),
               (unsigned)wcstoul(argv[2], NULL, 10));
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    stop_submitting();
    for (unsigned i = 0; i < THREADS; i++)
        join(threads[i]);
    for (unsigned i = 0; i < sizeof done / sizeof *done; i++)
        check_error(done[i] > 0 ? 0 : ERROR_INVALID_DATA, "reach", L"step");
    say("%u shapes agree", shape);
    return EXIT_SUCCESS;
}
