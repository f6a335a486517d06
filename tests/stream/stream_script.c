/*
 * stream_script FILE COMMAND...: obeys commands about streams of FILE. For each
 * command it prints "COMMAND -> ANSWER". The answer is "ok", or the result, or
 * "error N" and the result; N is the Win32 error. Bytes are printed as 'text'
 * if they are short and printable, otherwise as a count.
 *
 * Words in brackets may be left out. "stream I" before a command chooses one of
 * the streams 0 to 3; without it the command is about stream 0.
 *
 *   open WORD...        opens FILE. Words: a file_mode, such as "create-new";
 *                       "read", "write", "both", "no-access"; an option, such
 *                       as "asynchronous"; buffer=N, share=N, preallocate=N,
 *                       mode=N, access=N, options=N; "no-pool", "no-path"
 *   from-handle WORD... makes a stream of a handle of FILE. Words: as above;
 *                       "overlapped", "bound": how the handle was opened; at=N:
 *                       its file pointer
 *   handle [AT]         the length of FILE, by the stream's handle; with AT,
 *                       moves the handle's file pointer there
 *   read N              reads up to N bytes
 *   read-all N          reads N bytes at a time, until nothing comes
 *   read-null N         reads N bytes into a buffer that is NULL
 *   write TEXT
 *   write-times N TEXT  writes TEXT N times, until one call fails
 *   read-at N OFFSET, write-at OFFSET TEXT
 *   start T read N      starts an asynchronous call with task T, 0 to 9
 *   start T write TEXT, start T flush
 *   start T read-at N OFFSET, start T write-at OFFSET TEXT
 *   wait T [MS]         waits for task T
 *   cancel [T]          cancels task T, or all calls on the stream
 *   completions         how many calls completed by a callback so far, and how
 *                       many immediately
 *   seek N ORIGIN, position, length, set-length N, flush, flush-to-disk,
 *   preallocation, lock OFFSET N, unlock OFFSET N, close
 *   close-async         the answer is that of the callback
 *   content             what another program would find in FILE
 *   change OFFSET TEXT  another program writes into FILE
 *   system-calls        how often ReadFile and WriteFile were called since the
 *                       last such command
 *   fail NAME K CODE    the K-th of the next calls of ReadFile, WriteFile or
 *                       SetFileInformationByHandle fails with error CODE
 *   limit N             no system call reads or writes more than N bytes
 *   sectors N           a system call fails with error 87 unless its offset and
 *                       its length are multiples of N
 *   stop-pool MODE      stops the pool: "cancel" or "drain"
 *   create-pipe KIND    creates the pipe FILE, of "bytes" or "messages"
 *   server read, server write TEXT, server close, server disconnect
 *                       uses the other end of that pipe
 *   error-text CODE     whether error_text has one line for the error
 */
#include "../../final/error.h"
#include "stream_probe.h"

#include <stdio.h>

enum { STREAMS = 4, TASKS = 10, LONGEST = 4 << 20 };
enum { UNSET = 999 }; /* a result that a call did not set */

static const wchar_t *path;
static struct file_stream *streams[STREAMS];
static struct file_task tasks[TASKS];
static char *buffers[TASKS + 1]; /* the last is for synchronous calls */
static volatile LONG callbacks;
static LONG immediate_completions;

/* ---- System calls ------------------------------------------------------ */

enum { READ, WRITE, SET, SYSTEM_CALLS };

static struct system_call {
    const char *name;
    LONG count;
    LONG until_failure; /* counted down; the call that makes it 0 fails */
    DWORD error;        /* 0: no call fails */
} system_calls[SYSTEM_CALLS] = {[READ] = {.name = "ReadFile"},
                                [WRITE] = {.name = "WriteFile"},
                                [SET] = {.name = "SetFileInformationByHandle"}};

static DWORD limit = MAXDWORD; /* bytes in one system call */
static DWORD sector = 1;       /* bytes */

static bool is_aligned(DWORD length, const OVERLAPPED *at)
{
    return length % sector == 0 && (at == NULL || at->Offset % sector == 0);
}

/* Counts a system call. True: it must fail, and its error is set. */
static bool must_fail(unsigned index)
{
    struct system_call *call = &system_calls[index];
    InterlockedIncrement(&call->count);
    if (call->error == 0 || InterlockedDecrement(&call->until_failure) != 0)
        return false;
    SetLastError(call->error);
    return true;
}

