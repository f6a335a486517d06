/*
 * The place in the program that called a system function, for layers that
 * report it. caller.c is a layer of its own. It is the topmost one, because
 * only there the return address is an address of the program.
 */
#ifndef CALLER_H
#define CALLER_H

#include <stdbool.h>

/* The return address of the call that this thread is making, or made last: in
 * the program, or in a library that calls the program back. NULL before the
 * thread's first call. Debug information has other addresses: address_in_file
 * converts this one. */
const void *caller(void);

/* For a layer that replaces a function which is not in imports.h: the program
 * calls it from this return address, and its stack ends there. */
void note_caller(const void *address, const void *stack);

/* Where this thread's stack ended when it made the call. The program has no
 * data below this address. */
const void *caller_stack(void);

/* Whether this return address is in the lab, or in a library of the compiler,
 * such as the one that makes threads for C++. Such a call is not the program's:
 * no layer sees it. */
bool is_of_lab_or_library(const void *address);

/* Converts a return address for addr2line, which then finds the source line of
 * the call. The system can load a program at any address, and the program's
 * debug information always counts from the same one. Returns 0 for an address
 * outside the program. */
unsigned long long address_in_file(const void *address);

#endif
