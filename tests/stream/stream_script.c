/*
 * stream_script FILE COMMAND...: a talk with a file stream. Each argument is
 * one command, and is answered with one line that repeats it. The answer begins
 * with "ok" or the Win32 error.
 *
 * A number in front of a command is the stream that it is about, 0 to 3; none
 * means 0. Numbers in brackets may be left out.
 *
 *   open WORD...      FILE: a file_mode, if it is not "open"; "read", "write"
 *                     or "both"; options; buffer=N, share=N, room=N; "no-pool"
 *   read N            what came is shown if it is text, and short
 *   write TEXT
 *   writes COUNT TEXT as many calls, until one fails
 *   read-nowhere N    gives no buffer
 *   reads N           reads N bytes at a time until nothing comes
 *   start T read N    begins an asynchronous call with task T, 0 to 9, whose
 *   start T write TEXT  callback counts
 *   wait T [MS]       for the task
 *   cancel [T]        the task, or all of the stream
 *   callbacks         how many there were, and how many calls were over at once
 *   seek N ORIGIN, position, length, set-length N, flush, flush-to-disk,
 *   preallocation, close
 *   system            what FILE has for everybody else; or that it is missing
 *   calls             how often the system was called to read and to write
 *                     FILE's streams since that was asked last
 *   fail NAME K CODE  of the next calls of ReadFile, WriteFile or
 *                     SetFileInformationByHandle the K-th fails; CODE 0: never
 *   short N           no call of the system reads or writes more than N bytes
 *   stop MODE         stops the pool: "cancel" or "drain"
 *   serve KIND        if FILE is the name of a pipe: makes it, of "bytes" or
 *                     "messages"; what the server writes waits in it
 *   server read, server write TEXT, server close, server disconnect
 *   text CODE         error_text has one line for it
 */
#include "../../final/error.h"
#include "../../final/file_stream.h"
#include "stream_probe.h"

#include <stdio.h>
#include <string.h>

const wchar_t program[] = L"stream_script";

enum { STREAMS = 4, TASKS = 10, LONGEST = 4 << 20 };

static const wchar_t *path;
static struct pool pool;
static struct file_stream *streams[STREAMS];
static struct file_task tasks[TASKS];
static char *buffers[TASKS + 1]; /* the last is for synchronous calls */
static volatile LONG callbacks;
static LONG at_once;

/* ---- The system's calls ------------------------------------------------ */

struct call {
    const char *name;
    LONG count;
    LONG failing; /* which one, counted down */
    DWORD error;
};

static struct call reads = {"ReadFile", 0, 0, 0},
                   writes = {"WriteFile", 0, 0, 0},
                   sets = {"SetFileInformationByHandle", 0, 0, 0};
static DWORD most = MAXDWORD;

static bool is_due(struct call *call)
{
    InterlockedIncrement(&call->count);
    if (call->error == 0 || InterlockedDecrement(&call->failing) != 0)
        return false;
    SetLastError(call->error);
    return true;
}

static BOOL WINAPI my_read(HANDLE file, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    if (is_due(&reads))
        return FALSE;
    return next.read(file, buffer, length < most ? length : most, bytes,
                     overlapped);
}

static BOOL WINAPI my_write(HANDLE file, const void *buffer, DWORD length,
                            DWORD *bytes, OVERLAPPED *overlapped)
{
    if (file == GetStdHandle(STD_OUTPUT_HANDLE))
        return next.write(file, buffer, length, bytes, overlapped);
    if (is_due(&writes))
        return FALSE;
    return next.write(file, buffer, length < most ? length : most, bytes,
                      overlapped);
}

static BOOL WINAPI my_set(HANDLE file, FILE_INFO_BY_HANDLE_CLASS class,
                          void *information, DWORD length)
{
    if (is_due(&sets))
        return FALSE;
    return next.set_information(file, class, information, length);
}

/* ---- Answers ----------------------------------------------------------- */

