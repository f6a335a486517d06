/*
 * Records the program's calls about files, ports, events and threads in a file,
 * if the environment variable TRACE names one. TRACE_RECORDS is how many
 * records the file can hold; without it, 262,144. See record.h for the format
 * of the file, and README.md for what trace.py makes of it.
 *
 * This is a layer of lab/interpose. It lies above lab/modes, so it records what
 * the program sees. It never reads a request after the request was started: by
 * then the request's memory may be freed. It calls each of the program's
 * callbacks from a function of its own, which records the callback.
 */
#include "record.h"

#include "../interpose/caller.h"
#include "../interpose/interpose.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winternl.h>

enum { DEFAULT_RECORDS = 1 << 18, MAX_RECORDS = 1 << 28 };

static struct imports next;
static struct header *header;
static struct record *records; /* after the header */

/* ---- Records ------------------------------------------------------------ */

static int64_t now(void)
{
    LARGE_INTEGER ticks;
    QueryPerformanceCounter(&ticks);
    return ticks.QuadPart;
}

/* Reserves a record and fills it in; `from` is the address in the program. When
 * the file is full, the record goes to memory that is never read, and is
 * counted anyway. */
static struct record *begin_record(const void *from, struct record what)
{
    static _Thread_local struct record lost;
    int64_t taken = InterlockedIncrement64(&header->taken);
    bool fits = (uint64_t)taken <= header->capacity;
    struct record *record = fits ? &records[taken - 1] : &lost;
    uint32_t kind = what.kind;
    what.kind = KIND_NOTHING;
    what.thread = GetCurrentThreadId();
    what.line = address_in_file(from);
    what.begin = now();
    *record = what;
    __atomic_store_n(&record->kind, kind, __ATOMIC_RELEASE);
    return record;
}

/* Call it before the call of the next layer. */
static struct record *begin_call(struct record what)
{
    return begin_record(caller(), what);
}

/* The same, if only the handle is recorded. */
static struct record *begin_call_on(enum kind kind, const void *handle)
{
    return begin_call(
        (struct record){.kind = kind, .handle = (uintptr_t)handle});
}

/* Call it when the next layer has returned. GetLastError stays the same. */
static void end_call(struct record *record, bool ok)
{
    DWORD error = GetLastError();
    record->ok = ok;
    record->error = ok ? ERROR_SUCCESS : error;
    __atomic_store_n(&record->end, now(), __ATOMIC_RELEASE);
    SetLastError(error);
}

/* Counts from 1; 0 for a record that did not fit. */
static uint64_t number_of(const struct record *record)
{
    bool fits = record >= records && record < records + header->capacity;
    return fits ? (uint64_t)(record - records) + 1 : 0;
}

/* The address of a function, in place of the address of a call: begin_record
 * expects a return address, which lies after the call. */
static const void *place_of(const void *function)
{
    return (const char *)function + 1;
}

/* ---- Files and handles -------------------------------------------------- */

static HANDLE create_file_w(const wchar_t *path, DWORD access, DWORD share,
                            LPSECURITY_ATTRIBUTES security, DWORD disposition,
                            DWORD flags, HANDLE like)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateFileW, .length = flags});
    HANDLE file = next.CreateFileW(path, access, share, security, disposition,
                                   flags, like);
    record->other = (uintptr_t)file;
    end_call(record, file != INVALID_HANDLE_VALUE);
    return file;
}

static HANDLE create_file_a(const char *path, DWORD access, DWORD share,
                            LPSECURITY_ATTRIBUTES security, DWORD disposition,
                            DWORD flags, HANDLE like)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateFileA, .length = flags});
    HANDLE file = next.CreateFileA(path, access, share, security, disposition,
                                   flags, like);
    record->other = (uintptr_t)file;
    end_call(record, file != INVALID_HANDLE_VALUE);
    return file;
}

static BOOL close_handle(HANDLE handle)
{
    struct record *record = begin_call_on(KIND_CloseHandle, handle);
    BOOL ok = next.CloseHandle(handle);
    end_call(record, ok);
    return ok;
}

