/*
 * Who calls: the place in the program, for layers that tell it. caller.c is a
 * layer of its own and the topmost one, since only there the return address is
 * the program's.
 */
#ifndef CALLER_H
#define CALLER_H

/* The address behind the call that this thread is making: of the program, where
 * it was loaded, or of a library that has called back. NULL before the first
 * call. */
const void *caller(void);

/* Where this thread's stack ended when it made the call: below it there is
 * nothing of the program's. */
const void *caller_stack(void);

/* The call's address as addr2line wants it, to find its line in the program's
 * file; 0 for an address that is not the program's. */
unsigned long long address_in_file(const void *address);

#endif
