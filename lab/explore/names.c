/*
 * The linker's names of the functions that the program calls, in both forms.
 * The compiler calls a function of a DLL by its name, NAME, or through the
 * pointer __imp_NAME, as the function's header says. objcopy has made
 * explore.NAME of the first, and explore.imp.NAME of the second.
 */
#include "model.h"
#include "verdict.h"

#define MODELLED(name)                                                         \
    __typeof__(model_##name) *pointer_to_##name __asm__(                       \
        "explore.imp." #name) = model_##name;
/* Such a function is never answered, so its parameters do not matter. */
#define REFUSED(name)                                                          \
    void refuse_##name(void) __asm__("explore." #name);                        \
    void refuse_##name(void)                                                   \
    {                                                                          \
        refuse(#name);                                                         \
    }                                                                          \
    void (*pointer_to_##name)(void) __asm__("explore.imp." #name) =            \
        refuse_##name;
#include "calls.h"
