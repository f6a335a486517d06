/* Calls a function that does next to nothing a million times, and prints how
 * many nanoseconds one call takes. cost.sh runs it with TRACE and without. */
#include <stdio.h>
#include <windows.h>

int main(void)
{
    enum { CALLS = 1000000 };
    OVERLAPPED ended = {0};
    DWORD bytes;
    LARGE_INTEGER begin, end, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&begin);
    for (unsigned i = 0; i < CALLS; i++)
        GetOverlappedResult(NULL, &ended, &bytes, FALSE);
    QueryPerformanceCounter(&end);
    printf("%.1f\n", (double)(end.QuadPart - begin.QuadPart) * 1e9 /
                         (double)frequency.QuadPart / CALLS);
    return 0;
}
