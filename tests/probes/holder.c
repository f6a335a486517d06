/*
 * holder FILE: holds a file open without sharing it, until stdin ends. Says
 * "ready" when it does.
 */
#include <windows.h>

#include <stdio.h>

int wmain(int argc, wchar_t **argv)
{
    HANDLE file = argc == 2 ? CreateFileW(argv[1], GENERIC_READ, 0, NULL,
                                          OPEN_EXISTING, 0, NULL)
                            : INVALID_HANDLE_VALUE;
    if (file == INVALID_HANDLE_VALUE) {
        fprintf(stderr, "holder: cannot open (error %lu)\n", GetLastError());
        return 1;
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    CloseHandle(file);
    return 0;
}
