#include "deep.h"

#include "../guard/guard.h"
#include "../interpose/caller.h"
#include "../modes/completions.h"
#include "layer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS = 8, STREAMS = 2, MAX_FRAMES = 48 };

bool is_deep;
static DWORD processors;

/* All below is guarded by the lock. */
static SRWLOCK lock = SRWLOCK_INIT;
static struct {
    HANDLE handle; /* NULL: this place is free */
    LONG depth;    /* that the last look found */
} ports[PORTS];
static struct {
    HANDLE file; /* NULL: what goes to this stream is not recorded */
    LONG64 seen; /* bytes of it */
} streams[STREAMS];

/* By GetProcAddress: the program's import table shows what the program itself
 * calls. */
static LONG(NTAPI *query_port)(HANDLE port, int what, void *information,
                               ULONG size, ULONG *used);
static USHORT(WINAPI *capture_stack)(ULONG skip, ULONG count, void **frames,
                                     ULONG *hash);

/* A record with its kind, which a reader may see only when the rest is there.
 */
static struct record *begin_deep_record(struct record what)
{
    struct record *record = new_record();
    what.kind = KIND_NOTHING;
    what.thread = GetCurrentThreadId();
    what.begin = ticks_now();
    *record = what;
    return record;
}

static void publish(struct record *record, enum kind kind)
{
    __atomic_store_n(&record->kind, kind, __ATOMIC_RELEASE);
}

static struct record *record_event(enum kind kind, struct record what)
{
    struct record *record = begin_deep_record(what);
    publish(record, kind);
    return record;
}

/* ---- Stacks ---------------------------------------------------------------
 */

static void record_stack(uint64_t of)
{
    void *frames[MAX_FRAMES];
    struct stack_record stack = {.of = of};
    unsigned count = capture_stack(0, MAX_FRAMES, frames, NULL);
    for (unsigned i = 0, kept = 0; i < count && kept < STACK_FRAMES; i++)
        if (!is_of_lab_or_library(frames[i])) {
            stack.frames[kept] = address_in_file(frames[i]);
            kept += stack.frames[kept] != 0;
        }
    struct record *record = begin_deep_record((struct record){0});
    stack.thread = record->thread;
    memcpy(record, &stack, sizeof *record);
    publish(record, KIND_STACK);
}

/* ---- Looks ----------------------------------------------------------------
 */

void deep_bytes(enum bytes_of what, uint64_t of, uint64_t address,
                const void *bytes, size_t length)
{
    for (size_t at = 0; at < length; at += PIECE) {
        struct bytes_record piece = {
            .of = of,
            .address = address + at,
            .total = (uint32_t)length,
            .what = what,
        };
        memcpy(piece.bytes, (const char *)bytes + at,
               length - at < PIECE ? length - at : PIECE);
        struct record *record = begin_deep_record((struct record){0});
        piece.thread = record->thread;
        piece.begin = record->begin;
        memcpy(record, &piece, sizeof *record);
        publish(record, KIND_BYTES);
    }
}

static void look_at_ports(void)
{
    for (unsigned i = 0; i < PORTS; i++) {
        LONG depth;
        if (ports[i].handle == NULL ||
            query_port(ports[i].handle, 0, &depth, sizeof depth, NULL) != 0 ||
            depth == ports[i].depth)
            continue;
        ports[i].depth = depth;
        record_event(KIND_DEPTH,
                     (struct record){.handle = (uintptr_t)ports[i].handle,
                                     .length = (uint32_t)depth});
    }
}

/* What was printed since the last look, by whatever function. */
static void look_at_stream(unsigned number)
{
    char text[1024];
    LARGE_INTEGER size;
    HANDLE file = streams[number].file;
    while (file != NULL && real.GetFileSizeEx(file, &size) &&
           size.QuadPart > streams[number].seen) {
        DWORD read;
        if (!real.ReadFile(file, text, sizeof text, &read, NULL) || read == 0)
            return;
        deep_bytes(BYTES_OF_STREAM, number, (uint64_t)streams[number].seen,
                   text, read);
        streams[number].seen += read;
    }
}

/* The lock is held. */
static void look(void)
{
    look_at_memory();
    look_at_ports();
    for (unsigned i = 0; i < STREAMS; i++)
        look_at_stream(i);
}

void deep_look(void)
{
    if (!is_deep)
        return;
    DWORD error = GetLastError();
    AcquireSRWLockExclusive(&lock);
    look();
    ReleaseSRWLockExclusive(&lock);
    SetLastError(error);
}

void deep_begin(const struct record *record)
{
    if (!is_deep)
        return;
    DWORD error = GetLastError();
    record_stack(number_of(record));
    SetLastError(error);
    deep_look();
}

