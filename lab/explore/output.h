/* What the program prints on stdout. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stddef.h>
#include <stdint.h>

/* Before each order. */
void reset_output(void);

void keep_output(const char *more, size_t length);

/* All that was printed, as far as there was room. */
const char *output(void);

/* A hash of the lines. It does not depend on the order of the lines, nor on the
 * first word of a line: this is the name of the thread that printed it. */
uint32_t hash_of_lines(void);

#endif