static char answer[160];

static void answer_error(DWORD error)
{
    if (error == ERROR_SUCCESS)
        snprintf(answer, sizeof answer, "ok");
    else
        snprintf(answer, sizeof answer, "error %lu", error);
}

static void __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)))
add(const char *format, ...)
{
    size_t used = strlen(answer);
    va_list values;
    va_start(values, format);
    vsnprintf(answer + used, sizeof answer - used, format, values);
    va_end(values);
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
    add(", %llu bytes", (unsigned long long)length);
    if (is_text(bytes, length))
        add(": %.*s", (int)length, bytes);
}

/* ---- Commands ---------------------------------------------------------- */

/* The next word; empty if there is none. */
static char *word(char **rest)
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

/* A command that is not understood ends the program. */
static void require(bool understood)
{
    if (!understood)
        check_error(ERROR_BAD_COMMAND, "understand", L"command");
}

static int64_t number(char **rest)
{
    char *text = word(rest), *end = NULL;
    require(*text != '\0');
    int64_t value = (int64_t)strtoull(text, &end, 10);
    require(*end == '\0');
    return value;
}

static size_t length_of(char **rest)
{
    int64_t length = number(rest);
    require(length >= 0 && length <= LONGEST);
    return (size_t)length;
}

static char *buffer_at(unsigned index)
{
    if (buffers[index] == NULL)
        buffers[index] = malloc(LONGEST);
    check(buffers[index] != NULL, "allocate", L"buffer");
    return buffers[index];
}

static void understand(char *given, struct file_stream_options *options,
                       bool *without_pool)
{
    static const struct {
        const char *name;
        enum file_mode mode;
    } modes[] = {{"open-or-create", FILE_MODE_OPEN_OR_CREATE},
                 {"create", FILE_MODE_CREATE},
                 {"create-new", FILE_MODE_CREATE_NEW},
                 {"truncate", FILE_MODE_TRUNCATE},
                 {"append", FILE_MODE_APPEND}};
    static const struct {
        const char *name;
        unsigned bit;
    } bits[] = {{"asynchronous", FILE_OPTION_ASYNCHRONOUS},
                {"sequential", FILE_OPTION_SEQUENTIAL},
                {"random", FILE_OPTION_RANDOM},
                {"write-through", FILE_OPTION_WRITE_THROUGH},
                {"delete-on-close", FILE_OPTION_DELETE_ON_CLOSE}};
    static const struct {
        const char *name;
        enum file_access access;
    } accesses[] = {{"read", FILE_ACCESS_READ},
                    {"write", FILE_ACCESS_WRITE},
                    {"both", FILE_ACCESS_READ_WRITE},
                    {"neither", 0}};
    bool known = false;
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (strcmp(given, modes[i].name) == 0) {
            options->mode = modes[i].mode;
            known = true;
        }
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        if (strcmp(given, bits[i].name) == 0) {
            options->options |= bits[i].bit;
            known = true;
        }
    for (size_t i = 0; i < sizeof accesses / sizeof *accesses; i++)
        if (strcmp(given, accesses[i].name) == 0) {
            options->access = accesses[i].access;
            known = true;
        }
    if (strncmp(given, "buffer=", 7) == 0)
        options->buffer_size = (size_t)strtoull(given + 7, NULL, 10);
    else if (strncmp(given, "share=", 6) == 0)
        options->share = strtoul(given + 6, NULL, 10);
    else if (strncmp(given, "room=", 5) == 0)
        options->preallocation_size = strtoull(given + 5, NULL, 10);
    else if (strncmp(given, "mode=", 5) == 0)
        options->mode = (enum file_mode)strtoul(given + 5, NULL, 10);
    else if (strcmp(given, "no-pool") == 0)
        *without_pool = true;
    else
        require(known);
}

