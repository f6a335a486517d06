/*
 * The command line: options, and the other words.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

/* The largest values that the programs accept. */
enum {
    MAX_THREADS = 256,
    MAX_DEPTH = 256,
    MAX_BLOCK = 16 << 20,
    MAX_MEMORY = 256 << 20, /* depth x block */
};

/* A switch, or, if `number` is not NULL, a number from least to most. Without
 * the option the value does not change. */
struct option {
    const wchar_t *name;
    bool *given;
    uint64_t *number;
    uint64_t least, most;
};

/*
 * Removes the options from a list of words, which ends with NULL, and closes
 * the gaps. Returns the number of words that are left, or -1 for a word that
 * begins with "--" and is no option, for an option without its number, and for
 * a number out of its range. The array of options ends with a name of NULL.
 *
 * Numbers are decimal. They may end in K, M or G, for 2^10, 2^20 and 2^30.
 */
int take_options(wchar_t **words, const struct option *options);

#endif
