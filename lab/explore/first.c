/* Linked before the program's object files: see statics.h. */
#include "statics.h"

char first_data[EDGE] = {1}; /* with a value, so in another section */
char first_zeros[EDGE];
