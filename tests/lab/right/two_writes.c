/* Has two writes in flight from one buffer; reads a pipe, and cancels a read.
 */
#include "right.h"

static const char data[BLOCK];

static bool write_both(HANDLE file)
{
    OVERLAPPED *writes = calloc(2, sizeof *writes);
    DWORD bytes, all = 0;
    if (writes == NULL)
        return false;
    for (DWORD i = 0; i < 2; i++) {
        writes[i] = at_offset(BLOCK * (uint64_t)i);
        writes[i].hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
        WriteFile(file, data, BLOCK, NULL, &writes[i]);
    }
    for (DWORD i = 0; i < 2; i++) {
        if (GetOverlappedResult(file, &writes[i], &bytes, TRUE))
            all += bytes;
        CloseHandle(writes[i].hEvent);
    }
    free(writes);
    return all == 2 * BLOCK;
}

static unsigned __stdcall feed(void *server)
{
    DWORD bytes;
    Sleep(50);
    WriteFile(server, "x", 1, &bytes, NULL);
    return 0;
}

static bool read_pipe(void)
{
    static char name[] = "\\\\.\\pipe\\two-writes", buffer[BLOCK];
    OVERLAPPED read = {0}, *taken;
    DWORD bytes = 0;
    ULONG_PTR key;
    HANDLE server = CreateNamedPipeA(name, PIPE_ACCESS_OUTBOUND, PIPE_TYPE_BYTE,
                                     1, BLOCK, BLOCK, 0, NULL);
    HANDLE client = open_file(name);
    HANDLE port = CreateIoCompletionPort(client, NULL, 0, 0);
    HANDLE thread = (HANDLE)_beginthreadex(NULL, 0, feed, server, 0, NULL);
    ReadFile(client, buffer, BLOCK, NULL, &read);
    GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE);
    read = at_offset(0);
    ReadFile(client, buffer, BLOCK, NULL, &read);
    CancelIoEx(client, &read);
    GetQueuedCompletionStatus(port, &bytes, &key, &taken, INFINITE);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    CloseHandle(port);
    CloseHandle(client);
    CloseHandle(server);
    return bytes == 0;
}

int read_all(const char *path)
{
    char copy[MAX_PATH];
    snprintf(copy, sizeof copy, "%s.written", path);
    HANDLE file = CreateFileA(copy, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_FLAG_OVERLAPPED, NULL);
    bool written = write_both(file);
    CloseHandle(file);
    DeleteFileA(copy);
    return written && read_pipe() ? 0 : 1;
}
