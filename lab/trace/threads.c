/* Threads, from the call that creates them to the return of their routine, and
 * processes. */
#include "layer.h"

#include <stdlib.h>

struct thread {
    unsigned(__stdcall *routine)(void *);
    void *argument;
    uint64_t made_by; /* number_of the record of the call */
};

static struct thread *new_thread(unsigned(__stdcall *routine)(void *),
                                 void *argument, const struct record *made_by)
{
    struct thread *thread = malloc(sizeof *thread);
    if (thread != NULL)
        *thread = (struct thread){routine, argument, number_of(made_by)};
    return thread;
}

static unsigned __stdcall run_thread(void *argument)
{
    struct thread thread = *(struct thread *)argument;
    free(argument);
    struct record *record = begin_record(
        place_of((const void *)(uintptr_t)thread.routine),
        (struct record){.kind = KIND_THREAD, .other = thread.made_by});
    unsigned result = thread.routine(thread.argument);
    record->length = result;
    end_call(record, true);
    return result;
}

static DWORD WINAPI run_thread_of_system(void *argument)
{
    return run_thread(argument);
}

/* Without memory for `ours`, the thread runs the program's routine directly.
 * Its start and end are not recorded, but its calls are. */
static uintptr_t begin_thread(void *security, unsigned stack,
                              unsigned(__stdcall *routine)(void *),
                              void *argument, unsigned flags, unsigned *id)
{
    struct record *record =
        begin_call((struct record){.kind = KIND__beginthreadex});
    struct thread *ours = new_thread(routine, argument, record);
    uintptr_t handle = trace_next._beginthreadex(
        security, stack, ours != NULL ? run_thread : routine,
        ours != NULL ? (void *)ours : argument, flags, id);
    record->other = handle;
    end_call(record, handle != 0);
    if (handle == 0)
        free(ours);
    return handle;
}

static HANDLE create_thread(LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                            LPTHREAD_START_ROUTINE routine, void *argument,
                            DWORD flags, DWORD *id)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateThread});
    struct thread *ours = new_thread(
        (unsigned(__stdcall *)(void *))(uintptr_t)routine, argument, record);
    HANDLE handle = trace_next.CreateThread(
        security, stack, ours != NULL ? run_thread_of_system : routine,
        ours != NULL ? (void *)ours : argument, flags, id);
    record->other = (uintptr_t)handle;
    end_call(record, handle != NULL);
    if (handle == NULL)
        free(ours);
    return handle;
}

/* ---- Processes ---------------------------------------------------------- */

static BOOL end_process(struct record *record, BOOL ok,
                        const PROCESS_INFORMATION *made)
{
    if (ok) {
        record->other = (uintptr_t)made->hProcess;
        record->offset = (uintptr_t)made->hThread;
    }
    end_call(record, ok);
    return ok;
}

static BOOL create_process_a(const char *program, char *command,
                             LPSECURITY_ATTRIBUTES process,
                             LPSECURITY_ATTRIBUTES thread, BOOL inherit,
                             DWORD flags, void *environment,
                             const char *directory, LPSTARTUPINFOA start,
                             LPPROCESS_INFORMATION made)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateProcessA});
    return end_process(
        record,
        trace_next.CreateProcessA(program, command, process, thread, inherit,
                                  flags, environment, directory, start, made),
        made);
}

static BOOL create_process_w(const wchar_t *program, wchar_t *command,
                             LPSECURITY_ATTRIBUTES process,
                             LPSECURITY_ATTRIBUTES thread, BOOL inherit,
                             DWORD flags, void *environment,
                             const wchar_t *directory, LPSTARTUPINFOW start,
                             LPPROCESS_INFORMATION made)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateProcessW});
    return end_process(
        record,
        trace_next.CreateProcessW(program, command, process, thread, inherit,
                                  flags, environment, directory, start, made),
        made);
}

void install_threads(void)
{
    __imp_CreateProcessA = create_process_a;
    __imp_CreateProcessW = create_process_w;
    __imp_CreateThread = create_thread;
    __imp__beginthreadex = begin_thread;
}