static DWORD open_stream(struct file_stream **stream, char *rest)
{
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    bool without_pool = false;
    for (char *given; *(given = word(&rest)) != '\0';)
        understand(given, &options, &without_pool);
    require(*stream == NULL);
    return file_stream_open(without_pool ? NULL : &pool, path, &options,
                            stream);
}

static void read_once(struct file_stream *stream, char *rest)
{
    char *buffer = buffer_at(TASKS);
    size_t bytes = 999, length = length_of(&rest);
    answer_error(file_stream_read(stream, buffer, length, &bytes));
    add_bytes(buffer, bytes);
}

static void read_nowhere(struct file_stream *stream, char *rest)
{
    size_t bytes;
    answer_error(file_stream_read(stream, NULL, length_of(&rest), &bytes));
}

static void read_to_end(struct file_stream *stream, char *rest)
{
    char *buffer = buffer_at(TASKS);
    size_t bytes, length = length_of(&rest), total = 0;
    DWORD error;
    while ((error = file_stream_read(stream, buffer, length, &bytes)) == 0 &&
           bytes > 0)
        total += bytes;
    answer_error(error);
    add(", %llu bytes", (unsigned long long)total);
}

static void write_often(struct file_stream *stream, char *rest)
{
    int64_t count = number(&rest);
    DWORD error = ERROR_SUCCESS;
    for (int64_t i = 0; i < count && error == ERROR_SUCCESS; i++)
        error = file_stream_write(stream, rest, strlen(rest));
    answer_error(error);
}

static void count_callback(void *context, DWORD error, size_t bytes)
{
    (void)context, (void)error, (void)bytes;
    InterlockedIncrement(&callbacks);
}

static unsigned task_index(char **rest)
{
    int64_t index = number(rest);
    require(index >= 0 && index < TASKS);
    return (unsigned)index;
}

