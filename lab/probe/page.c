/* The page shows only what is recorded, so it is the same on every system. */
#include "page.h"

#include "expected.h"

#include <stdio.h>
#include <string.h>

static void write_head(void)
{
    printf("# What each Wine does, what Windows does\n"
           "\n"
           "`make windows-and-wine` writes this page; do not edit it.\n"
           "\n"
           "The program `lab/probe` tries each row: it does with overlapped "
           "I/O what the first column says, and reports what it saw.\n"
           "\n"
           "| column | meaning |\n"
           "| --- | --- |\n"
           "|");
    for (enum wine wine = 0; wine < WINES; wine++)
        printf("%s Wine %s", wine == 0 ? "" : ",", version_of(wine));
    printf(" | what the program saw on this Wine. *same*: the same as on the "
           "Wine before it |\n"
           "| Windows | what the documentation says, or what a test asserts. "
           "The authors of these tests, such as the developers of Wine, run "
           "them on Windows. *Our program was not run on Windows.* ?: we know "
           "of no source |\n"
           "| **!** | this Wine does not do what the column Windows says, or "
           "not always |\n"
           "\n"
           "`make windows-and-wine` and `make test` try every row again. They "
           "fail if the Wine that runs them does not do what its column "
           "says.\n"
           "\n"
           "| text | meaning |\n"
           "| --- | --- |\n"
           "| `TRUE` | the call succeeded |\n"
           "| `FALSE/997` | the call returned FALSE, and GetLastError returned "
           "997, `ERROR_IO_PENDING`; `NULL/87` likewise |\n"
           "| `packet ok n=904` | a packet of success came, with 904 bytes |\n"
           "| `packet 38 n=0` | the packet of a failed I/O came, with error 38 "
           "and 0 bytes |\n"
           "| `no packet` | no packet came |\n"
           "\n"
           "Files have 5,000 bytes, and reads ask for 4,096. All handles are "
           "overlapped and bound to a port, unless the row says otherwise.\n");
}

static void write_topic(const char *title)
{
    printf("\n## %s\n\n| tried |", title);
    for (enum wine wine = 0; wine < WINES; wine++)
        printf(" Wine %s |", version_of(wine));
    printf(" Windows | source |\n| --- |");
    for (enum wine wine = 0; wine < WINES; wine++)
        printf(" --- |");
    printf(" --- | --- |\n");
}

/* Each alternative between backquotes. */
static void write_alternatives(const char *text)
{
    const char *between = "";
    size_t length;
    for (const char *at; (at = next_alternative(&text, &length)) != NULL;) {
        printf("%s`%.*s`", between, (int)length, at);
        between = " or ";
    }
}

static void write_wine(enum wine wine, const struct row *row)
{
    const char *seen = seen_on(wine, row);
    if (!allows(row->windows, seen))
        printf("**!** ");
    if (wine > 0 && strcmp(seen, seen_on(wine - 1, row)) == 0)
        printf("*same*");
    else
        write_alternatives(seen);
    printf(" | ");
}

static void write_row(const struct row *row)
{
    printf("| %s | ", row->tried);
    for (enum wine wine = 0; wine < WINES; wine++)
        write_wine(wine, row);
    if (row->windows != NULL)
        write_alternatives(row->windows);
    else
        printf("?");
    printf(" | %s |\n", row->source != NULL ? row->source : "");
}

static unsigned unlike_windows(enum wine wine)
{
    unsigned count = 0;
    for (const struct topic *topic = topics; topic->title != NULL; topic++)
        for (const struct row *row = topic->rows; row->name != NULL; row++)
            count += !allows(row->windows, seen_on(wine, row));
    return count;
}

static void write_count(unsigned rows)
{
    printf("\n%u rows. Marked with **!**:", rows);
    for (enum wine wine = 0; wine < WINES; wine++)
        printf("%s %u for Wine %s", wine == 0 ? "" : ",", unlike_windows(wine),
               version_of(wine));
    printf(".\n");
}

void write_page(void)
{
    unsigned rows = 0;
    write_head();
    for (const struct topic *topic = topics; topic->title != NULL; topic++) {
        write_topic(topic->title);
        for (const struct row *row = topic->rows; row->name != NULL; row++) {
            write_row(row);
            rows++;
        }
    }
    write_count(rows);
}
