#include <stdio.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

int WINAPI WinMain(HINSTANCE instance, HINSTANCE before, char *line, int show)
{
    printf("WinMain: %d %s\n", instance != NULL && before == NULL && show > 0, line);
    return 0;
}
