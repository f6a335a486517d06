/*
 * The requests in flight: a hash table whose cost does not grow with the number
 * of its requests. It grows by one bucket for each request that is added
 * (linear hashing, by W. Litwin, 1980), so no single call moves many requests.
 * It never shrinks.
 *
 * A ticket contains the hash of its request's address. So one table finds a
 * request by its ticket and by its address. It is made of the requests: adding
 * one allocates nothing, and cannot fail. If there is no memory for further
 * buckets, the lists of requests become longer. The caller serializes all calls
 * for one table.
 */
#ifndef TABLE_H
#define TABLE_H

#include "overlapped.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TABLE_SEGMENT = 4096, TABLE_SEGMENTS = 256 };

struct table {
    uint32_t buckets, requests;
    struct request **segments[TABLE_SEGMENTS]; /* of buckets */
};

/* Makes an empty table. Returns false if there is no memory. */
bool table_create(struct table *table);

/* Frees the table's memory, not the requests. All bytes 0 is a freed table. */
void table_free(struct table *table);

/* Return the request with this ticket or address, or NULL. The number may be
 * any number, and the address any address: nothing is read there. */
struct request *table_find(const struct table *table, uint64_t ticket);
struct request *table_find_address(const struct table *table,
                                   const OVERLAPPED *overlapped);

/* Returns the requests in one bucket, a list; NULL if there is no such bucket.
 */
struct request *table_list(const struct table *table, uint32_t number);

/* Adds a request that was reset and is not in the table; removes one that is.
 */
void table_add(struct table *table, struct request *request);
void table_remove(struct table *table, struct request *request);

#ifdef __cplusplus
}
#endif

#endif
