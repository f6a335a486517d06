#include "settings.h"

#include <process.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SETTINGS = 16 };

struct setting settings[MAX_SETTINGS + 1];
const char *io_value;

/* Settings without a function's name, and the settings that they are short for.
 * If `first` is not 0, it is put before the numbers. */
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
    "memory",
#define IMPORT(result, failure, name, parameters, arguments) #name,
#include "imports.h"
};

static void refuse(const char *variable, const char *what, const char *why)
{
    fprintf(stderr, "%s: '%s' %s\n", variable, what, why);
    exit(EXIT_FAILURE);
}

void refuse_setting(const struct setting *setting, const char *why)
{
    refuse(setting->variable, setting->name, why);
}

/* Returns the text before the separator, or all of it if there is none; then
 * `rest` is the text after the separator, or NULL. Returns NULL for NULL. */
static char *cut(char **rest, char separator)
{
    char *piece = *rest;
    if (piece == NULL)
        return NULL;
    char *end = strchr(piece, separator);
    *rest = end != NULL ? end + 1 : NULL;
    if (end != NULL)
        *end = '\0';
    return piece;
}

/* Replaces a short setting by the long one. */
static void spell_out(struct setting *setting)
{
    size_t count = sizeof abbreviations / sizeof *abbreviations, i = 0;
    while (i < count && strcmp(setting->name, abbreviations[i].brief) != 0)
        i++;
    if (i == count)
        return;
    setting->name = abbreviations[i].name;
    setting->function = abbreviations[i].function;
    if (abbreviations[i].first != 0) {
        setting->numbers[1] = setting->numbers[0];
        setting->numbers[0] = abbreviations[i].first;
        setting->count++;
    }
}

static bool is_function(const char *name)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i], name) == 0)
            return true;
    return false;
}

static struct setting parse(const char *variable, char *text)
{
    struct setting setting = {.variable = variable, .name = cut(&text, ':')};
    for (char *piece; (piece = cut(&text, ':')) != NULL;) {
        char *end = piece;
        bool hexadecimal = piece[0] == '0' && piece[1] == 'x';
        unsigned long number = strtoul(piece, &end, hexadecimal ? 16 : 10);
        bool is_number = *piece != '\0' && *end == '\0';
        if (is_number && setting.count < 3)
            setting.numbers[setting.count++] = number;
        else if (setting.count == 0 && setting.function == NULL &&
                 is_function(piece))
            setting.function = piece;
        else
            refuse(variable, piece, NOT_UNDERSTOOD);
    }
    if (setting.function == NULL)
        spell_out(&setting);
    return setting;
}

/* Appends the settings of a variable to the `count` that are there; returns
 * their new number. The settings point into `text`. */
static unsigned read_variable(const char *name, char *text, DWORD size,
                              unsigned count)
{
    DWORD length = GetEnvironmentVariableA(name, text, size);
    if (length == 0)
        return count;
    if (length >= size) {
        fprintf(stderr, "%s: the value is too long\n", name);
        exit(EXIT_FAILURE);
    }
    char *rest = text;
    while (rest != NULL) {
        char *setting = cut(&rest, ',');
        if (count == MAX_SETTINGS)
            refuse(name, setting, "is one setting too many");
        settings[count++] = parse(name, setting);
    }
    return count;
}

__attribute__((constructor(102))) static void begin(void)
{
    static char hook[512], io[512], io_copy[512];
    if (GetEnvironmentVariableA("IO", io_copy, sizeof io_copy) > 0)
        io_value = io_copy;
    unsigned count = read_variable("HOOK", hook, sizeof hook, 0);
    read_variable("IO", io, sizeof io, count);
}

/* After all layers: a process that this one starts must not inherit what they
 * have read. It would write to the same trace, for example. HOOK stays: the
 * probe makes each row in a process of its own. _putenv changes the environment
 * of the process, and the C library's copy of it. */
__attribute__((constructor(480))) static void forget_variables(void)
{
    static const char *const removals[] = {
        "CHECK=",        "IO=",          "LEDGER=",
        "TRACE=",        "TRACE_DEEP=",  "TRACE_RECORDS=",
        "TRACE_STDERR=", "TRACE_STDOUT="};
    for (size_t i = 0; i < sizeof removals / sizeof *removals; i++)
        _putenv(removals[i]);
}

bool is_quiet(void)
{
    char value[8] = "";
    DWORD size = GetEnvironmentVariableA("LAB", value, sizeof value);
    return size < sizeof value && strcmp(value, "quiet") == 0;
}

struct setting *find_setting(const char *name)
{
    for (struct setting *setting = settings; setting->name != NULL; setting++)
        if (strcmp(setting->name, name) == 0)
            return setting;
    return NULL;
}

bool is_kth_call(struct setting *setting)
{
    return setting != NULL &&
           InterlockedIncrement(&setting->counted) == (LONG)setting->numbers[0];
}

bool must_fail(const char *function)
{
    bool fails = false;
    for (struct setting *setting = settings; setting->name != NULL; setting++) {
        if (setting->function == NULL ||
            strcmp(setting->function, function) != 0)
            continue;
        LONG call = InterlockedIncrement(&setting->counted);
        LONG first = (LONG)setting->numbers[0];
        bool repeats = strcmp(setting->name, "fail-from") == 0;
        if (call == first || (repeats && call > first)) {
            SetLastError(setting->numbers[1]);
            *__doserrno() = setting->numbers[1];
            fails = true;
        }
    }
    return fails;
}

unsigned draw(struct setting *setting, unsigned count)
{
    /* SplitMix64, by Sebastiano Vigna: it mixes the seed and the number of the
     * call. */
    uint64_t mixed = ((uint64_t)setting->numbers[0] << 32) +
                     (uint64_t)InterlockedIncrement(&setting->counted);
    mixed *= 0x9E3779B97F4A7C15;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
    return (unsigned)((mixed ^ mixed >> 31) % count);
}
