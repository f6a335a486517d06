/*
 * Asynchronous calls on a file are held back until a probe lets go of them, in
 * the order it likes. It puts my_read, my_write and my_cancel into its layer,
 * and sets `asynchronous` if that is what its stream is.
 */
#ifndef STREAM_HELD_H
#define STREAM_HELD_H

#include "stream_probe.h"

#include <string.h>

static bool asynchronous;
static struct pool pool;

/* ---- Held back --------------------------------------------------------- */

/* On an asynchronous stream the call is "pending", and handed on when it is let
 * go. On a synchronous one a worker waits until then. */
struct held {
    bool writes;
    HANDLE file;
    void *buffer;
    DWORD length;
    OVERLAPPED *overlapped;
    bool gone; /* let go of, or cancelled */
};

static SRWLOCK held_lock = SRWLOCK_INIT;
static CONDITION_VARIABLE held_changed = CONDITION_VARIABLE_INIT;
static struct held held[32];
static unsigned held_count;
static bool holding;
static DWORD most = MAXDWORD; /* bytes in one call of the system */

static BOOL call_system(const struct held *call, DWORD *bytes)
{
    return call->writes ? next.write(call->file, call->buffer, call->length,
                                     bytes, call->overlapped)
                        : next.read(call->file, call->buffer, call->length,
                                    bytes, call->overlapped);
}

static BOOL hold(struct held call, DWORD *bytes)
{
    if (call.overlapped == NULL) /* stdout */
        return call_system(&call, bytes);
    if (call.length > most)
        call.length = most;
    next.acquire(&held_lock);
    bool is_held = holding && call.overlapped->hEvent == NULL &&
                   (asynchronous || strcmp(acting_thread(), "worker") == 0);
    struct held *place = &held[held_count];
    if (is_held) {
        check(held_count < 32, "hold back", L"call");
        *place = call;
        held_count++;
        WakeAllConditionVariable(&held_changed);
        while (!asynchronous && !place->gone)
            check(next.sleep(&held_changed, &held_lock, INFINITE, 0),
                  "wait for", L"call");
    }
    next.release(&held_lock);
    return is_held && asynchronous ? fail(ERROR_IO_PENDING)
                                   : call_system(&call, bytes);
}

static BOOL WINAPI my_read(HANDLE file, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    return hold((struct held){false, file, buffer, length, overlapped, false},
                bytes);
}

static BOOL WINAPI my_write(HANDLE file, const void *buffer, DWORD length,
                            DWORD *bytes, OVERLAPPED *overlapped)
{
    return hold(
        (struct held){true, file, (void *)buffer, length, overlapped, false},
        bytes);
}

/* What the system does not have yet ends here. */
static BOOL WINAPI my_cancel(HANDLE file, OVERLAPPED *overlapped)
{
    OVERLAPPED *found = NULL;
    next.acquire(&held_lock);
    for (unsigned i = 0; i < held_count && asynchronous; i++)
        if (held[i].overlapped == overlapped && !held[i].gone) {
            held[i].gone = true;
            found = overlapped;
        }
    next.release(&held_lock);
    if (found == NULL)
        return next.cancel(file, overlapped);
    post_packet(pool.port, found, ERROR_OPERATION_ABORTED, 0);
    return TRUE;
}

/* Until so many have been held back, those that were let go included. */
static void wait_until_held(unsigned count)
{
    next.acquire(&held_lock);
    while (held_count < count)
        check(next.sleep(&held_changed, &held_lock, INFINITE, 0), "wait for",
              L"call");
    next.release(&held_lock);
}

/* Of the one that was held back as index-th; 0 is the first. */
static void let_go(unsigned index)
{
    wait_until_held(index + 1);
    next.acquire(&held_lock);
    struct held call = held[index];
    held[index].gone = true;
    WakeAllConditionVariable(&held_changed);
    next.release(&held_lock);
    if (!asynchronous || call.gone)
        return;
    DWORD error = call_system(&call, NULL) ? ERROR_SUCCESS : GetLastError();
    if (error != ERROR_IO_PENDING)
        post_packet(pool.port, call.overlapped, error,
                    (DWORD)call.overlapped->InternalHigh);
}

#endif
