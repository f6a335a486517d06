/* A program for tests/lab/test_record.c: each argument does one thing that a
 * recording must show. */
#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

static int print_in_parts(void)
{
    printf("one ");
    printf("line\n");
    puts("two");
    fputs("wrong\n", stderr);
    return EXIT_SUCCESS;
}

static int count_for_ever(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    for (unsigned turn = 0; event != NULL; turn++)
        if (!(turn % 2 == 0 ? SetEvent(event) : ResetEvent(event)))
            return EXIT_FAILURE;
    return EXIT_FAILURE;
}

enum phase { PHASE_NEW, PHASE_POSTED };

struct letter {
    DWORD stamp;
    struct inside {
        OVERLAPPED overlapped;
        enum phase phase;
        void (*read)(void);
    } inside;
};

static void read_letter(void)
{
}

static int post(HANDLE port, struct letter *letter)
{
    letter->inside.phase = PHASE_POSTED;
    letter->inside.read = read_letter;
    return PostQueuedCompletionStatus(port, 7, 0, &letter->inside.overlapped);
}

static int take(HANDLE port)
{
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    return GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE);
}

/* Requests in an array, as members of members. */
static int post_an_array(void)
{
    struct letter *letters = calloc(3, sizeof *letters);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    int done = letters != NULL && port != NULL;
    for (unsigned i = 0; i < 3 && done; i++)
        done = post(port, &letters[i]);
    for (unsigned i = 0; i < 3 && done; i++)
        done = take(port);
    free(letters);
    return done && CloseHandle(port) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A request on the stack, and one that is static. */
static int post_without_memory(void)
{
    static OVERLAPPED fixed;
    OVERLAPPED local = {.Offset = 5};
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    int done = port != NULL && PostQueuedCompletionStatus(port, 1, 0, &fixed) &&
               PostQueuedCompletionStatus(port, 2, 0, &local) && take(port) &&
               take(port);
    return done && CloseHandle(port) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The compiler must not see that it is free. */
static void (*volatile release)(void *) = free;

static int free_twice(void)
{
    struct letter *letter = calloc(1, sizeof *letter);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    int done = letter != NULL && port != NULL && post(port, letter) &&
               take(port) && CloseHandle(port);
    release(letter);
    release(letter);
    return done ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int count_processors(void)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    printf("%lu\n", system.dwNumberOfProcessors);
    return EXIT_SUCCESS;
}

int wmain(int argc, wchar_t **argv)
{
    static const struct {
        const wchar_t *name;
        int (*run)(void);
    } cases[] = {
        {L"print", print_in_parts}, {L"endless", count_for_ever},
        {L"array", post_an_array},  {L"no-memory", post_without_memory},
        {L"twice", free_twice},     {L"processors", count_processors},
    };
    for (size_t i = 0; argc == 2 && i < sizeof cases / sizeof *cases; i++)
        if (wcscmp(argv[1], cases[i].name) == 0)
            return cases[i].run();
    return 2;
}
