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
#include "deep.h"
#include "layer.h"

#include "../interpose/caller.h"
#include "../interpose/unseen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_RECORDS = 1 << 18, MAX_RECORDS = 1 << 28 };

struct imports trace_next;
static struct header *header;
static struct record *records; /* after the header */

/* ---- Records ------------------------------------------------------------ */

int64_t ticks_now(void)
{
    LARGE_INTEGER ticks;
    QueryPerformanceCounter(&ticks);
    return ticks.QuadPart;
}

/* When the file is full, the record goes to memory that is never read, and is
 * counted anyway. */
struct record *new_record(void)
{
    static _Thread_local struct record lost;
    int64_t taken = InterlockedIncrement64(&header->taken);
    bool fits = (uint64_t)taken <= header->capacity;
    if (!fits && is_deep)
        real.TerminateProcess(GetCurrentProcess(), RECORDING_FULL);
    return fits ? &records[taken - 1] : &lost;
}

struct record *begin_record(const void *from, struct record what)
{
    struct record *record = spare_record();
    uint32_t kind = what.kind;
    if (record == NULL)
        record = new_record();
    what.kind = KIND_NOTHING;
    what.thread = GetCurrentThreadId();
    what.line = address_in_file(from);
    what.begin = ticks_now();
    *record = what;
    follow_repeats(record, kind);
    __atomic_store_n(&record->kind, kind, __ATOMIC_RELEASE);
    deep_begin(record);
    return record;
}

struct record *begin_call(struct record what)
{
    return begin_record(caller(), what);
}

struct record *begin_call_on(enum kind kind, const void *handle)
{
    return begin_call(
        (struct record){.kind = kind, .handle = (uintptr_t)handle});
}

void end_call(struct record *record, bool ok)
{
    DWORD error = GetLastError();
    record->ok = ok;
    record->error = ok ? ERROR_SUCCESS : error;
    __atomic_store_n(&record->end, ticks_now(), __ATOMIC_RELEASE);
    fold_repeats(record);
    deep_look();
    SetLastError(error);
}

void end_callback(struct record *record)
{
    __atomic_store_n(&record->end, ticks_now(), __ATOMIC_RELEASE);
}

uint64_t number_of(const struct record *record)
{
    bool fits = record >= records && record < records + header->capacity;
    return fits ? (uint64_t)(record - records) + 1 : 0;
}

const void *place_of(const void *function)
{
    return (const char *)function + 1;
}

/* ---- The end ------------------------------------------------------------ */

static BOOL terminate(HANDLE process, UINT status)
{
    struct record *record = begin_call(
        (struct record){.kind = KIND_TerminateProcess, .length = status});
    BOOL ok = trace_next.TerminateProcess(process, status);
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
        "NtSetIoCompletion\nthread\ncallback\npacket\nhandle\ncrash\nexit\n"
        "line\nstack\nbytes\ndepth\nallocate\nfree\ndone\n";
    _Static_assert(sizeof names <= TRACE_NAMES, "they fit");
    _Static_assert(sizeof *header <= TRACE_HEADER, "it fits");
    LARGE_INTEGER frequency;
    QueryPerformanceFrequency(&frequency);
    header->record_size = sizeof *records;
    header->frequency = frequency.QuadPart;
    header->main_thread = GetCurrentThreadId();
    header->image = (uintptr_t)GetModuleHandleW(NULL);
    for (unsigned i = 0; i < 3; i++)
        header->standard[i] = (uintptr_t)GetStdHandle(standard[i]);
    memcpy(header->names, names, sizeof names);
    memcpy(header->magic, "trace 1", sizeof header->magic);
}

static void install(void)
{
    trace_next = imports_now();
    begin_following();
    install_callbacks();
    install_files();
    install_ports();
    install_threads();
    install_transfers();
    install_waits();
    __imp_TerminateProcess = terminate;
    end_following();
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
    begin_deep();
}
