/* How an order ends. The arguments are those of printf. In the texts, {0x...}
 * is an address of the program: explore.py puts the source line there. */
#ifndef VERDICT_H
#define VERDICT_H

#include <stdint.h>
#include <stdio.h>

#define AS_PRINTF __attribute__((format(__MINGW_PRINTF_FORMAT, 1, 2)))

/* Each of these three ends the order and the process. The first line of the
 * text says what is wrong. */
_Noreturn void mistake(const char *format, ...) AS_PRINTF;
_Noreturn void diverge(const char *format, ...) AS_PRINTF;

/* The text is the name of a call that is not modelled, perhaps with a reason.
 */
_Noreturn void refuse(const char *format, ...) AS_PRINTF;

/* The program ends by exit, or by a function like it. */
_Noreturn void end_with_status(unsigned status);

/* The program's wmain has returned. Returns if the order is right and the next
 * order can begin in this process. */
void end_with_wmain(unsigned status);

/* Adds a text to what is known about the mistake, before it is reported. */
void explain(const char *format, ...) AS_PRINTF;

/* A crash, and a wrong free, end the order from now on. */
void watch_memory(void);

/* Before each order: what was allocated earlier is no leak of this one. */
void reset_verdict(void);

/* An address for the texts, in one of several buffers. */
const char *place_text(const void *address);

#endif
