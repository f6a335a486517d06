/* This program is right. It has what a learner's program may have: ten sources in
 * several folders, in C and in C++, names that the lab uses too, a table of
 * functions, and GNU C. Its entry point is not wmain, although this comment says
 * wmain. */
#define UNICODE
#define _UNICODE
#include <tchar.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>

#include "error.h"
#include "names.h"
#include "read.h"
#include <store/count.h>

#define SWAP(a, b)                                                             \
    do {                                                                       \
        typeof(a) old = (a);                                                   \
        (a) = (b);                                                             \
        (b) = old;                                                             \
    } while (0)

/* SQLite has such a table. */
static struct {
    const char *name;
    BOOL(WINAPI *close)(HANDLE);
    HANDLE(WINAPI *event)(LPSECURITY_ATTRIBUTES, BOOL, BOOL, LPCWSTR);
} calls = {"calls", CloseHandle, CreateEventW};

int _tmain(int argc, TCHAR **argv)
{
    char *one = strdup("one"), *two = strdup("two");
    SWAP(one, two);
    show(one, strcasecmp(two, "ONE"));
    free(one);
    free(two);
    HANDLE event = calls.event(NULL, TRUE, FALSE, NULL);
    if (event == NULL)
        fail("create an event");
    calls.close(event);
    DWORD bytes = argc > 1 ? read_first(argv[1]) : 0;
    show("first read", (int)bytes);
    show("all reads", (int)read_again(argc > 1 ? argv[1] : NULL));
    show("words", count_words("count these three"));
    show("sizes", size_of_all());
    show("names", number_of_names() + below + below_locks + real + settings);
    show("upper", upper('a'));
    show("changes", changes);
    return ERROR_OF_THE_PROGRAM;
}
