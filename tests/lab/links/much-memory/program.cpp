/* Has more memory at the same time than lab/guard guards: from HeapAlloc, and
 * from new. */
#include <cstdio>
#include <windows.h>

enum { COUNT = 30000 };

static void *memory[COUNT];

static SIZE_T resized(HANDLE heap, void *&one)
{
    one = HeapReAlloc(heap, 0, one, 32);
    return HeapSize(heap, 0, one);
}

int main()
{
    HANDLE heap = GetProcessHeap();
    unsigned failed = 0;
    for (void *&one : memory)
        one = HeapAlloc(heap, 0, 16);
    std::printf("sizes %d %d\n", (int)resized(heap, memory[0]),
                (int)resized(heap, memory[COUNT - 1]));
    for (void *one : memory)
        failed += !HeapFree(heap, 0, one);
    for (void *&one : memory)
        one = new char[16];
    for (void *one : memory)
        delete[] static_cast<char *>(one);
    std::printf("%u failed\n", failed);
}
