/*
 * Deadlines, the earliest first: a leftist heap (C. Crane, 1972). To add or
 * remove one among n takes some log2(n) steps. The nodes are parts of the
 * caller's objects: adding one allocates nothing, and cannot fail. The caller
 * serializes all calls for one heap.
 */
#ifndef DEADLINES_H
#define DEADLINES_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct deadline {
    uint64_t at; /* set by the caller, before it adds the deadline */
    struct deadline *left, *right, *parent;
    unsigned rank; /* nodes on the shortest way down to a missing child */
};

/* *first is the earliest deadline; NULL if there is none. */
void deadline_add(struct deadline **first, struct deadline *deadline);
void deadline_remove(struct deadline **first, struct deadline *deadline);

#ifdef __cplusplus
}
#endif

#endif
