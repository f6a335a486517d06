#include "kernel.h"

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

const char *name_of_object(const struct object *object)
{
    static const char *const kinds[] = {"port", "event", "thread", "file"};
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
            overlap(memory, size, request->buffer, request->bytes));
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
    for (unsigned i = 0; i < kept_requests(); i++)
        if (requests[i].is_active && (file == NULL || requests[i].file == file))
            return &requests[i];
    return NULL;
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

/* A read at the end of the file transfers nothing. A write makes the file
 * longer, when it completes. */
static void plan_transfer(struct request *request, DWORD length)
{
    uint64_t size = request->file->disk->size;
    uint64_t left = request->offset < size ? size - request->offset : 0;
    request->bytes = length;
    if (!request->writes && left < length)
        request->bytes = (DWORD)left;
    if (!request->writes && left == 0 && length > 0)
        request->status = STATUS_OF_END;
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
        .file = file,
        .overlapped = overlapped,
        .buffer = buffer,
        .offset = (uint64_t)overlapped->OffsetHigh << 32 | overlapped->Offset};
    plan_transfer(request, length);
    overlapped->Internal = (ULONG_PTR)STATUS_OF_PENDING;
    overlapped->InternalHigh = 0;
    if (event_of(overlapped) != NULL) {
        struct object *event = find_object(event_of(overlapped), EVENT);
        if (event != NULL)
            event->is_set = false;
        else
            mistake("an OVERLAPPED field is wrong: hEvent is not an open "
                    "handle");
    }
    return request;
}

void forget_request(struct request *request)
{
    request->is_active = false;
}

/* ---- How it completes --------------------------------------------------- */

/* The kernel writes to the program's memory here. If the program has freed it,
 * this crashes, and verdict.c explains why. */
static void transfer(struct request *request)
{
    OVERLAPPED *overlapped = request->overlapped;
    copying = request;
    if (request->writes && request->bytes > 0)
        write_to_disk(request->file->disk, request->offset, request->buffer,
                      request->bytes);
    else if (request->bytes > 0)
        memcpy(request->buffer, request->file->disk->data + request->offset,
               request->bytes);
    overlapped->InternalHigh = request->bytes;
    overlapped->Internal = (ULONG_PTR)request->status;
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

static void finish(struct request *request, bool queues_packet)
{
    if (request->is_cancelled) {
        request->status = STATUS_OF_CANCEL;
        request->bytes = 0;
    }
    tell_of("kernel completes request %u%s", request->number,
            request->is_cancelled              ? ": cancelled"
            : request->status == STATUS_OF_END ? ": end of the file"
                                               : "");
    transfer(request);
    request->is_active = false;
    announce(request, queues_packet);
}

void add_completions(struct options *options, unsigned cost)
{
    for (unsigned i = 0; i < kept_requests(); i++)
        if (requests[i].is_active &&
            (!shared->settings.endless || requests[i].is_cancelled))
            add_option(options, KERNEL, requests[i].number, cost);
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
 */
bool cancel_requests(const struct object *file, const OVERLAPPED *overlapped)
{
    bool found = false;
    for (unsigned i = 0; i < kept_requests(); i++) {
        struct request *request = &requests[i];
        if (!request->is_active || request->file != file ||
            (overlapped != NULL && request->overlapped != overlapped))
            continue;
        found = true;
        bool is_late = shared->settings.surprises && !request->is_cancelled &&
                       !shared->settings.endless && decide_result(2) == 1;
        request->is_cancelled |= !is_late;
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
