/*
 * A layer for tests: it causes failures that a test needs, and completions in
 * an order that a test needs. No system produces these on request. The build
 * links the layer with a program, and the program's own code does not change.
 * lab/interpose/interpose.h explains how a layer works, and
 * lab/interpose/settings.h how the environment variable HOOK is written. HOOK
 * takes the settings of lab/modes/README.md, and these. Counts begin at 1:
 *
 *   none              nothing is changed
 *   short-write       each write takes at most a third of its bytes
 *   late              ReadFile returns only after the read's callback has
 *                     returned; unless a worker calls ReadFile, or the file is
 *                     not on a disk
 *   stray:K:CODE      the K-th ReadFile fails with CODE, but a packet comes all
 *                     the same, and its callback returns before ReadFile does
 *   reverse           packets that wait in the port leave it last in, first out
 *   flight            when the file that was read last is closed, prints on
 *                     stderr how many reads and writes were in flight at most,
 *                     and how many are in flight now
 *   hold:CODE         the same as flight; also, the first packet reports error
 *                     CODE, and the others are held back until the program
 *                     waits for one of them
 *   hold-read:N       holds back the packet of the first read until the program
 *                     has started N reads in all, or cancels something; prints
 *                     on stdout that a packet is held
 *   hold-write:N      the same for the packet of the first write; N counts
 *                     reads
 *   resize:K:BYTES    before the K-th read, the file gets this length
 *   hollow:FROM:TO    a read or write at an offset between FROM and TO, in MiB,
 *                     is not done; its packet reports all of its bytes
 *   count             when a port is closed, prints on stderr how many threads
 *                     were created, and how many of them had returned
 *   plain, callback, threadpool, files
 *                     see hooks/compare.c
 *
 * Whatever HOOK says, three calls fail with error 160 (ERROR_BAD_ARGUMENTS): a
 * read or write whose OVERLAPPED is not set anew, one whose OVERLAPPED is in
 * flight already, and a bind to another port than the program's.
 */
#include "../../../lab/interpose/interpose.h"
#include "../../../lab/interpose/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const known[] = {
    "none",  "short-write", "late",       "stray",  "reverse", "flight",
    "hold",  "hold-read",   "hold-write", "resize", "hollow",  "count",
    "plain", "callback",    "threadpool", "files",
};

static struct imports next;

/* This function is not in imports.h. */
extern __typeof__(WaitOnAddress) *__imp_WaitOnAddress;
static __typeof__(WaitOnAddress) *next_wait_on_address;

/* ---- Sets of handles and addresses -------------------------------------- */

enum { SET_SIZE = 4096 };

struct set {
    SRWLOCK lock;
    unsigned count, most;
    const void *members[SET_SIZE];
};

static unsigned place(const struct set *set, const void *member)
{
    unsigned i = 0;
    while (i < set->count && set->members[i] != member)
        i++;
    return i;
}

static bool has(struct set *set, const void *member)
{
    AcquireSRWLockExclusive(&set->lock);
    bool found = place(set, member) < set->count;
    ReleaseSRWLockExclusive(&set->lock);
    return found;
}

/* False if it is a member already. */
static bool add(struct set *set, const void *member)
{
    AcquireSRWLockExclusive(&set->lock);
    bool is_new = place(set, member) == set->count;
    if (is_new && set->count == SET_SIZE) {
        fputs("hooks: too many handles or requests\n", stderr);
        exit(EXIT_FAILURE);
    }
    if (is_new)
        set->members[set->count++] = member;
    if (set->most < set->count)
        set->most = set->count;
    ReleaseSRWLockExclusive(&set->lock);
    return is_new;
}

static void drop(struct set *set, const void *member)
{
    AcquireSRWLockExclusive(&set->lock);
    unsigned i = place(set, member);
    if (i < set->count)
        set->members[i] = set->members[--set->count];
    ReleaseSRWLockExclusive(&set->lock);
}

static struct set ports;     /* handles of ports */
static struct set bound;     /* handles of files that are bound */
static struct set skipping;  /* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS is set */
static struct set in_flight; /* OVERLAPPEDs: a packet comes for each */

