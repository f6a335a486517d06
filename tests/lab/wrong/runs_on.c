/* A wrong program that does not end by itself: make check must print the report
 * while this program runs. */
#include <windows.h>

int main(void)
{
    CloseHandle(INVALID_HANDLE_VALUE);
    for (;;)
        Sleep(100);
}
