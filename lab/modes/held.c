#include "held.h"

#include "../interpose/settings.h"
#include "completions.h"
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>

/* One I/O, from its start until the program takes its completion. */
struct item {
    struct item *next;
    struct io io;
    enum {
        HELD,      /* until release_held */
        RELEASED,  /* the thread does it when it is due, in its turn */
        RUNNING,   /* the thread is doing it */
        COMPLETED, /* its completion is queued, or will be */
    } state;
    unsigned long long turn;
    ULONGLONG due; /* in ms of GetTickCount64 */
    DWORD thread;  /* the thread that has started it */
    HANDLE owner;  /* the same, if the I/O has a routine */
    bool cancelled;
    struct answer answer; /* PENDING: the system does this I/O */
};

enum {
    WINDOW = 8,    /* "shuffle" chooses from so many */
    PATIENCE = 50, /* ms; then a held I/O is released though no thread waits:
                      the program may be polling the OVERLAPPED */
};

static SRWLOCK lock = SRWLOCK_INIT;
static CONDITION_VARIABLE changed = CONDITION_VARIABLE_INIT;
/* Guarded by the lock. */
static struct item *items; /* in the order of their start */
/* The layer allocates no memory for the program's I/O, unless more I/Os than
 * this are in flight. */
enum { FIRST_ITEMS = 256 };
static struct item first_items[FIRST_ITEMS];
static unsigned used;      /* of first_items */
static struct item *spare; /* items that were used before, and are free */
static unsigned long long turns;
static bool has_thread;
/* The file whose completion the thread is queuing now, without the lock. */
static HANDLE completing_file;

static modes_completion_watcher *watcher;

void modes_watch_completions(modes_completion_watcher *called)
{
    watcher = called;
}

/* By GetProcAddress: the program's import table shows what the program itself
 * calls. */
static __typeof__(QueueUserAPC) *queue_user_apc;
static LONG(NTAPI *set_io_completion)(HANDLE port, ULONG_PTR key,
                                      ULONG_PTR overlapped, LONG status,
                                      SIZE_T bytes);

void begin_held(void)
{
    queue_user_apc = (__typeof__(queue_user_apc))(uintptr_t)real.GetProcAddress(
        GetModuleHandleW(L"kernel32.dll"), "QueueUserAPC");
    set_io_completion =
        (__typeof__(set_io_completion))(uintptr_t)real.GetProcAddress(
            GetModuleHandleW(L"ntdll.dll"), "NtSetIoCompletion");
}

static void give_up(const char *what, DWORD error)
{
    fprintf(stderr, "modes: %s (error %lu)\n", what, error);
    exit(EXIT_FAILURE);
}

static bool is_in_flight(const struct item *item)
{
    return item->state != COMPLETED;
}

static unsigned number_of_held(void)
{
    unsigned held = 0;
    for (const struct item *item = items; item != NULL; item = item->next)
        if (item->state == HELD)
            held++;
    return held;
}

/* Whether an I/O was released whose completion the program has not taken yet.
 * I/O that the system does is not counted. */
static bool is_one_on_its_way(void)
{
    for (const struct item *item = items; item != NULL; item = item->next) {
        bool is_the_systems =
            item->state == COMPLETED && item->answer.status == PENDING;
        if (item->state != HELD && !is_the_systems)
            return true;
    }
    return false;
}

/* ---- Releasing. The lock is held. ---------------------------------------- */

static void release(struct item *item)
{
    item->state = RELEASED;
    item->turn = ++turns;
    WakeAllConditionVariable(&changed);
}

/* `number` counts from 0, and is below number_of_held. */
static struct item *find_held(unsigned number)
{
    struct item *item = items;
    while (item->state != HELD || number > 0) {
        if (item->state == HELD)
            number--;
        item = item->next;
    }
    return item;
}

/* With "shuffle" one, without it all, in the order of their start. */
static void release_next(void)
{
    struct setting *shuffle = find_setting("shuffle");
    unsigned held = number_of_held();
    if (held == 0)
        return;
    if (shuffle != NULL) {
        release(find_held(draw(shuffle, held)));
        return;
    }
    for (struct item *item = items; item != NULL; item = item->next)
        if (item->state == HELD)
            release(item);
}

/* ---- The list. The lock is held. ----------------------------------------- */