static BOOL WINAPI my_read(HANDLE file, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    if (must_fail(READ))
        return FALSE;
    if (!is_aligned(length, overlapped))
        return fail_with(ERROR_INVALID_PARAMETER);
    return next.ReadFile(file, buffer, length < limit ? length : limit, bytes,
                         overlapped);
}

static BOOL WINAPI my_write(HANDLE file, const void *buffer, DWORD length,
                            DWORD *bytes, OVERLAPPED *overlapped)
{
    if (file == GetStdHandle(STD_OUTPUT_HANDLE))
        return next.WriteFile(file, buffer, length, bytes, overlapped);
    if (must_fail(WRITE))
        return FALSE;
    if (!is_aligned(length, overlapped))
        return fail_with(ERROR_INVALID_PARAMETER);
    return next.WriteFile(file, buffer, length < limit ? length : limit, bytes,
                          overlapped);
}

static BOOL WINAPI my_set(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class,
                          void *information, DWORD length)
{
    if (must_fail(SET))
        return FALSE;
    return next.SetFileInformationByHandle(file, class, information, length);
}

/* ---- Answers ----------------------------------------------------------- */

static char answer[160]; /* empty: "ok" */

/* Adds a part, after a comma if it is not the first. */
static void __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)))
add(const char *format, ...)
{
    size_t used = strlen(answer);
    if (used > 0)
        used += (size_t)snprintf(answer + used, sizeof answer - used, ", ");
    va_list values;
    va_start(values, format);
    vsnprintf(answer + used, sizeof answer - used, format, values);
    va_end(values);
}

static void add_error(DWORD error)
{
    if (error != ERROR_SUCCESS)
        add("error %lu", error);
}

static void add_count(size_t bytes)
{
    add("%llu byte%s", (unsigned long long)bytes, bytes == 1 ? "" : "s");
}

static bool is_text(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] < ' ' || bytes[i] > '~')
            return false;
    return length > 0 && length <= 40;
}

static void add_bytes(const char *bytes, size_t length)
{
    if (is_text(bytes, length))
        add("'%.*s'", (int)length, bytes);
    else
        add_count(length);
}

/* ---- Words of a command ------------------------------------------------ */

/* The next word; empty if there is none. */
static char *next_word(char **rest)
{
    char *begin = *rest;
    char *end = begin + strcspn(begin, " ");
    *rest = end;
    if (*end != '\0') {
        *end = '\0';
        *rest = end + 1;
    }
    return begin;
}

static bool is(const char *word, const char *wanted)
{
    return strcmp(word, wanted) == 0;
}

/* A wrong command ends the program. */
static void require(bool understood)
{
    if (!understood)
        exit(report("understand", L"command", ERROR_BAD_COMMAND));
}

static int64_t next_number(char **rest)
{
    char *text = next_word(rest), *end = NULL;
    require(*text != '\0');
    int64_t value = (int64_t)strtoull(text, &end, 10);
    require(*end == '\0');
    return value;
}

static size_t next_length(char **rest)
{
    int64_t length = next_number(rest);
    require(length >= 0 && length <= LONGEST);
    return (size_t)length;
}

static unsigned next_index(char **rest, int64_t count)
{
    int64_t index = next_number(rest);
    require(index >= 0 && index < count);
    return (unsigned)index;
}

/* ---- Open -------------------------------------------------------------- */

/* Words without a value. */
static const struct {
    const char *name;
    enum { MODE, ACCESS, OPTION } kind;
    unsigned value;
} open_words[] = {{"open-or-create", MODE, FILE_MODE_OPEN_OR_CREATE},
                  {"create", MODE, FILE_MODE_CREATE},
                  {"create-new", MODE, FILE_MODE_CREATE_NEW},
                  {"truncate", MODE, FILE_MODE_TRUNCATE},
                  {"append", MODE, FILE_MODE_APPEND},
                  {"read", ACCESS, FILE_ACCESS_READ},
                  {"write", ACCESS, FILE_ACCESS_WRITE},
                  {"both", ACCESS, FILE_ACCESS_READ_WRITE},
                  {"no-access", ACCESS, 0},
                  {"asynchronous", OPTION, FILE_OPTION_ASYNCHRONOUS},
                  {"sequential", OPTION, FILE_OPTION_SEQUENTIAL},
                  {"random", OPTION, FILE_OPTION_RANDOM},
                  {"write-through", OPTION, FILE_OPTION_WRITE_THROUGH},
                  {"delete-on-close", OPTION, FILE_OPTION_DELETE_ON_CLOSE},
                  {"no-buffering", OPTION, FILE_OPTION_NO_BUFFERING}};

