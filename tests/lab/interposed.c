/* interposed: prints for each function of lab/interpose/imports.h whether the
 * program's calls go to the system or to the program itself. */
#include <process.h>
#include <stdint.h>
#include <stdio.h>
#include <windows.h>

/* Of io.h, which also declares many short names. */
__declspec(dllimport) int _open_osfhandle(intptr_t handle, int flags);

/* `address` is the address that a call of the function goes to. */
static void print_target(const char *name, const void *address)
{
    HMODULE module = NULL;
    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS |
                           GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                       address, &module);
    printf("%s: %s\n", name,
           module == GetModuleHandleW(NULL) ? "program" : "system");
}

int wmain(void)
{
#define IMPORT(result, failure, name, parameters, arguments)                   \
    print_target(#name, (const void *)(uintptr_t)name);
#include "../../lab/interpose/imports.h"
    return 0;
}