static BOOL set_modes(HANDLE file, UCHAR modes)
{
    struct record *record = begin_call(
        (struct record){.kind = KIND_SetFileCompletionNotificationModes,
                        .handle = (uintptr_t)file,
                        .length = modes});
    BOOL ok = next.SetFileCompletionNotificationModes(file, modes);
    end_call(record, ok);
    return ok;
}

/* ---- Reads and writes --------------------------------------------------- */

/* Copies the request's fields before the call. */
static struct record *begin_transfer(enum kind kind, HANDLE file, DWORD length,
                                     const OVERLAPPED *overlapped)
{
    struct record what = {.kind = kind,
                          .handle = (uintptr_t)file,
                          .overlapped = (uintptr_t)overlapped,
                          .length = length};
    if (overlapped != NULL) {
        what.other = (uintptr_t)overlapped->hEvent;
        what.offset =
            (uint64_t)overlapped->OffsetHigh << 32 | overlapped->Offset;
    }
    return begin_call(what);
}

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    struct record *record =
        begin_transfer(KIND_ReadFile, file, length, overlapped);
    BOOL ok = next.ReadFile(file, buffer, length, bytes, overlapped);
    if (ok && overlapped == NULL && bytes != NULL)
        record->bytes = *bytes;
    end_call(record, ok);
    return ok;
}

static BOOL write_file(HANDLE file, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    struct record *record =
        begin_transfer(KIND_WriteFile, file, length, overlapped);
    BOOL ok = next.WriteFile(file, buffer, length, bytes, overlapped);
    if (ok && overlapped == NULL && bytes != NULL)
        record->bytes = *bytes;
    end_call(record, ok);
    return ok;
}

static BOOL cancel_io(HANDLE file)
{
    struct record *record = begin_call_on(KIND_CancelIo, file);
    BOOL ok = next.CancelIo(file);
    end_call(record, ok);
    return ok;
}

static BOOL cancel_io_ex(HANDLE file, OVERLAPPED *overlapped)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CancelIoEx,
                                   .handle = (uintptr_t)file,
                                   .overlapped = (uintptr_t)overlapped});
    BOOL ok = next.CancelIoEx(file, overlapped);
    end_call(record, ok);
    return ok;
}

static BOOL get_result(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                       BOOL wait)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_GetOverlappedResult,
                                   .handle = (uintptr_t)file,
                                   .overlapped = (uintptr_t)overlapped,
                                   .length = wait ? INFINITE : 0});
    BOOL ok = next.GetOverlappedResult(file, overlapped, bytes, wait);
    if (ok)
        record->bytes = *bytes;
    end_call(record, ok);
    return ok;
}

static BOOL get_result_ex(HANDLE file, OVERLAPPED *overlapped, DWORD *bytes,
                          DWORD timeout, BOOL alertable)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_GetOverlappedResultEx,
                                   .handle = (uintptr_t)file,
                                   .overlapped = (uintptr_t)overlapped,
                                   .length = timeout});
    BOOL ok =
        next.GetOverlappedResultEx(file, overlapped, bytes, timeout, alertable);
    if (ok)
        record->bytes = *bytes;
    end_call(record, ok);
    return ok;
}

/* ---- Ports -------------------------------------------------------------- */

static HANDLE create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                          DWORD threads)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateIoCompletionPort,
                                   .handle = (uintptr_t)file,
                                   .other = (uintptr_t)port,
                                   .offset = key,
                                   .length = threads});
    HANDLE made = next.CreateIoCompletionPort(file, port, key, threads);
    if (made != NULL)
        record->other = (uintptr_t)made;
    end_call(record, made != NULL);
    return made;
}

static BOOL post(HANDLE port, DWORD bytes, ULONG_PTR key,
                 OVERLAPPED *overlapped)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_PostQueuedCompletionStatus,
                                   .handle = (uintptr_t)port,
                                   .overlapped = (uintptr_t)overlapped,
                                   .offset = key,
                                   .bytes = bytes});
    BOOL ok = next.PostQueuedCompletionStatus(port, bytes, key, overlapped);
    end_call(record, ok);
    return ok;
}