/* ---- Callbacks that have returned --------------------------------------- */

/* A thread that waits until a packet's callback has returned. */
struct waiter {
    struct waiter *next;
    const OVERLAPPED *overlapped;
    volatile LONG returned;
};

static SRWLOCK waiters_lock = SRWLOCK_INIT;
static struct waiter *waiters;

static _Thread_local bool is_worker;
static _Thread_local const OVERLAPPED *taken; /* of the last packet */

/* Call it before the packet can come. */
static void add_waiter(struct waiter *waiter)
{
    AcquireSRWLockExclusive(&waiters_lock);
    waiter->next = waiters;
    waiters = waiter;
    ReleaseSRWLockExclusive(&waiters_lock);
}

static void wait_until_returned(struct waiter *waiter)
{
    LONG seen = 0;
    while (!waiter->returned)
        next_wait_on_address(&waiter->returned, &seen, sizeof seen, INFINITE);
}

/* Call it when the callback has returned, that is, when its worker asks for the
 * next packet. Also call it when no packet comes. */
static void callback_returned(const OVERLAPPED *overlapped)
{
    AcquireSRWLockExclusive(&waiters_lock);
    for (struct waiter **at = &waiters; *at != NULL; at = &(*at)->next)
        if ((*at)->overlapped == overlapped) {
            struct waiter *waiter = *at;
            *at = waiter->next;
            InterlockedExchange(&waiter->returned, TRUE);
            WakeByAddressAll((void *)&waiter->returned);
            break;
        }
    ReleaseSRWLockExclusive(&waiters_lock);
}

/* ---- Reads and writes --------------------------------------------------- */

static HANDLE the_file;   /* the file that was read last */
static HANDLE the_port;   /* the port of the last bind */
static ULONG_PTR the_key; /* the key of the last bind */

struct io {
    bool write;
    HANDLE file;
    bool skips; /* if it succeeds immediately, no packet comes */
    void *buffer;
    DWORD length;
    DWORD *bytes;
    OVERLAPPED *overlapped;
};

/* Queues a packet as if the I/O was done. */
static void complete(OVERLAPPED *overlapped, DWORD bytes)
{
    overlapped->Internal = 0;
    overlapped->InternalHigh = bytes;
    real.PostQueuedCompletionStatus(the_port, bytes, the_key, overlapped);
}

static BOOL leave_out(const struct io *io, OVERLAPPED *overlapped)
{
    complete(overlapped, io->length);
    return fail_with(ERROR_IO_PENDING);
}

static BOOL start(const struct io *io, OVERLAPPED *overlapped)
{
    const struct setting *hollow = find_setting("hollow");
    uint64_t mib =
        ((uint64_t)overlapped->OffsetHigh << 32 | overlapped->Offset) >> 20;
    if (hollow != NULL && mib >= hollow->numbers[0] && mib < hollow->numbers[1])
        return leave_out(io, overlapped);
    return io->write ? next.WriteFile(io->file, io->buffer, io->length,
                                      io->bytes, overlapped)
                     : next.ReadFile(io->file, io->buffer, io->length,
                                     io->bytes, overlapped);
}

static bool is_on_disk(const struct io *io)
{
    return real.GetFileType(io->file) == FILE_TYPE_DISK;
}

/* An event whose lowest bit is set. */
static bool has_silent_event(const struct io *io)
{
    return ((ULONG_PTR)io->overlapped->hEvent & 1) != 0;
}

/* Whether a packet reports that the I/O has completed. If the I/O completes
 * immediately, is_queued decides. */
static bool uses_port(const struct io *io)
{
    return has(&bound, io->file) && !has_silent_event(io);
}

/* Whether a packet comes after ReadFile or WriteFile has reported this. */
static bool is_queued(const struct io *io, DWORD error)
{
    return error == ERROR_IO_PENDING ||
           ((error == ERROR_SUCCESS || error == ERROR_MORE_DATA) && !io->skips);
}

/* The OVERLAPPED holds nothing from its last use, has no offset if the file is
 * a pipe, and is not in flight. It may say "pending" already. */
