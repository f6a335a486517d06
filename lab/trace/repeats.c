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

/* What is known of a thread. One variable: to find it takes time. */
struct waits {
    struct wait current; /* or another call */
    struct wait spare;
    /* Those that found nothing, since the thread's last other call. */
    struct wait futile[MAX_WAITS];
    unsigned futile_count;
};

static _Thread_local struct waits of_thread;

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

/* A packet may have any error, so a wait that took one has found something. */
static bool found_nothing(const struct record *wait)
{
    switch (wait->kind) {
    case KIND_SleepEx:
        return wait->bytes == 0;
    case KIND_WaitForMultipleObjects:
    case KIND_WaitForMultipleObjectsEx:
    case KIND_WaitForSingleObject:
    case KIND_WaitForSingleObjectEx:
        return wait->bytes == WAIT_TIMEOUT;
    case KIND_GetQueuedCompletionStatus:
        return wait->error == WAIT_TIMEOUT && wait->overlapped == 0;
    default:
        return wait->error == WAIT_TIMEOUT || wait->error == ERROR_TIMEOUT ||
               wait->error == ERROR_IO_INCOMPLETE;
    }
}

static bool is_same(const struct record *a, const struct record *b)
{
    return a->kind == b->kind && a->line == b->line && a->handle == b->handle &&
           a->overlapped == b->overlapped && a->offset == b->offset &&
           a->length == b->length && a->error == b->error &&
           a->bytes == b->bytes && a->ok == b->ok;
}

static bool are_same(const struct wait *a, const struct wait *b)
{
    bool same = a->count == b->count;
    for (unsigned i = 0; same && i < a->count; i++)
        same = is_same(a->records[i], b->records[i]);
    return same;
}

/* Of two waits that a thread makes in turn, the first then ends with the
 * second: in a viewer one call of a thread may contain another, but not overlap
 * it. */
static void repeat(struct waits *waits, unsigned number, int64_t end)
{
    struct record *repeated = waits->futile[number].records[0];
    repeated->other++;
    __atomic_store_n(&repeated->end, end, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < number; i++) {
        struct record *earlier = waits->futile[i].records[0];
        if (earlier->end > repeated->begin)
            __atomic_store_n(&earlier->end, end, __ATOMIC_RELEASE);
    }
}

static void spare_records(struct wait *spare, struct wait *unused)
{
    while (unused->count > 0 && spare->count < MAX_RECORDS) {
        struct record *record = unused->records[--unused->count];
        __atomic_store_n(&record->kind, KIND_NOTHING, __ATOMIC_RELEASE);
        spare->records[spare->count++] = record;
    }
}

struct record *spare_record(void)
{
    struct wait *spare = &of_thread.spare;
    return spare->count > 0 ? spare->records[--spare->count] : NULL;
}

void follow_repeats(struct record *record, uint32_t kind)
{
    struct waits *waits = &of_thread;
    struct wait *current = &waits->current;
    if (kind != KIND_HANDLE)
        current->count = 0;
    if (kind != KIND_HANDLE && !is_wait(kind))
        waits->futile_count = 0;
    if (current->count < MAX_RECORDS)
        current->records[current->count++] = record;
}

static void fold_wait(struct waits *waits)
{
    const struct record *record = waits->current.records[0];
    for (unsigned i = 0; i < waits->futile_count; i++)
        if (are_same(&waits->futile[i], &waits->current)) {
            repeat(waits, i, record->end);
            spare_records(&waits->spare, &waits->current);
            return;
        }
    if (waits->futile_count == MAX_WAITS)
        waits->futile_count = 0;
    waits->futile[waits->futile_count++] = waits->current;
}

/* A routine that runs in an alertable wait makes calls: the wait is then no
 * longer the current one. */
void fold_repeats(const struct record *record)
{
    if (!is_wait(record->kind))
        return;
    struct waits *waits = &of_thread;
    if (found_nothing(record) && number_of(record) != 0 &&
        waits->current.records[0] == record)
        fold_wait(waits);
    else
        waits->futile_count = 0;
}
