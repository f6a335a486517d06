#include "requests.h"

#include "../guard/guard.h"
#include "below.h"
#include "handles.h"
#include "threads.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    PENDING = 0x103, /* STATUS_PENDING */
    EARLY_MS = 250,  /* how long a call waits for its callback, at most, and */
    LATE_MS = 20,    /* how long a packet waits for its submitter */
    BUCKETS = 256,
    MAX_FREED = 4096, /* that are remembered */
    PAGE = 4096,
};

static struct request *in_flight;     /* newest first */
static struct request *past[BUCKETS]; /* by memory, newest first */
static unsigned submissions;

static const char waits_for_callback[] = "a call that waits for its callback";

/* ---- Records ------------------------------------------------------------ */

const char *request_text(const struct request *request)
{
    static _Thread_local char texts[4][48];
    static _Thread_local unsigned last;
    static const char *const names[] = {"ReadFile", "WriteFile",
                                        "PostQueuedCompletionStatus"};
    char *text = texts[++last % 4];
    if (request->kind == A_POST)
        snprintf(text, sizeof texts[0], "a packet posted by hand");
    else
        snprintf(text, sizeof texts[0], "request %u (%s)", request->number,
                 names[request->kind]);
    return text;
}

static const void *memory_of(const void *address)
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

static void remember_freed(struct request *request, struct place place)
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

static void put_in_flight(struct request *request)
{
    request->submitted = here();
    request->submitter = this_thread();
    request->memory = memory_of(request->overlapped);
    request->pins = 1;
    lock_records();
    request->stack_of = stack_owner(request->overlapped);
    request->buffer_stack_of = stack_owner(request->buffer);
    count_on_stack(request, 1);
    request->next = in_flight;
    in_flight = request;
    unlock_records();
}

static void take_from_flight(struct request *request)
{
    unlink_from(&in_flight, request);
    count_on_stack(request, -1U);
    request->state = ENDED;
    remember(request);
}

static struct request *new_request(enum io_kind kind, HANDLE handle,
                                   OVERLAPPED *overlapped)
{
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL)
        abort();
    request->kind = kind;
    request->handle = handle;
    request->overlapped = overlapped;
    return request;
}