static bool is_well_formed(const struct io *io)
{
    const OVERLAPPED *overlapped = io->overlapped;
    return (overlapped->Internal == 0 ||
            overlapped->Internal == STATUS_PENDING) &&
           overlapped->InternalHigh == 0 &&
           (overlapped->hEvent == NULL || has_silent_event(io) ||
            !has(&bound, io->file)) &&
           (is_on_disk(io) ||
            (overlapped->Offset == 0 && overlapped->OffsetHigh == 0)) &&
           !has(&in_flight, overlapped);
}

static volatile LONG started; /* whether anything was ever read or written */

/* The OVERLAPPED is counted as in flight before the start: its packet may come
 * before ReadFile returns. After the start the OVERLAPPED is not ours any more.
 */
static BOOL start_queued(const struct io *io)
{
    const OVERLAPPED *overlapped = io->overlapped;
    add(&in_flight, overlapped);
    InterlockedExchange(&started, TRUE);
    BOOL ok = start(io, io->overlapped);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (!is_queued(io, error))
        drop(&in_flight, overlapped);
    return ok ? TRUE : fail_with(error);
}

static BOOL do_io(const struct io *io)
{
    if (!is_well_formed(io))
        return fail_with(ERROR_BAD_ARGUMENTS);
    return uses_port(io) ? start_queued(io) : start(io, io->overlapped);
}

/* Queues a packet for a read that was not started. */
static BOOL leave_stray(OVERLAPPED *overlapped, DWORD error)
{
    complete(overlapped, 0);
    return fail_with(error);
}

/* For "hold-read" and "hold-write": the number of reads that were started. A
 * cancellation adds a very large number, so that the held packets pass. */
static volatile LONG reads;
static void *volatile first_read, *volatile first_write;

static void count_reads(LONG more)
{
    InterlockedExchangeAdd(&reads, more);
    WakeByAddressAll((void *)&reads);
}

static BOOL cancel_io(HANDLE file, OVERLAPPED *overlapped)
{
    BOOL ok = next.CancelIoEx(file, overlapped);
    DWORD error = GetLastError();
    count_reads(1 << 20);
    return ok ? TRUE : fail_with(error);
}

/* Holds the packet back if it belongs to the first read, or the first write. */
static void hold_first(const struct setting *setting, void *volatile *first,
                       const OVERLAPPED *packet)
{
    static const char line[] = "hooks: a packet is held\n";
    DWORD written;
    if (setting == NULL || packet == NULL || packet != *first)
        return;
    *first = INVALID_HANDLE_VALUE; /* its request may be used again */
    real.WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, sizeof line - 1,
                   &written, NULL);
    LONG seen = reads;
    while (seen < (LONG)setting->numbers[0]) {
        next_wait_on_address(&reads, &seen, sizeof seen, INFINITE);
        seen = reads;
    }
}

static void resize(HANDLE file, unsigned long size)
{
    wchar_t path[1024];
    FILE_END_OF_FILE_INFO end = {.EndOfFile.QuadPart = (LONGLONG)size};
    GetFinalPathNameByHandleW(file, path, 1024, 0);
    HANDLE other =
        real.CreateFileW(path, GENERIC_WRITE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                         NULL, OPEN_EXISTING, 0, NULL);
    if (!real.SetFileInformationByHandle(other, FileEndOfFileInfo, &end,
                                         sizeof end)) {
        fprintf(stderr, "hooks: not resized (error %lu)\n", GetLastError());
        exit(EXIT_FAILURE);
    }
    real.CloseHandle(other);
}

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    if (overlapped == NULL) /* as step 1 does it on purpose */
        return next.ReadFile(file, buffer, length, bytes, NULL);
    const struct io io = {.file = file,
                          .skips = has(&skipping, file),
                          .buffer = buffer,
                          .length = length,
                          .bytes = bytes,
                          .overlapped = overlapped};
    struct waiter waiter = {.overlapped = overlapped};
    struct setting *stray = find_setting("stray");
    struct setting *resized = find_setting("resize");
    bool strays = is_kth_call(stray);
    bool is_late =
        find_setting("late") && !is_worker && is_on_disk(&io) && uses_port(&io);
    bool waits = strays || is_late;
    the_file = file;
    InterlockedCompareExchangePointer(&first_read, overlapped, NULL);
    count_reads(1);
    if (is_kth_call(resized))
        resize(file, resized->numbers[1]);
    if (waits)
        add_waiter(&waiter);
    BOOL ok = strays ? leave_stray(overlapped, stray->numbers[1]) : do_io(&io);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (waits && !strays && !is_queued(&io, error))
        callback_returned(overlapped); /* it will not be called */
    if (waits)
        wait_until_returned(&waiter);
    return ok ? TRUE : fail_with(error);
}

