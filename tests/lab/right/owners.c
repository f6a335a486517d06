/* Handles that other code closes, or opens, or duplicates; and values that the
 * system uses again for another handle. */
#include "right.h"

#include <fcntl.h>
#include <io.h>
#include <winternl.h>

static HANDLE open_plain(const char *path)
{
    return CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
                       NULL, OPEN_EXISTING, 0, NULL);
}

static bool read_once(HANDLE file, HANDLE event)
{
    static char buffer[BLOCK];
    OVERLAPPED overlapped = {.hEvent = event};
    DWORD bytes = 0;
    return (is_started(ReadFile(file, buffer, BLOCK, NULL, &overlapped)) &&
            GetOverlappedResult(file, &overlapped, &bytes, TRUE)) ||
           GetLastError() == ERROR_HANDLE_EOF;
}

/* The C library's stream owns the handle. */
static bool by_stream(const char *path)
{
    char line[16];
    int descriptor = _open_osfhandle((intptr_t)open_plain(path), _O_RDONLY);
    FILE *stream = _fdopen(descriptor, "rb");
    if (stream == NULL)
        return false;
    bool read =
        fread(line, 1, sizeof line, stream) == sizeof line || feof(stream);
    fclose(stream);
    return read;
}

/* A handle without FILE_FLAG_OVERLAPPED is closed by other code, and an
 * overlapped file gets its value. */
static bool value_used_again(const char *path)
{
    HANDLE plain = open_plain(path);
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    NtClose(plain);
    int descriptor = _open(path, _O_RDONLY | _O_BINARY);
    HANDLE copy, inside = (HANDLE)_get_osfhandle(descriptor);
    HANDLE file = open_file(path);
    DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &copy, 0,
                    FALSE, DUPLICATE_SAME_ACCESS);
    bool read = read_once(copy, event) && read_once(file, event) &&
                inside != INVALID_HANDLE_VALUE;
    CloseHandle(copy);
    CloseHandle(file);
    _close(descriptor);
    CloseHandle(event);
    return read;
}

/* The original is closed while I/O is in flight: the duplicate keeps the pipe
 * open. */
static bool by_duplicate(void)
{
    static char buffer[4];
    static const char name[] = "\\\\.\\pipe\\right-owners";
    OVERLAPPED overlapped = {.hEvent = CreateEventA(NULL, TRUE, FALSE, NULL)};
    DWORD bytes = 0;
    HANDLE copy, moved, self = GetCurrentProcess();
    HANDLE server =
        CreateNamedPipeA(name, PIPE_ACCESS_INBOUND | FILE_FLAG_OVERLAPPED, 0, 1,
                         0, BLOCK, 0, NULL);
    HANDLE client =
        CreateFileA(name, GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    ReadFile(server, buffer, sizeof buffer, NULL, &overlapped);
    DuplicateHandle(self, server, self, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS);
    CloseHandle(server);
    DuplicateHandle(self, client, self, &moved, 0, FALSE,
                    DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE);
    WriteFile(moved, "data", 4, &bytes, NULL);
    bool read = GetOverlappedResult(copy, &overlapped, &bytes, TRUE);
    CloseHandle(moved);
    CloseHandle(copy);
    CloseHandle(overlapped.hEvent);
    return read;
}

/* Other code closes each kind of handle. */
static void closed_elsewhere(void)
{
    NtClose(CreateEventW(NULL, TRUE, FALSE, NULL));
    NtClose(CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0));
    for (int i = 0; i < 2; i++)
        CloseHandle(CreateMutexW(NULL, FALSE, NULL));
}

int read_all(const char *path)
{
    closed_elsewhere();
    if (!by_stream(path))
        return 10;
    if (!value_used_again(path))
        return 11;
    return by_duplicate() ? 0 : 12;
}