static void unpin(struct request *request)
{
    if (request != NULL)
        request->pins--;
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

static bool is_readable(const void *address)
{
    MEMORY_BASIC_INFORMATION about;
    return VirtualQuery(address, &about, sizeof about) == sizeof about &&
           about.State == MEM_COMMIT &&
           !(about.Protect & (PAGE_NOACCESS | PAGE_GUARD));
}

/* Without a packet, Internal of the OVERLAPPED says when an I/O has completed.
 */
static bool is_in_flight(const struct request *request)
{
    if (request->state != IN_FLIGHT)
        return false;
    if (request->kind == A_POST || request->owes_packet || !request->answered)
        return true;
    return is_readable(request->overlapped) &&
           *(volatile ULONG_PTR *)&request->overlapped->Internal == PENDING;
}

static struct request *in_flight_on(HANDLE handle)
{
    for (struct request *at = in_flight; at != NULL; at = at->next)
        if (at->kind != A_POST && handle != NULL &&
            (at->handle == handle || at->event == handle) && is_in_flight(at))
            return at;
    return NULL;
}

/* Its packet, event or callback, unless only a port that no thread waits at
 * will get its packet. */
static bool io_can_wake(const struct request *request)
{
    const struct handle *file = find_handle(request->handle);
    if (!request->owes_packet || request->event != NULL || file == NULL)
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

static bool meet(const void *a, size_t a_size, const void *b, size_t b_size)
{
    return (const char *)a < (const char *)b + b_size &&
           (const char *)b < (const char *)a + a_size;
}

/* ---- Submissions -------------------------------------------------------- */

static HANDLE event_of(const OVERLAPPED *overlapped)
{
    return (HANDLE)((ULONG_PTR)overlapped->hEvent & ~(ULONG_PTR)1);
}

/* The offset is after the end of the file, but its lower half alone is not. */
static bool is_far_after_end(HANDLE file, ULONGLONG offset)
{
    LARGE_INTEGER size;
    return below.GetFileSizeEx(file, &size) &&
           offset >= (ULONGLONG)size.QuadPart &&
           (offset & UINT32_MAX) < (ULONGLONG)size.QuadPart;
}

/* The last use of this OVERLAPPED had the same upper half, and an offset that
 * was not smaller. */
static bool went_back(const OVERLAPPED *overlapped, ULONGLONG offset)
{
    struct request key = {.memory = memory_of(overlapped),
                          .overlapped = (OVERLAPPED *)overlapped};
    bool found = false;
    lock_records();
    for (struct request *at = *bucket(&key); at != NULL; at = at->next)
        if (at->overlapped == overlapped && at->offset >= offset &&
            at->offset >> 32 == offset >> 32)
            found = true;
    unlock_records();
    return found;
}

#define WRONG_FIELD "an OVERLAPPED field is wrong: "
#define SET_WHOLE   "rule: set the whole OVERLAPPED before each use"

static void judge_fields(const struct request *request)
{
    const OVERLAPPED *overlapped = request->overlapped;
    const char *at = place_text(here()), *name = request_text(request);
    DWORD flags;
    bool on_disk = below.GetFileType(request->handle) == FILE_TYPE_DISK;
    bool appends = request->kind == A_WRITE && request->offset == UINT64_MAX;
    if (overlapped->Internal != 0 || overlapped->InternalHigh != 0)
        mistake(WRONG_FIELD
                "Internal or InternalHigh is not 0\n"
                "%s, submitted %s\nInternal is 0x%llx, InternalHigh is "
                "0x%llx\n" SET_WHOLE,
                name, at, overlapped->Internal, overlapped->InternalHigh);
    if (event_of(overlapped) != NULL &&
        !GetHandleInformation(event_of(overlapped), &flags))
        mistake(WRONG_FIELD "hEvent is not an open handle\n"
                            "%s, submitted %s\nhEvent is 0x%llx\n" SET_WHOLE
                            "; hEvent is NULL or an event",
                name, at, (ULONGLONG)(ULONG_PTR)overlapped->hEvent);
    if (on_disk && !appends && request->offset > INT64_MAX)
        mistake(WRONG_FIELD
                "the offset is negative\n"
                "%s, submitted %s\nOffsetHigh is 0x%lx\n"
                "rule: check an offset before the call, and set both halves",
                name, at, overlapped->OffsetHigh);
    else if (!on_disk && request->offset != 0)
        mistake(WRONG_FIELD
                "the offset is not 0, but the handle is no file "
                "on a disk\n"
                "%s, submitted %s\nOffset is 0x%lx, OffsetHigh is 0x%lx\n"
                "rule: a pipe has no offsets: set both halves to 0",
                name, at, overlapped->Offset, overlapped->OffsetHigh);
    else if (on_disk && request->kind == A_READ &&
             overlapped->OffsetHigh != 0 &&
             is_far_after_end(request->handle, request->offset) &&
             went_back(overlapped, request->offset))
        mistake(WRONG_FIELD
                "OffsetHigh is left over from the last use\n"
                "%s, submitted %s\nOffsetHigh is 0x%lx, so the offset is "
                "after the end of the file\n"
                "rule: set both halves of the offset before each use",
                name, at, overlapped->OffsetHigh);
}

static void judge_reuse(const struct request *request, const struct request *at)
{
    if (meet(request->overlapped, sizeof(OVERLAPPED), at->overlapped,
             sizeof(OVERLAPPED)))
        mistake("an OVERLAPPED is reused while in flight\n%s, submitted %s,\n"
                "uses the OVERLAPPED of %s, in flight, submitted %s\n"
                "rule: each I/O in flight needs its own OVERLAPPED: the kernel "
                "identifies an I/O by the address of its OVERLAPPED",
                request_text(request), place_text(here()), request_text(at),
                place_text(at->submitted));
    else if (!(request->kind == A_WRITE && at->kind == A_WRITE) &&
             meet(request->buffer, request->length, at->buffer, at->length))
        mistake("a buffer is shared by two requests in flight\n"
                "%s, submitted %s,\n"
                "uses the buffer of %s, in flight, submitted %s\n"
                "rule: each I/O in flight needs its own buffer; only writes "
                "may share one",
                request_text(request), place_text(here()), request_text(at),
                place_text(at->submitted));
}

static void judge_against_others(const struct request *request)
{
    lock_records();
    for (struct request *at = in_flight; at != NULL; at = at->next)
        if (at->kind != A_POST && is_in_flight(at))
            judge_reuse(request, at);
    unlock_records();
}

/* Whether its submission may wait for its callback: I/O on a file on a disk
 * completes soon, and another thread can run the callback. (A pool of the
 * system's may have only one thread, which must not wait for itself.) */
static bool can_be_early(const struct request *request,
                         const struct handle *file)
{
    return request->owes_packet &&
           below.GetFileType(request->handle) == FILE_TYPE_DISK &&
           (file->port == INVALID_HANDLE_VALUE ? !this_thread()->is_foreign
                                               : has_waiter(file->port));
}

/* Every other submission returns after its callback has run: this finds a
 * program that touches the request after the submission. The packets of the
 * others come late: this finds a program that relies on an early packet.
 * CHECK=2 exchanges the two. */
static bool is_its_turn(const struct request *request)
{
    static char check[2];
    if (check[0] == '\0')
        GetEnvironmentVariableA("CHECK", check, sizeof check);
    bool is_odd = request->number % 2 == 1;
    return check[0] == '2' ? is_odd : !is_odd;
}

struct request *submit_begin(enum io_kind kind, HANDLE file, const void *buffer,
                             DWORD length, OVERLAPPED *overlapped)
{
    struct request *request = new_request(kind, file, overlapped);
    request->buffer = buffer;
    request->length = length;
    request->offset =
        (ULONGLONG)overlapped->OffsetHigh << 32 | overlapped->Offset;
    request->event = event_of(overlapped);
    lock_records();
    request->number = ++submissions;
    const struct handle *handle = find_handle(file);
    request->owes_packet = handle != NULL && handle->port != NULL &&
                           ((ULONG_PTR)overlapped->hEvent & 1) == 0;
    request->early = is_its_turn(request) && can_be_early(request, handle);
    bool is_plain =
        handle != NULL && !handle->overlapped && handle->kind == A_FILE;
    struct place opened = is_plain ? handle->made : here();
    unlock_records();
    judge_fields(request);
    judge_against_others(request);
    if (is_plain && request->event != NULL)
        mistake("a handle without FILE_FLAG_OVERLAPPED is used with an event\n"
                "%s, submitted %s\nthe file was opened %s\n"
                "rule: open the file with FILE_FLAG_OVERLAPPED",
                request_text(request), place_text(here()), place_text(opened));
    else if (is_plain)
        hint(
            "a handle without FILE_FLAG_OVERLAPPED is used with an OVERLAPPED\n"
            "%s, submitted %s\nthe file was opened %s\n"
            "rule: without FILE_FLAG_OVERLAPPED the call blocks until the I/O "
            "has completed",
            request_text(request), place_text(here()), place_text(opened));
    put_in_flight(request);
    show(overlapped); /* the kernel must find it */
    show(buffer);
    return request;
}

/* Whether a submission has waited enough for its callback: the callback has
 * returned or is blocked, or the time is up. */
static bool has_waited_enough(const struct request *request, ULONGLONG start,
                              DWORD limit)
{
    const struct thread *taker = request->taker;
    bool blocked = taker != NULL && taker->waits_in != NULL &&
                   taker->waits_in != waits_for_callback;
    return request->over || blocked || GetTickCount64() - start >= limit;
}

static void await_change(LONG seen)
{
    below_locks.wait_on_address(&changes, &seen, sizeof seen, 5);
}

static void wait_until_over(const struct request *request)
{
    ULONGLONG start = GetTickCount64();
    begin_wait(waits_for_callback, request, EARLY_MS);
    for (bool enough = false; !enough;) {
        LONG seen = changes;
        lock_records();
        enough = has_waited_enough(request, start, EARLY_MS);
        unlock_records();
        if (!enough)
            await_change(seen);
    }
    end_wait();
}

void submit_end(struct request *request, BOOL ok, DWORD error)
{
    lock_records();
    const struct handle *file = find_handle(request->handle);
    bool skips = file != NULL && file->skips;
    bool queued =
        error == ERROR_IO_PENDING ||
        (request->owes_packet && !skips && (ok || error == ERROR_MORE_DATA));
    request->answered = true;
    if (!queued && request->state == IN_FLIGHT)
        take_from_flight(request);
    unlock_records();
    if (queued && request->early)
        wait_until_over(request);
    lock_records();
    unpin(request);
    unlock_records();
}

struct request *post_begin(HANDLE port, OVERLAPPED *overlapped)
{
    struct request *request = new_request(A_POST, port, overlapped);
    put_in_flight(request);
    return request;
}

void post_end(struct request *request, BOOL ok)
{
    lock_records();
    request->answered = true;
    if (!ok && request->state == IN_FLIGHT)
        take_from_flight(request);
    unpin(request);
    unlock_records();
}

/* ---- Hidden until the program looks -------------------------------------- */

/* The packet of a failed I/O makes its request inaccessible, so that the
 * checker sees whether the program looks at it. The first access makes it
 * accessible again, with its content. */
static volatile LONG hidden;

static void protect(const void *memory, DWORD protection)
{
    struct guard_block block;
    DWORD before;
    if (!guard_find(memory, &block) || block.freed != NULL)
        return;
    uintptr_t first = (uintptr_t)block.memory / PAGE * PAGE;
    VirtualProtect((void *)first, (uintptr_t)block.memory + block.size - first,
                   protection, &before);
}

static void hide(const void *memory)
{
    InterlockedIncrement(&hidden);
    protect(memory, PAGE_NOACCESS);
}

static bool has_looked_into(const void *memory)
{
    bool was_unseen = false;
    lock_records();
    const struct request key = {.memory = memory};
    for (struct request *at = *bucket(&key); at != NULL; at = at->next)
        if (at->memory == memory && at->unseen) {
            at->unseen = false;
            was_unseen = true;
        }
    unlock_records();
    return was_unseen;
}

void show(const void *address)
{
    struct guard_block block;
    if (hidden > 0 && guard_find(address, &block) && block.freed == NULL) {
        protect(block.memory, PAGE_READWRITE);
        if (has_looked_into(block.memory))
            InterlockedDecrement(&hidden);
    }
}

/* ---- Completions -------------------------------------------------------- */

/* The request that a packet is about: one that was posted by hand, otherwise
 * the oldest. */
static struct request *find_in_flight(const OVERLAPPED *overlapped)
{
    struct request *found = NULL;
    for (struct request *at = in_flight; at != NULL; at = at->next)
        if (at->overlapped == overlapped &&
            (found == NULL || found->kind != A_POST || at->kind == A_POST))
            found = at;
    return found;
}

LPOVERLAPPED_COMPLETION_ROUTINE callback_of(const OVERLAPPED *overlapped)
{
    lock_records();
    const struct request *request = find_in_flight(overlapped);
    const struct handle *file =
        request != NULL ? find_handle(request->handle) : NULL;
    LPOVERLAPPED_COMPLETION_ROUTINE callback =
        file != NULL ? file->callback : NULL;
    unlock_records();
    return callback;
}

/* The thread that submitted it still works, and may rely on a late packet. */
static bool is_busy(const struct request *request)
{
    const struct thread *by = request->submitter;
    return by != this_thread() && !by->ended && by->waits_in == NULL &&
           (!by->is_foreign || by->packet_count > 0);
}

static void hold(const struct request *request)
{
    ULONGLONG start = GetTickCount64();
    for (bool busy = true; busy && GetTickCount64() - start < LATE_MS;) {
        LONG seen = changes;
        lock_records();
        busy = is_busy(request);
        unlock_records();
        if (busy)
            await_change(seen);
    }
}

/* Memory of an I/O in flight must stay accessible. So a request is hidden only
 * if no other request, and no buffer in flight, is in the same allocation. */
static bool can_hide(const struct request *request)
{
    struct guard_block block;
    if (request->memory == NULL || !guard_find(request->memory, &block))
        return false;
    for (const struct request *at = in_flight; at != NULL; at = at->next)
        if (at->memory == request->memory ||
            meet(block.memory, block.size, at->buffer, at->length))
            return false;
    for (const struct request *at = *bucket(request); at != NULL; at = at->next)
        if (at->memory == request->memory &&
            at->overlapped != request->overlapped)
            return false;
    return true;
}

void packet_taken(OVERLAPPED *overlapped, DWORD error, bool failed)
{
    struct thread *thread = this_thread();
    struct place taken = here();
    lock_records();
    struct request *request = find_in_flight(overlapped);
    if (request != NULL) {
        request->taker = thread;
        request->taken = taken;
        request->error = error;
        request->pins++;
        if (thread->packet_count < MAX_PACKETS)
            thread->packets[thread->packet_count++] = request;
    }
    unlock_records();
    if (request != NULL && !request->early && request->kind != A_POST)
        hold(request);
    lock_records();
    if (request != NULL && request->state == IN_FLIGHT)
        take_from_flight(request);
    if (request != NULL && failed && can_hide(request)) {
        request->unseen = true;
        hide(request->memory);
    }
    unlock_records();
    note_change();
}

void packet_over(void)
{
    struct thread *thread = this_thread();
    if (thread->packet_count == 0)
        return;
    lock_records();
    for (unsigned i = 0; i < thread->packet_count; i++) {
        thread->packets[i]->over = true;
        unpin(thread->packets[i]);
    }
    thread->packet_count = 0;
    unlock_records();
    note_change();
}

void result_taken(OVERLAPPED *overlapped)
{
    lock_records();
    struct request *request = find_in_flight(overlapped);
    if (request != NULL && request->kind != A_POST) {
        request->over = true;
        take_from_flight(request);
    }
    unlock_records();
}

/* ---- Stacks ------------------------------------------------------------- */

static void judge_stack(const struct thread *thread, const char *stack,
                        const char *when)
{
    for (struct request *at = in_flight; at != NULL; at = at->next) {
        bool gone =
            at->stack_of == thread && (const char *)at->overlapped < stack;
        bool buffer_gone = at->buffer_stack_of == thread && at->buffer < stack;
        if ((!gone && !buffer_gone) || at->reported || !is_in_flight(at))
            continue;
        at->reported = true;
        mistake("%s in flight is on the stack of a function that has returned\n"
                "%s, submitted %s, is in flight\n%s %s\n"
                "rule: OVERLAPPED and buffer must outlive the function that "
                "starts the I/O",
                gone ? "an OVERLAPPED" : "a buffer", request_text(at),
                place_text(at->submitted), when, place_text(here()));
    }
}

void check_stack(const void *stack)
{
    const struct thread *thread = this_thread();
    if (thread->in_flight == 0)
        return;
    lock_records();
    judge_stack(thread, stack, "the function had returned before the call");
    unlock_records();
}

void check_whole_stack(const struct thread *thread)
{
    if (thread->in_flight == 0)
        return;
    lock_records();
    judge_stack(thread, thread->stack_end, "the thread exits, after the call");
    unlock_records();
}

/* ---- Memory ------------------------------------------------------------- */

/* The I/O whose packet this thread handles. */
static const struct request *handled(void)
{
    const struct thread *thread = this_thread();
    return thread->packet_count == 1 && thread->packets[0]->kind != A_POST
               ? thread->packets[0]
               : NULL;
}

static void judge_free(struct request *request, bool moved, bool is_buffer,
                       struct place freed)
{
    const struct request *other = handled();
    request->reported = true;
    if (!is_buffer && !moved && other != NULL && other != request)
        mistake(
            "the wrong request is freed, not the one that the packet brought\n"
            "%s, submitted %s, is in flight\n"
            "freed %s, while the thread handles the packet of %s\n"
            "rule: free the request whose address the packet brings",
            request_text(request), place_text(request->submitted),
            place_text(freed), request_text(other));
    else
        mistake("%s is %s while in flight\n%s, submitted %s, is in flight\n"
                "%s %s\nrule: the memory of an I/O in flight belongs to the "
                "kernel until the packet has come",
                is_buffer ? "a buffer" : "an OVERLAPPED",
                moved ? "moved" : "freed", request_text(request),
                place_text(request->submitted),
                moved ? "moved by realloc" : "freed", place_text(freed));
}

bool memory_freed(const char *memory, size_t size, bool moved,
                  struct place freed)
{
    bool keep = false;
    lock_records();
    for (struct request *at = in_flight; at != NULL; at = at->next) {
        bool holds_it = meet(memory, size, at->overlapped, sizeof(OVERLAPPED));
        bool holds_buffer = meet(memory, size, at->buffer, at->length);
        if ((!holds_it && !holds_buffer) || !is_in_flight(at))
            continue;
        keep = true;
        if (!at->reported)
            judge_free(at, moved, !holds_it, freed);
    }
    const struct request key = {.memory = memory};
    for (struct request *at = *bucket(&key), *next; at != NULL && !keep;
         at = next) {
        next = at->next;
        if (at->memory == memory && at->freed.address == NULL) {
            at->unseen = false;
            remember_freed(at, freed);
        }
    }
    unlock_records();
    return !keep;
}

/* ---- The end ------------------------------------------------------------ */

void judge_closing(HANDLE handle)
{
    lock_records();
    const struct request *request = in_flight_on(handle);
    if (request != NULL)
        mistake("a handle is closed with I/O in flight\nclosed %s\n"
                "%s is in flight, submitted %s\n"
                "rule: cancel the I/O, or wait; close the handle when you have "
                "the result of the I/O",
                place_text(here()), request_text(request),
                place_text(request->submitted));
    unlock_records();
}

void judge_in_flight(void)
{
    lock_records();
    for (struct request *at = in_flight; at != NULL; at = at->next)
        if (at->kind != A_POST && !at->reported && is_in_flight(at))
            mistake("the process ends with I/O in flight\n"
                    "%s, submitted %s, is in flight\n"
                    "rule: wait until all callbacks have run, and then exit",
                    request_text(at), place_text(at->submitted));
    unlock_records();
}

/* Whether the thread that took the packet has finished with it: its callback
 * has returned, or the thread ends. ending is NULL if all threads hang. */
static bool has_gone_on(const struct request *request,
                        const struct thread *ending)
{
    return request->over || request->taker->ended || request->taker == ending ||
           ending == NULL;
}

void judge_unseen(const struct thread *ending)
{
    lock_records();
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct request *at = past[i]; at != NULL; at = at->next)
            if (at->unseen && has_gone_on(at, ending))
                mistake("the packet of a failed I/O is ignored\n"
                        "GetQueuedCompletionStatus %s returned FALSE (error "
                        "%lu) and an OVERLAPPED\n"
                        "the OVERLAPPED is in %s, submitted %s\n"
                        "the program has not looked at it since\n"
                        "rule: FALSE with an OVERLAPPED is the packet of an "
                        "I/O that failed",
                        place_text(at->taken), at->error, request_text(at),
                        place_text(at->submitted));
    unlock_records();
}

static void judge_request(struct request *request)
{
    struct guard_block block;
    if (request->memory == NULL || request->freed.address != NULL ||
        request->unseen || request->reported || request->kind == A_POST ||
        !guard_find(request->memory, &block) || block.freed != NULL)
        return;
    mistake("a request is never freed\n%s, submitted %s, has completed\n"
            "allocated %s\n" ONE_OWNER_FREES,
            request_text(request), place_text(request->submitted),
            place_text((struct place){.address = block.allocated}));
}

void judge_requests(void)
{
    lock_records();
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct request *at = past[i]; at != NULL; at = at->next)
            judge_request(at);
    unlock_records();
}
