/* Verdict: not yet: it did not build
 * Says: main.c: */
#include <stdio.h>

int main(void)
{
    puts("main: done")
    return 0;
}
