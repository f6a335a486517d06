/*
 * The rows of lab/probe, for the explorer:
 *
 *      rows.exe NUMBER
 *
 * It tries one row, as probe.exe does, and prints on stderr its name, what it
 * saw, and whether Wine 8.0 and Windows may do that: "yes", "no", or "?" if no
 * documentation is known. conformance.py reads these lines, one an order. The
 * exit status is 2 if there is no such row.
 */
#include "../../probe/expected.h"
#include "../../probe/tools.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

static const struct row *row;

static const struct row *find_row(unsigned number)
{
    for (const struct topic *topic = topics; topic->title != NULL; topic++)
        for (const struct row *at = topic->rows; at->name != NULL; at++)
            if (number-- == 0)
                return at;
    return NULL;
}

static void print(const char *line)
{
    DWORD written;
    WriteFile(GetStdHandle(STD_ERROR_HANDLE), line, (DWORD)strlen(line),
              &written, NULL);
}

static const char *may_do(const char *expected)
{
    if (expected == NULL)
        return "?";
    return allows(expected, seen()) ? "yes" : "no";
}

static void print_row(void)
{
    char line[TEXT + 64];
    snprintf(line, sizeof line, "saw: %s %s %s\n", may_do(seen_on(WINE_8, row)),
             may_do(row->windows), seen());
    print(line);
}

/* A preparation has failed. */
_Noreturn void end_row(void)
{
    print_row();
    exit(EXIT_FAILURE);
}

int wmain(int argc, wchar_t **argv)
{
    char line[64];
    row = argc == 2 ? find_row((unsigned)wcstoul(argv[1], NULL, 10)) : NULL;
    if (row == NULL)
        return 2;
    snprintf(line, sizeof line, "row: %s\n", row->name);
    print(line);
    row->run();
    print_row();
    return EXIT_SUCCESS;
}
