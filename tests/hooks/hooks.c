/*
 * Linked under a program, makes ReadFile and others end in ways that a plain
 * file does not bring about here; the program's own code stays as it is. How
 * that works is told in lab/interpose/interpose.h, and how the environment
 * variable HOOK is written in lab/interpose/words.h, together with the words
 * that make a function fail. These are understood here; counts begin at 1:
 *
 *   sync-eof          at or behind the end ReadFile itself fails with 38, and
 *                     no packet comes: the other door
 *   true              ReadFile returns TRUE where it returned 997; the packet
 *                     comes all the same
 *   warning           the same with FALSE and 234
 *   short             each read brings at most a third of what was asked for
 *   short-write       likewise
 *   skip              what is read from or written to a file without a packet
 *                     for its success has ended when ReadFile or WriteFile
 *                     returns: TRUE, or FALSE and the error, the end included.
 *                     That is so after FILE_SKIP_COMPLETION_PORT_ON_SUCCESS,
 *                     and for an event whose lowest bit is set
 *   late              ReadFile returns only when the read's callback is over,
 *                     unless a worker called it, or the file is not on a disk
 *   stray:K:CODE      the K-th ReadFile fails with CODE, but a packet comes all
 *                     the same, and is dealt with before ReadFile returns
 *   packet:K:CODE:N   the K-th packet tells error CODE and N bytes. Once
 *                     something was read or written, packets that are posted by
 *                     hand do not count
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
 *   allocations       is lab/guard's
 *   plain, callback, threadpool, files
 *                     are in ways.c
 *
 * A function that HOOK makes fail leaves "pending" in the OVERLAPPED, and no
 * packet comes. Of ReadFile and WriteFile only calls with an OVERLAPPED are
 * counted.
 *
 * Whatever HOOK says, 160 (ERROR_BAD_ARGUMENTS) is the answer to a read or
 * write whose OVERLAPPED is not set anew, or is in flight already, and to a
 * bind without the program's port.
 */
#include "../../lab/interpose/interpose.h"
#include "../../lab/interpose/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const known[] = {
    "none",        "fail",        "fail-from",  "sync-eof",   "true",
    "warning",     "short",       "skip",       "late",       "stray",
    "packet",      "reverse",     "flight",     "hold",       "count",
    "short-write", "allocations", "hold-write", "hollow",     "hold-read",
    "resize",      "plain",       "callback",   "threadpool", "files",
};

/* ---- Every function can be made to fail -------------------------------- */

static struct imports next;

