#include "tools.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

HANDLE port;
OVERLAPPED io;
char buffer[BLOCK];

static wchar_t path[MAX_PATH]; /* of the row's file */
static bool pending;           /* the last call that the row said */

/* ---- Saying what is seen ---- */

static char text[TEXT];

const char *seen(void)
{
    return text;
}

/* Writes immediately: the text must not be lost if the row then crashes. */
void saw(const char *format, ...)
{
    size_t before = strlen(text);
    char part[200];
    DWORD written;
    va_list values;
    va_start(values, format);
    vsnprintf(part, sizeof part, format, values);
    va_end(values);
    snprintf(text + before, TEXT - before, "%s%s", before > 0 ? ", " : "",
             part);
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), text + before,
              (DWORD)strlen(text + before), &written, NULL);
}

bool saw_result(const char *failed, bool ok)
{
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (ok)
        saw("TRUE");
    else
        saw("%s/%lu", failed, error);
    pending = error == ERROR_IO_PENDING;
    return ok || pending;
}

void need(bool ok, const char *what)
{
    DWORD error = GetLastError();
    if (ok)
        return;
    saw("cannot %s (error %lu)", what, error);
    end_row();
}

/* ---- What rows work with ---- */

HANDLE bound(HANDLE handle)
{
    if (port == NULL)
        port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    need(port != NULL && CreateIoCompletionPort(handle, port, 1, 0) != NULL,
         "bind a handle");
    return handle;
}

static const DWORD SHARED =
    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

HANDLE open_again(DWORD access, DWORD flags)
{
    HANDLE file =
        CreateFileW(path, access, SHARED, NULL, OPEN_EXISTING, flags, NULL);
    need(file != INVALID_HANDLE_VALUE, "open the file");
    return file;
}

/* The handle that wrote the file stays open. The system deletes the file when
 * the process ends and the handle is closed. */
HANDLE make_file(DWORD flags)
{
    static const char content[FILE_SIZE];
    wchar_t directory[MAX_PATH];
    DWORD written;
    need(GetTempPathW(MAX_PATH, directory) != 0 &&
             GetTempFileNameW(directory, L"prb", 0, path) != 0,
         "name a file");
    HANDLE file = CreateFileW(path, GENERIC_WRITE | DELETE, SHARED, NULL,
                              CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    need(file != INVALID_HANDLE_VALUE &&
             WriteFile(file, content, FILE_SIZE, &written, NULL),
         "make a file");
    return open_again(GENERIC_READ | GENERIC_WRITE, flags);
}

struct ends make_pipe(DWORD type)
{
    wchar_t name[64];
    swprintf(name, 64, L"\\\\.\\pipe\\probe-%lu", GetCurrentProcessId());
    struct ends ends;
    ends.server =
        CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, type,
                         1, BLOCK, BLOCK, 0, NULL);
    need(ends.server != INVALID_HANDLE_VALUE, "make a pipe");
    ends.client = CreateFileW(name, GENERIC_READ | GENERIC_WRITE, 0, NULL,
                              OPEN_EXISTING, 0, NULL);
    need(ends.client != INVALID_HANDLE_VALUE, "open the pipe");
    bound(ends.server);
    return ends;
}

void feed(HANDLE client, DWORD length)
{
    DWORD written;
    need(WriteFile(client, "abcdefghij", length, &written, NULL),
         "write to the pipe");
}

void skip_on_success(HANDLE handle)
{
    need(SetFileCompletionNotificationModes(
             handle, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS),
         "skip packets on success");
}

void set_io(uint64_t offset)
{
    io = (OVERLAPPED){.Offset = (DWORD)offset,
                      .OffsetHigh = (DWORD)(offset >> 32),
                      .hEvent = io.hEvent};
}

bool read_at(HANDLE handle, uint64_t offset, DWORD length)
{
    set_io(offset);
    return SAW_BOOL(ReadFile(handle, buffer, length, NULL, &io));
}

bool write_at(HANDLE handle, uint64_t offset, const void *data, DWORD length)
{
    set_io(offset);
    return SAW_BOOL(WriteFile(handle, data, length, NULL, &io));
}

void saw_packet(void)
{
    saw_packet_within(pending ? LIMIT : 0);
}

void saw_packet_within(DWORD milliseconds)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped = NULL;
    BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &overlapped,
                                        milliseconds);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (overlapped == NULL && error == WAIT_TIMEOUT)
        saw("no packet");
    else if (overlapped != &io)
        saw("a packet of something else (error %lu)", error);
    else if (ok)
        saw("packet ok n=%lu", bytes);
    else
        saw("packet %lu n=%lu", error, bytes);
}

void in_a_thread(LPTHREAD_START_ROUTINE routine, void *argument)
{
    HANDLE thread = CreateThread(NULL, 0, routine, argument, 0, NULL);
    need(thread != NULL && WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0,
         "run a thread");
    CloseHandle(thread);
}
