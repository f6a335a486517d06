#include "explain.h"

#include <string.h>

/*
 * A setting is a name, and after each colon a value: fail:ReadFile:3:112 has
 * three. In a sentence, {1} is the first value, and {#1} is the same as an
 * ordinal number: "third". A name may take different numbers of values: the
 * count decides which sentence is meant.
 */
static const struct {
    const char *name;
    unsigned count; /* of values */
    const char *sentence;
} sentences[] = {
    /* lab/interpose/settings.h */
    {"fail", 3, "the {#2} call of {1} fails with error {3}"},
    {"fail", 2, "the {#1} call of ReadFile fails with error {2}"},
    {"fail-from", 3,
     "the {#2} call of {1} and each call after it fail with error {3}"},
    {"thread", 2, "the {#1} call of _beginthreadex fails with error {2}"},
    {"bind", 1,
     "the program can make a port, but each bind of a handle to it fails with "
     "error {1}"},
    {"no-packet", 1,
     "each call of GetQueuedCompletionStatus fails with error {1} and without "
     "a packet"},
    /* lab/modes/README.md */
    {"wine", 0, "each I/O completes as Wine 8 completes it"},
    {"pending", 0,
     "each I/O is in flight until the program waits for something"},
    {"sync-eof", 0,
     "ReadFile itself reports the end of a file (error 38), and no packet "
     "comes"},
    {"short", 0, "each read brings a third of what was asked for"},
    {"short", 1,
     "each read brings 1 byte up to all that was asked for; seed {1} decides"},
    {"shuffle", 0,
     "up to 8 I/Os are in flight; when the program waits, a random one of them "
     "completes next"},
    {"shuffle", 1,
     "up to 8 I/Os are in flight; when the program waits, seed {1} decides "
     "which one completes next"},
    {"ntfs-cached", 0,
     "each I/O succeeds immediately, and its packet comes as well; a packet "
     "reports the end of a file"},
    {"skip", 0,
     "each I/O succeeds immediately; no packet comes on a handle that asked "
     "for none"},
    {"warning", 0,
     "ReadFile fails with error 234 instead of 997, and the packet comes all "
     "the same"},
    {"slow", 1, "each I/O takes {1} milliseconds"},
    {"cancel", 1, "the {#1} I/O is cancelled: error 995 and 0 bytes"},
    {"expire", 1,
     "the {#1} wait for a handle that has a timeout returns WAIT_TIMEOUT "
     "immediately"},
    {"packet", 3, "the {#1} packet reports status {2} and {3} bytes"},
    /* lab/guard/guard.h */
    {"allocations", 0,
     "at its exit the program prints how many allocations it made and did not "
     "free"},
    /* tests/support/hooks/hooks.c */
    {"none", 0, "nothing is changed, and each OVERLAPPED is checked"},
    {"short-write", 0, "each write takes at most a third of what it was given"},
    {"late", 0, "ReadFile returns only after its read's callback has returned"},
    {"stray", 2,
     "the {#1} ReadFile fails with error {2}, but its packet comes, and its "
     "callback returns before ReadFile does"},
    {"reverse", 0, "packets leave the port in the reverse order"},
    {"flight", 0,
     "at the end a line on stderr says how many I/Os were in flight"},
    {"hold", 1,
     "the first packet reports error {1}; the others are held back until the "
     "program waits for one of them"},
    {"hold-read", 1,
     "the packet of the first read is held back until the program has started "
     "{1} reads or cancels something"},
    {"hold-write", 1,
     "the packet of the first write is held back until the program has started "
     "{1} reads or cancels something"},
    {"resize", 2, "before the {#1} read the file gets a length of {2} bytes"},
    {"hollow", 2,
     "I/O between {1} MiB and {2} MiB is not done, but its packet reports all "
     "of its bytes"},
    {"count", 0,
     "a line on stderr says how many threads began and how many had ended when "
     "the port was closed"},
    /* tests/support/hooks/compare.c */
    {"plain", 2,
     "the {#1} ReadFile without an OVERLAPPED fails with error {2}"},
    {"callback", 2,
     "the {#1} callback of the system's own pools reports error {2} and 0 "
     "bytes"},
    {"threadpool", 0,
     "a line on stderr counts the calls of StartThreadpoolIo, of "
     "CancelThreadpoolIo and of the callback"},
    {"files", 0,
     "at its exit the program prints how many files it opened and did not "
     "close"},
};

gboolean is_explained(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(sentences); i++)
        if (strcmp(sentences[i].name, name) == 0)
            return TRUE;
    return FALSE;
}

static char *ordinal(const char *number)
{
    static const char *const few[] = {"first", "second", "third",  "fourth",
                                      "fifth", "sixth",  "seventh"};
    guint64 value = g_ascii_strtoull(number, NULL, 0);
    guint64 last = value / 10 % 10 == 1 ? 0 : value % 10;
    if (value >= 1 && value <= G_N_ELEMENTS(few))
        return g_strdup(few[value - 1]);
    return g_strconcat(number,
                       last == 1   ? "st"
                       : last == 2 ? "nd"
                       : last == 3 ? "rd"
                                   : "th",
                       NULL);
}

/* parts[0] is the setting's name, and its values follow. */
static char *fill_in(const char *sentence, char **parts)
{
    GString *text = g_string_new(sentence);
    for (guint i = 1; parts[i] != NULL; i++) {
        char *as_value = g_strdup_printf("{%u}", i);
        char *as_ordinal = g_strdup_printf("{#%u}", i);
        char *number = ordinal(parts[i]);
        g_string_replace(text, as_value, parts[i], 0);
        g_string_replace(text, as_ordinal, number, 0);
        g_free(number);
        g_free(as_ordinal);
        g_free(as_value);
    }
    return g_string_free(text, FALSE);
}

static char *explain(const char *setting)
{
    char **parts = g_strsplit(setting, ":", -1);
    char *sentence = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(sentences) && sentence == NULL; i++)
        if (g_strcmp0(sentences[i].name, parts[0]) == 0 &&
            sentences[i].count == g_strv_length(parts) - 1)
            sentence = fill_in(sentences[i].sentence, parts);
    g_strfreev(parts);
    return sentence ? sentence : g_strdup("this setting is not known");
}

char *explain_settings(const char *variable, const char *settings)
{
    GString *text = g_string_new(NULL);
    char **list = g_strsplit(settings, ",", -1);
    for (char **setting = list; *setting != NULL; setting++) {
        char *sentence = explain(*setting);
        g_string_append_printf(text, "%s=%s: %s\n", variable, *setting,
                               sentence);
        g_free(sentence);
    }
    g_strfreev(list);
    return g_string_free(text, FALSE);
}
