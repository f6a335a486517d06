#include "caller.h"

#include "interpose.h"

#include <stdint.h>

static struct imports next;
static _Thread_local const void *called_from, *called_with;

const void *caller(void)
{
    return called_from;
}

void note_caller(const void *address, const void *stack)
{
    called_from = address;
    called_with = stack;
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

/*
 * The linker puts code in this order: the program's object files, the lab, the
 * libraries. Of the lab, lab/interpose comes first, and this file is the first
 * one in it; and then all sections whose names begin with .text$, in the order
 * of their names. This function is the first of these.
 */
__attribute__((section(".text$0"), used)) static void after_libraries(void)
{
}

bool is_of_lab_or_library(const void *address)
{
    return (uintptr_t)address > (uintptr_t)is_of_lab_or_library &&
           (uintptr_t)address < (uintptr_t)after_libraries;
}

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static result calling_##name parameters                                    \
    {                                                                          \
        if (is_of_lab_or_library(__builtin_return_address(0)))                 \
            return real.name arguments;                                        \
        called_from = __builtin_return_address(0);                             \
        called_with = __builtin_dwarf_cfa();                                   \
        return next.name arguments;                                            \
    }
#define IMPORT_VOID(name, parameters, arguments)                               \
    static void calling_##name parameters                                      \
    {                                                                          \
        if (is_of_lab_or_library(__builtin_return_address(0))) {               \
            real.name arguments;                                               \
            return;                                                            \
        }                                                                      \
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
