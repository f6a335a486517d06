/*
 * The part that all contenders share, whatever their work: it reads the
 * arguments, measures, and prints the result.
 *
 *      program name=value ...
 *
 * The result is one line, a JSON object. A program in any language can be a
 * contender if it prints such a line: see bench/dotnet.
 */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The name of the contender. Each contender defines it. */
extern const char contender[];

/* Each work's job.c defines this function; main calls it. The function calls
 * the contender. The contender opens and starts everything that it needs, and
 * calls measure_begin before the part that counts, and measure_end after it. */
void do_job(void);

/* Returns the value of an argument, or the fallback if the argument is missing.
 */
const char *argument(const char *name, const char *fallback);
uint64_t argument_number(const char *name, uint64_t fallback);

/* Begin and end the measurement. A second measure_begin starts it again. */
void measure_begin(void);
void measure_end(void);

/* Returns the time in ns. Only differences have a meaning. */
uint64_t measure_now(void);

/* Adds a member to the JSON object. */
void measure_add(const char *name, uint64_t number);

/* Adds the members median_ns and p99_ns. Sorts the latencies. */
void measure_latencies(uint64_t *latencies, size_t count);

/* Prints the JSON object: how many reads or files, how many bytes, and their
 * sum. */
void measure_print(uint64_t count, uint64_t bytes, uint64_t sum);

/* The threads and the memory of the process at this moment. */
uint64_t thread_count(void);
uint64_t memory_kib(void);

/* Blocks each calling thread until so many threads have called it. A process
 * can use it for one group of threads only. */
void meet(unsigned count);

unsigned processor_count(void);

/* Returns the sum of the buffer's 64-bit numbers. Zeros complete the last
 * number. */
uint64_t add_up(const void *buffer, size_t bytes);

/* If not ok, ends the process with one line on stderr: "cannot" and what the
 * process tried. */
void must(bool ok, const char *tried);

/* Calls malloc, or ends the process. The memory is never freed: the process is
 * short. */
void *must_allocate(size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
