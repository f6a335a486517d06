/*
 * Stands between a program and the system's functions, without the program's
 * doing: only linked with it.
 *
 * The compiler calls a function of a DLL through a pointer, __imp_NAME, which
 * the linker takes from the system's import library, unless it is defined here.
 * So it is, for the functions in imports.h. At first each points to the
 * system's function; who stores another address there has every call of the
 * program, and of what is linked with it:
 *
 *      static struct imports next;
 *
 *      static BOOL read_file(HANDLE file, ...)
 *      {
 *          ...
 *          return next.ReadFile(file, ...);
 *      }
 *
 *      __attribute__((constructor)) static void begin(void)
 *      {
 *          next = imports_now();
 *          __imp_ReadFile = read_file;
 *      }
 *
 * This is a layer. Several lie on top of each other, each calling the next one
 * down. Which is on top is decided by the constructors' priority: a larger
 * number runs later, and comes to lie further up. 101 is the system's; no
 * number is the top.
 *
 * A layer's own calls come back to it, so it calls `next`, or `real`. Calls
 * before the constructors, by the start-up code, would meet a NULL; it makes
 * none to these.
 */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#include <process.h>
#include <stdint.h>
#include <windows.h>

struct imports {
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __typeof__(name) *name;
#define IMPORT_VOID(name, parameters, arguments) __typeof__(name) *name;
#include "imports.h"
};

/* The system's own. */
extern struct imports real;

/* What is called now: for who is about to take its place. */
struct imports imports_now(void);

#define IMPORT(result, failure, name, parameters, arguments)                   \
    extern __typeof__(name) *__imp_##name;
#define IMPORT_VOID(name, parameters, arguments)                               \
    extern __typeof__(name) *__imp_##name;
#include "imports.h"

#endif
