/*
 * stream_cases: what file_stream does in many cases, one line for each. The
 * cases, their order and their lines are those of the program in C#: Cases.cs
 * and StreamCases.cs in bench/dotnet/steps. Each case begins with a new file in
 * the directory for temporary files.
 */
#include "../../final/file_stream.h"
#include "../../final/programs/report.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

const wchar_t program[] = L"stream_cases";

/* What the others of a case may do. */
static const DWORD all = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

static struct pool pool;
static wchar_t path[MAX_PATH + 32];
static bool asynchronous;          /* the streams of a case */
static size_t buffer_size;         /* theirs */
static struct file_stream *stream; /* the stream of a case */

static void must(DWORD error, const char *tried)
{
    check_error(error, tried, path);
}

/* ---- The line of a case ------------------------------------------------- */

static char line[200];

__attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2))) static void add(
    const char *format, ...)
{
    size_t length = strlen(line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - length, format, arguments);
    va_end(arguments);
}

/* Adds the result of a call. The program in C# has these words for exceptions.
 */
static void add_result(DWORD error)
{
    switch (error) {
    case ERROR_SUCCESS:
        add("done");
        break;
    case ERROR_INVALID_PARAMETER:
        add("refused");
        break;
    case ERROR_OPERATION_ABORTED:
        add("cancelled");
        break;
    case ERROR_SEEK_ON_DEVICE:
        add("not supported");
        break;
    default:
        add("error %lu", error);
    }
}

/* The same for a call on a stream that was not opened for such calls. */
static void add_result_without_access(DWORD error)
{
    if (error == ERROR_ACCESS_DENIED)
        add("not supported");
    else
        add_result(error);
}

/* ---- Streams ------------------------------------------------------------ */

static DWORD open_as(enum file_mode mode, enum file_access access, DWORD share,
                     unsigned more, struct file_stream **opened)
{
    struct file_stream_options options = {
        .mode = mode,
        .access = access,
        .share = share,
        .buffer_size = buffer_size,
        .options = more | (asynchronous ? FILE_OPTION_ASYNCHRONOUS : 0)};
    return file_stream_open(&pool, path, &options, opened);
}

static void open_to(enum file_access access)
{
    must(open_as(FILE_MODE_OPEN, access, all, 0, &stream), "open");
}

static void open_both(void)
{
    open_to(FILE_ACCESS_READ_WRITE);
}

static void close_stream(void)
{
    must(file_stream_close(stream), "close");
}

static DWORD read_into(struct file_stream *from, char *bytes, size_t most,
                       size_t *count)
{
    struct file_task task = {0};
    if (!asynchronous)
        return file_stream_read(from, bytes, most, count);
    file_stream_read_async(from, bytes, most, &task);
    return file_task_wait(&task, INFINITE, count);
}

static DWORD write_text(struct file_stream *to, const char *text)
{
    struct file_task task = {0};
    if (!asynchronous)
        return file_stream_write(to, text, strlen(text));
    file_stream_write_async(to, text, strlen(text), &task);
    return file_task_wait(&task, INFINITE, NULL);
}

static DWORD write_ab(void)
{
    return write_text(stream, "ab");
}

static DWORD flush(struct file_stream *flushed)
{
    struct file_task task = {0};
    if (!asynchronous)
        return file_stream_flush(flushed);
    file_stream_flush_async(flushed, &task);
    return file_task_wait(&task, INFINITE, NULL);
}

/* Adds the bytes of one read, or its error. */
static void add_read(struct file_stream *from, size_t most)
{
    char bytes[64];
    size_t count;
    DWORD error = read_into(from, bytes, most, &count);
    if (error == ERROR_SUCCESS)
        add("%.*s", (int)count, bytes);
    else
        add_result_without_access(error);
}

static void add_position(void)
{
    uint64_t position;
    must(file_stream_position(stream, &position), "ask for the position");
    add("position %llu", position);
}

