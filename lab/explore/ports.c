/* Completion ports. Packets come out in the order in which they were queued.
 * Any of the waiting threads can take the next one: Windows prefers the one
 * that waits last, but does not promise it for this purpose. */
#include "kernel.h"
#include "model.h"
#include "timeline.h"

/* ---- Create and bind ---------------------------------------------------- */

static HANDLE bind_file(HANDLE file_handle, HANDLE port_handle, ULONG_PTR key)
{
    struct object *file = find_file(file_handle);
    struct object *port = find_object(port_handle, PORT);
    if (file == NULL || port == NULL)
        return NULL;
    if (file->port != NULL || file->is_synchronous) {
        SetLastError(ERROR_INVALID_PARAMETER);
        return NULL;
    }
    file->port = port;
    file->key = key;
    tell("binds %s to %s", name_of_object(file), name_of_object(port));
    return port_handle;
}

HANDLE WINAPI model_CreateIoCompletionPort(HANDLE file, HANDLE port,
                                           ULONG_PTR key, DWORD concurrency)
{
    (void)concurrency;
    enter("CreateIoCompletionPort");
    HANDLE made = port;
    if (port == NULL)
        tell("creates %s", name_of_object(new_object(PORT, &made)));
    return file != INVALID_HANDLE_VALUE ? bind_file(file, made, key) : made;
}

#define INVALID_HANDLE_STATUS ((NTSTATUS)0xC0000008)

/* ---- Post --------------------------------------------------------------- */

static bool post(HANDLE handle, struct packet packet)
{
    switch_point();
    struct object *port = find_object(handle, PORT);
    if (port == NULL)
        return false;
    push_packet(port, packet);
    tell("posts a packet with key %llu to %s", (unsigned long long)packet.key,
         name_of_object(port));
    switch_point();
    return true;
}

BOOL WINAPI model_PostQueuedCompletionStatus(HANDLE port, DWORD bytes,
                                             ULONG_PTR key,
                                             OVERLAPPED *overlapped)
{
    enter("PostQueuedCompletionStatus");
    return post(
        port,
        (struct packet){.key = key, .overlapped = overlapped, .bytes = bytes});
}

NTSTATUS NTAPI model_NtSetIoCompletion(HANDLE port, ULONG_PTR key,
                                       ULONG_PTR overlapped, NTSTATUS status,
                                       ULONG_PTR bytes)
{
    enter("NtSetIoCompletion");
    bool posted = post(port, (struct packet){.key = key,
                                             .overlapped = (void *)overlapped,
                                             .bytes = (DWORD)bytes,
                                             .status = status});
    return posted ? STATUS_OF_SUCCESS : INVALID_HANDLE_STATUS;
}

/* The only class is 0: how many packets wait in the port. */
LONG NTAPI model_NtQueryIoCompletion(HANDLE handle, int class,
                                     void *information, ULONG length,
                                     ULONG *returned)
{
    (void)class, (void)length;
    enter("NtQueryIoCompletion");
    const struct object *port = find_object(handle, PORT);
    if (port == NULL)
        return INVALID_HANDLE_STATUS;
    *(LONG *)information = (LONG)(port->last - port->first);
    if (returned != NULL)
        *returned = sizeof(LONG);
    return STATUS_OF_SUCCESS;
}

/* ---- Take --------------------------------------------------------------- */

/* The close of the port ends each wait. */
static bool has_packet(const struct thread *thread)
{
    const struct object *port = thread->awaited;
    return port->first != port->last || !port->is_open;
}

static struct packet pop_packet(struct object *port)
{
    struct packet packet = port->packets[port->first++ % MOST_PACKETS];
    packet_taken(&packet);
    if (packet.request > 0)
        tell("takes the packet of request %u", packet.request);
    else
        tell("takes a packet with key %llu", (unsigned long long)packet.key);
    return packet;
}

static bool await_packet(struct object *port, DWORD timeout)
{
    bool came = wait_until(has_packet, port, timeout);
    if (came && port->is_open)
        return true;
    SetLastError(port->is_open ? WAIT_TIMEOUT : ERROR_ABANDONED_WAIT_0);
    return false;
}

BOOL WINAPI model_GetQueuedCompletionStatus(HANDLE handle, DWORD *bytes,
                                            ULONG_PTR *key,
                                            OVERLAPPED **overlapped,
                                            DWORD timeout)
{
    enter("GetQueuedCompletionStatus");
    *overlapped = NULL;
    struct object *port = find_object(handle, PORT);
    if (port == NULL)
        return FALSE;
    if (!await_packet(port, timeout))
        return FALSE;
    struct packet packet = pop_packet(port);
    switch_point();
    *bytes = packet.bytes;
    *key = packet.key;
    *overlapped = packet.overlapped;
    if (packet.status >= 0)
        return TRUE;
    SetLastError(RtlNtStatusToDosError(packet.status));
    return FALSE;
}

/* On a timeout, *removed means nothing. It is 1 then, as in Wine 8. No routine
 * can end the wait: QueueUserAPC is refused. */
BOOL WINAPI model_GetQueuedCompletionStatusEx(HANDLE handle,
                                              OVERLAPPED_ENTRY *entries,
                                              ULONG count, ULONG *removed,
                                              DWORD timeout, BOOL alertable)
{
    (void)alertable;
    enter("GetQueuedCompletionStatusEx");
    struct object *port = find_object(handle, PORT);
    if (port == NULL)
        return FALSE;
    *removed = 1;
    if (!await_packet(port, timeout))
        return FALSE;
    for (*removed = 0; *removed < count && port->first != port->last;
         ++*removed) {
        struct packet packet = pop_packet(port);
        entries[*removed] =
            (OVERLAPPED_ENTRY){.lpCompletionKey = packet.key,
                               .lpOverlapped = packet.overlapped,
                               .Internal = (ULONG)packet.status,
                               .dwNumberOfBytesTransferred = packet.bytes};
    }
    switch_point();
    return TRUE;
}
