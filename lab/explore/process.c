/* The process: its threads, their thread-local variables, and its end. */
#include "kernel.h"
#include "model.h"
#include "timeline.h"
#include "verdict.h"

#include <string.h>

/* ---- Threads ------------------------------------------------------------ */

static HANDLE start_thread(const char *call,
                           unsigned(__stdcall *routine)(void *), void *argument,
                           unsigned flags, DWORD *id)
{
    HANDLE handle;
    if (flags != 0)
        refuse("%s with flags", call);
    struct thread *thread = new_thread(routine, argument);
    if (thread == NULL)
        refuse("%s: the system has no further thread", call);
    new_object(THREAD_OBJECT, &handle)->thread = thread;
    if (id != NULL)
        *id = thread->number;
    tell("starts %s", name_of(thread));
    switch_point();
    return handle;
}

uintptr_t model__beginthreadex(void *security, unsigned stack,
                               unsigned(__stdcall *routine)(void *),
                               void *argument, unsigned flags, unsigned *id)
{
    DWORD number;
    (void)security, (void)stack;
    enter("_beginthreadex");
    HANDLE handle =
        start_thread("_beginthreadex", routine, argument, flags, &number);
    if (id != NULL)
        *id = number;
    return (uintptr_t)handle;
}

HANDLE WINAPI model_CreateThread(LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                                 LPTHREAD_START_ROUTINE routine, void *argument,
                                 DWORD flags, DWORD *id)
{
    (void)security, (void)stack;
    enter("CreateThread");
    return start_thread("CreateThread", (unsigned(__stdcall *)(void *))routine,
                        argument, flags, id);
}

BOOL WINAPI model_GetExitCodeThread(HANDLE handle, DWORD *status)
{
    enter("GetExitCodeThread");
    const struct object *object = find_object(handle, THREAD_OBJECT);
    if (object == NULL)
        return FALSE;
    *status = object->thread->has_ended ? object->thread->status : STILL_ACTIVE;
    return TRUE;
}

/* What the compiler makes of each thread-local variable. */
struct variable {
    size_t size;
    /* cppcheck-suppress unusedStructMember */
    size_t alignment;
    /* cppcheck-suppress unusedStructMember */
    void *unused;
    const void *initial; /* NULL: zeros */
};

static void *make_local(const struct variable *variable)
{
    void *memory = calloc(1, variable->size);
    if (memory == NULL)
        refuse("a thread-local variable for which there is no memory");
    if (variable->initial != NULL)
        memcpy(memory, variable->initial, variable->size);
    return memory;
}

/* For each access to a thread-local variable, the compiler calls a function of
 * its library. The program calls this one. So each order begins with fresh
 * variables, and the variable's own structure does not change. */
void *local_of_thread(const struct variable *variable) __asm__(
    "explore.__emutls_get_address");

void *local_of_thread(const struct variable *variable)
{
    struct local *local = current->locals;
    while (local->variable != NULL && local->variable != variable)
        if (++local == current->locals + MOST_LOCALS)
            refuse("more than %d thread-local variables", MOST_LOCALS);
    if (local->variable == NULL)
        *local = (struct local){variable, make_local(variable)};
    return local->memory;
}

/* ---- The system --------------------------------------------------------- */

/* One processor: a pool then starts two threads. More only make more orders. */
void WINAPI model_GetSystemInfo(SYSTEM_INFO *system)
{
    GetSystemInfo(system);
    system->dwNumberOfProcessors = 1;
}

void WINAPI model_GetNativeSystemInfo(SYSTEM_INFO *system)
{
    model_GetSystemInfo(system);
}

/* ---- The end ------------------------------------------------------------ */

BOOL WINAPI model_TerminateProcess(HANDLE process, UINT status)
{
    enter("TerminateProcess");
    if (process != GetCurrentProcess())
        refuse("TerminateProcess of another process");
    end_with_status(status);
}

void WINAPI model_ExitProcess(UINT status)
{
    enter("ExitProcess");
    end_with_status(status);
}

void model_exit(int status)
{
    enter("exit");
    end_with_status((unsigned)status);
}

void model__exit(int status)
{
    enter("_exit");
    end_with_status((unsigned)status);
}

void model_abort(void)
{
    enter("abort");
    mistake("the program calls abort at %s", place_text(current->place));
}

void model__assert(const char *condition, const char *file, unsigned line)
{
    enter("assert");
    mistake("an assertion fails: %s, at %s:%u", condition, file, line);
}
