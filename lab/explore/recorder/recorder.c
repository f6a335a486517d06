/*
 * Records one order with lab/trace, in deep mode. The program is linked with
 * the explorer, lab/trace and this file. Its calls go to lab/trace first, and
 * from there to the model:
 *
 *      the program  ->  lab/interpose/caller.c  ->  lab/trace  ->  model_NAME
 *
 * Elsewhere lab/trace stores its functions in the import table. Here it stores
 * them where the program's calls find the model: mk/lab.mk renames __imp_NAME
 * to explore.imp.NAME in the object files of lab/trace. This file has the few
 * things that lab/trace expects from the rest of the lab.
 *
 * Two facts are not the system's here. A thread is known by its number in the
 * model. And the clock counts how often it is read: so two events never have
 * the same time, and the same order always has the same times.
 */
#include "../recorder.h"

#include "../mapped.h"
#include "../model.h"
#include "below.h"

#include "../../interpose/caller.h"
#include "../../interpose/interpose.h"
#include "../../interpose/unseen.h"
#include "../../modes/completions.h"
#include "../../trace/deep.h"
#include "../../trace/layer.h"

#include <stdio.h>
#include <string.h>

/* ---- Calls -------------------------------------------------------------- */

struct imports real;

/* What the program calls: at first the model, or the function that refuses. */
#define IMPORT(result, failure, name, parameters, arguments)                   \
    extern __typeof__(name) *called_##name __asm__("explore.imp." #name);
#define IMPORT_VOID(name, parameters, arguments)                               \
    extern __typeof__(name) *called_##name __asm__("explore.imp." #name);
#include "../../interpose/imports.h"

struct imports imports_now(void)
{
    return (struct imports){
#define IMPORT(result, failure, name, parameters, arguments)                   \
    .name = called_##name,
#define IMPORT_VOID(name, parameters, arguments) .name = called_##name,
#include "../../interpose/imports.h"
    };
}

/* As NtQueryIoCompletion, for a port of the model. */
static LONG NTAPI query_port(HANDLE port, int class, void *depth, ULONG length,
                             // NOLINTNEXTLINE(readability-non-const-parameter)
                             ULONG *returned)
{
    (void)class, (void)length, (void)returned;
    *(LONG *)depth = packets_in(port);
    return *(LONG *)depth < 0 ? -1 : 0;
}

/* For lab/trace, which asks for the functions that it needs itself. */
static FARPROC WINAPI find_function(HMODULE module, const char *name)
{
    if (strcmp(name, "NtQueryIoCompletion") == 0)
        return (FARPROC)(uintptr_t)query_port;
    return GetProcAddress(module, name);
}

/* A call that is not modelled is refused, so no call is missed. */
void begin_following(void)
{
}

void end_following(void)
{
}

static void find_caller(const void **place, const void **frame)
{
    if (!is_of_lab_or_library(*place) || caller() == NULL)
        return;
    *place = caller();
    *frame = caller_stack();
}

/* ---- Threads ------------------------------------------------------------ */

enum { KERNEL_THREAD = 1000 };

static bool kernel_acts;

static DWORD WINAPI thread_id(void)
{
    if (kernel_acts || kernel_copies())
        return KERNEL_THREAD;
    return current != NULL ? current->number + 1 : MAIN_THREAD + 1;
}

/* Of each thread, the record of the call that started it. */
static uint64_t makers[MOST_THREADS];

static unsigned next_thread(void)
{
    unsigned number = 0;
    while (number < MOST_THREADS - 1 && threads[number].is_used)
        number++;
    return number;
}

/* lab/trace would give each thread an argument of its own. Then the explorer
 * would not see that two fresh workers are alike. */
static uintptr_t begin_thread(void *security, unsigned stack,
                              unsigned(__stdcall *routine)(void *),
                              void *argument, unsigned flags, unsigned *id)
{
    struct record *record =
        begin_call((struct record){.kind = KIND__beginthreadex});
    makers[next_thread()] = number_of(record);
    uintptr_t handle =
        model__beginthreadex(security, stack, routine, argument, flags, id);
    record->other = handle;
    end_call(record, handle != 0);
    return handle;
}

static unsigned run(const struct thread *thread)
{
    struct record *record = begin_record(
        place_of((const void *)(uintptr_t)thread->routine),
        (struct record){.kind = KIND_THREAD, .other = makers[thread->number]});
    unsigned result = thread->routine(thread->argument);
    record->length = result;
    end_call(record, true);
    return result;
}

/* ---- Time --------------------------------------------------------------- */

/* The readings count as microseconds. */
enum { TICKS_IN_A_SECOND = 1000000 };

static BOOL WINAPI read_clock(LARGE_INTEGER *ticks)
{
    static LONG64 volatile readings;
    ticks->QuadPart = InterlockedIncrement64(&readings);
    return TRUE;
}

static BOOL WINAPI read_frequency(LARGE_INTEGER *frequency)
{
    frequency->QuadPart = TICKS_IN_A_SECOND;
    return TRUE;
}

/* lab/trace calls these instead of the system's: mk/lab.mk renames
 * __imp_NAME to recorder.imp.NAME. */
#define INSTEAD_OF(name, function)                                             \
    __typeof__(name) *pointer_to_##name __asm__("recorder.imp." #name) =       \
        function;
INSTEAD_OF(GetCurrentThreadId, thread_id)
INSTEAD_OF(QueryPerformanceCounter, read_clock)
INSTEAD_OF(QueryPerformanceFrequency, read_frequency)

/* ---- The kernel, and the verdict ---------------------------------------- */

static modes_completion_watcher *watcher;

void modes_watch_completions(modes_completion_watcher *called)
{
    watcher = called;
}

static void completes(const OVERLAPPED *overlapped, DWORD bytes,
                      NTSTATUS status)
{
    DWORD error = GetLastError();
    kernel_acts = true;
    watcher(overlapped, bytes, status);
    kernel_acts = false;
    SetLastError(error);
}

/* deep.py finds the verdict in what was printed on stderr. (It looks at
 * nothing: the thread may just be printing, and then has the lock of deep.c.)
 * If the crash is the kernel's, which writes to freed memory, no thread
 * crashes. */
static void goes_wrong(const char *text, const EXCEPTION_RECORD *crash)
{
    static const char prefix[] = "explorer: ";
    static char verdict[sizeof prefix + MOST_TEXT];
    snprintf(verdict, sizeof verdict, "%s%s", prefix, text);
    deep_bytes(BYTES_OF_STREAM, 1, 0, verdict, strlen(verdict));
    if (crash != NULL && !kernel_copies())
        begin_record(
            place_of(crash->ExceptionAddress),
            (struct record){.kind = KIND_CRASH, .error = crash->ExceptionCode});
}

/* ---- The start ---------------------------------------------------------- */

/* Before all layers: see lab/interpose/interpose.h. */
__attribute__((constructor(101))) static void begin(void)
{
    real = (struct imports){
#define IMPORT(result, failure, name, parameters, arguments)                   \
    .name = __imp_##name,
#define IMPORT_VOID(name, parameters, arguments) .name = __imp_##name,
#include "../../interpose/imports.h"
    };
    real.GetProcAddress = find_function;
}

/* After lab/trace, and before lab/interpose/caller.c. */
__attribute__((constructor(400))) static void install(void)
{
    static const struct recorder own_recorder = {find_caller, run, completes,
                                                 goes_wrong};
    if (!is_deep)
        return;
    called__beginthreadex = begin_thread;
    recorder = &own_recorder;
}
