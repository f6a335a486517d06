/*
 * Linked under a stage, makes ReadFile and GetQueuedCompletionStatus end in
 * ways that a plain file does not bring about here. The compiler calls an
 * imported function through a pointer, __imp_NAME; whoever defines that pointer
 * decides what is called. The stage's own code stays as it is.
 *
 * The environment variable HOOK says how (counts begin at 1):
 *
 *   none              as it is; but here, too, a read is refused whose
 * OVERLAPPED is not set anew, and a handle bound to another port sync-eof at or
 * behind the end ReadFile itself fails with 38, and no packet comes: the other
 * door true              ReadFile returns TRUE where it returned 997; the
 * packet comes all the same warning           the same with FALSE and 234 short
 * every read brings at most a third of what was asked for fail:K:CODE       the
 * K-th ReadFile fails with CODE, "pending" is left in the OVERLAPPED, and no
 * packet comes packet:K:CODE:N   the K-th packet tells error CODE and N bytes
 *   reverse           packets that wait in the port come out last in, first out
 *   no-packet:CODE    no packet can be taken from the port: error CODE
 *   bind:CODE         a handle cannot be bound
 *   thread:K:CODE     the K-th thread cannot be made
 *   flight            tells on stderr, when the file is closed, how many reads
 *                     were in flight at most and how many are so now
 *   hold:CODE         the same; and the first packet tells error CODE, the
 * others are held back until the program waits for one of them count tells on
 * stderr, when the port is closed, how many threads were made and how many had
 * ended by then
 */
#include <windows.h>

#include <process.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef BOOL WINAPI read_file(HANDLE, void *, DWORD, DWORD *, OVERLAPPED *);
typedef BOOL WINAPI get_status(HANDLE, DWORD *, ULONG_PTR *, OVERLAPPED **,
                               DWORD);
typedef HANDLE WINAPI create_port(HANDLE, HANDLE, ULONG_PTR, DWORD);
typedef BOOL WINAPI close_handle(HANDLE);
typedef BOOL WINAPI sleep_condition(CONDITION_VARIABLE *, SRWLOCK *, DWORD,
                                    ULONG);
typedef unsigned __stdcall thread_routine(void *);
typedef uintptr_t begin_thread(void *, unsigned, thread_routine *, void *,
                               unsigned, unsigned *);

typedef void any_function(void);

static any_function *real(const wchar_t *module, const char *name)
{
    any_function *function =
        (any_function *)GetProcAddress(GetModuleHandleW(module), name);
    if (function == NULL) {
        fprintf(stderr, "hooks: no %s\n", name);
        exit(EXIT_FAILURE);
    }
    return function;
}

/* Whether HOOK is `name`; its numbers, where it has some. */
static bool hooked(const char *name, unsigned numbers[3])
{
    char hook[64] = "";
    char *rest;
    GetEnvironmentVariableA("HOOK", hook, sizeof hook);
    rest = strchr(hook, ':');
    if (rest != NULL)
        *rest++ = '\0';
    for (int i = 0; i < 3 && rest != NULL; i++) {
        numbers[i] = (unsigned)strtoul(rest, &rest, 10);
        rest = *rest == ':' ? rest + 1 : NULL;
    }
    return strcmp(hook, name) == 0;
}

/* What a read must look like, whatever HOOK says: nothing is left in the
 * OVERLAPPED from its last use, and in a pipe there is no offset. */
static bool well_formed(HANDLE file, const OVERLAPPED *overlapped)
{
    bool fresh = overlapped->Internal == 0 && overlapped->InternalHigh == 0 &&
                 overlapped->hEvent == NULL;
    bool placed = GetFileType(file) == FILE_TYPE_DISK ||
                  (overlapped->Offset == 0 && overlapped->OffsetHigh == 0);
    return fresh && placed;
}

static BOOL fail(DWORD error)
{
    SetLastError(error);
    return FALSE;
}

/* ---- Reads ---- */

static HANDLE the_file;
static LONG in_flight, most_in_flight;

/* Called before the read is started: afterwards its packet may be out. */
static void take_off(HANDLE file)
{
    static SRWLOCK lock = SRWLOCK_INIT;
    the_file = file;
    LONG now = InterlockedIncrement(&in_flight);
    AcquireSRWLockExclusive(&lock);
    if (most_in_flight < now)
        most_in_flight = now;
    ReleaseSRWLockExclusive(&lock);
}

static BOOL WINAPI my_read_file(HANDLE file, void *buffer, DWORD length,
                                DWORD *bytes, OVERLAPPED *overlapped)
{
    static LONG calls;
    unsigned numbers[3] = {0};
    LARGE_INTEGER size;
    read_file *next = (read_file *)real(L"kernel32", "ReadFile");
    if (overlapped == NULL) /* step 1 shows what comes of that */
        return next(file, buffer, length, bytes, NULL);
    if (!well_formed(file, overlapped))
        return fail(ERROR_BAD_ARGUMENTS);
    if (hooked("fail", numbers) &&
        InterlockedIncrement(&calls) == (LONG)numbers[0]) {
        overlapped->Internal = 0x103; /* STATUS_PENDING */
        return fail(numbers[1]);
    }
    LONGLONG offset =
        (LONGLONG)overlapped->OffsetHigh << 32 | overlapped->Offset;
    if (hooked("sync-eof", numbers) && GetFileSizeEx(file, &size) &&
        offset >= size.QuadPart)
        return fail(ERROR_HANDLE_EOF);
    if (hooked("short", numbers) && length > 3)
        length /= 3;
    take_off(file);
    BOOL done = next(file, buffer, length, bytes, overlapped);
    if (done)
        return TRUE;
    if (GetLastError() != ERROR_IO_PENDING) {
        InterlockedDecrement(&in_flight); /* keeps the error */
        return FALSE;
    }
    if (hooked("warning", numbers))
        return fail(ERROR_MORE_DATA);
    return hooked("true", numbers) ? TRUE : fail(ERROR_IO_PENDING);
}