struct opening {
    struct file_stream_options options;
    struct pool *pool;
    const wchar_t *path;
    bool overlapped, bound; /* the handle */
    LONG pointer;           /* of the handle, in bytes */
};

/* False: it is no such word. */
static bool set_by_name(const char *word, struct file_stream_options *options)
{
    const size_t count = sizeof open_words / sizeof *open_words;
    size_t i = 0;
    while (i < count && !is(word, open_words[i].name))
        i++;
    if (i == count)
        return false;
    if (open_words[i].kind == MODE)
        options->mode = (enum file_mode)open_words[i].value;
    else if (open_words[i].kind == ACCESS)
        options->access = (enum file_access)open_words[i].value;
    else
        options->options |= open_words[i].value;
    return true;
}

static void set_by_value(char *word, struct opening *opening)
{
    struct file_stream_options *options = &opening->options;
    size_t length = strcspn(word, "=");
    require(word[length] == '=');
    word[length] = '\0';
    uint64_t number = strtoull(word + length + 1, NULL, 10);
    if (is(word, "buffer"))
        options->buffer_size = (size_t)number;
    else if (is(word, "share"))
        options->share = (DWORD)number;
    else if (is(word, "preallocate"))
        options->preallocation_size = number;
    else if (is(word, "mode"))
        options->mode = (enum file_mode)number;
    else if (is(word, "access"))
        options->access = (enum file_access)number;
    else if (is(word, "options"))
        options->options = (unsigned)number;
    else if (is(word, "at"))
        opening->pointer = (LONG)number;
    else
        require(false);
}

static struct opening opening_of(char *rest)
{
    struct opening opening = {
        .options = FILE_STREAM_DEFAULTS, .pool = &pool, .path = path};
    require(stream == NULL);
    for (char *word; *(word = next_word(&rest)) != '\0';)
        if (is(word, "no-pool"))
            opening.pool = NULL;
        else if (is(word, "no-path"))
            opening.path = NULL;
        else if (is(word, "overlapped"))
            opening.overlapped = true;
        else if (is(word, "bound"))
            opening.bound = true;
        else if (!set_by_name(word, &opening.options))
            set_by_value(word, &opening);
    return opening;
}

static void open_as_asked(char *rest)
{
    struct opening opening = opening_of(rest);
    add_error(file_stream_open(opening.pool, opening.path, &opening.options,
                               &stream));
}

/* After an error the handle is still ours. */
static void open_handle(char *rest)
{
    enum { ANY_KEY = 1 };
    struct opening opening = opening_of(rest);
    HANDLE handle =
        CreateFileW(path, GENERIC_READ | GENERIC_WRITE,
                    FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING,
                    opening.overlapped ? FILE_FLAG_OVERLAPPED : 0, NULL);
    check(handle != INVALID_HANDLE_VALUE, "open", path);
    SetFilePointer(handle, opening.pointer, NULL, FILE_BEGIN);
    if (opening.bound) {
        HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
        check(CreateIoCompletionPort(handle, port, ANY_KEY, 0) != NULL, "bind",
              path);
    }
    DWORD error = file_stream_from_handle(opening.pool, handle,
                                          &opening.options, &stream);
    if (error != ERROR_SUCCESS)
        close_object(handle);
    add_error(error);
}

/* ---- Read and write ---------------------------------------------------- */

static char *buffer_at(unsigned index)
{
    if (buffers[index] == NULL)
        buffers[index] = malloc(LONGEST);
    check(buffers[index] != NULL, "allocate", L"buffer");
    return buffers[index];
}

static void read_once(char *rest)
{
    char *buffer = buffer_at(TASKS);
    size_t bytes = UNSET;
    add_error(file_stream_read(stream, buffer, next_length(&rest), &bytes));
    add_bytes(buffer, bytes);
}

static void read_at(char *rest)
{
    char *buffer = buffer_at(TASKS);
    size_t bytes = UNSET, length = next_length(&rest);
    add_error(file_stream_read_at(stream, buffer, length,
                                  (uint64_t)next_number(&rest), &bytes));
    add_bytes(buffer, bytes);
}

