#include <stdio.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

int WINAPI wWinMain(HINSTANCE instance, HINSTANCE before, wchar_t *line, int show)
{
    printf("wWinMain: %d %ls\n", instance != NULL && before == NULL && show > 0, line);
    return 0;
}
