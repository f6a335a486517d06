/*
 * A hash table whose cost does not grow with the number of its entries.
 *
 * The table grows by one bucket for each entry that is added (linear hashing,
 * by Witold Litwin, 1980), so no single call moves many entries. It never
 * shrinks. The entries are parts of the caller's objects: adding one allocates
 * nothing, and cannot fail. If there is no memory for further buckets, the
 * lists of entries become longer.
 *
 * The caller serializes all calls for one table.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct table_entry {
    uint64_t key; /* set by the caller, before it adds the entry */
    struct table_entry *next;
};

enum { TABLE_SEGMENT = 4096, TABLE_SEGMENTS = 256 };

/* Only the functions below use the fields. */
struct table {
    struct table_entry *
        *segments[TABLE_SEGMENTS]; /* of TABLE_SEGMENT buckets */
    uint32_t buckets, entries;
};

/* Makes an empty table. False: there is no memory. */
bool table_create(struct table *table);

/* Frees the table's memory, not the entries. All bytes 0 is a freed table. */
void table_free(struct table *table);

/* The entry with this key; NULL if there is none. Does not look into any other
 * object: the key may be any number. */
struct table_entry *table_find(const struct table *table, uint64_t key);

/* Adds an entry, whose key is not in the table. */
void table_add(struct table *table, struct table_entry *entry);

/* Removes an entry, which is in the table. */
void table_remove(struct table *table, struct table_entry *entry);

#endif
