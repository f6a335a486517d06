#include "table.h"

#include <stdlib.h>

enum { FIRST_BUCKETS = 64 };

static struct request **bucket(const struct table *table, uint32_t number)
{
    return &table->segments[number / TABLE_SEGMENT][number % TABLE_SEGMENT];
}

/* The largest power of 2 that is not above the number. */
static uint32_t power_below(uint32_t number)
{
    return 1U << (31 - __builtin_clz(number));
}

/* A table of 2^k + i buckets is one of 2^k whose first i buckets were split:
 * the requests of such a bucket use one more bit of the hash. */
static struct request **bucket_of(const struct table *table, uint64_t ticket)
{
    uint32_t hash = (uint32_t)ticket % OVERLAPPED_HASHES;
    uint32_t power = power_below(table->buckets);
    uint32_t number = hash & (2 * power - 1);
    return bucket(table, number < table->buckets ? number : number - power);
}

static bool add_segment(struct table *table, uint32_t segment)
{
    if (segment < TABLE_SEGMENTS && table->segments[segment] == NULL)
        table->segments[segment] = /* an array of pointers */
            /* NOLINTNEXTLINE(bugprone-sizeof-expression) */
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

/* Adds a bucket, and moves the requests to it that belong there now. */
static void grow(struct table *table)
{
    uint32_t number = table->buckets;
    if (!add_segment(table, number / TABLE_SEGMENT))
        return;
    struct request **from = bucket(table, number - power_below(number));
    struct request **to = bucket(table, number);
    table->buckets++;
    for (struct request *request = *from; request != NULL; request = *from)
        if (bucket_of(table, request->ticket) == to) {
            *from = request->next;
            request->next = *to;
            *to = request;
        } else {
            from = &request->next;
        }
}

struct request *table_find(const struct table *table, uint64_t ticket)
{
    if (table->requests == 0) /* perhaps freed */
        return NULL;
    struct request *request = *bucket_of(table, ticket);
    while (request != NULL && request->ticket != ticket)
        request = request->next;
    return request;
}

struct request *table_find_address(const struct table *table,
                                   const OVERLAPPED *overlapped)
{
    if (table->requests == 0) /* perhaps freed */
        return NULL;
    struct request *request = *bucket_of(table, overlapped_hash(overlapped));
    while (request != NULL && &request->overlapped != overlapped)
        request = request->next;
    return request;
}

struct request *table_list(const struct table *table, uint32_t number)
{
    return number < table->buckets ? *bucket(table, number) : NULL;
}

void table_add(struct table *table, struct request *request)
{
    if (++table->requests > table->buckets)
        grow(table);
    struct request **at = bucket_of(table, request->ticket);
    request->next = *at;
    *at = request;
}

void table_remove(struct table *table, struct request *request)
{
    struct request **at = bucket_of(table, request->ticket);
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    table->requests--;
}
