#include "table.h"

#include <stdlib.h>

enum { FIRST_BUCKETS = 64 };

static struct table_entry **bucket(const struct table *table, uint32_t number)
{
    return &table->segments[number / TABLE_SEGMENT][number % TABLE_SEGMENT];
}

/* The largest power of 2 that is not above the number. */
static uint32_t power_below(uint32_t number)
{
    return 1U << (31 - __builtin_clz(number));
}

/* A table of 2^k + i buckets is one of 2^k whose first i buckets were split:
 * the entries of such a bucket use one more bit of the hash. */
static struct table_entry **bucket_of(const struct table *table, uint64_t key)
{
    uint32_t hash = (uint32_t)(key * 0x9E3779B97F4A7C15 >> 24);
    uint32_t power = power_below(table->buckets);
    uint32_t number = hash & (2 * power - 1);
    return bucket(table, number < table->buckets ? number : number - power);
}

static bool add_segment(struct table *table, uint32_t segment)
{
    if (segment < TABLE_SEGMENTS && table->segments[segment] == NULL)
        table->segments[segment] =
            calloc(TABLE_SEGMENT, sizeof *table->segments[segment]);
    return segment < TABLE_SEGMENTS && table->segments[segment] != NULL;
}

bool table_create(struct table *table)
{
    *table = (struct table){.buckets = FIRST_BUCKETS};
    return add_segment(table, 0);
}

void table_free(struct table *table)
{
    for (unsigned i = 0; i < TABLE_SEGMENTS; i++)
        free(table->segments[i]);
    *table = (struct table){0};
}

/* Adds a bucket, and moves the entries to it that belong there now. */
static void grow(struct table *table)
{
    uint32_t number = table->buckets;
    if (!add_segment(table, number / TABLE_SEGMENT))
        return;
    struct table_entry **from = bucket(table, number - power_below(number));
    struct table_entry **to = bucket(table, number);
    table->buckets++;
    for (struct table_entry *entry = *from; entry != NULL; entry = *from)
        if (bucket_of(table, entry->key) == to) {
            *from = entry->next;
            entry->next = *to;
            *to = entry;
        } else {
            from = &entry->next;
        }
}

struct table_entry *table_find(const struct table *table, uint64_t key)
{
    if (table->entries == 0) /* perhaps freed */
        return NULL;
    struct table_entry *entry = *bucket_of(table, key);
    while (entry != NULL && entry->key != key)
        entry = entry->next;
    return entry;
}

struct table_entry *table_list(const struct table *table, uint32_t number)
{
    return number < table->buckets ? *bucket(table, number) : NULL;
}

void table_add(struct table *table, struct table_entry *entry)
{
    if (++table->entries > table->buckets)
        grow(table);
    struct table_entry **at = bucket_of(table, entry->key);
    entry->next = *at;
    *at = entry;
}

void table_remove(struct table *table, struct table_entry *entry)
{
    struct table_entry **at = bucket_of(table, entry->key);
    while (*at != entry)
        at = &(*at)->next;
    *at = entry->next;
    table->entries--;
}