/* Adds what is in the file; a dot for each zero. */
static void add_content(void)
{
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    struct file_stream *reader;
    char bytes[64];
    size_t count;
    options.share = all;
    options.buffer_size = 0;
    must(file_stream_open(&pool, path, &options, &reader), "open");
    must(file_stream_read(reader, bytes, sizeof bytes, &count), "read");
    must(file_stream_close(reader), "close");
    for (size_t i = 0; i < count; i++)
        add("%c", bytes[i] == '\0' ? '.' : bytes[i]);
}

/* ---- Opening ------------------------------------------------------------ */

static const struct {
    enum file_mode mode;
    const char *name;
} modes[] = {
    {FILE_MODE_CREATE_NEW, "CreateNew"},
    {FILE_MODE_CREATE, "Create"},
    {FILE_MODE_OPEN, "Open"},
    {FILE_MODE_OPEN_OR_CREATE, "OpenOrCreate"},
    {FILE_MODE_TRUNCATE, "Truncate"},
    {FILE_MODE_APPEND, "Append"},
};

static const struct {
    enum file_access access;
    const char *name;
} accesses[] = {
    {FILE_ACCESS_READ, "Read"},
    {FILE_ACCESS_WRITE, "Write"},
    {FILE_ACCESS_READ_WRITE, "ReadWrite"},
};

static const struct {
    DWORD share;
    const char *name;
} shares[] = {
    {0, "None"},
    {FILE_SHARE_READ, "Read"},
    {FILE_SHARE_WRITE, "Write"},
    {FILE_SHARE_READ | FILE_SHARE_WRITE, "ReadWrite"},
    {FILE_SHARE_DELETE, "Delete"},
};

enum {
    MODES = sizeof modes / sizeof modes[0],
    ACCESSES = sizeof accesses / sizeof accesses[0],
    SHARES = sizeof shares / sizeof shares[0],
};

/* Creates the file, and begins the line of a case. */
static void begin(const char *kind, const char *name)
{
    static const char content[] = "0123456789";
    DWORD written;
    HANDLE file =
        CreateFileW(path, GENERIC_WRITE, all, NULL, CREATE_ALWAYS, 0, NULL);
    check(file != INVALID_HANDLE_VALUE, "create", path);
    check(WriteFile(file, content, sizeof content - 1, &written, NULL), "write",
          path);
    check(CloseHandle(file), "close", path);
    line[0] = '\0';
    add("%s%s: ", kind, name);
}

static void end(void)
{
    say("%s", line);
    DeleteFileW(path); /* the case may have done it */
}

static void add_opened(enum file_mode mode, enum file_access access)
{
    uint64_t length;
    DWORD error = open_as(mode, access, all, 0, &stream);
    if (error != ERROR_SUCCESS) {
        add_result(error);
        return;
    }
    must(file_stream_length(stream, &length), "ask for the length");
    add("length %llu, ", length);
    add_position();
    close_stream();
}

static void show_modes(void)
{
    char name[40];
    for (size_t i = 0; i < MODES; i++)
        for (size_t j = 0; j < ACCESSES; j++) {
            snprintf(name, sizeof name, "%s, %s", modes[i].name,
                     accesses[j].name);
            begin(name, ", a file");
            add_opened(modes[i].mode, accesses[j].access);
            end();
            begin(name, ", no file");
            check(DeleteFileW(path), "delete", path);
            add_opened(modes[i].mode, accesses[j].access);
            end();
        }
}

static void add_second_open(const char *name, enum file_access access)
{
    struct file_stream *second;
    DWORD error = open_as(FILE_MODE_OPEN, access, all, 0, &second);
    if (error == ERROR_SUCCESS)
        must(file_stream_close(second), "close");
    add("%s ", name);
    add_result(error);
}

