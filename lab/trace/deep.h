/*
 * Deep mode: what a page needs that plays the run step by step. It is on if the
 * environment variable TRACE_DEEP is set. Its value is how many processors the
 * program sees: so a run has the same number of workers on every machine.
 *
 * In deep mode a recording also has
 *
 *   - the call stack of each call;
 *   - each piece of the program's code that runs between the calls, if the
 *     program was compiled with -fsanitize-coverage=trace-pc;
 *   - the memory of each request, and the first bytes of its buffer, whenever
 *     they have changed;
 *   - each allocation and each free of lab/guard;
 *   - when lab/modes completed an I/O;
 *   - how many packets a port holds;
 *   - what the program printed, if TRACE_STDOUT and TRACE_STDERR name the files
 *     to which stdout and stderr are redirected.
 *
 * The recorder notices a change of memory, of a port or of a file only when it
 * looks. It looks before and after each call that it follows, at the start of
 * each piece of code, and when lab/modes completes an I/O. All looks happen
 * under one lock, so they have one order. A request or a buffer may have
 * changed several times between two looks: then only the difference is known.
 *
 * When the recording is full, the process ends with status RECORDING_FULL: so a
 * program without an end has an end here.
 *
 * Any thread may call these functions. They keep GetLastError as it is. Unless
 * is_deep is true they do nothing, except begin_deep.
 */
#ifndef DEEP_H
#define DEEP_H

#include "record.h"

#include <stdbool.h>
#include <windows.h>

enum { RECORDING_FULL = 68 };

extern bool is_deep;

/* Reads the environment. To be called once, after the layer is installed. */
void begin_deep(void);

/* Before a call of the program: records its stack, and looks. */
void deep_begin(const struct record *record);

/* Looks. To be called when a call of the program has returned. */
void deep_look(void);

/* Before a call that starts a request or posts it. From now on a look includes
 * the OVERLAPPED and the buffer. buffer: NULL if there is none. */
void deep_request(const OVERLAPPED *overlapped, const void *buffer,
                  DWORD length);

/* A port was made; from now on a look includes it. */
void deep_port(HANDLE port);

/* This handle is about to be closed. */
void deep_close(HANDLE handle);

/* A write to stdout or stderr is made between these calls. No other thread can
 * look in between: so the text is known to be this thread's. */
void deep_begin_print(void);
void deep_end_print(void);

/* ---- For deep.c and memory.c ----------------------------------------------
 */

/* Records these bytes. `of` and `address` are kept as they are. */
void deep_bytes(enum bytes_of what, uint64_t of, uint64_t address,
                const void *bytes, size_t length);

/* Before the functions below, once. */
void begin_memory(void);

/* These are called with the lock of deep.c held. */
void look_at_memory(void);
void memory_allocated(const char *memory, size_t size);
void memory_freed(const char *memory);
void memory_submitted(const OVERLAPPED *overlapped, const void *buffer,
                      DWORD length);

#endif
