/* Linked after the program's object files: see statics.h. */
#include "statics.h"

char last_data[EDGE] = {1}; /* with a value, so in another section */
char last_zeros[EDGE];