/* GCC calls it at the start of each piece of code that runs as a whole: it
 * begins at a label or after a call or a jump, and ends at the next one. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    if (!is_deep)
        return;
    DWORD error = GetLastError();
    const void *from = __builtin_return_address(0);
    const struct record *record =
        record_event(KIND_LINE, (struct record){.line = address_in_file(from)});
    record_stack(number_of(record));
    deep_look();
    SetLastError(error);
}

/* ---- What the program uses ------------------------------------------------
 */

void deep_request(const OVERLAPPED *overlapped, const void *buffer,
                  DWORD length)
{
    if (!is_deep || overlapped == NULL)
        return;
    AcquireSRWLockExclusive(&lock);
    memory_submitted(overlapped, buffer, length);
    ReleaseSRWLockExclusive(&lock);
}

void deep_port(HANDLE port)
{
    if (!is_deep)
        return;
    AcquireSRWLockExclusive(&lock);
    unsigned i = 0;
    while (i < PORTS && ports[i].handle != NULL && ports[i].handle != port)
        i++;
    if (i < PORTS && ports[i].handle == NULL) {
        ports[i].handle = port;
        ports[i].depth = 0;
    }
    ReleaseSRWLockExclusive(&lock);
}

void deep_close(HANDLE handle)
{
    if (!is_deep)
        return;
    AcquireSRWLockExclusive(&lock);
    for (unsigned i = 0; i < PORTS; i++)
        if (ports[i].handle == handle)
            ports[i].handle = NULL;
    ReleaseSRWLockExclusive(&lock);
}

void deep_begin_print(void)
{
    if (is_deep)
        AcquireSRWLockExclusive(&lock);
}

void deep_end_print(void)
{
    if (!is_deep)
        return;
    DWORD error = GetLastError();
    for (unsigned i = 0; i < STREAMS; i++)
        look_at_stream(i);
    ReleaseSRWLockExclusive(&lock);
    SetLastError(error);
}

static void on_memory(enum guard_event event, const char *memory, size_t size,
                      const void *caller)
{
    bool is_new = event == GUARD_ALLOCATE;
    DWORD error = GetLastError();
    deep_look(); /* for the last time, if it is freed */
    const struct record *record =
        record_event(is_new ? KIND_ALLOCATE : KIND_FREE,
                     (struct record){.overlapped = (uintptr_t)memory,
                                     .offset = size,
                                     .length = event == GUARD_NOT_LIVE,
                                     .line = address_in_file(caller)});
    record_stack(number_of(record));
    AcquireSRWLockExclusive(&lock);
    if (is_new)
        memory_allocated(memory, size);
    else
        memory_freed(memory);
    look();
    ReleaseSRWLockExclusive(&lock);
    SetLastError(error);
}

static void on_completion(const OVERLAPPED *overlapped, DWORD bytes,
                          LONG status)
{
    record_event(KIND_DONE, (struct record){.overlapped = (uintptr_t)overlapped,
                                            .bytes = bytes,
                                            .error = (uint32_t)status});
    deep_look();
}

/* ---- The start ------------------------------------------------------------
 */

static void get_system_info(SYSTEM_INFO *system)
{
    trace_next.GetSystemInfo(system);
    system->dwNumberOfProcessors = processors;
}

static void get_native_system_info(SYSTEM_INFO *system)
{
    trace_next.GetNativeSystemInfo(system);
    system->dwNumberOfProcessors = processors;
}

/* NULL, if the variable is not set or its file cannot be read. The C library
 * must not keep text back. */
static HANDLE open_stream(const wchar_t *variable, FILE *stream)
{
    wchar_t path[MAX_PATH];
    DWORD length = GetEnvironmentVariableW(variable, path, MAX_PATH);
    if (length == 0 || length >= MAX_PATH)
        return NULL;
    setvbuf(stream, NULL, _IONBF, 0);
    HANDLE file =
        real.CreateFileW(path, GENERIC_READ,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                         NULL, OPEN_EXISTING, 0, NULL);
    return file != INVALID_HANDLE_VALUE ? file : NULL;
}

static void find_functions(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    query_port = (__typeof__(query_port))(uintptr_t)real.GetProcAddress(
        ntdll, "NtQueryIoCompletion");
    capture_stack = (__typeof__(capture_stack))(uintptr_t)real.GetProcAddress(
        ntdll, "RtlCaptureStackBackTrace");
    begin_memory();
}

void begin_deep(void)
{
    char value[8] = "";
    if (GetEnvironmentVariableA("TRACE_DEEP", value, sizeof value) == 0)
        return;
    DWORD count = strtoul(value, NULL, 10);
    processors = count > 0 ? count : 1;
    find_functions();
    streams[0].file = open_stream(L"TRACE_STDOUT", stdout);
    streams[1].file = open_stream(L"TRACE_STDERR", stderr);
    __imp_GetSystemInfo = get_system_info;
    __imp_GetNativeSystemInfo = get_native_system_info;
    guard_observe(on_memory);
    modes_watch_completions(on_completion);
    is_deep = true;
}