static void show_share(const char *kind, enum file_access access, size_t share)
{
    begin(kind, shares[share].name);
    must(open_as(FILE_MODE_OPEN, access, shares[share].share, 0, &stream),
         "open");
    add_second_open("read", FILE_ACCESS_READ);
    add_second_open(", write", FILE_ACCESS_WRITE);
    add(", delete ");
    add_result(DeleteFileW(path) ? ERROR_SUCCESS : GetLastError());
    close_stream();
    end();
}

static void show_buffer_sizes(void)
{
    static const struct {
        size_t size;
        const char *name;
    } sizes[] = {{SIZE_MAX, "-1"}, {0, "0"}, {1, "1"}, {4096, "4096"}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        begin("a buffer of ", sizes[i].name);
        buffer_size = sizes[i].size;
        DWORD error =
            open_as(FILE_MODE_OPEN, FILE_ACCESS_READ, all, 0, &stream);
        if (error == ERROR_SUCCESS) {
            add_read(stream, 4);
            close_stream();
        } else {
            add_result(error);
        }
        end();
    }
}

/* ---- One stream --------------------------------------------------------- */

static void add_quoted_read(size_t most)
{
    add("'");
    add_read(stream, most);
    add("'");
}

static void read_in_pieces(void)
{
    open_both();
    add_quoted_read(3);
    for (int i = 0; i < 3; i++) {
        add(" ");
        add_quoted_read(5);
    }
    add(", ");
    add_position();
    close_stream();
}

static void read_then_write(void)
{
    open_both();
    add("'");
    add_read(stream, 3);
    must(write_ab(), "write");
    add(",");
    add_read(stream, 2);
    add("', ");
    add_position();
    close_stream();
}

static void write_then_read(void)
{
    open_both();
    must(write_text(stream, "abc"), "write");
    add_quoted_read(2);
    must(file_stream_seek(stream, 0, FILE_BEGIN, NULL), "seek");
    add(" ");
    add_quoted_read(5);
    close_stream();
}

static void write_seek_read(void)
{
    open_both();
    must(write_text(stream, "abc"), "write");
    must(file_stream_seek(stream, 1, FILE_BEGIN, NULL), "seek");
    add_quoted_read(3);
    add(", ");
    add_position();
    close_stream();
}

static void close_and_add_content(void)
{
    close_stream();
    add(", then '");
    add_content();
    add("'");
}

static void read_seek_write_read(void)
{
    open_both();
    add("'");
    add_read(stream, 2);
    must(file_stream_seek(stream, 4, FILE_CURRENT, NULL), "seek");
    must(write_text(stream, "x"), "write");
    add(",");
    add_read(stream, 2);
    add("'");
    close_and_add_content();
}

static void read_and_write_single_bytes(void)
{
    open_both();
    add("'");
    for (int i = 0; i < 3; i++) {
        add_read(stream, 1);
        must(write_text(stream, "x"), "write");
    }
    add("'");
    close_and_add_content();
}

static void write_at_the_end(void)
{
    uint64_t length;
    open_both();
    must(file_stream_seek(stream, 0, FILE_END, NULL), "seek");
    must(write_ab(), "write");
    must(file_stream_length(stream, &length), "ask for the length");
    add("length %llu, ", length);
    add_position();
    close_stream();
}

/* Adds the result of a change, and what is in the file after the close. */
static void add_change(DWORD (*change)(void))
{
    open_both();
    add_result(change());
    close_and_add_content();
}

static DWORD only_seek(void)
{
    return file_stream_seek(stream, 3, FILE_END, NULL);
}

static void seek_after_the_end(void)
{
    add_change(only_seek);
}

static DWORD seek_and_write(void)
{
    DWORD error = file_stream_seek(stream, 3, FILE_END, NULL);
    return error == ERROR_SUCCESS ? write_ab() : error;
}

static void seek_after_the_end_and_write(void)
{
    add_change(seek_and_write);
}

