/*
 * guard_errors HOW: uses memory wrongly. With lab/guard it crashes, except if
 * HOW is "nothing", "leak" or "uninitialized".
 */
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

/* volatile: otherwise the compiler would see the mistakes. */
static void *(*volatile get)(size_t) = malloc;
static void (*volatile release)(void *) = free;
static volatile size_t after = 112; /* 100 bytes are rounded up */

static void misuse(const wchar_t *how, char *memory, char *zeros)
{
    if (wcscmp(how, L"uninitialized") == 0)
        printf("%02x %02x\n", (unsigned char)memory[99], zeros[99]);
    else if (wcscmp(how, L"overrun") == 0)
        memory[after] = 1;
    if (wcscmp(how, L"free-inside") == 0)
        release(memory + 16);
    else if (wcscmp(how, L"leak") != 0)
        release(memory);
    if (wcscmp(how, L"read-after") == 0)
        printf("%d\n", memory[0]);
    else if (wcscmp(how, L"write-after") == 0)
        memory[0] = 1;
    else if (wcscmp(how, L"free-twice") == 0)
        release(memory);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2)
        return 2;
    char *memory = get(100), *zeros = calloc(10, 10);
    if (memory != NULL && zeros != NULL)
        misuse(argv[1], memory, zeros);
    free(zeros);
    return 0;
}
