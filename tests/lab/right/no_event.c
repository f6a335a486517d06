/* GetOverlappedResult waits for the file itself; buffer and OVERLAPPED are on
 * main's stack. */
#include "right.h"

static DWORD read_at(HANDLE file, uint64_t offset)
{
    char buffer[BLOCK];
    OVERLAPPED overlapped = at_offset(offset);
    DWORD bytes = 0;
    if (is_started(ReadFile(file, buffer, BLOCK, NULL, &overlapped)))
        GetOverlappedResult(file, &overlapped, &bytes, TRUE);
    return bytes;
}

int read_all(const char *path)
{
    HANDLE file = open_file(path);
    uint64_t bytes = 0;
    for (DWORD came = BLOCK; came > 0; bytes += came)
        came = read_at(file, bytes);
    return compare_size(file, bytes);
}
