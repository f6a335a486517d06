/*
 * Thread-local variables of the lab. For each access to one, the compiler calls
 * __emutls_get_address. The function of this name in the compiler's library may
 * use its library of POSIX threads, which calls WaitForSingleObject,
 * CreateEventA and others through the program's import table. A layer that
 * replaces such a function and has a thread-local variable would call itself
 * again and again.
 *
 * This function calls only functions that no layer replaces. A program that is
 * linked with the lab keeps its compiler's function: see mk/lab.mk.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

/* What the compiler makes of each thread-local variable. */
struct variable {
    size_t size, alignment;
    union {
        LONG volatile number; /* from 1 on; 0: it has none yet */
        /* cppcheck-suppress unusedStructMember */
        void *unused; /* the compiler's union has it */
    };
    const void *initial; /* NULL: zeros */
};

enum { MAX_VARIABLES = 64 }; /* the lab has fewer than ten */

static LONG volatile variables; /* that have a number */
static LONG volatile key_and_1; /* what TlsAlloc has returned, plus 1 */

void *__emutls_get_address(struct variable *variable);

static DWORD key(void)
{
    if (key_and_1 == 0) {
        DWORD new = TlsAlloc();
        if (InterlockedCompareExchange(&key_and_1, (LONG) new + 1, 0) != 0)
            TlsFree(new); /* another thread was faster */
    }
    return (DWORD)key_and_1 - 1;
}

/* Two threads may both take a number: then one number stays unused. */
static LONG number_of(struct variable *variable)
{
    if (variable->number == 0)
        InterlockedCompareExchange(&variable->number,
                                   InterlockedIncrement(&variables), 0);
    return variable->number;
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL)
        TerminateProcess(GetCurrentProcess(), 1);
    return memory;
}

static void *make(const struct variable *variable)
{
    size_t before = sizeof(void *) + variable->alignment;
    char *memory = allocate(before + variable->size);
    uintptr_t address = ((uintptr_t)memory + before - 1) / variable->alignment *
                        variable->alignment;
    void **made = (void **)address;
    made[-1] = memory; /* for free */
    if (variable->initial != NULL)
        memcpy(made, variable->initial, variable->size);
    return made;
}

/* Leaves the last error as it is. Ends the process if there is no memory, or if
 * there are too many variables. */
void *__emutls_get_address(struct variable *variable)
{
    DWORD error = GetLastError();
    void **made = TlsGetValue(key());
    if (made == NULL) {
        made = allocate(MAX_VARIABLES * sizeof *made);
        TlsSetValue(key(), made);
    }
    LONG number = number_of(variable);
    if (number >= MAX_VARIABLES)
        TerminateProcess(GetCurrentProcess(), 1);
    void **own = &made[number];
    if (*own == NULL)
        *own = make(variable);
    SetLastError(error);
    return *own;
}

/* The loader calls this function in each thread that exits. */
static void NTAPI on_thread(void *module, DWORD reason, void *reserved)
{
    (void)module;
    (void)reserved;
    if (reason != DLL_THREAD_DETACH || key_and_1 == 0)
        return;
    void **made = TlsGetValue(key());
    TlsSetValue(key(), NULL);
    for (unsigned i = 0; made != NULL && i < MAX_VARIABLES; i++)
        if (made[i] != NULL)
            free(((void **)made[i])[-1]);
    if (made != NULL)
        free(made);
}

__attribute__((section(".CRT$XLY"),
               used)) static const PIMAGE_TLS_CALLBACK on_exit_of_thread =
    on_thread;
