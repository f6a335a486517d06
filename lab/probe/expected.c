#include "expected.h"

#include <stdlib.h>
#include <string.h>

const struct topic topics[] = {
    {"Files", file_rows},
    {"Calls that fail immediately", failure_rows},
    {"Named pipes", pipe_rows},
    {"Ports", port_rows},
    {"Windows' own pools", pool_rows},
    {.title = NULL},
};

/* ---- The Wines that were tried ---- */

struct change {
    const char *row, *seen;
};

/* A row says what Wine 8.0 did. A later Wine did the same as the Wine before
 * it, except in the rows of its list. A list ends with a row without a name. */
static const struct change since_wine_8[] = {
    {"pipe-size", "TRUE"},
    {"close-port", "error 735"},
    {"waiters", "4 3 2 1"},
    {.row = NULL},
};

static const struct {
    const char *version;
    const struct change *changes;
} wines[WINES] = {
    [WINE_8] = {"8.0", NULL},
    [WINE_10] = {"10.0", since_wine_8},
};

const char *version_of(enum wine wine)
{
    return wines[wine].version;
}

const char *seen_on(enum wine wine, const struct row *row)
{
    for (; wine > WINE_8; wine--)
        for (const struct change *change = wines[wine].changes;
             change->row != NULL; change++)
            if (strcmp(change->row, row->name) == 0)
                return change->seen;
    return row->wine;
}

static long major(const char *version)
{
    return strtol(version, NULL, 10);
}

enum wine nearest_wine(const char *version, bool *recorded)
{
    enum wine nearest = WINES - 1;
    while (nearest > WINE_8 && major(wines[nearest].version) > major(version))
        nearest--;
    *recorded = major(wines[nearest].version) == major(version);
    return nearest;
}

/* ---- Alternatives ---- */

const char *next_alternative(const char **text, size_t *length)
{
    const char *at = *text;
    if (at == NULL)
        return NULL;
    const char *end = strstr(at, OR);
    *length = end != NULL ? (size_t)(end - at) : strlen(at);
    *text = end != NULL ? end + strlen(OR) : NULL;
    return at;
}

static bool allows_one(const char *alternatives, const char *seen, size_t size)
{
    size_t length;
    if (alternatives == NULL)
        return true;
    for (const char *at;
         (at = next_alternative(&alternatives, &length)) != NULL;)
        if (length == size && memcmp(at, seen, size) == 0)
            return true;
    return false;
}

bool allows(const char *alternatives, const char *seen)
{
    size_t length;
    for (const char *at; (at = next_alternative(&seen, &length)) != NULL;)
        if (!allows_one(alternatives, at, length))
            return false;
    return true;
}
