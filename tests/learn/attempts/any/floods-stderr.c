#include <stdio.h>

int main(void)
{
    for (;;)
        fputs("checker: ", stderr);
}
