#include "kernel.h"

#include "pipes.h"
#include "recorder.h"
#include "short_reads.h"
#include "timeline.h"
#include "verdict.h"

#include <stdio.h>
#include <string.h>

static struct object objects[MOST_OBJECTS];
static unsigned object_count;
static struct request requests[MOST_REQUESTS]; /* the last ones */
static unsigned request_count;                 /* all */

const struct request *copying;

void reset_kernel(void)
{
    memset(objects, 0, object_count * sizeof *objects);
    memset(requests, 0, sizeof requests);
    object_count = request_count = 0;
    copying = NULL;
}

/* ---- Objects ------------------------------------------------------------ */

/* Handles of the system are multiples of 4, too, and much smaller. */
enum { FIRST_HANDLE = 0x10000000 };

struct object *new_object(enum kind kind, HANDLE *handle)
{
    if (object_count == MOST_OBJECTS)
        refuse("more than %d handles", MOST_OBJECTS);
    unsigned number = 1;
    for (unsigned i = 0; i < object_count; i++)
        number += objects[i].kind == kind;
    struct object *object = &objects[object_count];
    *object = (struct object){.kind = kind, .number = number, .is_open = true};
    *handle = (HANDLE)(uintptr_t)(FIRST_HANDLE + 4 * object_count);
    object_count++;
    return object;
}

struct object *find_any_object(HANDLE handle)
{
    uintptr_t index = ((uintptr_t)handle - FIRST_HANDLE) / 4;
    if (index < object_count && objects[index].is_open)
        return &objects[index];
    SetLastError(ERROR_INVALID_HANDLE);
    return NULL;
}

struct object *find_object(HANDLE handle, enum kind kind)
{
    struct object *object = find_any_object(handle);
    if (object == NULL || object->kind == kind)
        return object;
    SetLastError(ERROR_INVALID_HANDLE);
    return NULL;
}

struct object *find_file(HANDLE handle)
{
    struct object *object = find_any_object(handle);
    bool is_pipe = object != NULL && object->kind == PIPE_OBJECT;
    return is_pipe ? object : find_object(handle, FILE_OBJECT);
}

const char *name_of_object(const struct object *object)
{
    static const char *const kinds[] = {"port", "event", "thread", "file",
                                        "pipe end"};
    static char names[4][24];
    static unsigned next;
    char *name = names[next++ % 4];
    snprintf(name, sizeof names[0], "%s %u", kinds[object->kind],
             object->number);
    return name;
}

const struct object *first_open_object(void)
{
    for (unsigned i = 0; i < object_count; i++)
        if (objects[i].is_open)
            return &objects[i];
    return NULL;
}

void push_packet(struct object *port, struct packet packet)
{
    if (port->last - port->first == MOST_PACKETS)
        refuse("more than %d packets in a port", MOST_PACKETS);
    port->packets[port->last++ % MOST_PACKETS] = packet;
}

/* ---- What is in flight -------------------------------------------------- */

static struct request *request_of(unsigned number)
{
    return &requests[(number - 1) % MOST_REQUESTS];
}

static unsigned kept_requests(void)
{
    return min(request_count, MOST_REQUESTS);
}

/* From the first one that is kept to the last: 0, 1, ... */
static struct request *kept_request(unsigned index)
{
    return request_of(request_count - kept_requests() + 1 + index);
}

static bool is_in_flight(const struct request *request)
{
    return request->is_active || request->has_packet;
}

static bool overlap(const void *a, size_t size, const void *b, size_t length)
{
    uintptr_t first = (uintptr_t)a, second = (uintptr_t)b;
    return first < second + length && second < first + size;
}

/* After the I/O has completed, its buffer may be used, but not yet its
 * OVERLAPPED. */
static bool uses(const struct request *request, const void *memory, size_t size)
{
    return overlap(memory, size, request->overlapped,
                   sizeof *request->overlapped) ||
           (request->is_active &&
            overlap(memory, size, request->buffer, request->length));
}

const struct request *find_in_flight(const void *memory, size_t size)
{
    for (unsigned later = 0; later < kept_requests(); later++) {
        const struct request *request = request_of(request_count - later);
        if (is_in_flight(request) && uses(request, memory, size))
            return request;
    }
    return NULL;
}

