#include "submissions.h"

#include "below.h"
#include "delays.h"
#include "handles.h"
#include "packets.h"
#include "threads.h"

#include <stdint.h>

/* How long a call waits for its callback, at most; and a post, with CHECK=3. */
enum { EARLY_MS = 250, POST_MS = 1000 };

static unsigned submissions;
static bool odd_are_early;
static enum posts posts;

void begin_submissions(bool exchanged, enum posts what)
{
    odd_are_early = exchanged;
    posts = what;
}

const char waits_for_callback[] = "a call that waits for its callback";

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
    bool appends = request->kind == A_WRITE && request->offset == UINT64_MAX;
    if (request->event != NULL && !GetHandleInformation(request->event, &flags))
        mistake(WRONG_FIELD "hEvent is not an open handle\n"
                            "%s, submitted %s\nhEvent is 0x%llx\n" SET_WHOLE
                            "; hEvent is NULL or an event",
                name, at, (ULONGLONG)(ULONG_PTR)overlapped->hEvent);
    if (request->kind == A_CALL)
        return;
    DWORD type = below.GetFileType(request->handle);
    bool on_disk = type == FILE_TYPE_DISK;
    if (on_disk && !appends && request->offset > INT64_MAX)
        mistake(WRONG_FIELD
                "the offset is negative\n"
                "%s, submitted %s\nOffsetHigh is 0x%lx\n"
                "rule: check an offset before the call, and set both halves",
                name, at, overlapped->OffsetHigh);
    else if (type == FILE_TYPE_PIPE && request->offset != 0)
        mistake(WRONG_FIELD
                "the offset is not 0, but the handle is that of a pipe\n"
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

/* Two writes may share a buffer. Other functions than ReadFile and WriteFile
 * may use only the beginning of their buffer. */
static bool share_a_buffer(const struct request *a, const struct request *b)
{
    if (a->kind == A_WRITE && b->kind == A_WRITE)
        return false;
    if (a->kind == A_CALL || b->kind == A_CALL)
        return a->buffer == b->buffer && a->length > 0 && b->length > 0;
    return overlap(a->buffer, a->length, b->buffer, b->length);
}

static bool share_an_overlapped(const struct request *a,
                                const struct request *b)
{
    return overlap(a->overlapped, sizeof(OVERLAPPED), b->overlapped,
                   sizeof(OVERLAPPED));
}

/* The newest I/O in flight that shares this, or NULL. Whether an I/O is in
 * flight is a question to the system, so it comes last. */
static const struct request *find_sharing(const struct request *request,
                                          bool (*share)(const struct request *,
                                                        const struct request *))
{
    for (struct request *at = newest_in_flight(); at != NULL; at = at->next)
        if (at->kind != A_POST && share(request, at) && is_in_flight(at))
            return at;
    return NULL;
}

/* One report: an OVERLAPPED that is used again usually has the same buffer. */
static void judge_against_others(const struct request *request)
{
    const struct request *other;
    lock_records();
    forget_ended_in(request->overlapped, sizeof(OVERLAPPED));
    if ((other = find_sharing(request, share_an_overlapped)) != NULL)
        mistake("an OVERLAPPED is reused while in flight\n%s, submitted %s,\n"
                "uses the OVERLAPPED of %s, in flight, submitted %s\n"
                "rule: each I/O in flight needs its own OVERLAPPED: the kernel "
                "identifies an I/O by the address of its OVERLAPPED",
                request_text(request), place_text(here()), request_text(other),
                place_text(other->submitted));
    else if ((other = find_sharing(request, share_a_buffer)) != NULL)
        mistake("a buffer is shared by two requests in flight\n"
                "%s, submitted %s,\n"
                "uses the buffer of %s, in flight, submitted %s\n"
                "rule: each I/O in flight needs its own buffer; only writes "
                "may share one",
                request_text(request), place_text(here()), request_text(other),
                place_text(other->submitted));
    unlock_records();
}

/* Whether another thread takes packets from this port, or soon may. */
static bool can_be_taken(HANDLE port)
{
    return threads_to_begin > 0 || has_taker(port);
}

/* Whether its submission may wait for its callback: I/O on a file on a disk
 * completes soon, and another thread can run the callback. (A pool of the
 * system's may have only one thread, which must not wait for itself.) */
static bool can_be_early(const struct request *request,
                         const struct handle *file)
{
    if (!request->owes_packet || request->thread != 0 ||
        request->kind == A_CALL ||
        below.GetFileType(request->handle) != FILE_TYPE_DISK)
        return false;
    if (file->port == INVALID_HANDLE_VALUE)
        return !this_thread()->is_foreign;
    return can_be_taken(file->port);
}

/* Every second submission returns after its callback has run: this finds a
 * program that touches the request after the submission. The packets of the
 * others come late: this finds a program that relies on an early packet.
 * CHECK=2 and CHECK=4 exchange the two. */
static bool is_its_turn(const struct request *request)
{
    bool is_odd = request->number % 2 == 1;
    return odd_are_early ? is_odd : !is_odd;
}

static struct request *describe(const struct submission *submission)
{
    const OVERLAPPED *overlapped = submission->overlapped;
    struct request *request =
        new_request(submission->kind, submission->function, submission->file,
                    submission->overlapped);
    request->buffer = submission->buffer;
    request->length = submission->buffer != NULL ? submission->length : 0;
    request->offset =
        (ULONGLONG)overlapped->OffsetHigh << 32 | overlapped->Offset;
    /* A completion routine's hEvent belongs to the program. */
    request->event = submission->by_routine ? NULL : event_of(overlapped);
    request->thread = submission->by_routine ? GetCurrentThreadId() : 0;
    return request;
}

static bool reports_by_packet(const struct request *request,
                              const struct handle *handle)
{
    return handle != NULL && handle->port != NULL &&
           ((ULONG_PTR)request->overlapped->hEvent & 1) == 0;
}

struct request *submit_begin(struct submission submission)
{
    show(submission.overlapped);
    struct request *request = describe(&submission);
    InterlockedIncrement64(&seen_requests);
    lock_records();
    request->number = ++submissions;
    const struct handle *handle = find_right_handle(submission.file);
    request->owes_packet =
        submission.by_routine || reports_by_packet(request, handle);
    request->early = is_its_turn(request) && can_be_early(request, handle);
    /* LockFileEx and others need an OVERLAPPED for any handle. */
    bool is_plain =
        handle != NULL && !handle->overlapped && request->kind != A_CALL;
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
    show(submission.buffer); /* the kernel must find it */
    return request;
}

/* Whether the callback may still run: it has not returned, and it is not
 * blocked. If no thread has taken the packet yet, some thread must be able to:
 * not if all of them wait for a lock, which the submitter may hold. */
static bool may_still_run(void *about)
{
    const struct request *request = about;
    const struct thread *taker = request->taker;
    const struct handle *file = find_handle(request->handle);
    if (request->over)
        return false;
    if (taker != NULL)
        return taker->wait.in == NULL || taker->wait.in == waits_for_callback;
    if (request->kind == A_POST)
        return can_be_taken(request->handle);
    return file == NULL || file->port == INVALID_HANDLE_VALUE ||
           can_be_taken(file->port);
}

static void wait_until_over(struct request *request, DWORD limit)
{
    begin_wait(waits_for_callback, request, limit);
    delay_while(may_still_run, request, limit);
    end_wait();
}

/* Whether the I/O completes later. A function other than ReadFile and WriteFile
 * that succeeds immediately may queue no packet: LockFileEx under Wine queues
 * none. */
static bool is_queued(const struct request *request, BOOL ok, DWORD error,
                      bool always_queued)
{
    const struct handle *file = find_handle(request->handle);
    bool skips = file != NULL && file->skips;
    if (error == ERROR_IO_PENDING || (ok && always_queued))
        return true;
    return request->kind != A_CALL && request->owes_packet && !skips &&
           (ok || error == ERROR_MORE_DATA);
}

void submit_end(struct request *request, BOOL ok, DWORD error,
                bool always_queued)
{
    lock_records();
    bool queued = is_queued(request, ok, error, always_queued);
    request->answered = true;
    if (!queued && request->state == IN_FLIGHT)
        take_from_flight(request);
    unlock_records();
    if (!ok && error == ERROR_INVALID_HANDLE)
        call_failed(request->handle, request_text(request));
    if (queued && request->early)
        wait_until_over(request, EARLY_MS);
    lock_records();
    unpin(request);
    unlock_records();
}

struct request *post_begin(HANDLE port, OVERLAPPED *overlapped)
{
    struct request *request =
        new_request(A_POST, "PostQueuedCompletionStatus", port, overlapped);
    request->late = posts == POSTS_LATE;
    put_in_flight(request);
    return request;
}

void post_end(struct request *request, BOOL ok)
{
    lock_records();
    request->answered = true;
    if (!ok && request->state == IN_FLIGHT)
        take_from_flight(request);
    unlock_records();
    if (ok && posts == POSTS_EARLY)
        wait_until_over(request, POST_MS);
    lock_records();
    unpin(request);
    unlock_records();
}
