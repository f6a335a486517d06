/* Records one order while the explorer repeats it: recorder/recorder.c does,
 * for a page that plays the order and for a picture. */
#ifndef RECORDER_H
#define RECORDER_H

#include "scheduler.h"

#include <windows.h>
#include <winternl.h>

/* The explorer calls these functions on the thread whose turn it is. They keep
 * GetLastError as it is, and have no switch point. */
struct recorder {
    /* The recorder lies between the program and a modelled call. If the call
     * comes from the recorder, puts the program's place and stack frame
     * instead. */
    void (*find_caller)(const void **place, const void **frame);

    /* Calls the thread's routine. Returns what it returns. */
    unsigned (*run)(const struct thread *thread);

    /* The kernel has completed an I/O. Its packet is not queued yet. */
    void (*completes)(const OVERLAPPED *overlapped, DWORD bytes,
                      NTSTATUS status);

    /* The order goes wrong, and the process ends. The text is the verdict's.
     * `crash`: NULL, or the exception in the program's code. */
    void (*goes_wrong)(const char *text, const EXCEPTION_RECORD *crash);
};

/* NULL: nothing is recorded. */
extern const struct recorder *recorder;

#endif