static BOOL get_packet(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                       OVERLAPPED **overlapped, DWORD timeout)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_GetQueuedCompletionStatus,
                                   .handle = (uintptr_t)port,
                                   .length = timeout});
    BOOL ok =
        next.GetQueuedCompletionStatus(port, bytes, key, overlapped, timeout);
    if (ok || *overlapped != NULL) {
        record->overlapped = (uintptr_t)*overlapped;
        record->offset = *key;
        record->bytes = *bytes;
    }
    end_call(record, ok);
    return ok;
}

/* An entry of GetQueuedCompletionStatusEx contains an NTSTATUS. A pool of the
 * system passes an NTSTATUS or a Win32 error to its callback. */
static DWORD win32_error(ULONG status)
{
    return status <= 0xFFFF ? status : RtlNtStatusToDosError((NTSTATUS)status);
}

static BOOL get_packets(HANDLE port, OVERLAPPED_ENTRY *entries, ULONG count,
                        ULONG *taken, DWORD timeout, BOOL alertable)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_GetQueuedCompletionStatusEx,
                                   .handle = (uintptr_t)port,
                                   .length = timeout});
    BOOL ok = next.GetQueuedCompletionStatusEx(port, entries, count, taken,
                                               timeout, alertable);
    if (ok)
        record->bytes = *taken;
    end_call(record, ok);
    for (ULONG i = 0; ok && i < *taken; i++) {
        DWORD error = win32_error((ULONG)entries[i].Internal);
        struct record *packet = begin_call(
            (struct record){.kind = KIND_PACKET,
                            .handle = (uintptr_t)port,
                            .overlapped = (uintptr_t)entries[i].lpOverlapped,
                            .offset = entries[i].lpCompletionKey,
                            .bytes = entries[i].dwNumberOfBytesTransferred});
        SetLastError(error);
        end_call(packet, error == ERROR_SUCCESS);
    }
    return ok;
}

/* ---- The system's own pools --------------------------------------------- */

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

/* The record's other fields were filled in before the callback. */
static void end_callback(struct record *record)
{
    __atomic_store_n(&record->end, now(), __ATOMIC_RELEASE);
}

/* A callback of BindIoCompletionCallback gets no context, so one function of
 * ours could not know which of the program's callbacks to call. So each of the
 * program's callbacks has a place, and each place has a function of ours. When
 * all places are taken, the system calls the program's callback itself, and it
 * is not recorded. */
enum { PLACES = 8 };
static LPOVERLAPPED_COMPLETION_ROUTINE bound[PLACES];

static void call_bound(unsigned place, DWORD status, DWORD bytes,
                       OVERLAPPED *overlapped)
{
    LPOVERLAPPED_COMPLETION_ROUTINE routine = bound[place];
    struct record *record =
        begin_callback((const void *)(uintptr_t)routine, NULL, overlapped,
                       win32_error(status), bytes);
    routine(status, bytes, overlapped);
    end_callback(record);
}

#define PLACE(n)                                                               \
    static void CALLBACK bound_##n(DWORD status, DWORD bytes,                  \
                                   OVERLAPPED *overlapped)                     \
    {                                                                          \
        call_bound(n, status, bytes, overlapped);                              \
    }
PLACE(0)
PLACE(1)
PLACE(2)
PLACE(3)
PLACE(4)
PLACE(5)
PLACE(6)
PLACE(7)

static LPOVERLAPPED_COMPLETION_ROUTINE our_callback(
    LPOVERLAPPED_COMPLETION_ROUTINE routine)
{
    static const LPOVERLAPPED_COMPLETION_ROUTINE ours[PLACES] = {
        bound_0, bound_1, bound_2, bound_3, bound_4, bound_5, bound_6, bound_7};
    for (unsigned i = 0; routine != NULL && i < PLACES; i++) {
        void *seen = InterlockedCompareExchangePointer(
            (void *volatile *)(uintptr_t)&bound[i], (void *)(uintptr_t)routine,
            NULL);
        if (seen == NULL || seen == (void *)(uintptr_t)routine)
            return ours[i];
    }
    return routine;
}