#define IMPORT(result, failure, name, parameters, arguments)                   \
    static result failing_##name parameters                                    \
    {                                                                          \
        return fails(#name) ? failure : next.name arguments;                   \
    }
#include "../../lab/interpose/imports.h"

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

enum { PENDING = 0x103 }; /* STATUS_PENDING */

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
    next.PostQueuedCompletionStatus(the_port, io->length, the_key, overlapped);
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
    return next.GetFileType(io->file) == FILE_TYPE_DISK;
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

static bool is_at_end(const struct io *io)
{
    LARGE_INTEGER size;
    LONGLONG offset =
        (LONGLONG)io->overlapped->OffsetHigh << 32 | io->overlapped->Offset;
    return next.GetFileSizeEx(io->file, &size) && offset >= size.QuadPart;
}

/* Starts it with an OVERLAPPED of our own, waits, and tells how it ended. */
static BOOL do_at_once(const struct io *io)
{
    OVERLAPPED *overlapped = io->overlapped;
    HANDLE event = next.CreateEventW(NULL, TRUE, FALSE, NULL);
    OVERLAPPED own = {.Offset = overlapped->Offset,
                      .OffsetHigh = overlapped->OffsetHigh,
                      .hEvent = (HANDLE)((ULONG_PTR)event | 1)};
    DWORD bytes = 0;
    BOOL ok = start(io, &own);
    if (ok || GetLastError() == ERROR_IO_PENDING) {
        next.WaitForSingleObject(event, INFINITE);
        ok = next.GetOverlappedResult(io->file, &own, &bytes, FALSE);
    }
    DWORD error = GetLastError();
    next.CloseHandle(event);
    if (!ok)
        return fail(error);
    overlapped->Internal = 0;
    overlapped->InternalHigh = bytes;
    if (has_silent_event(io))
        next.SetEvent((HANDLE)((ULONG_PTR)overlapped->hEvent & ~(ULONG_PTR)1));
    return TRUE;
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
    else if (error == ERROR_IO_PENDING && !io->skips && asked("true"))
        return TRUE;
    else if (error == ERROR_IO_PENDING && !io->skips && asked("warning") &&
             !io->write)
        return fail(ERROR_MORE_DATA);
    return ok ? TRUE : fail(error);
}

static BOOL do_io(const struct io *io)
{
    if (!is_well_formed(io))
        return fail(ERROR_BAD_ARGUMENTS);
    io->overlapped->Internal = PENDING;
    if (fails(io->write ? "WriteFile" : "ReadFile"))
        return FALSE;
    if (asked("sync-eof") && !io->write && is_at_end(io))
        return fail(ERROR_HANDLE_EOF);
    if (asked("skip") && is_on_disk(io) && (io->skips || has_silent_event(io)))
        return do_at_once(io);
    return uses_port(io) ? start_queued(io) : start(io, io->overlapped);
}

/* A packet for a read that nobody has started. */
static BOOL leave_stray(OVERLAPPED *overlapped, DWORD error)
{
    next.PostQueuedCompletionStatus(the_port, 0, the_key, overlapped);
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
    BOOL ok = failing_CancelIoEx(file, overlapped);
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
    next.WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, sizeof line - 1,
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
        next.CreateFileW(path, GENERIC_WRITE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                         NULL, OPEN_EXISTING, 0, NULL);
    if (!next.SetFileInformationByHandle(other, FileEndOfFileInfo, &end,
                                         sizeof end)) {
        fprintf(stderr, "hooks: not resized (error %lu)\n", GetLastError());
        exit(EXIT_FAILURE);
    }
    next.CloseHandle(other);
}

static BOOL read_file(HANDLE file, void *buffer, DWORD length, DWORD *bytes,
                      OVERLAPPED *overlapped)
{
    if (overlapped == NULL) /* step 1 shows what comes of that */
        return next.ReadFile(file, buffer, length, bytes, NULL);
    bool is_short = asked("short") && length > 3;
    const struct io io = {.file = file,
                          .skips = has(&skipping, file),
                          .buffer = buffer,
                          .length = is_short ? length / 3 : length,
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
    BOOL ok = failing_SetFileCompletionNotificationModes(file, modes);
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
    packet.ok = failing_GetQueuedCompletionStatus(
        port, &packet.bytes, &packet.key, &packet.overlapped, timeout);
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
            next.PostQueuedCompletionStatus(port, 0, packet.key, NULL);
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
    return failing_SleepConditionVariableSRW(condition, lock, timeout, flags);
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
    struct word *altered = asked("packet"), *held = asked("hold");
    if (taken != NULL)
        callback_over(taken);
    is_worker = true;
    struct packet packet =
        asked("reverse") ? take_last(port, timeout) : take(port, timeout);
    taken = packet.overlapped;
    bool counts = taken != NULL && (has(&in_flight, taken) || !started);
    if (counts && is_due(altered)) {
        packet.error = altered->numbers[1];
        packet.bytes = altered->numbers[2];
        packet.ok = packet.error == ERROR_SUCCESS;
    }
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
    HANDLE result = failing_CreateIoCompletionPort(file, port, key, threads);
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
    return failing_CloseHandle(handle);
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
        failing__beginthreadex(security, stack, counted, thread, flags, id);
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
        if (!is_known(word->name))
            refuse_word(word->name);
    next = imports_now();
#define IMPORT(result, failure, name, parameters, arguments)                   \
    __imp_##name = failing_##name;
#include "../../lab/interpose/imports.h"
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
