#include "requests.h"

#include "../guard/guard.h"
#include "below.h"
#include "handles.h"
#include "system.h"
#include "threads.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PENDING = 0x103, /* STATUS_PENDING */
    BUCKETS = 256,
    FEW = 64,         /* so many I/Os in flight are soon looked at */
    MAX_FREED = 4096, /* of freed requests the checker keeps so many records */
};

static struct request *in_flight; /* newest first */
static unsigned in_flight_count, looked_at = FEW;
static struct request *past[BUCKETS]; /* by memory, newest first */

/* ---- Records ------------------------------------------------------------ */

const char *request_text(const struct request *request)
{
    static _Thread_local char texts[4][48];
    static _Thread_local unsigned last;
    char *text = texts[++last % 4];
    if (request->kind == A_POST)
        snprintf(text, sizeof texts[0], "a packet posted by hand");
    else
        snprintf(text, sizeof texts[0], "request %u (%s)", request->number,
                 request->function);
    return text;
}

const void *memory_of(const void *address)
{
    struct guard_block block;
    bool found = guard_find(address, &block) && block.freed == NULL;
    return found ? block.memory : NULL;
}

static struct request **bucket(const struct request *request)
{
    const void *key =
        request->memory != NULL ? request->memory : (void *)request->overlapped;
    return &past[((uint32_t)((uintptr_t)key >> 4) * 2654435769U) >> 24];
}

static void unlink_from(struct request **list, const struct request *request)
{
    while (*list != NULL && *list != request)
        list = &(*list)->next;
    if (*list != NULL)
        *list = request->next;
}

static void discard(struct request *request)
{
    unlink_from(bucket(request), request);
    if (request->pins == 0)
        free(request);
}

/* Of an OVERLAPPED only the last use is remembered. */
static void remember(struct request *request)
{
    struct request **list = bucket(request);
    for (struct request *at = *list, *next; at != NULL; at = next) {
        next = at->next;
        if (at->overlapped == request->overlapped && at->freed.address == NULL)
            discard(at);
    }
    request->next = *list;
    *list = request;
}

void remember_freed(struct request *request, struct place place)
{
    static struct request *ring[MAX_FREED];
    static unsigned next;
    struct request **slot = &ring[next++ % MAX_FREED];
    request->freed = place;
    if (*slot != NULL)
        discard(*slot);
    *slot = request;
}

static void count_on_stack(const struct request *request, unsigned change)
{
    if (request->stack_of != NULL)
        request->stack_of->in_flight += change;
    if (request->buffer_stack_of != NULL)
        request->buffer_stack_of->in_flight += change;
}

/* A look at all I/Os in flight costs a call of the system for each. Without
 * looks the list would grow. So there is one when the list has doubled. */
static void keep_short(void)
{
    if (in_flight_count < 2 * looked_at)
        return;
    forget_ended();
    looked_at = in_flight_count > FEW ? in_flight_count : FEW;
}

void put_in_flight(struct request *request)
{
    request->submitted = here();
    request->submitter = this_thread();
    request->memory = memory_of(request->overlapped);
    request->pins = 1;
    lock_records();
    keep_short();
    request->stack_of = stack_owner(request->overlapped);
    request->buffer_stack_of = stack_owner(request->buffer);
    count_on_stack(request, 1);
    request->next = in_flight;
    in_flight = request;
    in_flight_count++;
    unlock_records();
}

void take_from_flight(struct request *request)
{
    unlink_from(&in_flight, request);
    in_flight_count--;
    count_on_stack(request, -1U);
    request->state = ENDED;
    remember(request);
}

struct request *new_request(enum io_kind kind, const char *function,
                            HANDLE handle, OVERLAPPED *overlapped)
{
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL)
        abort();
    request->kind = kind;
    request->function = function;
    request->handle = handle;
    request->overlapped = overlapped;
    return request;
}

void unpin(struct request *request)
{
    if (request != NULL)
        request->pins--;
}

struct request *newest_in_flight(void)
{
    return in_flight;
}

struct request *newest_past(const struct request *key)
{
    return *bucket(key);
}

struct request *next_past(const struct request *request)
{
    struct request **list = request != NULL ? bucket(request) + 1 : past;
    if (request != NULL && request->next != NULL)
        return request->next;
    while (list < past + BUCKETS && *list == NULL)
        list++;
    return list < past + BUCKETS ? *list : NULL;
}

struct request *request_in(const void *memory)
{
    const struct request key = {.memory = memory};
    for (struct request *at = *bucket(&key); at != NULL; at = at->next)
        if (at->memory == memory)
            return at;
    return NULL;
}

/* ---- In flight? --------------------------------------------------------- */