static DWORD read_and_seek(void)
{
    char bytes[3];
    size_t count;
    DWORD error = read_into(stream, bytes, sizeof bytes, &count);
    return error == ERROR_SUCCESS
               ? file_stream_seek(stream, -4, FILE_CURRENT, NULL)
               : error;
}

static void seek_before_the_start(void)
{
    add_change(read_and_seek);
}

static void shorten(void)
{
    char bytes[8];
    size_t count;
    open_both();
    must(read_into(stream, bytes, sizeof bytes, &count), "read");
    must(file_stream_set_length(stream, 5), "shorten");
    add_position();
    add(", read ");
    add_quoted_read(4);
    add(", then '");
    add_content();
    add("'");
    close_stream();
}

static DWORD write_and_shorten(void)
{
    DWORD error = write_text(stream, "abcdef");
    if (error == ERROR_SUCCESS)
        error = file_stream_set_length(stream, 4);
    return error == ERROR_SUCCESS ? write_text(stream, "x") : error;
}

static void shorten_what_is_written(void)
{
    add_change(write_and_shorten);
}

static DWORD set_length_13(void)
{
    return file_stream_set_length(stream, 13);
}

static void lengthen(void)
{
    add_change(set_length_13);
}

static void set_length_to_read(void)
{
    open_to(FILE_ACCESS_READ);
    add_result_without_access(file_stream_set_length(stream, 3));
    close_stream();
}

static void append(void)
{
    must(open_as(FILE_MODE_APPEND, FILE_ACCESS_WRITE, all, 0, &stream), "open");
    must(write_ab(), "write");
    add("seek ");
    add_result(file_stream_seek(stream, 5, FILE_BEGIN, NULL));
    add(", set length ");
    add_result(file_stream_set_length(stream, 3));
    must(write_text(stream, "c"), "write");
    close_and_add_content();
}

static void wrong_access(void)
{
    open_to(FILE_ACCESS_READ);
    add("write ");
    add_result_without_access(write_text(stream, "a"));
    close_stream();
    open_to(FILE_ACCESS_WRITE);
    add(", read ");
    add_read(stream, 1);
    close_stream();
}

static void no_bytes(void)
{
    open_both();
    must(write_text(stream, ""), "write");
    add_quoted_read(0);
    add(" ");
    add_quoted_read(2);
    close_stream();
}

/* In C the stream does not exist any more. */
static void after_the_close(void)
{
    open_both();
    close_stream();
    add("the stream is freed");
}

static void close_without_a_flush(void)
{
    add_change(write_ab);
}

/* The system refuses the write: the handle is only for reading. */
static void failing_flush(void)
{
    struct file_stream_options options = {
        .access = FILE_ACCESS_WRITE,
        .buffer_size = buffer_size,
        .options = asynchronous ? FILE_OPTION_ASYNCHRONOUS : 0};
    HANDLE handle = CreateFileW(path, GENERIC_READ, all, NULL, OPEN_EXISTING,
                                asynchronous ? FILE_FLAG_OVERLAPPED : 0, NULL);
    check(handle != INVALID_HANDLE_VALUE, "open", path);
    must(file_stream_from_handle(&pool, handle, &options, &stream), "open");
    add("write ");
    add_result(write_ab());
    add(", flush ");
    add_result(flush(stream));
    add(", close ");
    add_result(file_stream_close(stream));
    add(", then '");
    add_content();
    add("'");
}

static void delete_on_close(void)
{
    must(open_as(FILE_MODE_OPEN, FILE_ACCESS_READ_WRITE, all,
                 FILE_OPTION_DELETE_ON_CLOSE, &stream),
         "open");
    must(write_ab(), "write");
    close_stream();
    add(GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES ? "deleted"
                                                            : "still there");
}

/* ---- Two streams -------------------------------------------------------- */

static void seen_by_another(void)
{
    open_both();
    must(write_ab(), "write");
    add("before the flush '");
    add_content();
    must(flush(stream), "flush");
    add("', after it '");
    add_content();
    add("'");
    close_stream();
}

