#include <stdio.h>

int main(void)
{
    while (getchar() != 'q')
        ;
    return 0;
}
