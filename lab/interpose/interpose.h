/*
 * Replaces system functions in a program without a change to the program: it is
 * only linked with these files.
 *
 * The compiler calls a function of a DLL through a pointer, __imp_NAME, in the
 * program's import address table. A layer stores the address of a function of
 * its own there. From then on every call comes to the layer: those of the
 * program, and those of all that is linked with it.
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
 * Several layers lie on top of each other, and each calls the next one down.
 * The constructors' priorities decide the order: a constructor with a larger
 * number runs later, and its layer lies further up. 101 is the system's. A
 * constructor without a number is the topmost layer.
 *
 * A layer's own calls come back to it, so it calls `next`, or `real`.
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

/* What is called now. A layer asks before it stores its own functions. */
struct imports imports_now(void);

#define IMPORT(result, failure, name, parameters, arguments)                   \
    extern __typeof__(name) *__imp_##name;
#define IMPORT_VOID(name, parameters, arguments)                               \
    extern __typeof__(name) *__imp_##name;
#include "imports.h"

#endif
