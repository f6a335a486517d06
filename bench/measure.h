/*
 * What every contender does alike, whatever its work: understand its arguments,
 * measure, and say what it measured.
 *
 *      program name=value ...
 *
 * It prints one line, an object in JSON. Whatever prints such a line can
 * contend: bench/dotnet does.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The contender: its name, and its work, which calls measure_begin and
 * measure_end around what counts, when all is open and started. */
extern const char contender[];
void contend(void);

/* The value of an argument, or otherwise. */
const char *argument(const char *name, const char *otherwise);
uint64_t argument_number(const char *name, uint64_t otherwise);

void measure_begin(void);
void measure_end(void);

/* Nanoseconds since some moment. */
uint64_t measure_now(void);

/* Further members of the object. */
void measure_add(const char *name, uint64_t number);

/* Prints the object: what was done, how often, and the sum that proves it. */
void measure_print(uint64_t count, uint64_t bytes, uint64_t sum);

/* Adds how long so many things took: median_ns, p99_ns. Sorts them. */
void measure_latencies(uint64_t *latencies, size_t count);

/* How many threads the process has at this moment, and how much memory. */
uint64_t thread_count(void);
uint64_t memory_kib(void);

/* Each thread that calls it waits until so many have; once in a process. */
void meet(unsigned count);

unsigned processor_count(void);

/* The HANDLE of an event that stays set until it is reset. */
void *create_event(void);

/* The sum of a buffer's numbers of 64 bits; if the last one is cut, zeros make
 * it whole. */
uint64_t add_up(const void *buffer, size_t bytes);

/* Ends the process with one line on stderr, unless ok. */
void must(bool ok, const char *tried);

/* malloc, or the process ends. Nothing is freed: the process is short. */
void *must_allocate(size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