static BOOL write_file(HANDLE file, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    if (overlapped == NULL)
        return next.WriteFile(file, buffer, length, bytes, NULL);
    bool is_short = find_setting("short-write") && length > 3;
    const struct io io = {.write = true,
                          .file = file,
                          .skips = has(&skipping, file),
                          .buffer = (void *)buffer,
                          .length = is_short ? length / 3 : length,
                          .bytes = bytes,
                          .overlapped = overlapped};
    InterlockedCompareExchangePointer(&first_write, overlapped, NULL);
    return do_io(&io);
}

static BOOL set_modes(HANDLE file, UCHAR modes)
{
    BOOL ok = next.SetFileCompletionNotificationModes(file, modes);
    if (ok && (modes & FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        add(&skipping, file);
    return ok;
}

/* ---- Packets ------------------------------------------------------------ */

struct packet {
    BOOL ok;
    DWORD error, bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
};

static struct packet take(HANDLE port, DWORD timeout)
{
    struct packet packet = {0};
    packet.ok = next.GetQueuedCompletionStatus(port, &packet.bytes, &packet.key,
                                               &packet.overlapped, timeout);
    packet.error = packet.ok ? ERROR_SUCCESS : GetLastError();
    return packet;
}

/* Empties the port, and returns the last packet that was in it; later calls
 * return the others. A packet with key 2 makes a worker exit: it goes back into
 * the port, for a worker that waits there. */
static struct packet take_last(HANDLE port, DWORD timeout)
{
    static SRWLOCK lock = SRWLOCK_INIT;
    static struct packet stack[512];
    static unsigned count;
    struct packet packet;
    AcquireSRWLockExclusive(&lock);
    while (count < 512) {
        packet = take(port, 0);
        if (!packet.ok && packet.overlapped == NULL)
            break;
        if (packet.key == 2) {
            real.PostQueuedCompletionStatus(port, 0, packet.key, NULL);
            break;
        }
        stack[count++] = packet;
    }
    bool found = count > 0;
    if (found)
        packet = stack[--count];
    ReleaseSRWLockExclusive(&lock);
    return found ? packet : take(port, timeout);
}

/* Which packets "hold" lets pass. The program waits once when it has started
 * its reads: then the first packet passes. It waits again when that read has
 * failed: then all pass. */
enum { NO_PACKET, FIRST_PACKET, ALL_PACKETS };
static volatile LONG gate;
static volatile LONG first_has_passed;

static void open_gate(void)
{
    InterlockedExchange(&gate, first_has_passed ? ALL_PACKETS : FIRST_PACKET);
    WakeByAddressAll((void *)&gate);
}

static BOOL WINAPI wait_on_address(volatile void *address, void *seen,
                                   SIZE_T size, DWORD timeout)
{
    open_gate();
    return next_wait_on_address(address, seen, size, timeout);
}

static BOOL sleep_condition(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    open_gate();
    return next.SleepConditionVariableSRW(condition, lock, timeout, flags);
}

static void hold(struct packet *packet, DWORD error)
{
    static LONG packets;
    bool first = InterlockedIncrement(&packets) == 1;
    LONG wanted = first ? FIRST_PACKET : ALL_PACKETS, seen = gate;
    while (seen < wanted) {
        next_wait_on_address(&gate, &seen, sizeof seen, INFINITE);
        seen = gate;
    }
    if (first) {
        packet->ok = FALSE;
        packet->error = error;
        packet->overlapped->Internal = 0xC0070000 + error; /* as an NTSTATUS */
        InterlockedExchange(&first_has_passed, TRUE);
    }
}

static BOOL get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                       OVERLAPPED **overlapped, DWORD timeout)
{
    const struct setting *held = find_setting("hold");
    if (taken != NULL)
        callback_returned(taken);
    is_worker = true;
    struct packet packet = find_setting("reverse") ? take_last(port, timeout)
                                                   : take(port, timeout);
    taken = packet.overlapped;
    /* Once the program has started an I/O, a packet that was posted by hand is
     * not held. */
    bool may_hold = taken != NULL && (has(&in_flight, taken) || !started);
    if (may_hold && held != NULL)
        hold(&packet, held->numbers[0]);
    hold_first(find_setting("hold-read"), &first_read, taken);
    hold_first(find_setting("hold-write"), &first_write, taken);
    if (taken != NULL)
        drop(&in_flight, taken);
    *bytes = packet.bytes;
    *key = packet.key;
    *overlapped = packet.overlapped;
    return packet.ok ? TRUE : fail_with(packet.error);
}

/* ---- Ports and threads -------------------------------------------------- */

static LONG made, ended; /* threads */

static HANDLE create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                          DWORD threads)
{
    bool binds = file != INVALID_HANDLE_VALUE;
    if (binds && !has(&ports, port)) { /* not the program's port */
        SetLastError(ERROR_BAD_ARGUMENTS);
        return NULL;
    }
    HANDLE result = next.CreateIoCompletionPort(file, port, key, threads);
    if (result == NULL)
        return NULL;
    add(binds ? &bound : &ports, binds ? file : result);
    if (binds) {
        the_port = port;
        the_key = key;
    }
    return result;
}

