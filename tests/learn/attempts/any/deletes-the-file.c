/* Verdict: not yet: 0 of
 * Says: received: no such call */
#include <windows.h>

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc > 1)
        DeleteFileA(argv[1]);
    puts("main: done");
    return 0;
}
