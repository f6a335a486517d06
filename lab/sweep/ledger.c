/*
 * Counts the calls of a program, and what the program has not released when it
 * exits. A layer (see lab/interpose/interpose.h) above all others except
 * caller.c, so that it sees what the program sees. It does nothing unless the
 * environment variable LEDGER is set. Then it prints on stderr, at exit:
 *
 *      ledger: 3 calls of CreateFileW          each function that was called,
 *                                              and lab/guard's malloc, calloc
 *      ledger: 8 handles, 0 not closed
 *      ledger: 4 threads, 0 not joined         joined: the program waited for
 *                                              the thread's end
 *      ledger: 9 requests, 0 not taken         packets of I/O on files that are
 *                                              bound to a port, and packets
 *                                              posted with an address
 *      ledger: 5 allocations, 0 not freed      by lab/guard
 *
 * With LEDGER=requests it also prints which allocations have had a request:
 *
 *      ledger: allocation 2 has a request      fail:memory:2:0 lets it fail
 *
 * After TerminateProcess it prints nothing.
 */
#include "../guard/guard.h"
#include "../interpose/interpose.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct imports next;

/* ---- Every call is counted ---------------------------------------------- */

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static volatile LONG calls_##name;                                         \
    static result counted_##name parameters                                    \
    {                                                                          \
        InterlockedIncrement(&calls_##name);                                   \
        return next.name arguments;                                            \
    }
#include "../interpose/imports.h"

static void print_calls(void)
{
    struct guard_counts guard = guard_counts();
    const struct {
        const char *name;
        LONG count;
    } all[] = {
#define IMPORT(result, failure, name, parameters, arguments)                   \
    {#name, calls_##name},
#include "../interpose/imports.h"
        {"malloc", (LONG)guard.mallocs},
        {"calloc", (LONG)guard.callocs},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].count > 0)
            fprintf(stderr, "ledger: %ld calls of %s\n", all[i].count,
                    all[i].name);
}

/* ---- What the program has ----------------------------------------------- */

enum kind { HANDLE_PLAIN, HANDLE_THREAD, REQUEST };

/* Something that the program must release. */
struct entry {
    const void *what; /* a handle, or an OVERLAPPED's address */
    enum kind kind;
    bool joined; /* a thread: the program waited for its end */
    bool bound;  /* a file: its I/O queues packets, */
    bool skips;  /* but not if it succeeds immediately */
};

static SRWLOCK lock = SRWLOCK_INIT;
/* Guarded by the lock. */
static struct entry *entries;
static unsigned count, room;
static unsigned handles, threads, requests; /* since the program started */
static unsigned not_joined; /* threads whose handle was closed before that */

/* NULL: there is no such entry. The lock is held. */
static struct entry *find(const void *what)
{
    for (unsigned i = 0; i < count; i++)
        if (entries[i].what == what)
            return &entries[i];
    return NULL;
}

enum { MOST = 64 };
static bool has_request[MOST]; /* by the allocation's number */
static bool names_requests;    /* LEDGER=requests */

/* The lock is held. */
static void note_memory(const OVERLAPPED *overlapped)
{
    struct guard_block block;
    if (guard_find(overlapped, &block) && block.number < MOST)
        has_request[block.number] = true;
}

/* The lock is held. */
static void append(struct entry entry)
{
    if (count == room) {
        room = room > 0 ? 2 * room : 256;
        void *more = realloc(entries, room * sizeof *entries);
        if (more == NULL) {
            fputs("ledger: no memory\n", stderr);
            exit(EXIT_FAILURE);
        }
        entries = more;
    }
    entries[count++] = entry;
}

static void enter(const void *what, enum kind kind)
{
    AcquireSRWLockExclusive(&lock);
    append((struct entry){.what = what, .kind = kind});
    if (kind == REQUEST)
        note_memory(what);
    handles += kind != REQUEST;
    threads += kind == HANDLE_THREAD;
    requests += kind == REQUEST;
    ReleaseSRWLockExclusive(&lock);
}

static void leave(const void *what)
{
    AcquireSRWLockExclusive(&lock);
    struct entry *entry = find(what);
    if (entry != NULL) {
        not_joined += entry->kind == HANDLE_THREAD && !entry->joined;
        *entry = entries[--count];
    }
    ReleaseSRWLockExclusive(&lock);
}

static void join(HANDLE handle)
{
    AcquireSRWLockExclusive(&lock);
    struct entry *entry = find(handle);
    if (entry != NULL)
        entry->joined = true;
    ReleaseSRWLockExclusive(&lock);
}

static void mark(HANDLE file, bool bound, bool skips)
{
    AcquireSRWLockExclusive(&lock);
    struct entry *entry = find(file);
    if (entry != NULL) {
        entry->bound |= bound;
        entry->skips |= skips;
    }
    ReleaseSRWLockExclusive(&lock);
}

static struct entry look(HANDLE file)
{
    AcquireSRWLockExclusive(&lock);
    const struct entry *entry = find(file);
    struct entry copy = entry != NULL ? *entry : (struct entry){0};
    ReleaseSRWLockExclusive(&lock);
    return copy;
}

static void print_ledger(void)
{
    unsigned open = 0, waiting = 0;
    AcquireSRWLockExclusive(&lock);
    for (unsigned i = 0; i < count; i++) {
        open += entries[i].kind != REQUEST;
        waiting += entries[i].kind == REQUEST;
        not_joined += entries[i].kind == HANDLE_THREAD && !entries[i].joined;
    }
    ReleaseSRWLockExclusive(&lock);
    struct guard_counts guard = guard_counts();
    print_calls();
    fprintf(stderr, "ledger: %u handles, %u not closed\n", handles, open);
    fprintf(stderr, "ledger: %u threads, %u not joined\n", threads, not_joined);
    fprintf(stderr, "ledger: %u requests, %u not taken\n", requests, waiting);
    fprintf(stderr, "ledger: %u allocations, %u not freed\n", guard.allocations,
            guard.living);
    for (unsigned i = 1; names_requests && i < MOST; i++)
        if (has_request[i])
            fprintf(stderr, "ledger: allocation %u has a request\n", i);
}

/* ---- Handles ---------------------------------------------------------- */

static HANDLE entered(HANDLE handle, enum kind kind)
{
    DWORD error = GetLastError();
    if (handle != NULL && handle != INVALID_HANDLE_VALUE)
        enter(handle, kind);
    SetLastError(error);
    return handle;
}

static HANDLE create_file(const wchar_t *path, DWORD access, DWORD share,
                          LPSECURITY_ATTRIBUTES security, DWORD disposition,
                          DWORD flags, HANDLE like)
{
    return entered(counted_CreateFileW(path, access, share, security,
                                       disposition, flags, like),
                   HANDLE_PLAIN);
}

static HANDLE create_event(LPSECURITY_ATTRIBUTES security, BOOL manual,
                           BOOL set, const wchar_t *name)
{
    return entered(counted_CreateEventW(security, manual, set, name),
                   HANDLE_PLAIN);
}

static HANDLE create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                          DWORD running)
{
    HANDLE made = counted_CreateIoCompletionPort(file, port, key, running);
    if (made != NULL && file != INVALID_HANDLE_VALUE)
        mark(file, true, false);
    return port == NULL ? entered(made, HANDLE_PLAIN) : made;
}

