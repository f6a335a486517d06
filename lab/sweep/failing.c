/*
 * Lets any function of imports.h fail, as the words "fail" and "fail-from" ask
 * for it (see lab/interpose/words.h): a layer just above the system.
 */
#include "../interpose/interpose.h"
#include "../interpose/words.h"

static struct imports next;

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static result failing_##name parameters                                    \
    {                                                                          \
        return fails(#name) ? failure : next.name arguments;                   \
    }
#include "../interpose/imports.h"

__attribute__((constructor(150))) static void begin(void)
{
    if (words[0].name == NULL)
        return;
    next = imports_now();
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __imp_##name = failing_##name;
#include "../interpose/imports.h"
}
