/* Questions to the system about handles that the program holds. None of these
 * functions changes anything. Any thread may call them. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>
#include <windows.h>

enum { TYPE_NAME = 32 };

/* Sets `type` to the name of the object's type, such as "File" or "Event"; to
 * "" if the system does not answer. Returns false if the handle is not open. */
bool ask_type(HANDLE handle, char type[static TYPE_NAME]);

/* Sets `overlapped`: whether the file was opened with FILE_FLAG_OVERLAPPED.
 * Returns false if the system does not answer. */
bool ask_overlapped(HANDLE file, bool *overlapped);

enum event_state { NOT_SET, SET, UNKNOWN };

/* UNKNOWN if the system does not answer. If it does, and `manual` is not NULL,
 * sets `manual`: whether only ResetEvent resets the event. */
enum event_state ask_event(HANDLE event, bool *manual);

/* Where a thread of this process started; NULL if the system does not answer.
 */
const void *ask_start(DWORD thread);

/* How many packets are queued at a port; 0 if the system does not answer. */
unsigned ask_packets(HANDLE port);

#endif
