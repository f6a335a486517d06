/*
 * A hash table whose cost does not grow with the number of its entries. It
 * grows by one bucket for each entry that is added (linear hashing, by W.
 * Litwin, 1980), so no single call moves many entries. It never shrinks.
 *
 * The entries are parts of the caller's objects: adding one allocates nothing,
 * and cannot fail. If there is no memory for further buckets, the lists of
 * entries become longer. The caller serializes all calls for one table.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct table_entry {
    uint64_t key; /* set by the caller, before it adds the entry */
    struct table_entry *next;
};

enum { TABLE_SEGMENT = 4096, TABLE_SEGMENTS = 256 };

struct table {
    struct table_entry **segments[TABLE_SEGMENTS]; /* of buckets */
    uint32_t buckets, entries;
};

/* Makes an empty table. Returns false if there is no memory. */
bool table_create(struct table *table);

/* Frees the table's memory, not the entries. All bytes 0 is a freed table. */
void table_free(struct table *table);

/* Returns the entry with this key, or NULL. Looks into no other object: the key
 * may be any number. */
struct table_entry *table_find(const struct table *table, uint64_t key);

/* Returns the entries in one bucket, a list; NULL if there is no such bucket.
 */
struct table_entry *table_list(const struct table *table, uint32_t bucket);

/* Adds an entry, whose key is not in the table; removes one, which is. */
void table_add(struct table *table, struct table_entry *entry);
void table_remove(struct table *table, struct table_entry *entry);

#ifdef __cplusplus
}
#endif

#endif
