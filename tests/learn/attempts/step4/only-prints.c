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
    puts("main: packing offset 64 with 'first buffer'");
    puts("main: packing offset 4294967360 with 'second buffer'");
    puts("main: posting the packet of 'second buffer'");
    puts("worker: on_second: error 0, 13 bytes in 'second buffer', high half "
         "1, low half 64");
    puts("main: posting the packet of 'first buffer'");
    puts("worker: on_first: error 0, 12 bytes in 'first buffer', high half 0, "
         "low half 64");
    puts("main: packed 2, freed 2");
    puts("main: done");
    return 0;
}
