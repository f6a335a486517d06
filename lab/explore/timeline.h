/* What happens in an order, in words. Only a replay prints it. */
#ifndef TIMELINE_H
#define TIMELINE_H

#include "verdict.h"

/* The current thread does something: "main starts ReadFile". The arguments are
 * those of printf. */
void tell(const char *format, ...) AS_PRINTF;

/* Something happens that no thread does. */
void tell_of(const char *format, ...) AS_PRINTF;

#endif
