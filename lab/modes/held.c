#include "modes.h"

#include <stdio.h>
#include <stdlib.h>

/* One I/O, from its start until the program takes its packet. */
struct item {
    struct item *next;
    struct io io;
    enum {
        HELD,  /* until let_go */
        GOING, /* when it is due, in its turn */
        DOING, /* by this layer's thread */
        TOLD,  /* its packet or callback comes, or has come */
    } state;
    unsigned long long turn;
    ULONGLONG due; /* in ms of GetTickCount64 */
    DWORD thread;  /* that has started it */
    bool cancelled;
    struct answer answer;
};

/* How many "shuffle" chooses from; how long, in ms, something stays held though
 * nobody waits: a program may look at the OVERLAPPED again and again. */
enum { WINDOW = 8, PATIENCE = 50 };

static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE changed = CONDITION_VARIABLE_INIT;
/* Guarded by the lock. */
static struct item *items; /* in the order of their start */
/* Nothing is allocated for the program's I/O, unless so many are in flight. */
enum { FIRST_ITEMS = 256 };
static struct item first_items[FIRST_ITEMS];
static unsigned used;      /* of the first */
static struct item *spare; /* used before, and free */
static unsigned long long turns;
static bool has_thread;
static HANDLE file_told; /* of whose I/O the thread is just sending the end */

static bool is_in_flight(const struct item *item)
{
    return item->state != TOLD;
}

static unsigned number_of_held(void)
{
    unsigned held = 0;
    for (const struct item *item = items; item != NULL; item = item->next)
        held += item->state == HELD;
    return held;
}

/* One was let go, and the program has not taken it yet. What the system itself
 * ends does not count. */
static bool is_on_its_way(void)
{
    const struct item *item = items;
    while (item != NULL &&
           (item->state == HELD ||
            (item->state == TOLD && item->answer.status == PENDING)))
        item = item->next;
    return item != NULL;
}

/* ---- Which goes first ---------------------------------------------------- */

static void go(struct item *item)
{
    item->state = GOING;
    item->turn = ++turns;
    WakeAllConditionVariable(&changed);
}

/* One of those held; "pending" alone lets all go, in their order. */
static void choose(void)
{
    unsigned held = number_of_held();
    bool shuffles = asked("shuffle") != NULL;
    unsigned left = held > 0 && shuffles ? draw(asked("shuffle"), held) : 0;
    for (struct item *item = items; item != NULL; item = item->next)
        if (item->state == HELD && (!shuffles || left-- == 0)) {
            go(item);
            if (shuffles)
                return;
        }
}

void let_go(void)
{
    AcquireSRWLockExclusive(&lock);
    if (number_of_held() > 0 && (asked("shuffle") == NULL || !is_on_its_way()))
        choose();
    ReleaseSRWLockExclusive(&lock);
}

/* ---- The list. The lock is held. ----------------------------------------- */

