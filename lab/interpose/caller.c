#include "caller.h"

#include "interpose.h"

static struct imports next;
static _Thread_local const void *called_from, *called_with;

const void *caller(void)
{
    return called_from;
}

const void *caller_stack(void)
{
    return called_with;
}

/* The address for which mk/lab.mk links programs. They are loaded elsewhere,
 * but the addresses in their debug information count from here. */
static const unsigned long long IMAGE_BASE = 0x140000000;

unsigned long long address_in_file(const void *address)
{
    const char *image = (const char *)GetModuleHandleW(NULL);
    const IMAGE_DOS_HEADER *dos = (const IMAGE_DOS_HEADER *)image;
    const IMAGE_NT_HEADERS *nt =
        (const IMAGE_NT_HEADERS *)(image + dos->e_lfanew);
    size_t offset = (size_t)((const char *)address - image);
    if (offset >= nt->OptionalHeader.SizeOfImage)
        return 0;
    return IMAGE_BASE + offset - 1; /* in the call, not after it */
}

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static result calling_##name parameters                                    \
    {                                                                          \
        called_from = __builtin_return_address(0);                             \
        called_with = __builtin_dwarf_cfa();                                   \
        return next.name arguments;                                            \
    }
#define IMPORT_VOID(name, parameters, arguments)                               \
    static void calling_##name parameters                                      \
    {                                                                          \
        called_from = __builtin_return_address(0);                             \
        called_with = __builtin_dwarf_cfa();                                   \
        next.name arguments;                                                   \
    }
#include "imports.h"

/* Without a number: this constructor runs last. */
__attribute__((constructor)) static void begin(void)
{
    next = imports_now();
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __imp_##name = calling_##name;
#define IMPORT_VOID(name, parameters, arguments) __imp_##name = calling_##name;
#include "imports.h"
}
