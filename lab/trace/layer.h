/*
 * What the files of this layer share: how a call is recorded, and the functions
 * that each file puts in place of the system's. README.md says what is
 * followed.
 *
 * Any thread may call these functions. They keep GetLastError as it is.
 */
#ifndef LAYER_H
#define LAYER_H

#include "record.h"

#include "../interpose/interpose.h"

#include <stdbool.h>

/* The functions of the next layer. */
extern struct imports trace_next;

/* Reserves a record and fills in the start of a call that the program makes
 * now. To be called before the call of the next layer. The record stays valid
 * until the process ends. */
struct record *begin_call(struct record what);

/* The same, if only the handle is recorded. */
struct record *begin_call_on(enum kind kind, const void *handle);

/* The same for something that is no call of a replaced function. `from` is a
 * return address in the program: see place_of. */
struct record *begin_record(const void *from, struct record what);

/* The address of a function, for begin_record, which expects a return address:
 * the call lies before it. */
const void *place_of(const void *function);

/* Reserves a record, which the caller fills in. In deep mode the process ends
 * if there is no room; without it, such a record is counted and never read. */
struct record *new_record(void);

/* The time, in the unit of a record's begin and end. */
int64_t ticks_now(void);

/* Completes the record when the next layer has returned. If the call failed,
 * its error is GetLastError. */
void end_call(struct record *record, bool ok);

/* The same for a callback: its error was recorded at its start. */
void end_callback(struct record *record);

/* Counts from 1; 0 for a record that did not fit. */
uint64_t number_of(const struct record *record);

/* Makes one record of waits that a thread repeats: see repeats.c. spare_record
 * returns a record for the thread's next call, or NULL. follow_repeats is to be
 * called for each record that a thread begins, and fold_repeats for each one
 * that it completes. */
struct record *spare_record(void);
void follow_repeats(struct record *record, uint32_t kind);
void fold_repeats(const struct record *record);

/* Converts an NTSTATUS. A Win32 error stays the same: a packet has an NTSTATUS,
 * a callback of a system's pool has either. */
DWORD win32_error(ULONG status);

/* Returns a function that records the callback and calls the program's routine.
 * Returns the routine itself if it is NULL, or if there is no place left. */
LPOVERLAPPED_COMPLETION_ROUTINE
traced_routine(LPOVERLAPPED_COMPLETION_ROUTINE routine);

/* Each of these puts the functions of one file into the import pointers. */
void install_callbacks(void);
void install_files(void);
void install_ports(void);
void install_threads(void);
void install_transfers(void);
void install_waits(void);

#endif
