/* Verdict: right: all */
#include <windows.h>

#include <stdio.h>

static int failed(const char *what, const char *name)
{
    fprintf(stderr, "step1: cannot %s '%s' (error %lu)\n", what, name,
            GetLastError());
    return 1;
}

int main(int argc, char *argv[])
{
    char text[64];
    DWORD got;

    if (argc != 2) {
        fprintf(stderr, "usage: step1 FILE\n");
        return 2;
    }
    HANDLE file = CreateFileA(argv[1], FILE_READ_DATA, 7, 0, OPEN_EXISTING,
                              FILE_ATTRIBUTE_NORMAL, 0);
    if (file == INVALID_HANDLE_VALUE)
        return failed("open", argv[1]);
    printf("main: opened without FILE_FLAG_OVERLAPPED\n");
    for (int i = 0; i < 2; i++) {
        if (!ReadFile(file, text, 64, &got, NULL))
            return failed("read", argv[1]);
        printf("main: read %lu bytes; the file position is now %lu\n", got,
               SetFilePointer(file, 0, NULL, FILE_CURRENT));
    }
    CloseHandle(file);
    file = CreateFileA(argv[1], FILE_READ_DATA, 7, 0, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED, 0);
    if (file == INVALID_HANDLE_VALUE)
        return failed("open", argv[1]);
    printf("main: opened with FILE_FLAG_OVERLAPPED\n");
    if (ReadFile(file, text, 64, &got, NULL))
        printf("main: a read without an offset succeeds: %lu bytes\n", got);
    else if (GetLastError() == 87)
        printf("main: a read without an offset fails (error 87)\n");
    else
        return failed("read", argv[1]);
    CloseHandle(file);
    puts("main: done");
}
