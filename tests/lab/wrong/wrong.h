/*
 * What the wrong programs share. Each makes the mistake that its first argument
 * names. Its second argument is a file to read. A comment with an arrow and the
 * mistake's name is above each line that the checker must name.
 */
#ifndef WRONG_H
#define WRONG_H

#include <process.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* One mistake. make returns the exit status. */
struct mistake {
    const char *name;
    int (*make)(const char *path);
};

extern const struct mistake mistakes[]; /* the last one's name is NULL */

/* A read, with its buffer. */
struct read {
    OVERLAPPED overlapped;
    char buffer[64];
};

/* Macros, so that the line in a report is the program's. */
#define open_file(path, flags)                                                 \
    CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,  \
                OPEN_EXISTING, flags, NULL)
#define port_of(file) CreateIoCompletionPort(file, NULL, 1, 0)

/* Both ends of a named pipe. A read of the client stays in flight until
 * write_pipe. */
struct pipe {
    HANDLE server, client;
};

static inline struct pipe open_pipe(void)
{
    char name[64];
    snprintf(name, sizeof name, "\\\\.\\pipe\\wrong-%lu",
             GetCurrentProcessId());
    struct pipe pipe = {.server = CreateNamedPipeA(name, PIPE_ACCESS_OUTBOUND,
                                                   PIPE_TYPE_BYTE, 1, 4096,
                                                   4096, 0, NULL)};
    pipe.client = open_file(name, FILE_FLAG_OVERLAPPED);
    return pipe;
}

static inline void write_pipe(struct pipe pipe)
{
    DWORD bytes;
    WriteFile(pipe.server, "data", 4, &bytes, NULL);
}

static inline void close_pipe(struct pipe pipe)
{
    CloseHandle(pipe.client);
    CloseHandle(pipe.server);
}

static inline OVERLAPPED *take(HANDLE port)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped = NULL;
    GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);
    return overlapped;
}

int main(int argc, char **argv)
{
    for (const struct mistake *at = mistakes; argc == 3 && at->name; at++)
        if (strcmp(at->name, argv[1]) == 0)
            return at->make(argv[2]);
    fprintf(stderr, "usage: MISTAKE FILE\n");
    return 2;
}

#endif
