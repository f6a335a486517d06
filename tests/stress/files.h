/*
 * The four files and the two pipes that the stress program reads and writes.
 * The program can compute all bytes in them, so it can check every read.
 *
 *      file  The numbers in a file follow from the file, the offset and a
 *            version. The version is 0 until the program writes there.
 *      pipe  A message is a row of numbers: n, n + 1, n + 2, ... A peer, the
 *            server of the pipe, checks each message. It answers with the next
 *            part of the row that begins with 1.
 */
#ifndef FILES_H
#define FILES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/* No I/O has more than a block: bytes, and words of 64 bits. */
enum { BLOCK = 4096, BLOCK_WORDS = BLOCK / 8 };

/* A slot is the number of a file, 0 to 3, or of a pipe, 4 and 5. The program
 * opens the file READ_ONLY only for reading. */
enum { READ_ONLY = 3, FILES, SLOTS = 6 };

extern uint64_t seed; /* of all random choices */

/* If not ok, prints what is wrong and a number with it, and ends the process.
 * Any thread may call it. */
void require(bool ok, const char *wrong, uint64_t number);

/* Returns a number that looks random. The same argument gives the same result.
 */
uint64_t mix(uint64_t number);

/* Returns the next random number below the limit. A generator may start as any
 * number. */
unsigned below(uint64_t *generator, uint64_t limit);

/* Computes the bytes of a file at an offset, a multiple of 8. Writes whole
 * words, so the last one may be longer than bytes. */
void fill_content(uint64_t *words, unsigned file, uint64_t offset, DWORD bytes,
                  uint64_t version);

/* Fills in a message for a pipe: the row that begins with first. is_row checks
 * a message; its first number may be any. */
void fill_row(uint64_t *words, DWORD bytes, uint64_t first);
bool is_row(const uint64_t *words, DWORD bytes);

/* The files exist until remove_files, or until the process ends. */
void make_files(uint64_t size);
void remove_files(void);

/* A peer serves one client after the other. The peers add what they receive to
 * these sums: the bytes, and the first number of each message. A write
 * subtracts the same, so both are 0 at the end of a round. */
extern _Atomic uint64_t peers_bytes, peers_firsts;
void start_peers(void);
void end_peers(void);

/* Opens a file or a pipe, overlapped. Waits if a pipe is busy. The caller
 * closes the handle. */
HANDLE open_handle(unsigned slot);

/* Start a thread, and wait for its end. An error ends the process. */
typedef unsigned __stdcall thread_routine(void *);
HANDLE start_thread(thread_routine *routine, void *argument);
void join_thread(HANDLE thread);

#endif