static void write_at(char *rest)
{
    uint64_t offset = (uint64_t)next_number(&rest);
    add_error(file_stream_write_at(stream, rest, strlen(rest), offset));
}

static void read_null(char *rest)
{
    size_t bytes;
    add_error(file_stream_read(stream, NULL, next_length(&rest), &bytes));
}

static void read_all(char *rest)
{
    char *buffer = buffer_at(TASKS);
    size_t bytes, length = next_length(&rest), total = 0;
    DWORD error;
    do {
        error = file_stream_read(stream, buffer, length, &bytes);
        if (error == ERROR_SUCCESS)
            total += bytes;
    } while (error == ERROR_SUCCESS && bytes > 0);
    add_error(error);
    add_count(total);
}

static void write_times(char *rest)
{
    int64_t count = next_number(&rest);
    DWORD error = ERROR_SUCCESS;
    for (int64_t i = 0; i < count && error == ERROR_SUCCESS; i++)
        error = file_stream_write(stream, rest, strlen(rest));
    add_error(error);
}

static void count_callback(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)error, (void)bytes;
    InterlockedIncrement(&callbacks);
}

static struct submission start_read(const char *what, char *rest, char *buffer,
                                    struct file_task *task)
{
    size_t length = next_length(&rest);
    if (is(what, "read"))
        return file_stream_read_async(stream, buffer, length, task);
    return file_stream_read_at_async(stream, buffer, length,
                                     (uint64_t)next_number(&rest), task);
}

