/* Verdict: not yet: it crashed; 0 of
 * Says: it crashed at */
#include <stdio.h>

int main(void)
{
    puts("main: done");
    fflush(stdout);
    *(volatile int *)0 = 1;
    return 0;
}
