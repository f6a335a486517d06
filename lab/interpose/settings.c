#include "settings.h"

#include <process.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_WORDS = 16 };

struct word words[MAX_WORDS + 1];

/* Words without a function's name, and what they are short for. If `first` is
 * not 0, it goes before the numbers. */
static const struct {
    const char *brief, *name, *function;
    unsigned long first;
} abbreviations[] = {
    {"fail", "fail", "ReadFile", 0},
    {"thread", "fail", "_beginthreadex", 0},
    {"bind", "fail-from", "CreateIoCompletionPort", 2},
    {"no-packet", "fail-from", "GetQueuedCompletionStatus", 1},
};

static const char *const functions[] = {
    "malloc",
    "calloc",
#define IMPORT(result, failure, name, parameters, arguments) #name,
#include "imports.h"
};

static void refuse(const char *variable, const char *what, const char *why)
{
    fprintf(stderr, "%s: '%s' %s\n", variable, what, why);
    exit(EXIT_FAILURE);
}

void refuse_word(const struct word *word, const char *why)
{
    refuse(word->variable, word->name, why);
}

/* Cuts off what is before the separator, or all; NULL if nothing is left. */
static char *cut(char **text, char separator)
{
    char *piece = *text;
    if (piece == NULL)
        return NULL;
    *text = strchr(piece, separator);
    if (*text != NULL)
        *(*text)++ = '\0';
    return piece;
}

static void spell_out(struct word *word)
{
    for (size_t i = 0; i < sizeof abbreviations / sizeof *abbreviations; i++)
        if (strcmp(word->name, abbreviations[i].brief) == 0) {
            word->name = abbreviations[i].name;
            word->function = abbreviations[i].function;
            if (abbreviations[i].first != 0) {
                word->numbers[1] = word->numbers[0];
                word->numbers[0] = abbreviations[i].first;
                word->count++;
            }
            return;
        }
}

static bool is_function(const char *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i], name) == 0)
            return true;
    return false;
}

static struct word parse(const char *variable, char *text)
{
    struct word word = {.variable = variable, .name = cut(&text, ':')};
    for (char *piece; (piece = cut(&text, ':')) != NULL;) {
        char *end = piece;
        bool hexadecimal = piece[0] == '0' && piece[1] == 'x';
        unsigned long number = strtoul(piece, &end, hexadecimal ? 16 : 10);
        if (*piece != '\0' && *end == '\0' && word.count < 3)
            word.numbers[word.count++] = number;
        else if (word.count == 0 && word.function == NULL && is_function(piece))
            word.function = piece;
        else
            refuse(variable, piece, NOT_UNDERSTOOD);
    }
    if (word.function == NULL)
        spell_out(&word);
    return word;
}

/* Into the words, from this place on; returns the next. */
static unsigned read_variable(const char *name, char *text, DWORD size,
                              unsigned place)
{
    char *rest = text;
    DWORD length = GetEnvironmentVariableA(name, text, size);
    if (length >= size)
        refuse(name, "so much", NOT_UNDERSTOOD);
    for (; length > 0 && rest != NULL; place++) {
        if (place == MAX_WORDS)
            refuse(name, rest, NOT_UNDERSTOOD);
        words[place] = parse(name, cut(&rest, ','));
    }
    return place;
}

__attribute__((constructor(102))) static void begin(void)
{
    static char hook[512], io[512];
    unsigned count = read_variable("HOOK", hook, sizeof hook, 0);
    read_variable("IO", io, sizeof io, count);
}

struct word *asked(const char *name)
{
    for (struct word *word = words; word->name != NULL; word++)
        if (strcmp(word->name, name) == 0)
            return word;
    return NULL;
}

bool is_due(struct word *word)
{
    return word != NULL &&
           InterlockedIncrement(&word->counted) == (LONG)word->numbers[0];
}

bool fails(const char *function)
{
    bool due = false;
    for (struct word *word = words; word->name != NULL; word++) {
        if (word->function == NULL || strcmp(word->function, function) != 0)
            continue;
        LONG call = InterlockedIncrement(&word->counted);
        bool from = strcmp(word->name, "fail-from") == 0;
        if (call == (LONG)word->numbers[0] ||
            (from && call > (LONG)word->numbers[0])) {
            SetLastError(word->numbers[1]);
            *__doserrno() = word->numbers[1];
            due = true;
        }
    }
    return due;
}
