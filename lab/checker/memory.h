/* What the program frees, and what it touches afterwards. */
#ifndef MEMORY_H
#define MEMORY_H

/* From now on each free, and each access to freed memory, is checked. */
void begin_memory(void);

#endif
