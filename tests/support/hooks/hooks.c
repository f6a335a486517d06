/*
 * Linked under a program, brings about what only tests want, and what no system
 * does; the program's own code stays as it is. How that works is told in
 * lab/interpose/interpose.h, and how the environment variable HOOK is written
 * in lab/interpose/settings.h. In it, lab/modes/README.md's words are understood,
 * and these here; counts begin at 1:
 *
 *   none              nothing is wanted
 *   warning           ReadFile fails with 234 where it failed with 997; the
 *                     packet comes all the same
 *   short-write       each write takes at most a third of what it was given
 *   late              ReadFile returns only when the read's callback is over,
 *                     unless a worker called it, or the file is not on a disk
 *   stray:K:CODE      the K-th ReadFile fails with CODE, but a packet comes all
 *                     the same, and is dealt with before ReadFile returns
 *   reverse           packets that wait in the port come out last in, first out
 *   flight            tells on stderr, when the file that was read last is
 *                     closed, how many reads and writes were in flight at most
 *                     and how many are so now
 *   hold:CODE         the same; and the first packet tells error CODE, the
 *                     others are held back until the program waits for one of
 *                     them
 *   hold-read:N       the packet of the first read is held back, and that is
 *                     said on stdout, until the program has started N reads in
 *                     all, or cancels something
 *   hold-write:N      the same with the first write
 *   resize:K:BYTES    before the K-th read the file gets that length
 *   hollow:FROM:TO    what is read or written between these two, in MiB, is
 *                     not: a packet tells that all of it was
 *   count             tells on stderr, when a port is closed, how many threads
 *                     were made and how many had ended by then
 *   plain, callback, threadpool, files
 *                     are in hooks/compare.c
 *
 * Whatever HOOK says, 160 (ERROR_BAD_ARGUMENTS) is the answer to a read or
 * write whose OVERLAPPED is not set anew, or is in flight already, and to a
 * bind without the program's port.
 */
#include "../../../lab/interpose/interpose.h"
#include "../../../lab/interpose/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const known[] = {
    "none",   "warning", "short-write", "late",       "stray",  "reverse",
    "flight", "hold",    "hold-read",   "hold-write", "resize", "hollow",
    "count",  "plain",   "callback",    "threadpool", "files",
};

static struct imports next;

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

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