/* Whether its OVERLAPPED is readable: a thread's own stack always is. (The
 * watch of hangs has no record, so this_thread would lock again.) */
static bool is_readable(const struct request *request)
{
    MEMORY_BASIC_INFORMATION about;
    if (request->stack_of != NULL &&
        request->stack_of->id == GetCurrentThreadId())
        return true;
    return VirtualQuery(request->overlapped, &about, sizeof about) ==
               sizeof about &&
           about.State == MEM_COMMIT &&
           !(about.Protect & (PAGE_NOACCESS | PAGE_GUARD));
}

bool is_pending(const struct request *request)
{
    return !is_readable(request) ||
           *(volatile ULONG_PTR *)&request->overlapped->Internal == PENDING;
}

/* Without a packet, Internal of the OVERLAPPED says when an I/O has completed.
 */
bool is_in_flight(const struct request *request)
{
    if (request->state != IN_FLIGHT)
        return false;
    if (request->kind == A_POST || request->owes_packet || !request->answered)
        return true;
    return is_readable(request) && is_pending(request);
}

/* An NTSTATUS is negative in 32 bits if it is a warning or an error. The upper
 * half of Internal may have the sign or 0. */
static bool is_failure(ULONG_PTR status)
{
    ULONG_PTR upper = status >> 32;
    return (LONG)status < 0 && (upper == 0 || upper == UINT32_MAX);
}

/* Whether Internal and InternalHigh may be the kernel's: an NTSTATUS, and a
 * number of bytes. They are 0 in much memory that is used again, so success
 * without bytes says nothing. */
static bool may_be_status(const struct request *request, ULONG_PTR status,
                          ULONG_PTR bytes)
{
    if (request->kind != A_CALL && bytes > request->length)
        return false;
    return status == PENDING || (status == 0 && bytes > 0) ||
           is_failure(status);
}

/* Whether the OVERLAPPED has values that neither the program nor the kernel has
 * put there for this I/O. */
static bool is_overwritten(const struct request *request)
{
    const volatile OVERLAPPED *now = request->overlapped;
    return is_readable(request) &&
           (!may_be_status(request, now->Internal, now->InternalHigh) ||
            now->Offset != (DWORD)request->offset ||
            now->OffsetHigh != (DWORD)(request->offset >> 32) ||
            ((ULONG_PTR)now->hEvent & ~(ULONG_PTR)1) !=
                (ULONG_PTR)request->event);
}

bool is_pending_after_return(const struct request *request)
{
    bool manual;
    if (!is_overwritten(request))
        return is_pending(request);
    if (request->event != NULL)
        return ask_event(request->event, &manual) == NOT_SET && manual;
    return below.WaitForSingleObject(request->handle, 0) == WAIT_TIMEOUT;
}

bool is_in(const struct request *request, const void *memory, size_t size)
{
    return overlap(memory, size, request->overlapped, sizeof(OVERLAPPED)) ||
           overlap(memory, size, request->buffer, request->length);
}

static void forget_if_ended(struct request *request)
{
    if (request->stack_of == NULL && !is_in_flight(request))
        take_from_flight(request);
}

void forget_ended_in(const void *memory, size_t size)
{
    for (struct request *at = in_flight, *next; at != NULL; at = next) {
        next = at->next;
        if (is_in(at, memory, size))
            forget_if_ended(at);
    }
}

void forget_ended(void)
{
    for (struct request *at = in_flight, *next; at != NULL; at = next) {
        next = at->next;
        forget_if_ended(at);
    }
}

/* The request that a packet is about: one that was posted by hand, otherwise
 * the oldest. */
struct request *find_in_flight(const OVERLAPPED *overlapped)
{
    struct request *found = NULL;
    for (struct request *at = in_flight; at != NULL; at = at->next)
        if (at->overlapped == overlapped &&
            (found == NULL || found->kind != A_POST || at->kind == A_POST))
            found = at;
    return found;
}

/* Its packet, event or callback, unless only a port that no thread waits at
 * will get its packet. */
static bool io_can_wake(const struct request *request)
{
    const struct handle *file = find_handle(request->handle);
    if (!request->owes_packet || request->event != NULL || file == NULL ||
        request->thread != 0)
        return true;
    return file->port == INVALID_HANDLE_VALUE || has_waiter(file->port);
}

bool something_can_come(void)
{
    for (const struct request *at = in_flight; at != NULL; at = at->next) {
        if (!is_in_flight(at))
            continue;
        if (at->kind == A_POST ? has_waiter(at->handle) : io_can_wake(at))
            return true;
    }
    return false;
}

bool overlap(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return a_size > 0 && b_size > 0 &&
           (const char *)a < (const char *)b + b_size &&
           (const char *)b < (const char *)a + a_size;
}