static struct item *append(const struct io *io)
{
    struct item *item = spare, **at = &items;
    if (item != NULL)
        spare = item->next;
    else
        item = used < FIRST_ITEMS ? &first_items[used++] : malloc(sizeof *item);
    if (item == NULL) {
        fputs("modes: no memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    *item = (struct item){
        .io = *io, .answer.status = PENDING, .thread = GetCurrentThreadId()};
    while (*at != NULL)
        at = &(*at)->next;
    return *at = item;
}

static void drop(struct item *item)
{
    struct item **at = &items;
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    item->next = spare;
    spare = item;
}

static struct item *find_told(const OVERLAPPED *overlapped)
{
    struct item *item = items;
    while (item != NULL &&
           (is_in_flight(item) || item->io.overlapped != overlapped))
        item = item->next;
    return item;
}

/* ---- Its end ---------------------------------------------------------- */

LONG NTAPI NtSetIoCompletion(HANDLE, ULONG_PTR, ULONG_PTR, LONG, SIZE_T);

/* The status last: who sees that, sees the rest. */
void set_status(OVERLAPPED *overlapped, struct answer answer)
{
    overlapped->InternalHigh = answer.bytes;
    InterlockedExchange64((volatile LONG64 *)&overlapped->Internal,
                          (LONG64)(ULONG)answer.status);
}

/* A pool of the system's calls back when an I/O of the system's has ended: so
 * one of 0 bytes is done, and packets.c makes of it what is to be told. */
static void make_call_back(const struct io *io)
{
    BOOL ok = io->writes ? real.WriteFile(io->file.handle, io->buffer, 0, NULL,
                                          io->overlapped)
                         : real.ReadFile(io->file.handle, io->buffer, 0, NULL,
                                         io->overlapped);
    if (!ok && GetLastError() != ERROR_IO_PENDING) {
        fprintf(stderr, "modes: no callback (error %lu)\n", GetLastError());
        exit(EXIT_FAILURE);
    }
}

/* The lock is held. Afterwards the OVERLAPPED is only an address. */
static void end(struct item *item, struct answer answer)
{
    const struct io *io = &item->io;
    if (!is_queued_io(io) || !io->file.pooled)
        set_status(io->overlapped, answer);
    item->answer = answer;
    item->state = TOLD;
}

/* The lock is not held: somebody may take it while this is still at it. */
static void send_end(const struct io *io, struct answer answer)
{
    if (event_of(io) != NULL)
        real.SetEvent(event_of(io));
    if (is_queued_io(io) && io->file.pooled)
        make_call_back(io);
    else if (is_queued_io(io))
        NtSetIoCompletion(io->file.port, io->file.key,
                          (ULONG_PTR)io->overlapped, answer.status,
                          answer.bytes);
}

void tell(const struct io *io, struct answer answer)
{
    AcquireSRWLockExclusive(&lock);
    if (is_queued_io(io))
        end(append(io), answer);
    else /* nobody takes it */
        set_status(io->overlapped, answer);
    ReleaseSRWLockExclusive(&lock);
    send_end(io, answer);
}

void expect(const struct io *io)
{
    AcquireSRWLockExclusive(&lock);
    append(io)->state = TOLD;
    ReleaseSRWLockExclusive(&lock);
}

void forget(const OVERLAPPED *overlapped)
{
    struct io io;
    struct answer answer;
    take(overlapped, &io, &answer);
}

bool take(const OVERLAPPED *overlapped, struct io *io, struct answer *answer)
{
    AcquireSRWLockExclusive(&lock);
    struct item *item = find_told(overlapped);
    if (item != NULL) {
        *io = item->io;
        *answer = item->answer;
        drop(item);
    }
    ReleaseSRWLockExclusive(&lock);
    return item != NULL;
}

/* ---- The thread that does it ------------------------------------------ */

/* The first in its turn that is due; else how long to sleep. */
static struct item *next_item(DWORD *sleep)
{
    struct item *first = NULL;
    ULONGLONG now = GetTickCount64();
    *sleep = number_of_held() > 0 ? PATIENCE : INFINITE;
    for (struct item *item = items; item != NULL; item = item->next) {
        if (item->state != GOING)
            continue;
        if (item->due > now)
            *sleep = min(*sleep, (DWORD)(item->due - now));
        else if (first == NULL || item->turn < first->turn)
            first = item;
    }
    return first;
}

static void do_item(struct item *item)
{
    struct io io = item->io;
    bool is_cancelled = item->cancelled;
    item->state = DOING;
    ReleaseSRWLockExclusive(&lock);
    struct answer answer = {.status = CANCELLED};
    if (!is_cancelled)
        answer = do_io(&io);
    AcquireSRWLockExclusive(&lock);
    end(item, answer); /* before it can be taken */
    if (!is_queued_io(&io))
        drop(item);
    file_told = io.file.handle;
    ReleaseSRWLockExclusive(&lock);
    send_end(&io, answer);
    AcquireSRWLockExclusive(&lock);
    file_told = NULL;
    WakeAllConditionVariable(&changed);
}

static DWORD WINAPI do_items(void *unused)
{
    (void)unused;
    AcquireSRWLockExclusive(&lock);
    for (;;) {
        DWORD sleep;
        struct item *item = next_item(&sleep);
        if (item != NULL)
            do_item(item);
        else if (!real.SleepConditionVariableSRW(&changed, &lock, sleep, 0) &&
                 next_item(&sleep) == NULL)
            choose();
    }
    return 0;
}

static void start_thread(void)
{
    HANDLE thread =
        has_thread ? NULL : real.CreateThread(NULL, 0, do_items, NULL, 0, NULL);
    if (!has_thread && thread == NULL) {
        fprintf(stderr, "modes: no thread (error %lu)\n", GetLastError());
        exit(EXIT_FAILURE);
    }
    if (thread != NULL)
        real.CloseHandle(thread);
    has_thread = true;
}

void begin_io(const struct io *io)
{
    io->overlapped->Internal = PENDING;
    if (event_of(io) != NULL)
        ResetEvent(event_of(io));
}

void hold(const struct io *io, bool cancelled)
{
    const struct word *slow = asked("slow");
    bool held = asked("pending") || asked("shuffle") || cancelled;
    begin_io(io);
    AcquireSRWLockExclusive(&lock);
    start_thread();
    struct item *item = append(io);
    item->cancelled = cancelled;
    item->due = GetTickCount64();
    if (slow != NULL && !cancelled)
        item->due += slow->numbers[0];
    item->state = HELD;
    if (!held)
        go(item);
    else if (asked("shuffle") && number_of_held() > WINDOW)
        choose();
    WakeAllConditionVariable(&changed);
    ReleaseSRWLockExclusive(&lock);
}

/* ---- Cancelling, waiting ---------------------------------------------- */

static bool is_meant(const struct item *item, HANDLE file,
                     const OVERLAPPED *overlapped)
{
    return item->io.file.handle == file &&
           (overlapped == NULL || item->io.overlapped == overlapped);
}

bool cancel_held(HANDLE file, const OVERLAPPED *overlapped, DWORD thread)
{
    bool found = false;
    AcquireSRWLockExclusive(&lock);
    for (struct item *item = items; item != NULL; item = item->next)
        if (is_meant(item, file, overlapped) &&
            (item->state == HELD || item->state == GOING) &&
            (thread == 0 || item->thread == thread)) {
            item->cancelled = found = true;
            item->due = 0;
            if (item->state == HELD)
                go(item);
        }
    if (found)
        WakeAllConditionVariable(&changed);
    ReleaseSRWLockExclusive(&lock);
    return found;
}

bool wait_for_held(HANDLE file, const OVERLAPPED *overlapped, DWORD timeout)
{
    ULONGLONG start = GetTickCount64();
    AcquireSRWLockExclusive(&lock);
    for (;;) {
        const struct item *item = items;
        while (item != NULL &&
               !(is_in_flight(item) && is_meant(item, file, overlapped)))
            item = item->next;
        bool none = item == NULL && (overlapped != NULL || file_told != file);
        ULONGLONG waited = GetTickCount64() - start;
        if (none || (timeout != INFINITE && waited >= timeout)) {
            ReleaseSRWLockExclusive(&lock);
            return none;
        }
        real.SleepConditionVariableSRW(
            &changed, &lock,
            timeout == INFINITE ? INFINITE : timeout - (DWORD)waited, 0);
    }
}