/* False if it is there already. */
static bool add(struct set *set, const void *member)
{
    AcquireSRWLockExclusive(&set->lock);
    bool is_new = place(set, member) == set->count;
    if (is_new && set->count == SET_SIZE) {
        fputs("hooks: too much in flight\n", stderr);
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

static struct set ports, bound; /* handles; bound are those of files */
static struct set skipping;     /* FILE_SKIP_COMPLETION_PORT_ON_SUCCESS */
static struct set in_flight;    /* OVERLAPPEDs: a packet comes for each */

/* ---- Callbacks that are over ------------------------------------------- */

/* Somebody who waits until a packet's callback is over. */
struct waiter {
    struct waiter *next;
    const OVERLAPPED *overlapped;
    volatile LONG over;
};

static SRWLOCK waiters_lock = SRWLOCK_INIT;
static struct waiter *waiters;

static _Thread_local bool is_worker;
static _Thread_local const OVERLAPPED *taken; /* the last packet's */

/* Before its packet can come. */
static void await(struct waiter *waiter)
{
    AcquireSRWLockExclusive(&waiters_lock);
    waiter->next = waiters;
    waiters = waiter;
    ReleaseSRWLockExclusive(&waiters_lock);
}

static void wait_until_over(struct waiter *waiter)
{
    for (LONG seen = 0; !waiter->over;)
        WaitOnAddress(&waiter->over, &seen, sizeof seen, INFINITE);
}

/* A worker has come back for its next packet. Or none came, nor will one. */
static void callback_over(const OVERLAPPED *overlapped)
{
    AcquireSRWLockExclusive(&waiters_lock);
    for (struct waiter **at = &waiters; *at != NULL; at = &(*at)->next)
        if ((*at)->overlapped == overlapped) {
            struct waiter *waiter = *at;
            *at = waiter->next;
            InterlockedExchange(&waiter->over, TRUE);
            WakeByAddressAll((void *)&waiter->over);
            break;
        }
    ReleaseSRWLockExclusive(&waiters_lock);
}

/* ---- Reads and writes --------------------------------------------------- */

static HANDLE the_file; /* that was read last */
static HANDLE the_port; /* that a file was bound to last, with this key */
static ULONG_PTR the_key;

struct io {
    bool write;
    HANDLE file;
    bool skips; /* if it succeeds at once, no packet comes */
    void *buffer;
    DWORD length;
    DWORD *bytes;
    OVERLAPPED *overlapped;
};

/* Its packet takes it for done. */
static BOOL leave_out(const struct io *io, OVERLAPPED *overlapped)
{
    real.PostQueuedCompletionStatus(the_port, io->length, the_key, overlapped);
    return fail(ERROR_IO_PENDING);
}

static BOOL start(const struct io *io, OVERLAPPED *overlapped)
{
    const struct word *hollow = asked("hollow");
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

/* It ends in the port: always, if it ends later. */
static bool uses_port(const struct io *io)
{
    return has(&bound, io->file) && !has_silent_event(io);
}

/* A packet comes after this answer. */
static bool is_queued(const struct io *io, DWORD error)
{
    return error == ERROR_IO_PENDING ||
           ((error == ERROR_SUCCESS || error == ERROR_MORE_DATA) && !io->skips);
}

/* What it must look like, whatever HOOK says: nothing is left in the OVERLAPPED
 * from its last use, and in a pipe there is no offset. */
static bool is_well_formed(const struct io *io)
{
    const OVERLAPPED *overlapped = io->overlapped;
    return overlapped->Internal == 0 && overlapped->InternalHigh == 0 &&
           (overlapped->hEvent == NULL || has_silent_event(io) ||
            !has(&bound, io->file)) &&
           (is_on_disk(io) ||
            (overlapped->Offset == 0 && overlapped->OffsetHigh == 0)) &&
           !has(&in_flight, overlapped);
}

static volatile LONG started; /* whether anything was ever read or written */

/* Starts it; its packet is expected from before on. Afterwards the OVERLAPPED
 * is not ours any more. */
static BOOL start_queued(const struct io *io)
{
    const OVERLAPPED *overlapped = io->overlapped;
    add(&in_flight, overlapped);
    InterlockedExchange(&started, TRUE);
    BOOL ok = start(io, io->overlapped);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (!is_queued(io, error))
        drop(&in_flight, overlapped);
    else if (error == ERROR_IO_PENDING && !io->skips && asked("warning") &&
             !io->write)
        return fail(ERROR_MORE_DATA);
    return ok ? TRUE : fail(error);
}

static BOOL do_io(const struct io *io)
{
    if (!is_well_formed(io))
        return fail(ERROR_BAD_ARGUMENTS);
    return uses_port(io) ? start_queued(io) : start(io, io->overlapped);
}

/* A packet for a read that nobody has started. */
static BOOL leave_stray(OVERLAPPED *overlapped, DWORD error)
{
    real.PostQueuedCompletionStatus(the_port, 0, the_key, overlapped);
    return fail(error);
}

/* "hold-read" and "hold-write": what lets the packets pass. */
static volatile LONG
    reads; /* started; very many, once something is cancelled */
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
    return ok ? TRUE : fail(error);
}

/* Holds a packet back if it is that of the first. */
static void hold_first(const struct word *word, void *volatile *first,
                       const OVERLAPPED *packet)
{
    static const char line[] = "hooks: a packet is held\n";
    DWORD written;
    if (word == NULL || packet == NULL || packet != *first)
        return;
    *first = INVALID_HANDLE_VALUE; /* its request may be used again */
    real.WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, sizeof line - 1,
                   &written, NULL);
    for (LONG seen; (seen = reads) < (LONG)word->numbers[0];)
        WaitOnAddress(&reads, &seen, sizeof seen, INFINITE);
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
    if (overlapped == NULL) /* step 1 shows what comes of that */
        return next.ReadFile(file, buffer, length, bytes, NULL);
    const struct io io = {.file = file,
                          .skips = has(&skipping, file),
                          .buffer = buffer,
                          .length = length,
                          .bytes = bytes,
                          .overlapped = overlapped};
    struct waiter waiter = {.overlapped = overlapped};
    struct word *stray = asked("stray"), *resized = asked("resize");
    bool strays = is_due(stray);
    bool waits = strays || (asked("late") && !is_worker && is_on_disk(&io) &&
                            uses_port(&io));
    the_file = file;
    InterlockedCompareExchangePointer(&first_read, overlapped, NULL);
    count_reads(1);
    if (is_due(resized))
        resize(file, resized->numbers[1]);
    if (waits)
        await(&waiter);
    BOOL ok = strays ? leave_stray(overlapped, stray->numbers[1]) : do_io(&io);
    DWORD error = ok ? ERROR_SUCCESS : GetLastError();
    if (waits && !strays && !is_queued(&io, error))
        callback_over(overlapped); /* it will not be called */
    if (waits)
        wait_until_over(&waiter);
    return ok ? TRUE : fail(error);
}

static BOOL write_file(HANDLE file, const void *buffer, DWORD length,
                       DWORD *bytes, OVERLAPPED *overlapped)
{
    if (overlapped == NULL)
        return next.WriteFile(file, buffer, length, bytes, NULL);
    bool is_short = asked("short-write") && length > 3;
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

/* Empties the port, and gives back the last packet that was in it; the others
 * follow on later calls. The order to stop (key 2) goes back into the port: it
 * is for whoever waits there. */
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

/* What lets the packets of "hold" pass: none, the first, all. The program waits
 * once when it has started its reads, and again when the first has failed. */
static volatile LONG gate;
static volatile LONG first_is_out;

static BOOL sleep_condition(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    InterlockedExchange(&gate, first_is_out ? 2 : 1);
    WakeByAddressAll((void *)&gate);
    return next.SleepConditionVariableSRW(condition, lock, timeout, flags);
}

static void hold(struct packet *packet, DWORD error)
{
    static LONG packets;
    bool first = InterlockedIncrement(&packets) == 1;
    for (LONG seen; (seen = gate) < (first ? 1 : 2);)
        WaitOnAddress(&gate, &seen, sizeof seen, INFINITE);
    if (first) {
        packet->ok = FALSE;
        packet->error = error;
        InterlockedExchange(&first_is_out, 1);
    }
}

static BOOL get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                       OVERLAPPED **overlapped, DWORD timeout)
{
    const struct word *held = asked("hold");
    if (taken != NULL)
        callback_over(taken);
    is_worker = true;
    struct packet packet =
        asked("reverse") ? take_last(port, timeout) : take(port, timeout);
    taken = packet.overlapped;
    bool counts = taken != NULL && (has(&in_flight, taken) || !started);
    if (counts && held != NULL)
        hold(&packet, held->numbers[0]);
    hold_first(asked("hold-read"), &first_read, taken);
    hold_first(asked("hold-write"), &first_write, taken);
    if (taken != NULL)
        drop(&in_flight, taken);
    *bytes = packet.bytes;
    *key = packet.key;
    *overlapped = packet.overlapped;
    return packet.ok ? TRUE : fail(packet.error);
}

/* ---- Ports and threads -------------------------------------------------- */

static LONG made, ended;

static HANDLE create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                          DWORD threads)
{
    bool binds = file != INVALID_HANDLE_VALUE;
    if (binds && !has(&ports, port)) { /* a port of its own */
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
    if (has(&ports, handle) && asked("count"))
        fprintf(stderr, "hooks: %ld threads made, %ld ended, port closed\n",
                made, ended);
    if (handle == the_file && (asked("flight") || asked("hold")))
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
    for (struct word *word = words; word->name != NULL; word++)
        if (!word->known && !is_known(word->name))
            refuse_word(word, NOT_UNDERSTOOD);
    next = imports_now();
    __imp_CancelIoEx = cancel_io;
    __imp_CloseHandle = close_handle;
    __imp_CreateIoCompletionPort = create_port;
    __imp_GetQueuedCompletionStatus = get_status;
    __imp_ReadFile = read_file;
    __imp_SetFileCompletionNotificationModes = set_modes;
    __imp_SleepConditionVariableSRW = sleep_condition;
    __imp_WriteFile = write_file;
    __imp__beginthreadex = begin_thread;
}
