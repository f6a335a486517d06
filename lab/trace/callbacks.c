/* Callbacks: those of the system's own pools, and completion routines. */
#include "layer.h"

#include <stdlib.h>
#include <winternl.h>

static struct record *begin_callback(const void *function, const void *handle,
                                     const void *overlapped, DWORD error,
                                     ULONG_PTR bytes)
{
    return begin_record(place_of(function),
                        (struct record){.kind = KIND_CALLBACK,
                                        .handle = (uintptr_t)handle,
                                        .overlapped = (uintptr_t)overlapped,
                                        .error = error,
                                        .bytes = (uint32_t)bytes});
}

DWORD win32_error(ULONG status)
{
    return status <= 0xFFFF ? status : RtlNtStatusToDosError((NTSTATUS)status);
}

/* A completion routine gets no context, so one function of ours could not know
 * which of the program's routines to call. So each of the program's routines
 * has a place, and each place has a function of ours. When all places are
 * taken, the system calls the program's routine itself, and the call is not
 * recorded. */
enum { PLACES = 64 };
static LPOVERLAPPED_COMPLETION_ROUTINE routines[PLACES];

static void call_routine(unsigned place, DWORD status, DWORD bytes,
                         OVERLAPPED *overlapped)
{
    LPOVERLAPPED_COMPLETION_ROUTINE routine = routines[place];
    struct record *record =
        begin_callback((const void *)(uintptr_t)routine, NULL, overlapped,
                       win32_error(status), bytes);
    routine(status, bytes, overlapped);
    end_callback(record);
}

/* Does something for each place; a place is two octal digits. */
#define EIGHT_PLACES(place, n)                                                 \
    place(n##0) place(n##1) place(n##2) place(n##3) place(n##4) place(n##5)    \
        place(n##6) place(n##7)
#define ALL_PLACES(place)                                                      \
    EIGHT_PLACES(place, 00)                                                    \
    EIGHT_PLACES(place, 01)                                                    \
    EIGHT_PLACES(place, 02)                                                    \
    EIGHT_PLACES(place, 03)                                                    \
    EIGHT_PLACES(place, 04)                                                    \
    EIGHT_PLACES(place, 05)                                                    \
    EIGHT_PLACES(place, 06)                                                    \
    EIGHT_PLACES(place, 07)

#define FUNCTION(n)                                                            \
    static void CALLBACK routine_##n(DWORD status, DWORD bytes,                \
                                     OVERLAPPED *overlapped)                   \
    {                                                                          \
        call_routine(n, status, bytes, overlapped);                            \
    }
#define NAME(n) routine_##n,
ALL_PLACES(FUNCTION)

LPOVERLAPPED_COMPLETION_ROUTINE
traced_routine(LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    static const LPOVERLAPPED_COMPLETION_ROUTINE ours[PLACES] = {
        ALL_PLACES(NAME)};
    for (unsigned i = 0; routine != NULL && i < PLACES; i++) {
        void *seen = InterlockedCompareExchangePointer(
            (void *volatile *)(uintptr_t)&routines[i],
            (void *)(uintptr_t)routine, NULL);
        if (seen == NULL || seen == (void *)(uintptr_t)routine)
            return ours[i];
    }
    return routine;
}

static BOOL bind_callback(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE routine,
                          ULONG flags)
{
    struct record *record = begin_call_on(KIND_BindIoCompletionCallback, file);
    BOOL ok = trace_next.BindIoCompletionCallback(file, traced_routine(routine),
                                                  flags);
    end_call(record, ok);
    return ok;
}

struct threadpool_io {
    PTP_WIN32_IO_CALLBACK callback;
    void *context;
};

static void CALLBACK on_threadpool(TP_CALLBACK_INSTANCE *instance,
                                   void *context, void *overlapped, ULONG error,
                                   ULONG_PTR bytes, TP_IO *io)
{
    const struct threadpool_io *theirs = context;
    struct record *record =
        begin_callback((const void *)(uintptr_t)theirs->callback, io,
                       overlapped, error, bytes);
    theirs->callback(instance, theirs->context, overlapped, error, bytes, io);
    end_callback(record);
}

/* `theirs` is never freed: the system may call back long after the PTP_IO was
 * closed. */
static TP_IO *create_threadpool_io(HANDLE file, PTP_WIN32_IO_CALLBACK routine,
                                   void *context,
                                   TP_CALLBACK_ENVIRON *environment)
{
    struct record *record = begin_call_on(KIND_CreateThreadpoolIo, file);
    struct threadpool_io *theirs = malloc(sizeof *theirs);
    if (theirs != NULL)
        *theirs = (struct threadpool_io){routine, context};
    TP_IO *io = trace_next.CreateThreadpoolIo(
        file, theirs != NULL ? on_threadpool : routine,
        theirs != NULL ? (void *)theirs : context, environment);
    record->other = (uintptr_t)io;
    end_call(record, io != NULL);
    if (io == NULL)
        free(theirs);
    return io;
}

/* These functions have no result: only their times are recorded. */
#define THREADPOOL_IO(name)                                                    \
    static void WINAPI traced_##name(TP_IO *io)                                \
    {                                                                          \
        struct record *record = begin_call_on(KIND_##name, io);                \
        trace_next.name(io);                                                   \
        end_call(record, true);                                                \
    }
THREADPOOL_IO(StartThreadpoolIo)
THREADPOOL_IO(CancelThreadpoolIo)
THREADPOOL_IO(CloseThreadpoolIo)

static void WINAPI wait_for_callbacks(TP_IO *io, BOOL cancel)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_WaitForThreadpoolIoCallbacks,
                                   .handle = (uintptr_t)io,
                                   .length = INFINITE});
    trace_next.WaitForThreadpoolIoCallbacks(io, cancel);
    end_call(record, true);
}

void install_callbacks(void)
{
    __imp_BindIoCompletionCallback = bind_callback;
    __imp_CancelThreadpoolIo = traced_CancelThreadpoolIo;
    __imp_CloseThreadpoolIo = traced_CloseThreadpoolIo;
    __imp_CreateThreadpoolIo = create_threadpool_io;
    __imp_StartThreadpoolIo = traced_StartThreadpoolIo;
    __imp_WaitForThreadpoolIoCallbacks = wait_for_callbacks;
}
