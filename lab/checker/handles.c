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

/* Values are used again. */
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

/* A file that was not seen when it was opened is taken for an overlapped one.
 */
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

void bind_failed(HANDLE value, DWORD error)
{
    const char *at = place_text(here());
    lock_records();
    const struct handle *handle = find_any(value);
    if (value == INVALID_HANDLE_VALUE && open_error != 0)
        hint("INVALID_HANDLE_VALUE is bound, and refused (error %lu)\n"
             "this bind %s\nCreateFile failed with error %lu %s\n"
             "rule: CreateFile's failure is INVALID_HANDLE_VALUE, not NULL",
             error, at, open_error, place_text(failed_open));
    else if (handle == NULL)
        ;
    else if (handle->closed)
        hint("a closed handle is bound, and refused (error %lu)\n"
             "this bind %s; closed %s",
             error, at, place_text(handle->closed_at));
    else if (!handle->overlapped)
        hint("a handle not opened overlapped is bound, and refused (error "
             "%lu)\nthis bind %s; opened %s\n"
             "rule: open it with FILE_FLAG_OVERLAPPED",
             error, at, place_text(handle->made));
    else if (handle->port != NULL)
        hint("a handle is bound twice, and refused (error %lu)\n"
             "this bind %s; bound already %s\n"
             "rule: a handle is bound once, for good",
             error, at, place_text(handle->bound));
    unlock_records();
}

void handle_skips(HANDLE value)
{
    lock_records();
    find_or_add(value)->skips = true;
    unlock_records();
}

static void closing_port(HANDLE port)
{
    struct place place;
    unsigned count = count_waiters(port, &place);
    if (count > 0)
        mistake("a port is closed while %u thread%s at it\nclosed %s\n"
                "one waits %s\nrule: end the threads with a sentinel each, "
                "wait for them, and only then close the port",
                count, count == 1 ? " waits" : "s wait", place_text(here()),
                place_text(place));
}

void check_port(HANDLE port)
{
    lock_records();
    const struct handle *handle = find_any(port);
    if (handle != NULL && handle->closed && handle->kind == A_PORT)
        mistake("a port is closed while a thread still takes packets from it\n"
                "closed %s\nthe thread asks %s\n"
                "rule: end the threads with a sentinel each, wait for them, "
                "and only then close the port",
                place_text(handle->closed_at), place_text(here()));
    unlock_records();
}

bool handle_closing(HANDLE value)
{
    lock_records();
    struct handle *handle = find_handle(value);
    if (value == INVALID_HANDLE_VALUE)
        mistake("INVALID_HANDLE_VALUE is closed\nby this CloseHandle %s\n"
                "rule: CreateFile's failure is INVALID_HANDLE_VALUE, not NULL; "
                "closing that closes nothing",
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
        hint("a handle is closed twice, and refused (error %lu)\n"
             "this CloseHandle %s; closed before %s",
             error, place_text(here()), place_text(handle->closed_at));
    unlock_records();
}

void judge_handles(void)
{
    lock_records();
    for (const struct handle *at = handles; at != NULL; at = at->next)
        if (!at->closed && !at->unseen)
            mistake("a %s's handle is never closed\nmade %s\n"
                    "rule: who opens closes, on every path",
                    kinds[at->kind], place_text(at->made));
    unlock_records();
}
