/* Verdict: not yet: it hung; 0 of
 * Says: it did not end within 6 s */
#include <stdio.h>

int main(void)
{
    while (getchar() != 'q')
        ;
    return 0;
}
