#include "handles.h"

#include "below.h"
#include "delays.h"
#include "system.h"
#include "threads.h"

#include <stdlib.h>
#include <string.h>

static struct handle *handles; /* newest first */

static const struct {
    const char *name, *type; /* the system's name for its type */
} kinds[] = {
    [A_FILE] = {"file", "File"},         [A_PIPE] = {"pipe", "File"},
    [A_PORT] = {"port", "IoCompletion"}, [AN_EVENT] = {"event", "Event"},
    [A_THREAD] = {"thread", "Thread"},
};

static bool is_file(const struct handle *handle)
{
    return handle->kind == A_FILE || handle->kind == A_PIPE;
}

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

static void drop(const struct handle *handle)
{
    struct handle **at = &handles;
    while (*at != handle)
        at = &(*at)->next;
    *at = handle->next;
    free((void *)handle);
}

/* Whether the system says the same as the record of an open handle. */
static bool is_right(const struct handle *handle)
{
    char type[TYPE_NAME];
    bool overlapped;
    if (is_file(handle) && ask_overlapped(handle->value, &overlapped))
        return handle->unseen || overlapped == handle->overlapped;
    if (!ask_type(handle->value, type))
        return false;
    return handle->unseen || type[0] == '\0' ||
           strcmp(type, kinds[handle->kind].type) == 0;
}

struct handle *find_right_handle(HANDLE value)
{
    struct handle *handle = find_handle(value);
    if (handle == NULL || is_right(handle))
        return handle;
    drop(handle);
    return NULL;
}

bool is_signalled(const struct handle *handle)
{
    switch (handle->kind) {
    case AN_EVENT:
        return ask_event(handle->value, NULL) == SET;
    case A_THREAD:
        return below.WaitForSingleObject(handle->value, 0) == WAIT_OBJECT_0;
    case A_PORT:
        return ask_packets(handle->value) > 0;
    default:
        return false;
    }
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

void handle_made(HANDLE value, enum handle_kind kind, bool overlapped,
                 const SECURITY_ATTRIBUTES *security)
{
    struct place made = here();
    InterlockedIncrement64(&seen_handles);
    lock_records();
    struct handle *handle = renew(value);
    handle->kind = kind;
    handle->overlapped = overlapped;
    handle->shared = security != NULL && security->bInheritHandle;
    handle->made = made;
    unlock_records();
}

void handle_duplicated(HANDLE value, HANDLE copy)
{
    struct place made = here();
    lock_records();
    struct handle *handle = find_right_handle(value);
    struct handle *stale = copy != NULL ? find_any(copy) : NULL;
    if (handle != NULL)
        handle->shared = true;
    if (handle != NULL && copy != NULL) {
        InterlockedIncrement64(&seen_handles);
        struct handle original = *handle, *duplicate = renew(copy);
        original.next = duplicate->next;
        original.value = copy;
        original.made = made;
        *duplicate = original;
    } else if (stale != NULL) {
        drop(stale);
    }
    unlock_records();
}

void handle_given_away(HANDLE value)
{
    lock_records();
    const struct handle *handle = find_any(value);
    if (handle != NULL)
        drop(handle);
    unlock_records();
}

/* If the checker did not see how a file was opened, it takes the file for an
 * overlapped one. */
static struct handle *find_or_add(HANDLE value)
{
    struct handle *handle = find_right_handle(value);
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
    char type[TYPE_NAME];
    const char *at = place_text(here());
    if (handle->closed && ask_type(handle->value, type))
        return; /* it is another handle by now */
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
    else if (handle != NULL && (handle->closed || is_right(handle)))
        hint_bind(handle, error);
    unlock_records();
}

void call_failed(HANDLE value, const char *request)
{
    lock_records();
    const struct handle *handle = find_any(value);
    if (handle != NULL && handle->closed)
        hint("a closed handle is used: the call fails with error 6\n"
             "%s, submitted %s\nthe handle was closed %s\n"
             "rule: close a handle when nothing uses it any more",
             request, place_text(here()), place_text(handle->closed_at));
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
    char type[TYPE_NAME];
    if (handle != NULL && handle->closed && handle->kind == A_PORT &&
        !ask_type(port, type))
        mistake("a port is closed while a thread still takes packets from it\n"
                "closed %s\nthe thread asks for a packet %s\n" CLOSE_PORT_LAST,
                place_text(handle->closed_at), place_text(here()));
    unlock_records();
}

/* Whether this is a port where no thread waits yet, but one soon may. On a busy
 * machine a worker may come back to its port after the program has closed it.
 */
static bool may_get_waiter(void *value)
{
    const struct handle *handle = find_right_handle(value);
    return handle != NULL && handle->kind == A_PORT && !has_waiter(value) &&
           (threads_to_begin > 0 || has_taker(value));
}

bool handle_closing(HANDLE value)
{
    enum { CLOSE_MS = 250 };
    delay_while(may_get_waiter, value, CLOSE_MS);
    lock_records();
    struct handle *handle = find_right_handle(value);
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
        if (!at->closed && !at->unseen && is_right(at))
            mistake("%s %s's handle is never closed\ncreated %s\n"
                    "rule: a program closes each handle that it creates, on "
                    "every path",
                    at->kind == AN_EVENT ? "an" : "a", kinds[at->kind].name,
                    place_text(at->made));
    unlock_records();
}