static struct item *append(const struct io *io)
{
    struct item *item = spare, **at = &items;
    if (item != NULL)
        spare = item->next;
    else
        item = used < FIRST_ITEMS ? &first_items[used++] : malloc(sizeof *item);
    if (item == NULL)
        give_up("no memory", ERROR_NOT_ENOUGH_MEMORY);
    *item = (struct item){
        .io = *io, .answer.status = PENDING, .thread = GetCurrentThreadId()};
    while (*at != NULL)
        at = &(*at)->next;
    *at = item;
    return item;
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

static struct item *find_completed(const OVERLAPPED *overlapped)
{
    struct item *item = items;
    while (item != NULL &&
           (is_in_flight(item) || item->io.overlapped != overlapped))
        item = item->next;
    return item;
}

/* ---- Completing -----------------------------------------------------------
 */

/* The status is stored last: a thread that sees it sees the byte count too. */
void set_status(OVERLAPPED *overlapped, struct answer answer)
{
    overlapped->InternalHigh = answer.bytes;
    InterlockedExchange64((volatile LONG64 *)&overlapped->Internal,
                          (LONG64)(ULONG)answer.status);
}

/* A pool of the system makes a callback only for an I/O of the system. So this
 * starts one of 0 bytes; in its callback, packets.c reports the answer. */
static void make_pool_call_back(const struct io *io)
{
    struct io empty = *io;
    empty.length = 0;
    if (!start_io(&empty, NULL, io->overlapped) &&
        GetLastError() != ERROR_IO_PENDING)
        give_up("no callback", GetLastError());
}

/* A call of a routine, on its way to the thread that has started the I/O. */
struct routine_call {
    struct io io;
    struct answer answer;
};

static void CALLBACK call_routine(ULONG_PTR argument)
{
    struct routine_call call = *(struct routine_call *)argument;
    free((void *)argument);
    call.io.routine(error_of(call.answer.status), call.answer.bytes,
                    call.io.overlapped);
}

/* The system runs the call when the thread waits alertably, as it does for an
 * I/O of its own. If the thread has ended, there is no call. */
static void queue_routine(const struct io *io, struct answer answer,
                          HANDLE thread)
{
    struct routine_call *call = malloc(sizeof *call);
    if (call == NULL)
        give_up("no memory", ERROR_NOT_ENOUGH_MEMORY);
    *call = (struct routine_call){*io, answer};
    if (!queue_user_apc(call_routine, thread, (ULONG_PTR)call))
        free(call);
    real.CloseHandle(thread);
}

/* The lock is held. After this call the OVERLAPPED is used only as an address.
 */
static void set_completed(struct item *item, struct answer answer)
{
    const struct io *io = &item->io;
    if (!is_queued_io(io) || !io->file.pooled)
        set_status(io->overlapped, answer);
    if (watcher != NULL)
        watcher(io->overlapped, answer.bytes, answer.status);
    item->answer = answer;
    item->state = COMPLETED;
}

/* The lock is not held: the program may take the completion while this function
 * is still running. */
static void queue_completion(const struct io *io, struct answer answer)
{
    if (event_of(io) != NULL)
        real.SetEvent(event_of(io));
    if (is_queued_io(io) && io->file.pooled)
        make_pool_call_back(io);
    else if (is_queued_io(io))
        set_io_completion(io->file.port, io->file.key,
                          (ULONG_PTR)io->overlapped, answer.status,
                          answer.bytes);
}

void complete_io(const struct io *io, struct answer answer)
{
    AcquireSRWLockExclusive(&lock);
    if (is_queued_io(io))
        set_completed(append(io), answer);
    else /* no completion will be taken */
        set_status(io->overlapped, answer);
    ReleaseSRWLockExclusive(&lock);
    queue_completion(io, answer);
}

void expect_completion(const struct io *io)
{
    AcquireSRWLockExclusive(&lock);
    append(io)->state = COMPLETED;
    ReleaseSRWLockExclusive(&lock);
}

void expect_no_completion(const OVERLAPPED *overlapped)
{
    struct io io;
    struct answer answer;
    take_completion(overlapped, &io, &answer);
}

bool take_completion(const OVERLAPPED *overlapped, struct io *io,
                     struct answer *answer)
{
    AcquireSRWLockExclusive(&lock);
    struct item *item = find_completed(overlapped);
    if (item != NULL) {
        *io = item->io;
        *answer = item->answer;
        drop(item);
    }
    ReleaseSRWLockExclusive(&lock);
    return item != NULL;
}

/* ---- The thread that does held I/O ----------------------------------------
 */

/* The released item whose turn is next, if it is due; otherwise NULL, and how
 * long to sleep, in ms. The lock is held. */
static struct item *next_item(DWORD *sleep)
{
    struct item *first = NULL;
    ULONGLONG now = GetTickCount64();
    *sleep = number_of_held() > 0 ? PATIENCE : INFINITE;
    for (struct item *item = items; item != NULL; item = item->next) {
        if (item->state != RELEASED)
            continue;
        if (item->due > now)
            *sleep = min(*sleep, (DWORD)(item->due - now));
        else if (first == NULL || item->turn < first->turn)
            first = item;
    }
    return first;
}

/* The lock is held before and after, but not in between. */
static void do_item(struct item *item)
{
    struct io io = item->io;
    HANDLE owner = item->owner;
    bool is_cancelled = item->cancelled;
    item->state = RUNNING;
    ReleaseSRWLockExclusive(&lock);
    struct answer answer = {.status = CANCELLED};
    if (!is_cancelled)
        answer = do_io(&io);
    AcquireSRWLockExclusive(&lock);
    count_done(HELD_COMPLETED);
    set_completed(item, answer); /* before the program can take it */
    if (!is_queued_io(&io))
        drop(item);
    completing_file = io.file.handle;
    ReleaseSRWLockExclusive(&lock);
    if (io.routine != NULL)
        queue_routine(&io, answer, owner);
    else
        queue_completion(&io, answer);
    AcquireSRWLockExclusive(&lock);
    completing_file = NULL;
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
            release_next();
    }
    return 0;
}

