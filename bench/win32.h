/* The calls of Win32 that several contenders have in common. In C#:
 * bench/dotnet/contenders/Win32.cs. */
#ifndef WIN32_H
#define WIN32_H

#include "measure.h"

#include <windows.h>

/* Opens a file or a pipe for reading. Flags: FILE_FLAG_OVERLAPPED and others,
 * or 0. The caller closes the handle. */
static inline HANDLE open_for_reading(const char *path, DWORD flags)
{
    HANDLE handle = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ, NULL,
                                OPEN_EXISTING, flags, NULL);
    must(handle != INVALID_HANDLE_VALUE, "open");
    return handle;
}

/* Starts a read on an overlapped handle. The buffer and the OVERLAPPED belong
 * to the kernel until the read completes. */
static inline void start_read(HANDLE file, void *buffer, size_t bytes,
                              OVERLAPPED *overlapped)
{
    must(ReadFile(file, buffer, (DWORD)bytes, NULL, overlapped) ||
             GetLastError() == ERROR_IO_PENDING,
         "read");
}

/* Waits for a packet. Returns its OVERLAPPED, or NULL for a packet that was
 * posted without one. */
static inline OVERLAPPED *take_packet(HANDLE port, DWORD *bytes)
{
    ULONG_PTR key;
    OVERLAPPED *overlapped;
    must(GetQueuedCompletionStatus(port, bytes, &key, &overlapped, INFINITE),
         "take a packet");
    return overlapped;
}

/* Creates an event that stays set until it is reset. */
static inline HANDLE create_event(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);
    must(event != NULL, "create an event");
    return event;
}

/* Converts a path to UTF-16. */
static inline void widen(const char *path, wchar_t wide[MAX_PATH])
{
    must(MultiByteToWideChar(CP_ACP, 0, path, -1, wide, MAX_PATH) > 0,
         "convert the path to UTF-16");
}

/* Sets up the environment of a CreateThreadpoolIo. The environment chooses the
 * pool that runs the callbacks. If threads is 0, this is the pool of the
 * process, and the function returns NULL. Otherwise it creates a pool with so
 * many threads and returns this pool; the caller closes it. */
static inline TP_POOL *create_threadpool(TP_CALLBACK_ENVIRON *environment,
                                         unsigned threads)
{
    InitializeThreadpoolEnvironment(environment);
    if (threads == 0)
        return NULL;
    TP_POOL *created = CreateThreadpool(NULL);
    must(created != NULL, "create the pool");
    SetThreadpoolThreadMaximum(created, threads);
    must(SetThreadpoolThreadMinimum(created, threads), "start the threads");
    SetThreadpoolCallbackPool(environment, created);
    return created;
}

#endif
