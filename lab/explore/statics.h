/* The program's static variables. wmain runs again and again in one process,
 * and each time they must have their first values. */
#ifndef STATICS_H
#define STATICS_H

/* Before the first order. */
void keep_statics(void);

/* Before each further order. */
void restore_statics(void);

/*
 * The linker puts the variables of all object files one after the other, in the
 * order in which the files are given. first.c comes before the program's object
 * files, and last.c after them.
 */
enum { EDGE = 32 };
extern char first_data[EDGE] __asm__("explore.first_data");
extern char last_data[EDGE] __asm__("explore.last_data");
extern char first_zeros[EDGE] __asm__("explore.first_zeros");
extern char last_zeros[EDGE] __asm__("explore.last_zeros");

#endif
