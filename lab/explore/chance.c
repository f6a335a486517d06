/*
 * Probabilistic concurrency testing, published in 2010. Each thread
 * gets a random priority, and so does each I/O and each wait with a timeout.
 * The one with the highest priority comes next. At a few random positions, the
 * one that would come next gets a priority below all others.
 *
 * An order that needs d such moments in the right sequence, of n threads and
 * others and k decisions, comes with a probability of at least
 * 1 / (n * k^(d-1)). Here d is up to 3.
 */
#include "chance.h"

enum { CHANGES = 2 };

static uint64_t origin;
static unsigned changes[CHANGES];          /* positions */
static struct option lowered[CHANGES + 1]; /* who got a low priority there */
static unsigned lowered_count;

/* SplitMix64, by Sebastiano Vigna. */
static uint64_t mix(uint64_t value)
{
    value += origin;
    value *= 0x9E3779B97F4A7C15;
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9;
    value = (value ^ value >> 27) * 0x94D049BB133111EB;
    return value ^ value >> 31;
}

void reset_chance(uint32_t seed, uint32_t number, uint32_t length)
{
    origin = 0;
    origin = mix((uint64_t)seed << 32 | number);
    for (unsigned i = 0; i < CHANGES; i++)
        changes[i] = (unsigned)(mix(i) % (length > 0 ? length : 1));
    lowered_count = 0;
}

/* Those that were lowered last are the lowest. */
static uint64_t priority_of(const struct option *option)
{
    for (unsigned i = lowered_count; i-- > 0;)
        if (lowered[i].actor == option->actor &&
            lowered[i].number == option->number)
            return CHANGES - i;
    return mix(((uint64_t)option->actor + 1) << 32 | option->number) | 1 << 8;
}

static unsigned find_highest(const struct options *options)
{
    unsigned highest = 0;
    for (unsigned i = 1; i < options->count; i++)
        if (priority_of(&options->at[i]) > priority_of(&options->at[highest]))
            highest = i;
    return highest;
}

unsigned choose_by_chance(const struct options *options, unsigned position)
{
    if (options->at[0].actor == RESULT)
        return (unsigned)(mix((uint64_t)position << 16) % options->count);
    for (unsigned i = 0; i < CHANGES; i++)
        if (changes[i] == position)
            lowered[lowered_count++] = options->at[find_highest(options)];
    return find_highest(options);
}
