/*
 * The calls by which the program learns that an I/O has completed, waits for
 * it, cancels it, or closes its file. These calls report
 * each I/O in the way that this layer has chosen for it.
 */
#ifndef PACKETS_H
#define PACKETS_H

/* Replaces these functions. Call it once, before main. */
void watch_packets(void);

/* Call it before the first read or write with an OVERLAPPED, and as often as
 * you like. From then on "packet" counts only packets of reads and writes, and
 * none that was posted by hand. */
void note_started_io(void);

#endif
