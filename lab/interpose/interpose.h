/*
 * Replaces system functions in a program without a change to the program: the
 * program is only linked with these files.
 *
 * The compiler calls a function of a DLL through a pointer, __imp_NAME, in the
 * program's import address table. A layer stores the address of its own
 * function in this pointer. From then on every call comes to the layer: the
 * calls of the program, and those of all code that is linked with it.
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
 * number runs later, so its layer lies further up. The constructor that sets
 * `real`, below, has the number 101. A constructor without a number runs last:
 * its layer is on top.
 *
 * A layer's own calls would come back to the layers, so a layer calls a system
 * function through `next` or `real`.
 */
#ifndef INTERPOSE_H
#define INTERPOSE_H

#include <process.h>
#include <stdint.h>
#include <windows.h>

/* Declared here, because <io.h> of the C library also declares functions with
 * short names, such as read and close. */
__declspec(dllimport) int _open_osfhandle(intptr_t handle, int flags);

struct imports {
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __typeof__(name) *name;
#define IMPORT_VOID(name, parameters, arguments) __typeof__(name) *name;
#include "imports.h"
};

/* The system's functions, below all layers. They are set before any layer
 * begins. */
extern struct imports real;

/* The functions that the program calls now. A layer reads them before it stores
 * its own. */
struct imports imports_now(void);

#define IMPORT(result, failure, name, parameters, arguments)                   \
    extern __typeof__(name) *__imp_##name;
#define IMPORT_VOID(name, parameters, arguments)                               \
    extern __typeof__(name) *__imp_##name;
#include "imports.h"

/* Reports this error to the caller of a replaced function: GetLastError returns
 * it. Returns FALSE, the result of a BOOL function that fails. */
static inline BOOL fail_with(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

#endif