/* ---- Packets ---- */

struct packet {
    BOOL ok;
    DWORD error, bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
};

static struct packet take(HANDLE port, DWORD timeout)
{
    struct packet packet = {0};
    get_status *next =
        (get_status *)real(L"kernel32", "GetQueuedCompletionStatus");
    packet.ok =
        next(port, &packet.bytes, &packet.key, &packet.overlapped, timeout);
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
            PostQueuedCompletionStatus(port, 0, packet.key, NULL);
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

static BOOL WINAPI my_sleep_condition(CONDITION_VARIABLE *condition,
                                      SRWLOCK *lock, DWORD timeout, ULONG flags)
{
    InterlockedExchange(&gate, first_is_out ? 2 : 1);
    WakeByAddressAll((void *)&gate);
    sleep_condition *next =
        (sleep_condition *)real(L"kernel32", "SleepConditionVariableSRW");
    return next(condition, lock, timeout, flags);
}

static BOOL WINAPI my_get_status(HANDLE port, DWORD *bytes, ULONG_PTR *key,
                                 OVERLAPPED **overlapped, DWORD timeout)
{
    static LONG packets;
    unsigned numbers[3] = {0};
    if (hooked("no-packet", numbers)) {
        *overlapped = NULL;
        return fail(numbers[0]);
    }
    struct packet packet = hooked("reverse", numbers) ? take_last(port, timeout)
                                                      : take(port, timeout);
    if (packet.overlapped != NULL && hooked("packet", numbers) &&
        InterlockedIncrement(&packets) == (LONG)numbers[0]) {
        packet.error = numbers[1];
        packet.bytes = numbers[2];
        packet.ok = packet.error == ERROR_SUCCESS;
    }
    if (packet.overlapped != NULL && hooked("hold", numbers)) {
        bool first = InterlockedIncrement(&packets) == 1;
        for (LONG seen; (seen = gate) < (first ? 1 : 2);)
            WaitOnAddress(&gate, &seen, sizeof seen, INFINITE);
        if (first) {
            packet.ok = FALSE;
            packet.error = numbers[0];
            InterlockedExchange(&first_is_out, 1);
        }
    }
    if (packet.overlapped != NULL)
        InterlockedDecrement(&in_flight);
    *bytes = packet.bytes;
    *key = packet.key;
    *overlapped = packet.overlapped;
    return packet.ok ? TRUE : fail(packet.error);
}

/* ---- The port and the threads ---- */

static HANDLE the_port;
static LONG made, ended;

static HANDLE WINAPI my_create_port(HANDLE file, HANDLE port, ULONG_PTR key,
                                    DWORD threads)
{
    unsigned numbers[3] = {0};
    if (file != INVALID_HANDLE_VALUE && hooked("bind", numbers)) {
        SetLastError(numbers[0]);
        return NULL;
    }
    if (file != INVALID_HANDLE_VALUE && port != the_port) {
        SetLastError(ERROR_BAD_ARGUMENTS); /* a port of its own */
        return NULL;
    }
    create_port *next =
        (create_port *)real(L"kernel32", "CreateIoCompletionPort");
    HANDLE result = next(file, port, key, threads);
    if (file == INVALID_HANDLE_VALUE)
        the_port = result;
    return result;
}

static BOOL WINAPI my_close_handle(HANDLE handle)
{
    unsigned numbers[3] = {0};
    if (handle == the_port && hooked("count", numbers))
        fprintf(stderr, "hooks: %ld threads made, %ld ended, port closed\n",
                made, ended);
    if (handle == the_file &&
        (hooked("flight", numbers) || hooked("hold", numbers)))
        fprintf(stderr, "hooks: %ld in flight at most, %ld at the end\n",
                most_in_flight, in_flight);
    close_handle *next = (close_handle *)real(L"kernel32", "CloseHandle");
    return next(handle);
}

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

static uintptr_t my_begin_thread(void *security, unsigned stack,
                                 thread_routine *routine, void *argument,
                                 unsigned flags, unsigned *id)
{
    unsigned numbers[3] = {0};
    struct thread *thread = malloc(sizeof *thread);
    if (thread == NULL ||
        (hooked("thread", numbers) && made + 1 == (LONG)numbers[0])) {
        free(thread);
        *__doserrno() = numbers[1];
        return 0;
    }
    made++;
    *thread = (struct thread){routine, argument};
    begin_thread *next = (begin_thread *)real(L"msvcrt", "_beginthreadex");
    return next(security, stack, counted, thread, flags, id);
}

read_file *__imp_ReadFile = my_read_file;
get_status *__imp_GetQueuedCompletionStatus = my_get_status;
create_port *__imp_CreateIoCompletionPort = my_create_port;
close_handle *__imp_CloseHandle = my_close_handle;
sleep_condition *__imp_SleepConditionVariableSRW = my_sleep_condition;
begin_thread *__imp__beginthreadex = my_begin_thread;