const struct request *find_request(const void *memory, size_t size)
{
    for (unsigned later = 0; later < kept_requests(); later++) {
        const struct request *request = request_of(request_count - later);
        if (overlap(memory, size, request->overlapped, sizeof(OVERLAPPED)))
            return request;
    }
    return NULL;
}

const struct request *find_active(const struct object *file)
{
    for (unsigned i = 0; i < kept_requests(); i++) {
        const struct request *request = kept_request(i);
        if (request->is_active && (file == NULL || request->file == file))
            return request;
    }
    return NULL;
}

static struct request *find_waiting(const struct object *end, bool connects)
{
    for (unsigned i = 0; i < kept_requests(); i++) {
        struct request *request = kept_request(i);
        if (request->is_active && !request->is_cancelled &&
            request->file == end && !request->writes &&
            request->connects == connects)
            return request;
    }
    return NULL;
}

struct request *find_waiting_read(const struct object *end)
{
    return find_waiting(end, false);
}

struct request *find_waiting_connect(const struct object *end)
{
    return find_waiting(end, true);
}

/* ---- How an I/O starts -------------------------------------------------- */

static void check_free(const OVERLAPPED *overlapped)
{
    const struct request *other =
        find_in_flight(overlapped, sizeof *overlapped);
    if (other == NULL)
        return;
    explain("request %u, started at %s, uses it", other->number,
            place_text(other->place));
    explain("the new request is started at %s (%s)", place_text(current->place),
            name_of(current));
    mistake("an OVERLAPPED is reused while in flight");
}

static HANDLE event_of(const OVERLAPPED *overlapped)
{
    return (HANDLE)((uintptr_t)overlapped->hEvent & ~(uintptr_t)1);
}

/* A read gets what the file has there, and at the end of the file nothing. A
 * pipe decides when data comes. */
static void plan_transfer(struct request *request)
{
    const struct disk_file *disk = request->file->disk;
    if (disk == NULL)
        return;
    size_t there = bytes_on_disk(disk, request->offset, request->length);
    bool is_at_end = !request->writes && there == 0 && request->length > 0;
    request->status = is_at_end ? STATUS_OF_END : STATUS_OF_SUCCESS;
    request->bytes =
        request->writes ? request->length : min(request->most, (DWORD)there);
}

/* The I/O resets its event when it starts. */
static void prepare_event(const OVERLAPPED *overlapped)
{
    if (event_of(overlapped) == NULL)
        return;
    struct object *event = find_object(event_of(overlapped), EVENT);
    if (event != NULL)
        event->is_set = false;
    else
        mistake("an OVERLAPPED field is wrong: hEvent is not an open handle");
}

struct request *start_request(struct object *file, OVERLAPPED *overlapped,
                              // NOLINTNEXTLINE(readability-non-const-parameter)
                              char *buffer, DWORD length, bool writes)
{
    struct request *request = request_of(request_count + 1);
    if (is_in_flight(request))
        refuse("more than %d requests in flight", MOST_REQUESTS);
    check_free(overlapped);
    request_count++;
    *request = (struct request){
        .number = request_count,
        .is_active = true,
        .writes = writes,
        .place = current->place,
        .thread = current,
        .file = file,
        .overlapped = overlapped,
        .buffer = buffer,
        .offset = (uint64_t)overlapped->OffsetHigh << 32 | overlapped->Offset,
        .length = length,
        .most = length};
    plan_transfer(request);
    overlapped->Internal = (ULONG_PTR)STATUS_OF_PENDING;
    overlapped->InternalHigh = 0;
    prepare_event(overlapped);
    return request;
}

void forget_request(struct request *request)
{
    request->is_active = false;
}

void shorten(struct request *request)
{
    request->most = (request->bytes + 1) / 2;
}

/* ---- How it completes --------------------------------------------------- */

static void write_data(const struct request *request)
{
    struct disk_file *disk = request->file->disk;
    uint64_t offset = request->offset == APPEND ? disk->size : request->offset;
    write_to_disk(disk, offset, request->buffer, request->bytes);
}

static void copy_data(const struct request *request)
{
    struct object *file = request->file;
    if (request->bytes == 0)
        return;
    if (file->end != NULL && !request->writes)
        take_from_pipe(file->end, request->buffer, request->bytes);
    if (file->disk != NULL && request->writes)
        write_data(request);
    if (file->disk != NULL && !request->writes)
        memcpy(request->buffer, file->disk->data + request->offset,
               request->bytes);
}