static struct submission start_write(const char *what, char *rest, char *buffer,
                                     struct file_task *task)
{
    bool at = is(what, "write-at");
    uint64_t offset = at ? (uint64_t)next_number(&rest) : 0;
    size_t length = strlen(rest);
    require(length > 0 && (at || is(what, "write")));
    /* bytes, no string
     * NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
    memcpy(buffer, rest, length);
    if (at)
        return file_stream_write_at_async(stream, buffer, length, offset, task);
    return file_stream_write_async(stream, buffer, length, task);
}

/* The answer is "ok" whether the call is queued or done: the system chooses. */
static void start_call(char *rest)
{
    unsigned index = next_index(&rest, TASKS);
    struct file_task *task = &tasks[index];
    char *buffer = buffer_at(index), *what = next_word(&rest);
    struct submission started;
    task->callback = count_callback;
    if (is(what, "flush"))
        started = file_stream_flush_async(stream, task);
    else if (strncmp(what, "read", 4) == 0)
        started = start_read(what, rest, buffer, task);
    else
        started = start_write(what, rest, buffer, task);
    if (started.outcome == IO_DONE)
        immediate_completions++;
    if (started.outcome == IO_FAILED)
        add_error(started.error);
}

static void wait_for_task(char *rest)
{
    unsigned index = next_index(&rest, TASKS);
    size_t bytes = UNSET;
    DWORD timeout = *rest != '\0' ? (DWORD)next_number(&rest) : INFINITE;
    bool reads = tasks[index].kind == TASK_READ;
    add_error(file_task_wait(&tasks[index], timeout, &bytes));
    if (reads)
        add_bytes(buffer_at(index), bytes);
    else
        add_count(bytes);
}

/* ---- Position and length ----------------------------------------------- */

static DWORD origin_of(const char *name)
{
    if (is(name, "begin"))
        return FILE_BEGIN;
    if (is(name, "current"))
        return FILE_CURRENT;
    return is(name, "end") ? FILE_END : 7; /* 7: no origin */
}

static void seek(char *rest)
{
    int64_t offset = next_number(&rest);
    uint64_t at = UNSET;
    add_error(
        file_stream_seek(stream, offset, origin_of(next_word(&rest)), &at));
    if (at != UNSET)
        add("at %llu", at);
}

static void answer_value(DWORD error, const uint64_t *value)
{
    add_error(error);
    if (error == ERROR_SUCCESS)
        add("%llu", *value);
}

static void answer_handle(char *rest)
{
    LARGE_INTEGER size;
    HANDLE handle = file_stream_handle(stream);
    check(GetFileSizeEx(handle, &size), "get the size of", path);
    if (*rest != '\0')
        SetFilePointer(handle, (LONG)next_number(&rest), NULL, FILE_BEGIN);
    add("%lld", size.QuadPart);
}

static void call_range(DWORD (*function)(struct file_stream *, uint64_t,
                                         uint64_t),
                       char *rest)
{
    uint64_t offset = (uint64_t)next_number(&rest);
    add_error(function(stream, offset, (uint64_t)next_number(&rest)));
}

static HANDLE closed; /* event */
static DWORD close_error;

static void on_closed(void *context, DWORD error, size_t bytes)
{
    close_error = error + (DWORD)bytes;
    set(context);
}

static void close_later(void)
{
    closed = new_event();
    file_stream_close_async(stream, on_closed, closed);
    wait_for(closed);
    close_object(closed);
    add_error(close_error);
    stream = NULL;
}

/* ---- The system -------------------------------------------------------- */

static HANDLE open_again(DWORD access)
{
    return CreateFileW(path, access,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL, OPEN_EXISTING, 0, NULL);
}

/* Neither this function nor the next one counts as a system call, and none can
 * fail. */
static void change_file(char *rest)
{
    OVERLAPPED at = {.Offset = (DWORD)next_number(&rest)};
    DWORD count;
    HANDLE file = open_again(GENERIC_WRITE);
    check(file != INVALID_HANDLE_VALUE, "open", path);
    check(next.WriteFile(file, rest, (DWORD)strlen(rest), &count, &at), "write",
          path);
    close_object(file);
}

static void answer_content(void)
{
    char bytes[64];
    DWORD count = 0;
    LARGE_INTEGER size;
    HANDLE file = open_again(GENERIC_READ);
    if (file == INVALID_HANDLE_VALUE) {
        add_error(GetLastError());
        return;
    }
    check(GetFileSizeEx(file, &size), "get the size of", path);
    check(next.ReadFile(file, bytes, sizeof bytes, &count, NULL), "read", path);
    if (count == size.QuadPart)
        add_bytes(bytes, count);
    else
        add_count((size_t)size.QuadPart);
    close_object(file);
}

static void answer_text(char *rest)
{
    char text[ERROR_TEXT];
    error_text((DWORD)next_number(&rest), text);
    if (text[0] == '\0')
        add("none");
    else
        add(strpbrk(text, "\r\n") == NULL ? "one line" : "several lines");
}

static void set_failing(char *rest)
{
    char *name = next_word(&rest);
    for (unsigned i = 0; i < SYSTEM_CALLS; i++)
        if (is(name, system_calls[i].name)) {
            system_calls[i].until_failure = (LONG)next_number(&rest);
            system_calls[i].error = (DWORD)next_number(&rest);
            return;
        }
    require(false);
}

static void stop_pool(char *rest)
{
    bool cancel = is(rest, "cancel");
    require(cancel || is(rest, "drain"));
    add_error(pool_stop(&pool, cancel ? POOL_CANCEL : POOL_DRAIN));
}

/* ---- The other end of a pipe ------------------------------------------- */

static HANDLE server;

static void create_pipe(char *rest)
{
    bool messages = is(rest, "messages");
    require(messages || is(rest, "bytes"));
    server = create_server(path, messages ? PIPE_TYPE_MESSAGE : PIPE_TYPE_BYTE);
}

static void obey_server(char *rest)
{
    char *verb = next_word(&rest), bytes[64];
    DWORD count = 0;
    BOOL ok = TRUE;
    if (is(verb, "close")) {
        ok = CloseHandle(server);
    } else if (is(verb, "disconnect")) {
        ok = DisconnectNamedPipe(server);
    } else if (is(verb, "write")) {
        ok = next.WriteFile(server, rest, (DWORD)strlen(rest), &count, NULL);
    } else {
        require(is(verb, "read"));
        ok = next.ReadFile(server, bytes, sizeof bytes, &count, NULL);
    }
    add_error(ok ? ERROR_SUCCESS : GetLastError());
    if (is(verb, "read"))
        add_bytes(bytes, count);
}

/* ---- Commands ---------------------------------------------------------- */

/* Not about one stream. */
static bool obey_general(const char *verb, char *rest)
{
    if (is(verb, "content"))
        answer_content();
    else if (is(verb, "change"))
        change_file(rest);
    else if (is(verb, "sectors"))
        sector = (DWORD)next_number(&rest);
    else if (is(verb, "create-pipe"))
        create_pipe(rest);
    else if (is(verb, "server"))
        obey_server(rest);
    else if (is(verb, "error-text"))
        answer_text(rest);
    else if (is(verb, "fail"))
        set_failing(rest);
    else if (is(verb, "limit"))
        limit = (DWORD)next_number(&rest);
    else if (is(verb, "system-calls"))
        add("reads: %ld, writes: %ld",
            InterlockedExchange(&system_calls[READ].count, 0),
            InterlockedExchange(&system_calls[WRITE].count, 0));
    else if (is(verb, "completions"))
        add("%ld by callback, %ld immediately", callbacks,
            immediate_completions);
    else if (is(verb, "wait"))
        wait_for_task(rest);
    else if (is(verb, "stop-pool"))
        stop_pool(rest);
    else
        return false;
    return true;
}

static bool obey_place(const char *verb, char *rest)
{
    uint64_t value = UNSET;
    if (is(verb, "seek"))
        seek(rest);
    else if (is(verb, "position"))
        answer_value(file_stream_position(stream, &value), &value);
    else if (is(verb, "length"))
        answer_value(file_stream_length(stream, &value), &value);
    else if (is(verb, "set-length"))
        add_error(file_stream_set_length(stream, (uint64_t)next_number(&rest)));
    else if (is(verb, "read-at"))
        read_at(rest);
    else if (is(verb, "write-at"))
        write_at(rest);
    else if (is(verb, "lock"))
        call_range(file_stream_lock, rest);
    else if (is(verb, "unlock"))
        call_range(file_stream_unlock, rest);
    else
        return false;
    return true;
}

static bool obey_open(const char *verb, char *rest)
{
    if (is(verb, "open")) {
        open_as_asked(rest);
    } else if (is(verb, "from-handle")) {
        open_handle(rest);
    } else if (is(verb, "handle")) {
        answer_handle(rest);
    } else if (is(verb, "preallocation")) {
        add_error(file_stream_preallocation_error(stream));
    } else if (is(verb, "close")) {
        add_error(file_stream_close(stream));
        stream = NULL;
    } else if (is(verb, "close-async")) {
        close_later();
    } else {
        return false;
    }
    return true;
}

static bool obey_call(const char *verb, char *rest)
{
    if (is(verb, "read"))
        read_once(rest);
    else if (is(verb, "read-null"))
        read_null(rest);
    else if (is(verb, "read-all"))
        read_all(rest);
    else if (is(verb, "write"))
        add_error(file_stream_write(stream, *rest != '\0' ? rest : NULL,
                                    strlen(rest)));
    else if (is(verb, "write-times"))
        write_times(rest);
    else if (is(verb, "start"))
        start_call(rest);
    else if (is(verb, "cancel") && *rest != '\0')
        file_task_cancel(&tasks[next_index(&rest, TASKS)]);
    else if (is(verb, "cancel"))
        file_stream_cancel(stream);
    else if (is(verb, "flush"))
        add_error(file_stream_flush(stream));
    else if (is(verb, "flush-to-disk"))
        add_error(file_stream_flush_to_disk(stream));
    else
        return false;
    return true;
}

static void obey(char *command)
{
    char given[100];
    char *rest = command;
    unsigned index = 0;
    snprintf(given, sizeof given, "%.99s", command); /* the rest is cut */
    char *verb = next_word(&rest);
    if (is(verb, "stream")) {
        index = next_index(&rest, STREAMS);
        verb = next_word(&rest);
    }
    answer[0] = '\0';
    stream = streams[index];
    require(obey_general(verb, rest) || obey_open(verb, rest) ||
            obey_call(verb, rest) || obey_place(verb, rest));
    streams[index] = stream;
    say("%s -> %s", given, answer[0] != '\0' ? answer : "ok");
}

int wmain(int argc, wchar_t **argv)
{
    if (argc < 3)
        return 2;
    path = argv[1];
    must(pool_create(&pool, 2, 0), "create");
    put_layer((struct layer){.ReadFile = my_read,
                             .WriteFile = my_write,
                             .SetFileInformationByHandle = my_set});
    for (int i = 2; i < argc; i++) {
        char command[4096];
        check(WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, command,
                                  sizeof command, NULL, NULL) > 0,
              "understand", argv[i]);
        obey(command);
    }
    for (unsigned i = 0; i < STREAMS; i++)
        must(file_stream_close(streams[i]), "close");
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return EXIT_SUCCESS;
}
