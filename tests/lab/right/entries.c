/* Takes several packets with one call, and has a request for each read. */
#include "right.h"

struct request {
    OVERLAPPED overlapped;
    char buffer[BLOCK];
};

static bool start(HANDLE file, uint64_t offset)
{
    struct request *request = malloc(sizeof *request);
    if (request == NULL)
        return false;
    request->overlapped = at_offset(offset);
    if (is_started(
            ReadFile(file, request->buffer, BLOCK, NULL, &request->overlapped)))
        return true;
    free(request);
    return false;
}

int read_all(const char *path)
{
    OVERLAPPED_ENTRY entries[DEPTH];
    HANDLE file = open_file(path);
    HANDLE port = CreateIoCompletionPort(file, NULL, 0, 0);
    uint64_t next = 0, bytes = 0;
    unsigned pending = 0;
    bool more = port != NULL;
    while (more || pending > 0) {
        ULONG taken = 0;
        for (; more && pending < DEPTH && (more = start(file, next)); pending++)
            next += BLOCK;
        if (pending == 0 || !GetQueuedCompletionStatusEx(
                                port, entries, DEPTH, &taken, INFINITE, FALSE))
            continue;
        for (ULONG i = 0; i < taken; i++) {
            if (entries[i].dwNumberOfBytesTransferred < BLOCK)
                more = false;
            bytes += entries[i].dwNumberOfBytesTransferred;
            free(CONTAINING_RECORD(entries[i].lpOverlapped, struct request,
                                   overlapped));
            pending--;
        }
    }
    CloseHandle(port);
    return compare_size(file, bytes);
}