/* Whether it is queued or over at once is the system's choice. */
static void start(struct file_stream *stream, char *rest)
{
    unsigned index = task_index(&rest);
    struct file_task *task = &tasks[index];
    char *buffer = buffer_at(index), *what = word(&rest);
    struct submission started;
    require(*what != '\0');
    task->callback = count_callback;
    if (strcmp(what, "read") == 0) {
        started =
            file_stream_read_async(stream, buffer, length_of(&rest), task);
    } else {
        require(strcmp(what, "write") == 0 && *rest != '\0');
        /* bytes, no string
         * NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
        memcpy(buffer, rest, strlen(rest));
        started = file_stream_write_async(stream, buffer, strlen(rest), task);
    }
    at_once += started.outcome == IO_DONE;
    answer_error(started.outcome == IO_FAILED ? started.error : ERROR_SUCCESS);
}

static void wait_for_task(char *rest)
{
    unsigned index = task_index(&rest);
    size_t bytes = 999;
    DWORD timeout = *rest != '\0' ? (DWORD)number(&rest) : INFINITE;
    bool reads_file = !tasks[index].writes;
    answer_error(file_task_wait(&tasks[index], timeout, &bytes));
    if (reads_file)
        add_bytes(buffer_at(index), bytes);
    else
        add(", %llu bytes", (unsigned long long)bytes);
}

static void seek(struct file_stream *stream, char *rest)
{
    int64_t offset = number(&rest);
    char *origin = word(&rest);
    uint64_t at = 999;
    DWORD from = strcmp(origin, "begin") == 0     ? FILE_BEGIN
                 : strcmp(origin, "current") == 0 ? FILE_CURRENT
                 : strcmp(origin, "end") == 0     ? FILE_END
                                                  : 7;
    answer_error(file_stream_seek(stream, offset, from, &at));
    if (at != 999)
        add(", at %llu", at);
}

static void answer_value(DWORD error, uint64_t value)
{
    answer_error(error);
    if (error == ERROR_SUCCESS)
        add(", %llu", value);
}

/* Past the layer, and sharing all. */
static void answer_system(void)
{
    char bytes[64];
    DWORD count = 0;
    LARGE_INTEGER size;
    HANDLE file =
        CreateFileW(path, GENERIC_READ,
                    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                    NULL, OPEN_EXISTING, 0, NULL);
    answer_error(file != INVALID_HANDLE_VALUE ? ERROR_SUCCESS : GetLastError());
    if (file == INVALID_HANDLE_VALUE)
        return;
    check(GetFileSizeEx(file, &size), "get the size of", path);
    check(next.read(file, bytes, sizeof bytes, &count, NULL), "read", path);
    add(", %lld bytes", size.QuadPart);
    if (count == size.QuadPart && is_text(bytes, count))
        add(": %.*s", (int)count, bytes);
    check(CloseHandle(file), "close", path);
}

static void answer_text(char *rest)
{
    char text[ERROR_TEXT];
    error_text((DWORD)number(&rest), text);
    bool one_line = strpbrk(text, "\r\n") == NULL;
    snprintf(answer, sizeof answer, "%s",
             text[0] == '\0' ? "none"
             : one_line      ? "one line"
                             : "several lines");
}

static void set_failing(char *rest)
{
    char *name = word(&rest);
    struct call *call = strcmp(name, reads.name) == 0    ? &reads
                        : strcmp(name, writes.name) == 0 ? &writes
                                                         : &sets;
    require(strcmp(name, call->name) == 0);
    call->failing = (LONG)number(&rest);
    call->error = (DWORD)number(&rest);
    answer_error(ERROR_SUCCESS);
}

/* ---- A pipe's other end ------------------------------------------------ */

static HANDLE server;

static void serve(char *rest)
{
    DWORD kind = PIPE_TYPE_BYTE;
    if (strcmp(rest, "messages") == 0)
        kind = PIPE_TYPE_MESSAGE;
    else
        require(strcmp(rest, "bytes") == 0);
    server = CreateNamedPipeW(path, PIPE_ACCESS_DUPLEX, kind, 1, 1 << 16,
                              1 << 16, 0, NULL);
    answer_error(server != INVALID_HANDLE_VALUE ? 0 : GetLastError());
}

static void obey_server(char *rest)
{
    char *verb = word(&rest), bytes[64];
    DWORD count = 0;
    BOOL ok = TRUE;
    require(*verb != '\0');
    if (strcmp(verb, "close") == 0) {
        ok = CloseHandle(server);
    } else if (strcmp(verb, "disconnect") == 0) {
        ok = DisconnectNamedPipe(server);
    } else if (strcmp(verb, "write") == 0) {
        ok = next.write(server, rest, (DWORD)strlen(rest), &count, NULL);
    } else {
        require(strcmp(verb, "read") == 0);
        ok = next.read(server, bytes, sizeof bytes, &count, NULL);
    }
    answer_error(ok ? ERROR_SUCCESS : GetLastError());
    if (strcmp(verb, "read") == 0)
        add_bytes(bytes, count);
}

/* Those that go beyond one stream. */
static bool obey_general(const char *verb, char *rest)
{
    if (strcmp(verb, "system") == 0) {
        answer_system();
    } else if (strcmp(verb, "serve") == 0) {
        serve(rest);
    } else if (strcmp(verb, "server") == 0) {
        obey_server(rest);
    } else if (strcmp(verb, "text") == 0) {
        answer_text(rest);
    } else if (strcmp(verb, "fail") == 0) {
        set_failing(rest);
    } else if (strcmp(verb, "short") == 0) {
        most = (DWORD)number(&rest);
        answer_error(ERROR_SUCCESS);
    } else if (strcmp(verb, "calls") == 0) {
        snprintf(answer, sizeof answer, "%ld reads, %ld writes",
                 InterlockedExchange(&reads.count, 0),
                 InterlockedExchange(&writes.count, 0));
    } else if (strcmp(verb, "callbacks") == 0) {
        snprintf(answer, sizeof answer, "%ld and %ld at once", callbacks,
                 at_once);
    } else if (strcmp(verb, "wait") == 0) {
        wait_for_task(rest);
    } else if (strcmp(verb, "stop") == 0) {
        answer_error(pool_stop(
            &pool, strcmp(rest, "cancel") == 0 ? POOL_CANCEL : POOL_DRAIN));
    } else {
        return false;
    }
    return true;
}

static bool obey_place(struct file_stream *stream, const char *verb, char *rest)
{
    uint64_t value = 999;
    if (strcmp(verb, "seek") == 0) {
        seek(stream, rest);
    } else if (strcmp(verb, "position") == 0) {
        DWORD error = file_stream_position(stream, &value);
        answer_value(error, value);
    } else if (strcmp(verb, "length") == 0) {
        DWORD error = file_stream_length(stream, &value);
        answer_value(error, value);
    } else if (strcmp(verb, "set-length") == 0) {
        answer_error(file_stream_set_length(stream, (uint64_t)number(&rest)));
    } else {
        return false;
    }
    return true;
}

static bool obey_stream(struct file_stream **stream, const char *verb,
                        char *rest)
{
    if (strcmp(verb, "open") == 0) {
        answer_error(open_stream(stream, rest));
    } else if (strcmp(verb, "read") == 0) {
        read_once(*stream, rest);
    } else if (strcmp(verb, "read-nowhere") == 0) {
        read_nowhere(*stream, rest);
    } else if (strcmp(verb, "reads") == 0) {
        read_to_end(*stream, rest);
    } else if (strcmp(verb, "write") == 0) {
        answer_error(file_stream_write(*stream, *rest != '\0' ? rest : NULL,
                                       strlen(rest)));
    } else if (strcmp(verb, "writes") == 0) {
        write_often(*stream, rest);
    } else if (strcmp(verb, "start") == 0) {
        start(*stream, rest);
    } else if (strcmp(verb, "cancel") == 0) {
        if (*rest != '\0')
            file_task_cancel(&tasks[task_index(&rest)]);
        else
            file_stream_cancel(*stream);
        answer_error(ERROR_SUCCESS);
    } else if (strcmp(verb, "flush") == 0) {
        answer_error(file_stream_flush(*stream));
    } else if (strcmp(verb, "flush-to-disk") == 0) {
        answer_error(file_stream_flush_to_disk(*stream));
    } else if (strcmp(verb, "preallocation") == 0) {
        answer_error(file_stream_preallocation_error(*stream));
    } else if (strcmp(verb, "close") == 0) {
        answer_error(file_stream_close(*stream));
        *stream = NULL;
    } else {
        return obey_place(*stream, verb, rest);
    }
    return true;
}

static void obey(char *command)
{
    char given[100];
    char *rest = command;
    unsigned index = 0;
    snprintf(given, sizeof given, "%.99s", command); /* more is cut */
    if (command[0] >= '0' && command[0] < '0' + STREAMS)
        index = (unsigned)(*word(&rest) - '0');
    char *verb = word(&rest);
    require(*verb != '\0');
    answer[0] = '\0';
    require(obey_general(verb, rest) ||
            obey_stream(&streams[index], verb, rest));
    say("%s -> %s", given, answer);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc < 3)
        return 2;
    path = argv[1];
    check_error(pool_create(&pool, 2, 0), "create", L"pool");
    put_layer((struct layer){
        .read = my_read, .write = my_write, .set_information = my_set});
    for (int i = 2; i < argc; i++) {
        char command[4096];
        check(WideCharToMultiByte(CP_UTF8, 0, argv[i], -1, command,
                                  sizeof command, NULL, NULL) > 0,
              "understand", argv[i]);
        obey(command);
    }
    for (unsigned i = 0; i < STREAMS; i++)
        check_error(file_stream_close(streams[i]), "close", path);
    check_error(pool_stop(&pool, POOL_DRAIN), "stop", L"pool");
    return EXIT_SUCCESS;
}
