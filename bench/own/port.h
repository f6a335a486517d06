/*
 * A completion port and files inside this process. They replace those of the
 * system in the whole program, through the import table (see lab/interpose).
 * So the pool's own cost is measured: no call reaches the system.
 *
 * Each thread that takes packets has a queue of its own. A packet goes to the
 * queue of the thread that causes it. If that thread has none, the packets are
 * dealt out to all queues in turn. So the threads share only what the measured
 * code shares, and every packet of a queue comes in its turn.
 *
 * Restrictions: one port exists at a time; all its files are bound with the
 * same key; every read is of one byte at offset 0.
 */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

/* Replaces the functions. Call it once, before all others. */
void port_replace(void);

/* Waits until so many threads have asked the port for a packet. */
void port_wait_for_threads(unsigned threads);

/* While the port is held, no thread takes a packet. */
void port_hold(void);
void port_release(void);

/* Makes a file. A read of a file that pends completes only when it is
 * cancelled; a read of any other file completes immediately, with a packet.
 * Closing the handle frees the file. */
HANDLE port_open(bool pends);

/* Counts how often any code of the program acquires an SRW lock, from one call
 * to the other. Meanwhile everything is slower. */
void port_begin_counting_locks(void);
uint64_t port_end_counting_locks(void);

#endif