static BOOL bind_callback(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE routine,
                          ULONG flags)
{
    struct record *record = begin_call_on(KIND_BindIoCompletionCallback, file);
    BOOL ok = next.BindIoCompletionCallback(file, our_callback(routine), flags);
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
    TP_IO *io = next.CreateThreadpoolIo(
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
        next.name(io);                                                         \
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
    next.WaitForThreadpoolIoCallbacks(io, cancel);
    end_call(record, true);
}

/* ---- Threads ------------------------------------------------------------ */

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
    uintptr_t handle = next._beginthreadex(
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
    HANDLE handle = next.CreateThread(
        security, stack, ours != NULL ? run_thread_of_system : routine,
        ours != NULL ? (void *)ours : argument, flags, id);
    record->other = (uintptr_t)handle;
    end_call(record, handle != NULL);
    if (handle == NULL)
        free(ours);
    return handle;
}

/* ---- Waiting ------------------------------------------------------------ */

static HANDLE create_event(LPSECURITY_ATTRIBUTES security, BOOL manual,
                           BOOL set, const wchar_t *name)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_CreateEventW});
    HANDLE event = next.CreateEventW(security, manual, set, name);
    record->other = (uintptr_t)event;
    end_call(record, event != NULL);
    return event;
}

static BOOL set_event(HANDLE event)
{
    struct record *record = begin_call_on(KIND_SetEvent, event);
    BOOL ok = next.SetEvent(event);
    end_call(record, ok);
    return ok;
}

static DWORD wait_for_one(HANDLE handle, DWORD timeout)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_WaitForSingleObject,
                                   .handle = (uintptr_t)handle,
                                   .length = timeout});
    DWORD result = next.WaitForSingleObject(handle, timeout);
    record->bytes = result;
    end_call(record, result != WAIT_FAILED);
    return result;
}

static DWORD wait_for_several(DWORD count, const HANDLE *handles, BOOL all,
                              DWORD timeout)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_WaitForMultipleObjects,
                                   .handle = (uintptr_t)handles[0],
                                   .length = timeout});
    DWORD result = next.WaitForMultipleObjects(count, handles, all, timeout);
    record->bytes = result;
    end_call(record, result != WAIT_FAILED);
    return result;
}

static BOOL wait_for_change(PCONDITION_VARIABLE condition, PSRWLOCK lock,
                            DWORD timeout, ULONG flags)
{
    struct record *record =
        begin_call((struct record){.kind = KIND_SleepConditionVariableSRW,
                                   .handle = (uintptr_t)condition,
                                   .length = timeout});
    BOOL ok = next.SleepConditionVariableSRW(condition, lock, timeout, flags);
    end_call(record, ok);
    return ok;
}

/* ---- The end ------------------------------------------------------------ */

static BOOL terminate(HANDLE process, UINT status)
{
    struct record *record = begin_call(
        (struct record){.kind = KIND_TerminateProcess, .length = status});
    BOOL ok = next.TerminateProcess(process, status);
    end_call(record, ok); /* it has ended another process, or none */
    return ok;
}

static void at_exit(void)
{
    end_call(begin_record(NULL, (struct record){.kind = KIND_EXIT}), true);
}

static LPTOP_LEVEL_EXCEPTION_FILTER next_filter;

static LONG WINAPI on_crash(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *what = exception->ExceptionRecord;
    begin_record(
        place_of(what->ExceptionAddress),
        (struct record){.kind = KIND_CRASH, .error = what->ExceptionCode});
    return next_filter != NULL ? next_filter(exception)
                               : EXCEPTION_CONTINUE_SEARCH;
}

/* ---- The layer ---------------------------------------------------------- */

static void give_up(const char *what)
{
    fprintf(stderr, "trace: %s (error %lu)\n", what, GetLastError());
    exit(EXIT_FAILURE);
}

static uint64_t wanted_records(void)
{
    char text[16] = "";
    char *end = text;
    DWORD length = GetEnvironmentVariableA("TRACE_RECORDS", text, sizeof text);
    unsigned long count = strtoul(text, &end, 10);
    if (length == 0)
        return DEFAULT_RECORDS;
    if (length >= sizeof text || *end != '\0' || count == 0 ||
        count > MAX_RECORDS) {
        SetLastError(ERROR_INVALID_PARAMETER);
        give_up("TRACE_RECORDS is not understood");
    }
    return count;
}

