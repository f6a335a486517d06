/* Functions that cannot wake a thread later. The checker says "hung" only of a
 * program that imports no other functions. */
#ifndef HARMLESS_H
#define HARMLESS_H

#include <stdbool.h>

/* Whether the checker follows the function, or the function has done all its
 * work when it returns. False for a function that the checker does not know. */
bool is_harmless(const char *function);

/* Whether this holds for all functions that the program imports. */
bool has_harmless_imports(void);

#endif
