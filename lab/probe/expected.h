/* What is expected of each system. */
#ifndef EXPECTED_H
#define EXPECTED_H

#include "rows.h"

#include <stdbool.h>
#include <stddef.h>

/* All rows. Ends with a topic without a title. */
extern const struct topic {
    const char *title;
    const struct row *rows;
} topics[];

/* ---- The Wines that were tried ---- */

enum wine { WINE_8, WINE_10, WINES };

/* "8.0" */
const char *version_of(enum wine wine);

/* What this Wine did in this row. */
const char *seen_on(enum wine wine, const struct row *row);

/* The Wine to compare this version with: the one with the same major version,
 * if that was tried (then *recorded is true). Otherwise the nearest older one,
 * otherwise the oldest. */
enum wine nearest_wine(const char *version, bool *recorded);

/* ---- Alternatives ---- */

/* Takes the first alternative off *text. Returns its beginning, and its length;
 * NULL after the last one. */
const char *next_alternative(const char **text, size_t *length);

/* Whether each alternative in "seen" is one of these. NULL allows everything.
 */
bool allows(const char *alternatives, const char *seen);

#endif
