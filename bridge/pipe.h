/* A named pipe with both ends in this process. A read on it is in flight until
 * main writes to the other end: so main decides when the read completes. */
#ifndef PIPE_H
#define PIPE_H

#include "step5.h"

#include <string.h>

struct pipe {
    HANDLE server; /* main writes here */
    HANDLE client; /* overlapped: the reads are on this end */
};

/* Closes the ends that are open. */
static void pipe_close(struct pipe *pipe)
{
    if (pipe->client != INVALID_HANDLE_VALUE)
        check(CloseHandle(pipe->client), "close", L"pipe");
    if (pipe->server != INVALID_HANDLE_VALUE)
        check(CloseHandle(pipe->server), "close", L"pipe");
}

/* Returns 0 or a Win32 error. After an error, no end is open. */
static DWORD pipe_open(struct pipe *pipe)
{
    wchar_t name[64];
    swprintf(name, 64, L"\\\\.\\pipe\\%ls-%lu", program, GetCurrentProcessId());
    *pipe = (struct pipe){.client = INVALID_HANDLE_VALUE};
    pipe->server = CreateNamedPipeW(
        name, PIPE_ACCESS_OUTBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_BYTE | PIPE_REJECT_REMOTE_CLIENTS, 1, 4096, 4096, 0, NULL);
    if (pipe->server != INVALID_HANDLE_VALUE)
        pipe->client = open_overlapped(name);
    if (pipe->client != INVALID_HANDLE_VALUE)
        return ERROR_SUCCESS;
    DWORD error = GetLastError();
    pipe_close(pipe);
    return error;
}

/* The server's end is synchronous: the bytes are in the pipe, or in the buffer
 * of a waiting read, when this returns. */
static void pipe_write(const struct pipe *pipe, const char *text)
{
    DWORD written;
    check(WriteFile(pipe->server, text, (DWORD)strlen(text), &written, NULL),
          "write to", L"pipe");
}

#endif
