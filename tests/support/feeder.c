/*
 * feeder PIPE [COMMAND...]: feeds a pipe from stdin.
 *
 * Creates the pipe and prints "ready", or starts COMMAND with the pipe's name
 * as its last argument. When a reader has connected, the feeder writes each
 * line of stdin to the pipe, without its end of line, and at the end of stdin
 * closes the pipe. An empty line is a write of 0 bytes; only a pipe of messages
 * passes such a write on, so the pipe has this type. Exit status: COMMAND's,
 * or 0.
 */
#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static void fail(const char *tried)
{
    fprintf(stderr, "feeder: cannot %s (error %lu)\n", tried, GetLastError());
    exit(EXIT_FAILURE);
}

static HANDLE start_command(wchar_t **argv, const wchar_t *pipe_name)
{
    wchar_t line[4096] = L"";
    STARTUPINFOW startup = {.cb = sizeof startup};
    PROCESS_INFORMATION process;
    for (; *argv != NULL; argv++) {
        size_t used = wcslen(line);
        swprintf(line + used, 4096 - used, L"\"%ls\" ", *argv);
    }
    wcscat(line, pipe_name);
    if (!CreateProcessW(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &startup,
                        &process))
        fail("start the command");
    CloseHandle(process.hThread);
    return process.hProcess;
}

int wmain(int argc, wchar_t **argv)
{
    char piece[65536];
    HANDLE command = NULL;
    DWORD status = EXIT_SUCCESS;
    if (argc < 2) {
        fprintf(stderr, "usage: feeder PIPE [COMMAND...]\n");
        return 2;
    }
    HANDLE pipe = CreateNamedPipeW(
        argv[1], PIPE_ACCESS_OUTBOUND | FILE_FLAG_FIRST_PIPE_INSTANCE,
        PIPE_TYPE_MESSAGE | PIPE_REJECT_REMOTE_CLIENTS, 1, 65536, 65536, 0,
        NULL);
    if (pipe == INVALID_HANDLE_VALUE)
        fail("create the pipe");
    if (argc > 2) {
        command = start_command(argv + 2, argv[1]);
    } else {
        puts("ready");
        fflush(stdout);
    }
    if (!ConnectNamedPipe(pipe, NULL) &&
        GetLastError() != ERROR_PIPE_CONNECTED &&
        GetLastError() != ERROR_NO_DATA) /* connected, and closed again */
        fail("wait for the reader");
    while (fgets(piece, sizeof piece, stdin) != NULL) {
        DWORD written, length = (DWORD)strcspn(piece, "\r\n");
        if (!WriteFile(pipe, piece, length, &written, NULL))
            fail("write to the pipe");
    }
    CloseHandle(pipe);
    if (command != NULL) {
        WaitForSingleObject(command, INFINITE);
        GetExitCodeProcess(command, &status);
        CloseHandle(command);
    }
    return (int)status;
}
