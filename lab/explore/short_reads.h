/* Reads that get fewer bytes than the file has there. A program that reads to
 * the end of the file must read the other bytes, too. */
#ifndef SHORT_READS_H
#define SHORT_READS_H

#include "kernel.h"

/* Before each order. */
void reset_short_reads(void);

/* The request has its result. */
void note_completion(const struct request *request);

/* A read without a request has got these bytes. */
void note_bytes_read(const struct disk_file *disk, uint64_t offset,
                     uint64_t bytes);

/* Whether a read was short. Then the program may print other lines: it needs
 * more reads. */
bool had_short_read(void);

/* The order has ended. A mistake if the program has read the end of a file, but
 * never the bytes that a short read has left out. */
void judge_short_reads(void);

#endif
