/*
 * guard_errors HOW: uses memory wrongly. With lab/guard it crashes, except if
 * HOW is "nothing", "leak" or "uninitialized".
 *
 * guard_errors many|large|grow|threads: uses much memory, and nothing wrongly.
 * many-overrun then writes after the end of one allocation more.
 */
#include <process.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

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

/* ---- Much memory -------------------------------------------------------- */

static void need(bool holds)
{
    if (!holds) {
        puts("wrong");
        exit(EXIT_FAILURE);
    }
}

enum { MANY = 100000, THREADS = 4, EACH = 2000 };

/* More allocations at the same time than can be guarded. The last one is freed
 * first, and allocated again: then a guarded one has room. */
static void allocate_many(void)
{
    static unsigned *pieces[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        need((pieces[i] = get(sizeof **pieces)) != NULL);
        *pieces[i] = i;
    }
    for (unsigned i = 0; i < MANY; i += 2) {
        need((pieces[i] = realloc(pieces[i], 64)) != NULL);
        need(*pieces[i] == i);
    }
    for (unsigned i = 0; i < MANY; i++) {
        need(*pieces[i] == i);
        release(pieces[i]);
    }
}

/* The pages are not used, so the system needs no memory for them. */
static void allocate_large(void)
{
    size_t size = (size_t)3 << 30;
    char *piece = get(size);
    need(piece != NULL);
    piece[size - 1] = 'x';
    char *smaller = realloc(piece, 100);
    need(smaller != NULL);
    release(smaller);
}

static void grow(void)
{
    enum { LARGEST = 64 << 20 };
    unsigned char *piece = NULL;
    for (size_t size = 1; size <= LARGEST; size *= 2) {
        unsigned char *larger = realloc(piece, size);
        need(larger != NULL);
        piece = larger;
        need(size == 1 || piece[size / 2 - 1] == 7);
        piece[size - 1] = 7;
    }
    release(piece);
}

static unsigned __stdcall use_memory(void *argument)
{
    unsigned char *pieces[16] = {NULL}, mark = *(unsigned char *)argument;
    for (unsigned i = 0; i < EACH; i++) {
        unsigned char **piece = &pieces[i % 16];
        size_t size = 1 + i * 37 % 9000;
        need(*piece == NULL || **piece == mark);
        release(*piece);
        need((*piece = get(size)) != NULL);
        memset(*piece, mark, size);
    }
    for (unsigned i = 0; i < 16; i++)
        release(pieces[i]);
    return 0;
}

static void use_threads(void)
{
    static unsigned char marks[THREADS] = {1, 2, 3, 4};
    HANDLE threads[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        threads[i] =
            (HANDLE)_beginthreadex(NULL, 0, use_memory, &marks[i], 0, NULL);
    WaitForMultipleObjects(THREADS, threads, TRUE, INFINITE);
}

/* False: HOW is none of these. */
static bool use_much(const wchar_t *how)
{
    if (wcsncmp(how, L"many", 4) == 0)
        allocate_many();
    else if (wcscmp(how, L"large") == 0)
        allocate_large();
    else if (wcscmp(how, L"grow") == 0)
        grow();
    else if (wcscmp(how, L"threads") == 0)
        use_threads();
    else
        return false;
    if (wcscmp(how, L"many-overrun") == 0)
        ((char *)get(100))[after] = 1;
    return true;
}

int wmain(int argc, wchar_t **argv)
{
    if (argc != 2)
        return 2;
    if (use_much(argv[1]))
        return 0;
    char *memory = get(100), *zeros = calloc(10, 10);
    if (memory != NULL && zeros != NULL)
        misuse(argv[1], memory, zeros);
    free(zeros);
    return 0;
}
