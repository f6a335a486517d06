#include "arguments.h"

#include <stdlib.h>

/* The first character must be a digit: wcstoull accepts " 1" and "-1", too. */
static bool parse_number(const wchar_t *text, const struct option *option)
{
    static const wchar_t suffixes[] = L"KMG";
    wchar_t *end;
    unsigned shift = 0;
    if (text == NULL || !iswdigit(*text))
        return false;
    uint64_t number = wcstoull(text, &end, 10); /* too large: ULLONG_MAX */
    const wchar_t *suffix = *end != L'\0' ? wcschr(suffixes, *end) : NULL;
    if (suffix != NULL) {
        shift = 10 * (unsigned)(suffix - suffixes + 1);
        end++;
    }
    if (*end != L'\0' || number > option->most >> shift)
        return false;
    *option->number = number << shift;
    return *option->number >= option->least;
}

static const struct option *find_option(const struct option *option,
                                        const wchar_t *name)
{
    while (option->name != NULL && wcscmp(option->name, name) != 0)
        option++;
    return option->name != NULL ? option : NULL;
}

int take_options(wchar_t **words, const struct option *options)
{
    int left = 0;
    for (wchar_t **word = words; *word != NULL; word++) {
        if (wcsncmp(*word, L"--", 2) != 0) {
            words[left++] = *word;
            continue;
        }
        const struct option *option = find_option(options, *word);
        if (option == NULL)
            return -1;
        if (option->number == NULL)
            *option->given = true;
        else if (!parse_number(*++word, option))
            return -1;
    }
    words[left] = NULL;
    return left;
}
