#include "handles.h"

#include "below.h"
#include "threads.h"

#include <stdlib.h>

static struct handle *handles; /* newest first */

static const char *const kinds[] = {"file", "port", "event", "thread"};

static struct handle *find_any(HANDLE value)
{
    struct handle *handle = handles;
    while (handle != NULL && handle->value != value)
        handle = handle->next;
    return handle;
}

struct handle *find_handle(HANDLE value)
{
    struct handle *handle = find_any(value);
    return handle != NULL && !handle->closed ? handle : NULL;
}

/* The record of a new handle. The system may give it the value of a closed
 * handle. */
static struct handle *renew(HANDLE value)
{
    struct handle *handle = find_any(value);
    if (handle == NULL) {
        handle = calloc(1, sizeof *handle);
        if (handle == NULL)
            abort();
        handle->next = handles;
        handles = handle;
    }
    *handle = (struct handle){.next = handle->next, .value = value};
    return handle;
}

void handle_made(HANDLE value, enum handle_kind kind, bool overlapped)
{
    struct place made = here();
    lock_records();
    struct handle *handle = renew(value);
    handle->kind = kind;
    handle->overlapped = overlapped;
    handle->made = made;
    unlock_records();
}

/* If the checker did not see how a file was opened, it takes the file for an
 * overlapped one. */
static struct handle *find_or_add(HANDLE value)
{
    struct handle *handle = find_handle(value);
    if (handle == NULL) {
        handle = renew(value);
        handle->unseen = handle->overlapped = true;
    }
    return handle;
}

void handle_bound(HANDLE value, HANDLE port,
                  LPOVERLAPPED_COMPLETION_ROUTINE callback)
{
    struct place bound = here();
    lock_records();
    struct handle *handle = find_or_add(value);
    handle->port = port;
    handle->callback = callback;
    handle->bound = bound;
    unlock_records();
}

static DWORD open_error;
static struct place failed_open;

void open_failed(DWORD error)
{
    open_error = error;
    failed_open = here();
}

static void hint_bind(const struct handle *handle, DWORD error)
{
    const char *at = place_text(here());
    if (handle->closed)
        hint("the bind of a closed handle fails with error %lu\n"
             "the bind is %s\nthe handle was closed %s",
             error, at, place_text(handle->closed_at));
    else if (!handle->overlapped)
        hint("the bind of a handle without FILE_FLAG_OVERLAPPED fails with "
             "error %lu\nthe bind is %s\nthe file was opened %s\n"
             "rule: open the file with FILE_FLAG_OVERLAPPED",
             error, at, place_text(handle->made));
    else if (handle->port != NULL)
        hint("the second bind of a handle fails with error %lu\n"
             "the second bind is %s\nthe first bind is %s\n"
             "rule: a handle is bound once, and stays bound until it is "
             "closed",
             error, at, place_text(handle->bound));
}

void bind_failed(HANDLE value, DWORD error)
{
    lock_records();
    const struct handle *handle = find_any(value);
    if (value == INVALID_HANDLE_VALUE && open_error != 0)
        hint("the bind of INVALID_HANDLE_VALUE fails with error %lu\n"
             "the bind is %s\nCreateFile had failed with error %lu %s\n"
             "rule: CreateFile reports a failure by INVALID_HANDLE_VALUE, not "
             "by NULL",
             error, place_text(here()), open_error, place_text(failed_open));
    else if (handle != NULL)
        hint_bind(handle, error);
    unlock_records();
}

void handle_skips(HANDLE value)
{
    lock_records();
    find_or_add(value)->skips = true;
    unlock_records();
}

#define CLOSE_PORT_LAST                                                        \
    "rule: post a sentinel for each thread, wait until the threads have "      \
    "exited, and then close the port"

static void closing_port(HANDLE port)
{
    struct place place;
    unsigned count = count_waiters(port, &place);
    if (count > 0)
        mistake("a port is closed while %u thread%s for its packets\n"
                "closed %s\none thread waits %s\n" CLOSE_PORT_LAST,
                count, count == 1 ? " waits" : "s wait", place_text(here()),
                place_text(place));
}

void check_port(HANDLE port)
{
    lock_records();
    const struct handle *handle = find_any(port);
    if (handle != NULL && handle->closed && handle->kind == A_PORT)
        mistake("a port is closed while a thread still takes packets from it\n"
                "closed %s\nthe thread asks for a packet %s\n" CLOSE_PORT_LAST,
                place_text(handle->closed_at), place_text(here()));
    unlock_records();
}

bool handle_closing(HANDLE value)
{
    lock_records();
    struct handle *handle = find_handle(value);
    if (value == INVALID_HANDLE_VALUE)
        mistake("INVALID_HANDLE_VALUE is closed\nclosed %s\n"
                "rule: CreateFile reports a failure by INVALID_HANDLE_VALUE, "
                "not by NULL; then there is no handle to close",
                place_text(here()));
    if (handle != NULL && handle->kind == A_PORT)
        closing_port(value);
    if (handle != NULL) {
        handle->closed = true;
        handle->closed_at = here();
    }
    unlock_records();
    return handle != NULL;
}

void close_failed(HANDLE value, DWORD error, bool was_open)
{
    lock_records();
    struct handle *handle = find_any(value);
    if (handle != NULL && was_open)
        handle->closed = false;
    else if (handle != NULL)
        hint("the second CloseHandle of a handle fails with error %lu\n"
             "the second CloseHandle is %s\nthe first CloseHandle is %s",
             error, place_text(here()), place_text(handle->closed_at));
    unlock_records();
}

void judge_handles(void)
{
    lock_records();
    for (const struct handle *at = handles; at != NULL; at = at->next)
        if (!at->closed && !at->unseen)
            mistake("a %s's handle is never closed\ncreated %s\n"
                    "rule: a program closes each handle that it creates, on "
                    "every path",
                    kinds[at->kind], place_text(at->made));
    unlock_records();
}