static struct file_stream *open_another(enum file_mode mode,
                                        enum file_access access)
{
    struct file_stream *other;
    must(open_as(mode, access, all, 0, &other), "open");
    return other;
}

static void changed_by_another(void)
{
    open_both();
    struct file_stream *other =
        open_another(FILE_MODE_OPEN, FILE_ACCESS_READ_WRITE);
    add_quoted_read(2);
    must(write_text(other, "abcd"), "write");
    must(flush(other), "flush");
    add(" ");
    add_quoted_read(2);
    must(file_stream_close(other), "close");
    close_stream();
}

static void read_again(bool flushes)
{
    open_both();
    struct file_stream *other =
        open_another(FILE_MODE_OPEN, FILE_ACCESS_READ_WRITE);
    add_quoted_read(2);
    must(write_text(other, "abcd"), "write");
    must(file_stream_close(other), "close");
    if (flushes)
        must(flush(stream), "flush");
    must(file_stream_seek(stream, 0, FILE_BEGIN, NULL), "seek");
    add(" ");
    add_quoted_read(2);
    close_stream();
}

static void seek_back_after_a_change(void)
{
    read_again(false);
}

static void flush_after_a_change(void)
{
    read_again(true);
}

static void large_write(void)
{
    open_both();
    must(write_ab(), "write");
    must(write_text(stream, "letters"), "write");
    add("'");
    add_content();
    add("'");
    close_stream();
}

static void append_twice(void)
{
    struct file_stream *one = open_another(FILE_MODE_APPEND, FILE_ACCESS_WRITE);
    struct file_stream *two = open_another(FILE_MODE_APPEND, FILE_ACCESS_WRITE);
    must(write_text(one, "abcd"), "write");
    must(flush(one), "flush");
    must(write_text(two, "x"), "write");
    must(file_stream_close(two), "close");
    must(file_stream_close(one), "close");
    add("'");
    add_content();
    add("'");
}

static void lock(void)
{
    open_both();
    struct file_stream *other =
        open_another(FILE_MODE_OPEN, FILE_ACCESS_READ_WRITE);
    add("lock ");
    add_result(file_stream_lock(stream, 0, 4));
    add(", the other's ");
    add_result(file_stream_lock(other, 3, 4));
    add(", unlock ");
    add_result(file_stream_unlock(stream, 0, 4));
    add(", the other's ");
    add_result(file_stream_lock(other, 3, 4));
    add(", unlock ");
    add_result(file_stream_unlock(stream, 0, 4));
    must(file_stream_close(other), "close");
    close_stream();
}

static void growing_file(void)
{
    uint64_t length;
    open_to(FILE_ACCESS_READ);
    add("'");
    add_read(stream, 16);
    add(",");
    add_read(stream, 16);
    struct file_stream *other =
        open_another(FILE_MODE_APPEND, FILE_ACCESS_WRITE);
    must(write_text(other, "abc"), "write");
    must(file_stream_close(other), "close");
    add(",");
    add_read(stream, 16);
    must(file_stream_length(stream, &length), "ask for the length");
    add("', length %llu", length);
    close_stream();
}

/* ---- Several calls at the same time ------------------------------------- */

static void concurrent_reads(void)
{
    enum { READS = 5 };
    struct file_task tasks[READS] = {0};
    char bytes[READS][2];
    size_t count;
    open_both();
    for (size_t i = 0; i < READS; i++)
        file_stream_read_async(stream, bytes[i], 2, &tasks[i]);
    for (size_t i = 0; i < READS; i++) {
        must(file_task_wait(&tasks[i], INFINITE, &count), "read");
        add("%s%.*s", i == 0 ? "'" : ",", (int)count, bytes[i]);
    }
    add("', ");
    add_position();
    close_stream();
}

