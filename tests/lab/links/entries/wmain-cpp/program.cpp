#include <stdio.h>

int wmain(int argc, wchar_t **argv)
{
    printf("wmain: %d %ls\n", argc, argv[argc - 1]);
    return 0;
}
