/* One thread starts each read and then takes its packet, as a synchronous read
 * would. Buffer and OVERLAPPED are on main's stack. */
#include "right.h"

static DWORD read_at(HANDLE file, HANDLE port, uint64_t offset)
{
    char buffer[BLOCK];
    OVERLAPPED overlapped = at_offset(offset), *taken;
    DWORD bytes;
    ULONG_PTR key;
    if (!is_started(ReadFile(file, buffer, BLOCK, NULL, &overlapped)))
        return 0;
    BOOL ok = GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE);
    return ok ? bytes : 0;
}

int read_all(const char *path)
{
    HANDLE file = open_file(path);
    HANDLE port = CreateIoCompletionPort(file, NULL, 0, 0);
    uint64_t bytes = 0;
    for (DWORD came = BLOCK; came > 0; bytes += came)
        came = read_at(file, port, bytes);
    CloseHandle(port);
    return compare_size(file, bytes);
}
