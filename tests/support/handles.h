/*
 * Counts the program's open handles, to find a call that leaves a handle open.
 */
#ifndef HANDLES_H
#define HANDLES_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>
#include <winternl.h>

/* Wine 10 makes a handle for each thread that waits for a packet, and closes it
 * when the thread ends. Its type has no name; on Windows every type has one. */
static inline bool is_wines_own(HANDLE handle)
{
    union {
        UNICODE_STRING name; /* the first part of the result */
        char bytes[1024];
    } type = {.bytes = ""};
    return NtQueryObject(handle, ObjectTypeInformation, &type, sizeof type,
                         NULL) == 0 &&
           type.name.Length == 0;
}

/* Handles are small numbers, and each is a multiple of 4. */
static inline unsigned open_handles(void)
{
    unsigned open = 0;
    DWORD flags;
    for (uintptr_t value = 4; value < 8192; value += 4)
        if (GetHandleInformation((HANDLE)value, &flags))
            open += is_wines_own((HANDLE)value) ? 0 : 1;
    return open;
}

#endif