static BOOL close_handle(HANDLE handle)
{
    if (has(&ports, handle) && find_setting("count"))
        fprintf(stderr, "hooks: %ld threads made, %ld ended, port closed\n",
                made, ended);
    if (handle == the_file && (find_setting("flight") || find_setting("hold")))
        fprintf(stderr, "hooks: %u in flight at most, %u at the end\n",
                in_flight.most, in_flight.count);
    drop(&ports, handle);
    drop(&bound, handle);
    drop(&skipping, handle);
    return next.CloseHandle(handle);
}

typedef unsigned __stdcall thread_routine(void *);

struct thread {
    thread_routine *routine;
    void *argument;
};

static unsigned __stdcall counted(void *argument)
{
    struct thread thread = *(struct thread *)argument;
    free(argument);
    unsigned status = thread.routine(thread.argument);
    InterlockedIncrement(&ended);
    return status;
}

static uintptr_t begin_thread(void *security, unsigned stack,
                              thread_routine *routine, void *argument,
                              unsigned flags, unsigned *id)
{
    struct thread *thread = malloc(sizeof *thread);
    if (thread == NULL)
        return 0;
    *thread = (struct thread){routine, argument};
    uintptr_t result =
        next._beginthreadex(security, stack, counted, thread, flags, id);
    if (result == 0)
        free(thread);
    else
        InterlockedIncrement(&made);
    return result;
}

/* ---- The layer ---------------------------------------------------------- */

static bool is_known(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return false;
}

__attribute__((constructor)) static void begin(void)
{
    for (struct setting *setting = settings; setting->name != NULL; setting++)
        if (!setting->known && !is_known(setting->name))
            refuse_setting(setting, NOT_UNDERSTOOD);
    next = imports_now();
    next_wait_on_address = __imp_WaitOnAddress;
    __imp_CancelIoEx = cancel_io;
    __imp_CloseHandle = close_handle;
    __imp_CreateIoCompletionPort = create_port;
    __imp_GetQueuedCompletionStatus = get_status;
    __imp_ReadFile = read_file;
    __imp_SetFileCompletionNotificationModes = set_modes;
    __imp_SleepConditionVariableSRW = sleep_condition;
    __imp_WaitOnAddress = wait_on_address;
    __imp_WriteFile = write_file;
    __imp__beginthreadex = begin_thread;
}
