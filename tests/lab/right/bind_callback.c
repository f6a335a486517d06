/* Uses the system's pool, by BindIoCompletionCallback; main spins until the end
 * of the file. */
#include "right.h"

static HANDLE file;
static uint64_t bytes_read;
static volatile LONG over;

struct request {
    OVERLAPPED overlapped;
    char buffer[BLOCK];
};

static void start(void)
{
    struct request *request = calloc(1, sizeof *request);
    if (request != NULL) {
        request->overlapped = at_offset(bytes_read);
        if (is_started(ReadFile(file, request->buffer, BLOCK, NULL,
                                &request->overlapped)))
            return;
    }
    free(request);
    InterlockedExchange(&over, TRUE);
}

static void CALLBACK on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    free(CONTAINING_RECORD(overlapped, struct request, overlapped));
    bytes_read += bytes;
    if (error == ERROR_SUCCESS && bytes > 0)
        start();
    else
        InterlockedExchange(&over, TRUE);
}

int read_all(const char *path)
{
    file = open_file(path);
    BindIoCompletionCallback(file, on_read, 0);
    start();
    while (!over)
        YieldProcessor();
    return compare_size(file, bytes_read);
}
