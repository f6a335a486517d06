#include "interpose.h"

#include <stdio.h>
#include <stdlib.h>

struct imports real;

#define IMPORT(result, failure, name, parameters, arguments)                   \
    __typeof__(name) *__imp_##name;
#define IMPORT_VOID(name, parameters, arguments) __typeof__(name) *__imp_##name;
#include "imports.h"

typedef void any_function(void);

/* In the system, or else in the C library. */
static any_function *find(const char *name)
{
#ifdef _UCRT
    HMODULE library = GetModuleHandleW(L"ucrtbase");
#else
    HMODULE library = GetModuleHandleW(L"msvcrt");
#endif
    FARPROC function = GetProcAddress(GetModuleHandleW(L"kernel32"), name);
    if (function == NULL)
        function = GetProcAddress(library, name);
    if (function == NULL) {
        fprintf(stderr, "interpose: no %s\n", name);
        exit(EXIT_FAILURE);
    }
    return (any_function *)function;
}

__attribute__((constructor(101))) static void begin(void)
{
#define IMPORT(result, failure, name, parameters, arguments)                   \
    real.name = (__typeof__(name) *)find(#name);                               \
    __imp_##name = real.name;
#define IMPORT_VOID(name, parameters, arguments)                               \
    real.name = (__typeof__(name) *)find(#name);                               \
    __imp_##name = real.name;
#include "imports.h"
}

struct imports imports_now(void)
{
    return (struct imports){
#define IMPORT(result, failure, name, parameters, arguments)                   \
    .name = __imp_##name,
#define IMPORT_VOID(name, parameters, arguments) .name = __imp_##name,
#include "imports.h"
    };
}
