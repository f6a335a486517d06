/*
 * A thread that polls makes the same waits again and again, and each of them
 * finds nothing. Without this file it would fill the recording in seconds. Here
 * all waits of a thread that are the same, and find nothing, share one record,
 * until the thread makes another call. The record counts the repetitions.
 *
 * Each wait gets its own record when it begins, because it may never return. If
 * it has found nothing new, its record is spare: the thread's next call uses
 * it.
 */
#include "layer.h"

enum { MAX_RECORDS = 1 + MAXIMUM_WAIT_OBJECTS, MAX_WAITS = 8 };

/* A wait: its record, and one for each handle if it waits for several. */
struct wait {
    struct record *records[MAX_RECORDS];
    unsigned count;
};

static _Thread_local struct wait current; /* or another call */
static _Thread_local struct wait spare;
/* Those that found nothing, since the thread's last other call. */
static _Thread_local struct wait futile[MAX_WAITS];
static _Thread_local unsigned futile_count;

/* SignalObjectAndWait also signals, so no two calls of it are the same. */
static bool is_wait(uint32_t kind)
{
    switch (kind) {
    case KIND_GetOverlappedResult:
    case KIND_GetOverlappedResultEx:
    case KIND_GetQueuedCompletionStatus:
    case KIND_GetQueuedCompletionStatusEx:
    case KIND_SleepConditionVariableCS:
    case KIND_SleepConditionVariableSRW:
    case KIND_SleepEx:
    case KIND_WaitForMultipleObjects:
    case KIND_WaitForMultipleObjectsEx:
    case KIND_WaitForSingleObject:
    case KIND_WaitForSingleObjectEx:
        return true;
    default:
        return false;
    }
}

/* A packet with an OVERLAPPED may report any of these errors. */
static bool found_nothing(const struct record *wait)
{
    bool takes = wait->kind == KIND_GetQueuedCompletionStatus;
    if (wait->ok)
        return wait->kind == KIND_SleepEx ? wait->bytes == 0
                                          : wait->bytes == WAIT_TIMEOUT &&
                                                !takes && wait->overlapped == 0;
    return (wait->error == WAIT_TIMEOUT || wait->error == ERROR_TIMEOUT ||
            wait->error == ERROR_IO_INCOMPLETE) &&
           (!takes || wait->overlapped == 0);
}

static bool is_same(const struct record *a, const struct record *b)
{
    return a->kind == b->kind && a->line == b->line && a->handle == b->handle &&
           a->overlapped == b->overlapped && a->offset == b->offset &&
           a->length == b->length && a->error == b->error &&
           a->bytes == b->bytes && a->ok == b->ok;
}

static bool is_repeated(const struct wait *wait)
{
    bool same = wait->count == current.count;
    for (unsigned i = 0; same && i < wait->count; i++)
        same = is_same(wait->records[i], current.records[i]);
    return same;
}

/* Of two waits that a thread makes in turn, the first then ends with the
 * second: in a viewer one call of a thread may contain another, but not overlap
 * it. */
static void repeat(unsigned number, int64_t end)
{
    struct record *repeated = futile[number].records[0];
    repeated->other++;
    __atomic_store_n(&repeated->end, end, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < number; i++)
        if (futile[i].records[0]->end > repeated->begin)
            __atomic_store_n(&futile[i].records[0]->end, end, __ATOMIC_RELEASE);
}

static void spare_current(void)
{
    while (current.count > 0 && spare.count < MAX_RECORDS) {
        struct record *record = current.records[--current.count];
        __atomic_store_n(&record->kind, KIND_NOTHING, __ATOMIC_RELEASE);
        spare.records[spare.count++] = record;
    }
}

struct record *spare_record(void)
{
    return spare.count > 0 ? spare.records[--spare.count] : NULL;
}

void follow_repeats(struct record *record, uint32_t kind)
{
    if (kind != KIND_HANDLE)
        current.count = 0;
    if (kind != KIND_HANDLE && !is_wait(kind))
        futile_count = 0;
    if (current.count < MAX_RECORDS)
        current.records[current.count++] = record;
}

void fold_repeats(const struct record *record)
{
    if (!is_wait(record->kind))
        return;
    if (!found_nothing(record) || number_of(record) == 0 ||
        current.records[0] != record) {
        futile_count = 0;
        return;
    }
    for (unsigned i = 0; i < futile_count; i++)
        if (is_repeated(&futile[i])) {
            repeat(i, record->end);
            spare_current();
            return;
        }
    if (futile_count == MAX_WAITS)
        futile_count = 0;
    futile[futile_count++] = current;
}