static HANDLE create_thread(LPSECURITY_ATTRIBUTES security, SIZE_T stack,
                            LPTHREAD_START_ROUTINE routine, void *argument,
                            DWORD flags, DWORD *id)
{
    return entered(
        counted_CreateThread(security, stack, routine, argument, flags, id),
        HANDLE_THREAD);
}

static uintptr_t begin_thread(void *security, unsigned stack,
                              unsigned(__stdcall *routine)(void *),
                              void *argument, unsigned flags, unsigned *id)
{
    return (uintptr_t)entered((HANDLE)counted__beginthreadex(security, stack,
                                                             routine, argument,
                                                             flags, id),
                              HANDLE_THREAD);
}

static PTP_IO create_io(HANDLE file, PTP_WIN32_IO_CALLBACK callback,
                        void *context, PTP_CALLBACK_ENVIRON environment)
{
    return (PTP_IO)entered((HANDLE)counted_CreateThreadpoolIo(
                               file, callback, context, environment),
                           HANDLE_PLAIN);
}

static void close_io(PTP_IO io)
{
    leave(io);
    next.CloseThreadpoolIo(io);
}

/* The entry leaves before the call: after it another thread may get the same
 * handle value. */
static BOOL close_handle(HANDLE handle)
{
    struct entry entry = look(handle);
    leave(handle);
    BOOL ok = counted_CloseHandle(handle);
    DWORD error = GetLastError();
    if (!ok && entry.what != NULL) {
        AcquireSRWLockExclusive(&lock);
        append(entry);
        not_joined -= entry.kind == HANDLE_THREAD && !entry.joined;
        ReleaseSRWLockExclusive(&lock);
    }
    SetLastError(error);
    return ok;
}

static DWORD wait_for_one(HANDLE handle, DWORD timeout)
{
    DWORD result = counted_WaitForSingleObject(handle, timeout);
    DWORD error = GetLastError();
    if (result == WAIT_OBJECT_0)
        join(handle);
    SetLastError(error);
    return result;
}

