/*
 * What rows work with. A row says what it saw in these words:
 *
 *   TRUE              the call succeeded
 *   FALSE/997         it returned FALSE, and GetLastError 997 (NULL/87: NULL)
 *   packet ok n=904   a packet came out of the port: success, 904 bytes
 *   packet 38 n=0     the packet of a failed I/O came: error 38, 0 bytes
 *   no packet         no packet came within the time that the row's code sets.
 *                     If the call has already completed, the row does not wait
 */
#ifndef TOOLS_H
#define TOOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/* ---- Saying what is seen ---- */

enum { TEXT = 512 }; /* of a row, in bytes */

/* Adds a part to the row's text, after a comma. */
void saw(const char *format, ...);

/* The row's text up to now. */
const char *seen(void);

/* Says what a call returned. Returns whether it succeeded or was pending (997).
 * It reads GetLastError, so no other call may come between. */
bool saw_result(const char *failed, bool ok);
#define SAW_BOOL(call)   saw_result("FALSE", call)
#define SAW_HANDLE(call) saw_result("NULL", (call) != NULL)

/* If a preparation failed, says so and ends the row. */
void need(bool ok, const char *what);

/* Ends the row's process. The program that runs the row has this function. */
enum { ROW_ENDED = 0 };
_Noreturn void end_row(void);

/* ---- What rows work with ---- */

/* How long a row waits, in milliseconds: LIMIT for what Wine does, NEVER for
 * what Wine never does. After ROW_LIMIT the program ends the row. */
enum { LIMIT = 3000, NEVER = 300, ROW_LIMIT = 20000 };

enum { FILE_SIZE = 5000, BLOCK = 4096 };

extern HANDLE port;
extern OVERLAPPED io; /* of the row's operation */
extern char buffer[BLOCK];

/* A new file of FILE_SIZE bytes, open for reading and writing. It is deleted
 * when its last handle is closed. flags: FILE_FLAG_OVERLAPPED and others. */
HANDLE make_file(DWORD flags);

/* Another handle for this file. */
HANDLE open_again(DWORD access, DWORD flags);

/* Binds the handle to the port, and returns the handle. */
HANDLE bound(HANDLE handle);

/* The two ends of a pipe; the server's is overlapped, and bound. */
struct ends {
    HANDLE server, client;
};
struct ends make_pipe(DWORD type);

/* Writes so many bytes to the pipe, at most 10, or ends the row. */
void feed(HANDLE client, DWORD length);

/* From now on no packet comes for I/O that succeeds immediately. */
void skip_on_success(HANDLE handle);

/* Sets the whole of io for this offset, except its hEvent. */
void set_io(uint64_t offset);

/* Each calls set_io, starts the operation, and calls saw_result with its
 * result. */
bool read_at(HANDLE handle, uint64_t offset, DWORD length);
bool write_at(HANDLE handle, uint64_t offset, const void *data, DWORD length);

/* Says which packet comes out of the port. Waits for it only if the row's
 * last call of saw_result reported a pending operation. */
void saw_packet(void);
void saw_packet_within(DWORD milliseconds);

/* Runs the routine in another thread, and waits for its end. */
void in_a_thread(LPTHREAD_START_ROUTINE routine, void *argument);

/* A write at this offset appends to the file. */
#define MINUS_1 UINT64_MAX

#endif
