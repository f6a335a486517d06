#include <stdio.h>

int main(void)
{
    puts("main: done")
    return 0;
}