static DWORD write_concurrently(void)
{
    static const char *const texts[] = {"aa", "bb", "cc", "dd"};
    enum { WRITES = sizeof texts / sizeof texts[0] };
    struct file_task tasks[WRITES] = {0};
    for (size_t i = 0; i < WRITES; i++)
        file_stream_write_async(stream, texts[i], 2, &tasks[i]);
    for (size_t i = 0; i < WRITES; i++)
        must(file_task_wait(&tasks[i], INFINITE, NULL), "write");
    return ERROR_SUCCESS;
}

static void concurrent_writes(void)
{
    add_change(write_concurrently);
}

static void concurrent_reads_and_writes(void)
{
    enum { CALLS = 3 };
    struct file_task tasks[CALLS] = {0};
    char first[3], last[2];
    open_both();
    file_stream_read_async(stream, first, sizeof first, &tasks[0]);
    file_stream_write_async(stream, "ab", 2, &tasks[1]);
    file_stream_read_async(stream, last, sizeof last, &tasks[2]);
    for (size_t i = 0; i < CALLS; i++)
        must(file_task_wait(&tasks[i], INFINITE, NULL), "read and write");
    add("'%.3s,%.2s'", first, last);
    close_and_add_content();
}

/* ---- Cancellation and pipes --------------------------------------------- */

/* A task that does not run yet cannot be cancelled, and .NET's token can. */
static void cancelled_before(void)
{
    struct file_task task = {0};
    char bytes[2];
    size_t count;
    open_both();
    file_task_cancel(&task);
    file_stream_read_async(stream, bytes, 2, &task);
    must(file_task_wait(&task, INFINITE, &count), "read");
    add("read %zu, write ", count);
    file_task_cancel(&task);
    file_stream_write_async(stream, bytes, 2, &task);
    add_result(file_task_wait(&task, INFINITE, NULL));
    add(", ");
    add_position();
    close_stream();
}

/* Connects the stream to a pipe. Returns the other end. */
static HANDLE open_pipe(void)
{
    wchar_t name[64];
    struct file_stream_options options = {
        .access = FILE_ACCESS_READ_WRITE,
        .buffer_size = buffer_size,
        .options = asynchronous ? FILE_OPTION_ASYNCHRONOUS : 0};
    swprintf(name, 64, L"\\\\.\\pipe\\stream-cases-%lu", GetCurrentProcessId());
    HANDLE server = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE,
                                     1, 4096, 4096, 0, NULL);
    check(server != INVALID_HANDLE_VALUE, "create", name);
    HANDLE client =
        CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                    asynchronous ? FILE_FLAG_OVERLAPPED : 0, NULL);
    check(client != INVALID_HANDLE_VALUE, "open", name);
    check_error(file_stream_from_handle(&pool, client, &options, &stream),
                "open", name);
    return server;
}

static void a_pipe(void)
{
    uint64_t unused;
    DWORD written;
    HANDLE server = open_pipe();
    check(WriteFile(server, "abc", 3, &written, NULL), "write to", L"pipe");
    DWORD position = file_stream_position(stream, &unused);
    add("seeks %s, ", position == ERROR_SUCCESS ? "True" : "False");
    add_quoted_read(8);
    check(CloseHandle(server), "close", L"pipe");
    add(" ");
    add_quoted_read(8);
    add(", length ");
    add_result(file_stream_length(stream, &unused));
    add(", position ");
    add_result(position);
    close_stream();
}

static void write_to_a_closed_pipe(void)
{
    check(CloseHandle(open_pipe()), "close", L"pipe");
    add("write ");
    add_result(write_ab());
    add(", flush ");
    add_result(flush(stream));
    add(", close ");
    add_result(file_stream_close(stream));
}

