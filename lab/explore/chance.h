/* Orders that are chosen at random, for programs that have too many. */
#ifndef CHANCE_H
#define CHANCE_H

#include "decisions.h"

/* Before each order. The same seed and number give the same order; `length` is
 * how many decisions it will have, about. */
void reset_chance(uint32_t seed, uint32_t number, uint32_t length);

/* Returns which option comes next, at this position in the order. */
unsigned choose_by_chance(const struct options *options, unsigned position);

#endif
