/* Verdict: not yet: it prints for ever; 0 of
 * Says: it printed more than 256 KiB */
#include <stdio.h>

int main(void)
{
    for (;;)
        fputs("checker: ", stderr);
}
