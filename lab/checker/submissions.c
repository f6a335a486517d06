#include "submissions.h"

#include "below.h"
#include "handles.h"
#include "packets.h"
#include "threads.h"

#include <stdint.h>

enum { EARLY_MS = 250 }; /* how long a call waits for its callback, at most */

static unsigned submissions;

static const char waits_for_callback[] = "a call that waits for its callback";

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
    for (struct request *at = newest_past(&key); at != NULL; at = at->next)
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
    if (overlap(request->overlapped, sizeof(OVERLAPPED), at->overlapped,
                sizeof(OVERLAPPED)))
        mistake("an OVERLAPPED is reused while in flight\n%s, submitted %s,\n"
                "uses the OVERLAPPED of %s, in flight, submitted %s\n"
                "rule: each I/O in flight needs its own OVERLAPPED: the kernel "
                "identifies an I/O by the address of its OVERLAPPED",
                request_text(request), place_text(here()), request_text(at),
                place_text(at->submitted));
    else if (!(request->kind == A_WRITE && at->kind == A_WRITE) &&
             overlap(request->buffer, request->length, at->buffer, at->length))
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
    for (struct request *at = newest_in_flight(); at != NULL; at = at->next)
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
    if (!request->owes_packet ||
        below.GetFileType(request->handle) != FILE_TYPE_DISK)
        return false;
    if (file->port == INVALID_HANDLE_VALUE)
        return !this_thread()->is_foreign;
    return has_waiter(file->port);
}

/* Every second submission returns after its callback has run: this finds a
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
