#include "read.h"
#include "names.h"

/* A read with an event. */
static DWORD read_at(const wchar_t *path, DWORD offset)
{
    static char buffer[64];
    DWORD bytes = 0;
    OVERLAPPED overlapped = {.Offset = offset};
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL,
                              OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    if (file == INVALID_HANDLE_VALUE)
        fail("open the file");
    overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!ReadFile(file, buffer, sizeof buffer, NULL, &overlapped) &&
        GetLastError() != ERROR_IO_PENDING)
        fail("read");
    if (!GetOverlappedResult(file, &overlapped, &bytes, TRUE))
        fail("wait");
    CloseHandle(overlapped.hEvent);
    CloseHandle(file);
    return bytes;
}

DWORD read_first(const wchar_t *path)
{
    return read_at(path, 0);
}
