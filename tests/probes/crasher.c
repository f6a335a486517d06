/* crasher: crashes, to see that the tests call that a crash. */
#include <stddef.h>

int wmain(void)
{
    volatile int *volatile nowhere = NULL;
    *nowhere = 1;
    return 0;
}
