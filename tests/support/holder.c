/*
 * holder [FILE [share]]: holds the file open until stdin ends. It opens the
 * file for reading and does not share it; with "share" it opens the file for
 * reading, writing and deleting, and shares all of these. It prints "ready"
 * when the file is open.
 */
#include <windows.h>

#include <stdbool.h>
#include <stdio.h>

int wmain(int argc, wchar_t **argv)
{
    HANDLE file = NULL;
    if (argc > 1) {
        bool shared = argc > 2;
        file = CreateFileW(
            argv[1],
            shared ? GENERIC_READ | GENERIC_WRITE | DELETE : GENERIC_READ,
            shared ? FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE : 0,
            NULL, OPEN_EXISTING, 0, NULL);
        if (file == INVALID_HANDLE_VALUE) {
            fprintf(stderr, "holder: cannot open (error %lu)\n",
                    GetLastError());
            return 1;
        }
    }
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    if (file != NULL)
        CloseHandle(file);
    return 0;
}
