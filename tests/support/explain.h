/*
 * The settings in HOOK and IO in plain English, for the report of a failing
 * test.
 */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include <glib.h>

/*
 * Returns a line for each setting in the value of this variable, for example:
 *
 *      HOOK=fail:2:5: the second call of ReadFile fails with error 5
 *
 * The caller frees the text. It is "" if there are no settings.
 */
char *explain_settings(const char *variable, const char *settings);

/* Whether a setting of this name can be explained. */
gboolean is_explained(const char *name);

#endif