/* The lock is held. */
static void start_thread(void)
{
    if (has_thread)
        return;
    HANDLE thread = real.CreateThread(NULL, 0, do_items, NULL, 0, NULL);
    if (thread == NULL)
        give_up("no thread", GetLastError());
    real.CloseHandle(thread);
    has_thread = true;
}

/* A handle for the calling thread, which has started an I/O with a routine. */
static HANDLE new_owner(void)
{
    HANDLE own = GetCurrentProcess(), owner;
    if (!real.DuplicateHandle(own, GetCurrentThread(), own, &owner, 0, FALSE,
                              DUPLICATE_SAME_ACCESS))
        give_up("no handle of the thread", GetLastError());
    return owner;
}

/* ---- Starting -------------------------------------------------------------
 */

void mark_started(const struct io *io)
{
    io->overlapped->Internal = PENDING;
    if (event_of(io) != NULL)
        real.ResetEvent(event_of(io));
}

void hold_io(const struct io *io, bool cancelled)
{
    const struct setting *slow = find_setting("slow");
    bool shuffles = find_setting("shuffle") != NULL;
    bool holds = find_setting("pending") != NULL || shuffles || cancelled;
    mark_started(io);
    count_done(io->writes ? WRITE_HELD : READ_HELD);
    AcquireSRWLockExclusive(&lock);
    start_thread();
    struct item *item = append(io);
    if (io->routine != NULL)
        item->owner = new_owner();
    item->cancelled = cancelled;
    item->due = GetTickCount64();
    if (slow != NULL && !cancelled)
        item->due += slow->numbers[0];
    item->state = HELD;
    if (!holds)
        release(item);
    else if (shuffles && number_of_held() > WINDOW)
        release_next();
    WakeAllConditionVariable(&changed);
    ReleaseSRWLockExclusive(&lock);
}

void release_held(void)
{
    AcquireSRWLockExclusive(&lock);
    /* "shuffle" completes one after the other: the next one when the program
     * has taken the last. */
    if (find_setting("shuffle") == NULL || !is_one_on_its_way())
        release_next();
    ReleaseSRWLockExclusive(&lock);
}

/* ---- Cancelling, waiting --------------------------------------------------
 */

static bool is_meant(const struct item *item, HANDLE file,
                     const OVERLAPPED *overlapped)
{
    return (file == NULL || item->io.file.handle == file) &&
           (overlapped == NULL || item->io.overlapped == overlapped);
}

bool cancel_held(HANDLE file, const OVERLAPPED *overlapped, DWORD thread)
{
    bool found = false;
    AcquireSRWLockExclusive(&lock);
    for (struct item *item = items; item != NULL; item = item->next) {
        if (!is_meant(item, file, overlapped) ||
            (item->state != HELD && item->state != RELEASED) ||
            (thread != 0 && item->thread != thread))
            continue;
        found = true;
        item->cancelled = true;
        item->due = 0;
        if (item->state == HELD)
            release(item);
    }
    if (found)
        WakeAllConditionVariable(&changed);
    ReleaseSRWLockExclusive(&lock);
    return found;
}

/* The lock is held. */
static bool is_any_in_flight(HANDLE file, const OVERLAPPED *overlapped)
{
    for (const struct item *item = items; item != NULL; item = item->next)
        if (is_in_flight(item) && is_meant(item, file, overlapped))
            return true;
    return overlapped == NULL && completing_file == file;
}

bool has_held(HANDLE file)
{
    AcquireSRWLockExclusive(&lock);
    bool held = file != NULL && is_any_in_flight(file, NULL);
    ReleaseSRWLockExclusive(&lock);
    return held;
}

bool wait_for_held(HANDLE file, const OVERLAPPED *overlapped, DWORD timeout)
{
    ULONGLONG start = GetTickCount64();
    AcquireSRWLockExclusive(&lock);
    bool waits = is_any_in_flight(file, overlapped);
    while (waits) {
        ULONGLONG waited = GetTickCount64() - start;
        if (timeout != INFINITE && waited >= timeout)
            break;
        real.SleepConditionVariableSRW(
            &changed, &lock,
            timeout == INFINITE ? INFINITE : timeout - (DWORD)waited, 0);
        waits = is_any_in_flight(file, overlapped);
    }
    ReleaseSRWLockExclusive(&lock);
    return !waits;
}
