#include "output.h"

#include "mapped.h"

#include <string.h>

static char text[MOST_TEXT];
static size_t kept;

void reset_output(void)
{
    kept = 0;
    text[0] = '\0';
}

void keep_output(const char *more, size_t length)
{
    if (length > sizeof text - 1 - kept)
        length = sizeof text - 1 - kept;
    memcpy(text + kept, more, length);
    kept += length;
    text[kept] = '\0';
}

const char *output(void)
{
    return text;
}

static uint32_t hash_of(const char *line, size_t length)
{
    uint32_t hash = 2166136261U;
    const char *space = memchr(line, ' ', length);
    const char *at = space != NULL ? space : line;
    for (; at < line + length; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619U;
    return hash;
}

uint32_t hash_of_lines(void)
{
    uint32_t sum = 0;
    for (const char *line = text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        sum += hash_of(line, length);
        line += length + (line[length] == '\n');
    }
    return sum;
}