/* The file has its full length from the start, but nearly all of it is a hole.
 */
static void map(const wchar_t *path)
{
    uint64_t capacity = wanted_records();
    uint64_t size = TRACE_HEADER + capacity * sizeof *records;
    HANDLE file =
        real.CreateFileW(path, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ,
                         NULL, CREATE_ALWAYS, 0, NULL);
    HANDLE mapping =
        file == INVALID_HANDLE_VALUE
            ? NULL
            : CreateFileMappingW(file, NULL, PAGE_READWRITE,
                                 (DWORD)(size >> 32), (DWORD)size, NULL);
    if (mapping != NULL)
        header = MapViewOfFile(mapping, FILE_MAP_WRITE, 0, 0, 0);
    if (header == NULL)
        give_up("the file that TRACE names cannot be written");
    real.CloseHandle(mapping);
    real.CloseHandle(file);
    records = (struct record *)((char *)header + TRACE_HEADER);
    header->capacity = capacity;
}

static void fill_header(void)
{
    static const DWORD standard[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE,
                                     STD_ERROR_HANDLE};
    static const char names[] =
#define IMPORT(result, failure, name, parameters, arguments) #name "\n"
#define IMPORT_VOID(name, parameters, arguments)             #name "\n"
#include "../interpose/imports.h"
        "thread\ncallback\npacket\ncrash\nexit\n";
    _Static_assert(sizeof names <= TRACE_NAMES, "they fit");
    _Static_assert(sizeof *header <= TRACE_HEADER, "it fits");
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    header->record_size = sizeof *records;
    header->frequency = frequency.QuadPart;
    header->main_thread = GetCurrentThreadId();
    for (unsigned i = 0; i < 3; i++)
        header->standard[i] = (uintptr_t)GetStdHandle(standard[i]);
    memcpy(header->names, names, sizeof names);
    memcpy(header->magic, "trace 1", sizeof header->magic);
}

static void install(void)
{
    next = imports_now();
    __imp_BindIoCompletionCallback = bind_callback;
    __imp_CancelIo = cancel_io;
    __imp_CancelIoEx = cancel_io_ex;
    __imp_CancelThreadpoolIo = traced_CancelThreadpoolIo;
    __imp_CloseHandle = close_handle;
    __imp_CloseThreadpoolIo = traced_CloseThreadpoolIo;
    __imp_CreateEventW = create_event;
    __imp_CreateFileA = create_file_a;
    __imp_CreateFileW = create_file_w;
    __imp_CreateIoCompletionPort = create_port;
    __imp_CreateThread = create_thread;
    __imp_CreateThreadpoolIo = create_threadpool_io;
    __imp_GetOverlappedResult = get_result;
    __imp_GetOverlappedResultEx = get_result_ex;
    __imp_GetQueuedCompletionStatus = get_packet;
    __imp_GetQueuedCompletionStatusEx = get_packets;
    __imp_PostQueuedCompletionStatus = post;
    __imp_ReadFile = read_file;
    __imp_SetEvent = set_event;
    __imp_SetFileCompletionNotificationModes = set_modes;
    __imp_SleepConditionVariableSRW = wait_for_change;
    __imp_StartThreadpoolIo = traced_StartThreadpoolIo;
    __imp_TerminateProcess = terminate;
    __imp_WaitForMultipleObjects = wait_for_several;
    __imp_WaitForSingleObject = wait_for_one;
    __imp_WaitForThreadpoolIoCallbacks = wait_for_callbacks;
    __imp_WriteFile = write_file;
    __imp__beginthreadex = begin_thread;
}

__attribute__((constructor(300))) static void begin(void)
{
    static wchar_t path[MAX_PATH];
    DWORD length = GetEnvironmentVariableW(L"TRACE", path, MAX_PATH);
    if (length == 0)
        return;
    SetLastError(ERROR_FILENAME_EXCED_RANGE);
    if (length >= MAX_PATH)
        give_up("the name in TRACE is too long");
    map(path);
    fill_header();
    install();
    next_filter = SetUnhandledExceptionFilter(on_crash);
    atexit(at_exit);
}
