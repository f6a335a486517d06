/*
 * What stress works on: four files and two pipes, whose bytes can be foretold.
 *
 *      file  numbers that follow from the file, the place, and the version of
 *            what was written there; 0 for what nobody has written
 *      pipe  a peer checks what it is sent, which must be a row: a number and
 *            those after it; and answers each message with the next piece of
 *            the row that begins with 1
 */
#ifndef GROUND_H
#define GROUND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

enum { BLOCK = 4096, WORDS = BLOCK / 8 }; /* at most so much at a time */

/* One file is opened for reading only. */
enum { READ_ONLY = 3, FILES, SLOTS = 6 }; /* the others are pipes */

extern uint64_t seed;

/* Ends the process if something is not as it must be: what is, and a number
 * that tells more. */
void require(bool ok, const char *wrong, uint64_t number);

/* Mixes all bits of a number. */
uint64_t mix(uint64_t number);

/* The next number of a generator, below a limit. A generator is any number. */
unsigned below(uint64_t *generator, uint64_t limit);

/* What is in a file there; offset is a multiple of 8. */
void fill(uint64_t *words, unsigned file, uint64_t offset, DWORD bytes,
          uint64_t version);

/* What goes through a pipe, either way. */
void fill_row(uint64_t *words, DWORD bytes, uint64_t first);
bool is_row(const uint64_t *words, DWORD bytes);

/* The files are there until they are removed, or the process ends. */
void make_files(uint64_t size);
void remove_files(void);

/* A peer serves one client after the other. These are sums of what all peers
 * were sent: bytes, and the first numbers of the messages. */
extern _Atomic uint64_t peers_bytes, peers_firsts;
void start_peers(void);
void end_peers(void);

HANDLE open_handle(unsigned slot);

/* Threads, with a check. */
typedef unsigned __stdcall thread_routine(void *);
HANDLE start_thread(thread_routine *routine, void *argument);
void join_thread(HANDLE thread);

#endif
