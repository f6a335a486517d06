#include "deadlines.h"

#include <stdbool.h>
#include <stddef.h>

static unsigned rank(const struct deadline *deadline)
{
    return deadline != NULL ? deadline->rank : 0;
}

/* The lower rank must be on the right. Returns whether the rank has changed. */
static bool balance(struct deadline *deadline)
{
    struct deadline *right = deadline->right;
    if (rank(deadline->left) < rank(right)) {
        deadline->right = deadline->left;
        deadline->left = right;
    }
    unsigned before = deadline->rank;
    deadline->rank = rank(deadline->right) + 1;
    return deadline->rank != before;
}

/* Makes one heap of two, which may be empty: goes down their right sides, and
 * up again. */
static struct deadline *merge(struct deadline *a, struct deadline *b)
{
    struct deadline *first = NULL, *parent = NULL, **to = &first;
    while (a != NULL && b != NULL) {
        struct deadline *earlier = b->at < a->at ? b : a;
        b = earlier == a ? b : a;
        a = earlier->right;
        earlier->parent = parent;
        parent = *to = earlier;
        to = &earlier->right;
    }
    *to = a != NULL ? a : b;
    if (*to != NULL)
        (*to)->parent = parent;
    for (; parent != NULL; parent = parent->parent)
        balance(parent);
    return first;
}

void deadline_add(struct deadline **first, struct deadline *deadline)
{
    deadline->left = deadline->right = deadline->parent = NULL;
    deadline->rank = 1;
    *first = merge(*first, deadline);
}

void deadline_remove(struct deadline **first, struct deadline *deadline)
{
    struct deadline *parent = deadline->parent;
    struct deadline *rest = merge(deadline->left, deadline->right);
    if (rest != NULL)
        rest->parent = parent;
    if (parent == NULL)
        *first = rest;
    else if (parent->left == deadline)
        parent->left = rest;
    else
        parent->right = rest;
    while (parent != NULL && balance(parent))
        parent = parent->parent;
}
