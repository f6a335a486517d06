/* Has an event for each read in flight, and no port. */
#include "right.h"

struct request {
    OVERLAPPED overlapped;
    char buffer[BLOCK];
    bool started;
};

static void start(HANDLE file, struct request *request, uint64_t offset)
{
    HANDLE event = request->overlapped.hEvent;
    request->overlapped = at_offset(offset);
    request->overlapped.hEvent = event;
    request->started = is_started(
        ReadFile(file, request->buffer, BLOCK, NULL, &request->overlapped));
}

/* Returns the number of bytes; 0 at the end of the file. */
static DWORD finish(HANDLE file, struct request *request)
{
    DWORD bytes = 0;
    if (request->started) {
        WaitForSingleObject(request->overlapped.hEvent, INFINITE);
        GetOverlappedResult(file, &request->overlapped, &bytes, FALSE);
    }
    request->started = false;
    return bytes;
}

int read_all(const char *path)
{
    struct request *requests = calloc(DEPTH, sizeof *requests);
    HANDLE file = open_file(path);
    uint64_t next = 0, bytes = 0;
    bool more = requests != NULL;
    for (unsigned i = 0; more && i < DEPTH; i++, next += BLOCK) {
        requests[i].overlapped.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
        start(file, &requests[i], next);
    }
    for (unsigned i = 0; more; i = (i + 1) % DEPTH, next += BLOCK) {
        DWORD came = finish(file, &requests[i]);
        bytes += came;
        more = came == BLOCK;
        if (more)
            start(file, &requests[i], next);
    }
    for (unsigned i = 0; requests != NULL && i < DEPTH; i++) {
        bytes += finish(file, &requests[i]);
        CloseHandle(requests[i].overlapped.hEvent);
    }
    free(requests);
    return compare_size(file, bytes);
}
