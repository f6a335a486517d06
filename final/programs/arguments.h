/*
 * The command line: options by name, and what is none.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <wchar.h>

/* What the programs allow. */
enum {
    MAX_THREADS = 256,
    MAX_DEPTH = 256,
    MAX_BLOCK = 16 << 20,
    MAX_MEMORY = 256 << 20, /* depth x block */
};

/* A switch, or, if number is not NULL, a number from least to most. Its value
 * stays as it was if the option is not given. */
struct option {
    const wchar_t *name;
    bool *given;
    uint64_t *number;
    uint64_t least, most;
};

/*
 * Takes the options out of a list of words, which ends with NULL; what is left
 * closes up, and its count is returned. -1 if a word begins with "--" and is no
 * option, or an option lacks its number, or that is out of its range. A name of
 * NULL ends the options.
 *
 * Numbers are decimal, and may end in K, M or G, for 2^10, 2^20 and 2^30.
 */
int take_options(wchar_t **words, const struct option *options);

#endif