static DWORD wait_for_several(DWORD number, const HANDLE *several, BOOL all,
                              DWORD timeout)
{
    DWORD result =
        counted_WaitForMultipleObjects(number, several, all, timeout);
    DWORD error = GetLastError();
    for (DWORD i = 0; i < number; i++)
        if (result < WAIT_OBJECT_0 + number &&
            (all || result == WAIT_OBJECT_0 + i))
            join(several[i]);
    SetLastError(error);
    return result;
}

/* ---- Requests --------------------------------------------------------- */

static BOOL set_modes(HANDLE file, UCHAR modes)
{
    BOOL ok = counted_SetFileCompletionNotificationModes(file, modes);
    DWORD error = GetLastError();
    if (ok && (modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        mark(file, false, true);
    SetLastError(error);
    return ok;
}

/* Before the call: another thread may take the packet before the call returns.
 */
static bool enter_io(const struct entry *file, const OVERLAPPED *overlapped)
{
    bool queued = file->bound && overlapped != NULL &&
                  ((ULONG_PTR)overlapped->hEvent & 1) == 0;
    if (queued)
        enter(overlapped, REQUEST);
    return queued;
}

/* After the call: removes the entry again if no packet comes. */
static BOOL started(const struct entry *file, bool queued,
                    const OVERLAPPED *overlapped, BOOL ok)
{
    DWORD error = GetLastError();
    bool pends = !ok && error == ERROR_IO_PENDING;
    bool succeeds = ok || error == ERROR_MORE_DATA;
    bool packet_comes = pends || (succeeds && !file->skips);
    if (queued && !packet_comes)
        leave(overlapped);
    SetLastError(error);
    return ok;
}

static BOOL read_file(HANDLE handle, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    struct entry file = look(handle);
    bool queued = enter_io(&file, overlapped);
    return started(&file, queued, overlapped,
                   counted_ReadFile(handle, buffer, length, bytes, overlapped));
}

static BOOL write_file(HANDLE handle, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    struct entry file = look(handle);
    bool queued = enter_io(&file, overlapped);
    return started(
        &file, queued, overlapped,
        counted_WriteFile(handle, buffer, length, bytes, overlapped));
}

static BOOL post_packet(HANDLE port, DWORD bytes, ULONG_PTR key,
                        OVERLAPPED *overlapped)
{
    if (overlapped != NULL)
        enter(overlapped, REQUEST);
    BOOL ok = counted_PostQueuedCompletionStatus(port, bytes, key, overlapped);
    DWORD error = GetLastError();
    if (!ok && overlapped != NULL)
        leave(overlapped);
    SetLastError(error);
    return ok;
}

static BOOL take_packet(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                        OVERLAPPED **overlapped, DWORD timeout)
{
    *overlapped = NULL;
    BOOL ok = counted_GetQueuedCompletionStatus(port, bytes, key, overlapped,
                                                timeout);
    DWORD error = GetLastError();
    if (*overlapped != NULL)
        leave(*overlapped);
    SetLastError(error);
    return ok;
}

static BOOL take_packets(HANDLE port, OVERLAPPED_ENTRY *packets, ULONG most,
                         ULONG *taken, DWORD timeout, BOOL alertable)
{
    BOOL ok = counted_GetQueuedCompletionStatusEx(port, packets, most, taken,
                                                  timeout, alertable);
    DWORD error = GetLastError();
    for (ULONG i = 0; ok && i < *taken; i++)
        if (packets[i].lpOverlapped != NULL)
            leave(packets[i].lpOverlapped);
    SetLastError(error);
    return ok;
}

/* ---- The layer -------------------------------------------------------- */

__attribute__((constructor(450))) static void begin(void)
{
    char value[16] = "";
    if (GetEnvironmentVariableA("LEDGER", value, sizeof value) == 0)
        return;
    names_requests = strcmp(value, "requests") == 0;
    next = imports_now();
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __imp_##name = counted_##name;
#include "../interpose/imports.h"
    __imp_CloseHandle = close_handle;
    __imp_CloseThreadpoolIo = close_io;
    __imp_CreateEventW = create_event;
    __imp_CreateFileW = create_file;
    __imp_CreateIoCompletionPort = create_port;
    __imp_CreateThread = create_thread;
    __imp_CreateThreadpoolIo = create_io;
    __imp_GetQueuedCompletionStatus = take_packet;
    __imp_GetQueuedCompletionStatusEx = take_packets;
    __imp_PostQueuedCompletionStatus = post_packet;
    __imp_ReadFile = read_file;
    __imp_SetFileCompletionNotificationModes = set_modes;
    __imp_WaitForMultipleObjects = wait_for_several;
    __imp_WaitForSingleObject = wait_for_one;
    __imp_WriteFile = write_file;
    __imp__beginthreadex = begin_thread;
    atexit(print_ledger);
}
