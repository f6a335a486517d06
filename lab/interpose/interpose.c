#include "interpose.h"

#include "writable.h"

struct imports real;

__attribute__((constructor(101))) static void begin(void)
{
    make_imports_writable();
    real = imports_now();
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