/* The kernel writes to the program's memory here. If the program has freed it,
 * this crashes, and verdict.c explains why. */
static void transfer(struct request *request)
{
    copying = request;
    copy_data(request);
    request->overlapped->InternalHigh = request->bytes;
    request->overlapped->Internal = (ULONG)request->status;
    copying = NULL;
}

static void announce(struct request *request, bool queues_packet)
{
    struct object *port = request->file->port;
    HANDLE handle = event_of(request->overlapped);
    bool forbids = (uintptr_t)request->overlapped->hEvent & 1;
    struct object *event = handle != NULL ? find_object(handle, EVENT) : NULL;
    if (event != NULL)
        event->is_set = true;
    if (port == NULL || forbids || !queues_packet)
        return;
    request->has_packet = true;
    push_packet(port, (struct packet){.key = request->file->key,
                                      .overlapped = request->overlapped,
                                      .bytes = request->bytes,
                                      .status = request->status,
                                      .request = request->number});
}

static const char *text_of(const struct request *request)
{
    switch (request->status) {
    case STATUS_OF_CANCEL:
        return ": cancelled";
    case STATUS_OF_END:
        return ": end of the file";
    case STATUS_OF_BREAK:
        return ": the pipe is broken";
    case STATUS_OF_DISCONNECT:
        return ": the pipe is disconnected";
    default:
        return request->most < request->length ? ": a short read" : "";
    }
}

static void finish(struct request *request, bool queues_packet)
{
    plan_transfer(request);
    if (request->is_cancelled) {
        request->status = STATUS_OF_CANCEL;
        request->bytes = 0;
    }
    tell_of("kernel completes request %u%s", request->number, text_of(request));
    transfer(request);
    request->is_active = false;
    note_completion(request);
    if (recorder != NULL)
        recorder->completes(request->overlapped, request->bytes,
                            request->status);
    announce(request, queues_packet);
}

/* Data or the close of the other end completes the I/O on a pipe, so the kernel
 * has no choice there. */
static bool can_complete(const struct request *request)
{
    bool ends = request->file->disk != NULL && !shared->settings.endless;
    return request->is_active && (ends || request->is_cancelled);
}

void add_completions(struct options *options, unsigned cost)
{
    for (unsigned i = 0; i < kept_requests(); i++)
        if (can_complete(kept_request(i)))
            add_option(options, KERNEL, kept_request(i)->number, cost);
}

void complete(unsigned number)
{
    finish(request_of(number), true);
}

void complete_inside(struct request *request)
{
    finish(request, !request->file->skips);
}

/* The kernel may be late: then the I/O completes as if it were not cancelled.
 * On a pipe it is never late: a read there has completed when data came. */
static bool is_late(const struct request *request)
{
    return shared->settings.surprises && !shared->settings.endless &&
           request->file->disk != NULL && !request->is_cancelled &&
           decide_result(2) == 1;
}

bool cancel_requests(const struct object *file, const OVERLAPPED *overlapped,
                     const struct thread *thread)
{
    bool found = false;
    for (unsigned i = 0; i < kept_requests(); i++) {
        struct request *request = kept_request(i);
        if (!request->is_active || request->file != file ||
            (overlapped != NULL && request->overlapped != overlapped) ||
            (thread != NULL && request->thread != thread))
            continue;
        found = true;
        request->is_cancelled |= !is_late(request);
    }
    return found;
}

void packet_taken(const struct packet *packet)
{
    if (packet->request > 0)
        request_of(packet->request)->has_packet = false;
}

/* ---- The stack ---------------------------------------------------------- */

void check_stack(const void *frame)
{
    ULONG_PTR low, high;
    GetCurrentThreadStackLimits(&low, &high);
    for (unsigned i = 0; i < kept_requests(); i++) {
        const struct request *request = &requests[i];
        uintptr_t at = (uintptr_t)request->overlapped;
        if (!request->is_active || at < low || at >= (uintptr_t)frame)
            continue;
        explain("request %u was started at %s", request->number,
                place_text(request->place));
        explain("%s is at %s now", name_of(current),
                place_text(current->place));
        mistake("an OVERLAPPED in flight is on the stack of a function that "
                "has returned");
    }
}
