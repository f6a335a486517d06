/* A header of the program. A system may have one of the same name. */
#define ERROR_OF_THE_PROGRAM 0
