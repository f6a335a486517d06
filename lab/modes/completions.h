/* For a layer that wants to know when lab/modes completes an I/O. I/O that the
 * system does itself is not reported. */
#ifndef COMPLETIONS_H
#define COMPLETIONS_H

#include <windows.h>

/* lab/modes calls the watcher when the OVERLAPPED and the buffer have their
 * results, and before the program can take the completion. It is called on the
 * thread that completes the I/O, with the lock of lab/modes held: it must make
 * no call that lab/modes replaces. `status` is an NTSTATUS. */
typedef void modes_completion_watcher(const OVERLAPPED *overlapped, DWORD bytes,
                                      LONG status);

/* Sets the only watcher. Call it once, before the program's threads start. */
void modes_watch_completions(modes_completion_watcher *called);

#endif