static void cancel_a_read_of_a_pipe(void)
{
    struct file_task task = {0};
    char bytes[8];
    HANDLE server = open_pipe();
    file_stream_read_async(stream, bytes, sizeof bytes, &task);
    file_task_cancel(&task);
    add_result(file_task_wait(&task, INFINITE, NULL));
    close_stream();
    check(CloseHandle(server), "close", L"pipe");
}

/* ---- All cases ---------------------------------------------------------- */

static const struct {
    const char *name;
    void (*run)(void);
    bool needs_asynchronous;
} cases[] = {
    {"read in pieces", read_in_pieces, false},
    {"read, then write", read_then_write, false},
    {"write, then read", write_then_read, false},
    {"write, seek, read", write_seek_read, false},
    {"read, seek, write, read", read_seek_write_read, false},
    {"read and write single bytes", read_and_write_single_bytes, false},
    {"write at the end", write_at_the_end, false},
    {"seek after the end", seek_after_the_end, false},
    {"seek after the end and write", seek_after_the_end_and_write, false},
    {"seek before the start", seek_before_the_start, false},
    {"shorten", shorten, false},
    {"shorten what is written", shorten_what_is_written, false},
    {"lengthen", lengthen, false},
    {"set the length of a stream to read", set_length_to_read, false},
    {"append", append, false},
    {"the wrong access", wrong_access, false},
    {"no bytes", no_bytes, false},
    {"after the close", after_the_close, false},
    {"close without a flush", close_without_a_flush, false},
    {"a failing flush", failing_flush, false},
    {"delete on close", delete_on_close, false},
    {"a write, seen by another", seen_by_another, false},
    {"a change by another", changed_by_another, false},
    {"seek back after a change by another", seek_back_after_a_change, false},
    {"flush after a change by another", flush_after_a_change, false},
    {"a small write, then a large one", large_write, false},
    {"two that append", append_twice, false},
    {"lock", lock, false},
    {"a growing file", growing_file, false},
    {"concurrent reads", concurrent_reads, false},
    {"concurrent writes", concurrent_writes, false},
    {"concurrent reads and writes", concurrent_reads_and_writes, false},
    {"cancelled before", cancelled_before, false},
    {"a pipe", a_pipe, false},
    {"a write to a closed pipe", write_to_a_closed_pipe, false},
    {"cancel a read of a pipe", cancel_a_read_of_a_pipe, true},
};

/* size: of the buffer; 0: none */
static void show_streams(bool asynchronously, size_t size)
{
    char kind[40];
    asynchronous = asynchronously;
    buffer_size = size;
    snprintf(kind, sizeof kind,
             size > 0 ? "%s, buffer %zu, " : "%s, no buffer, ",
             asynchronous ? "asynchronous" : "synchronous", size);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (cases[i].needs_asynchronous && !asynchronous)
            continue;
        begin(kind, cases[i].name);
        cases[i].run();
        end();
    }
}

static void set_path(void)
{
    DWORD length = GetTempPathW(MAX_PATH, path);
    check(length > 0, "find", L"directory for temporary files");
    swprintf(path + length, 32, L"stream-cases-%lu", GetCurrentProcessId());
}

int wmain(int argc, wchar_t **argv)
{
    static const size_t sizes[] = {0, 4, 4096};
    enum { SIZES = sizeof sizes / sizeof sizes[0] };
    (void)argv;
    if (argc != 1)
        return 2;
    set_path();
    check_error(pool_create(&pool, 0, 0), "create", L"pool");
    buffer_size = 4096;
    show_modes();
    for (size_t i = 0; i < SHARES; i++) {
        show_share("opened to read, shares ", FILE_ACCESS_READ, i);
        show_share("opened to write, shares ", FILE_ACCESS_WRITE, i);
    }
    show_buffer_sizes();
    for (size_t i = 0; i < 2 * SIZES; i++)
        show_streams(i >= SIZES, sizes[i % SIZES]);
    pool_stop(&pool, POOL_DRAIN);
    say("done");
    return EXIT_SUCCESS;
}
