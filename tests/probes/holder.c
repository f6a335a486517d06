/*
 * holder [FILE]: waits until stdin ends, and meanwhile holds the file open
 * without sharing it. Says "ready" when it does.
 */
#include <windows.h>

#include <stdio.h>

int wmain(int argc, wchar_t **argv)
{
    HANDLE file = NULL;
    if (argc > 1) {
        file =
            CreateFileW(argv[1], GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
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
