/*
 * The truth table: what a system does, row by row, beside what Windows
 * documents and what each Wine did that was tried.
 *
 * A row is a small function that does something with overlapped I/O and says
 * what it saw. What it saw is compared, as text, with what is expected of the
 * system it stands on. Each row runs in a process of its own, so that it may
 * crash or hang, may leave things open, and finds everything below as new.
 *
 * How to read what was seen:
 *
 *   TRUE              the call succeeded
 *   FALSE/997         it returned FALSE (NULL/87: NULL), and GetLastError 997
 *   packet ok n=904   a packet came out of the port: success, 904 bytes
 *   packet 38 n=0     a packet came: of a failure, error 38
 *   no packet         none came: at once after a call that had ended, else
 *                     within the time that the row's code says
 */
#ifndef PROBE_H
#define PROBE_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

struct row {
    const char *name;
    const char *tried; /* in a few words */
    void (*run)(void);
    const char *wine;    /* what Wine 8.0 did; later Wines: expected.c */
    const char *windows; /* NULL: documented nowhere that we know of */
    const char *source;  /* where that is said */
};

/* Each ends with a row without a name. */
extern const struct row file_rows[], failure_rows[], pipe_rows[], port_rows[],
    pool_rows[];

/* Ends with a topic without a title. */
extern const struct topic {
    const char *title;
    const struct row *rows;
} topics[];

/* ---- The Wines that were tried ---- */

enum wine { WINE_8, WINE_10, WINES };

const char *version_of(enum wine wine);
const char *seen_on(enum wine wine, const struct row *row);

/* The Wine to compare this version with: the same major version, if that was
 * tried (recorded), else the nearest older one, else the oldest. */
enum wine nearest_wine(const char *version, bool *recorded);

/* ---- Alternatives ---- */

/* What a Wine did, and what Windows does, is one text, or several with this
 * between them. */
#define OR "; or "

/* Takes one alternative off the text: where it begins, and its length; NULL
 * after the last one. */
const char *next_alternative(const char **text, size_t *length);

/* Each alternative in "seen" is one of these. NULL allows everything. */
bool allows(const char *alternatives, const char *seen);

/* ---- The page ---- */

void write_page(void);

/* ---- Saying what is seen ---- */

/* One part of it; they are told with commas between them. */
void saw(const char *format, ...);

/* What a call returned; and whether that was success, or 997, pending. To be
 * called at once: it takes GetLastError. */
bool saw_result(const char *failed, bool ok);
#define SAW_BOOL(call)   saw_result("FALSE", call)
#define SAW_HANDLE(call) saw_result("NULL", (call) != NULL)

/* For what must succeed before there is anything to see: else the row ends. */
void need(bool ok, const char *what);

/* Ends the row's process. */
enum { ROW_ENDED = 0 };
_Noreturn void end_row(void);

/* ---- What rows work with ---- */

/* How long something is waited for, in milliseconds: what Wine does, and what
 * it never does. A row that takes longer than ROW_LIMIT is ended. */
enum { LIMIT = 3000, NEVER = 300, ROW_LIMIT = 20000 };

enum { FILE_SIZE = 5000, BLOCK = 4096 };

extern HANDLE port;
extern OVERLAPPED io; /* of the row's operation */
extern char buffer[BLOCK];

/* A file of FILE_SIZE bytes, for reading and writing, that is gone when its
 * last handle is closed. flags: FILE_FLAG_OVERLAPPED and others. */
HANDLE make_file(DWORD flags);

/* Another handle for it. */
HANDLE open_again(DWORD access, DWORD flags);

/* Binds it to the port, and returns it. */
HANDLE bound(HANDLE handle);

/* The two ends of a pipe; the server's is overlapped, and bound. */
struct ends {
    HANDLE server, client;
};
struct ends make_pipe(DWORD type);

/* Sends bytes into it, or ends the row. */
void feed(HANDLE client, DWORD length);

/* Packets are queued no more when an operation succeeds at once. */
void skip_on_success(HANDLE handle);

/* io is new, at this offset; only its hEvent stays. */
void set_io(uint64_t offset);

/* set_io, the operation, and saw_result of it. */
bool read_at(HANDLE handle, uint64_t offset, DWORD length);
bool write_at(HANDLE handle, uint64_t offset, const void *data, DWORD length);

/* What comes out of the port. Waits for it only if the operation before was
 * pending. */
void saw_packet(void);
void saw_packet_within(DWORD milliseconds);

/* Runs it in another thread, to its end. */
void in_a_thread(LPTHREAD_START_ROUTINE routine, void *argument);

/* At this offset a file's end is appended to (with a write), for one. */
#define MINUS_1 UINT64_MAX

#endif
