#include "job.h"

#include <stdio.h>
#include <string.h>

struct job job;

static uint64_t blocks; /* in the file */
static uint64_t warm, reads;
static bool is_random;
static uint64_t *latencies; /* of each read, in ns; NULL: not measured */
static _Atomic uint64_t taken, used, sum, warm_sum;

/* Returns a number that looks random. The same argument gives the same result
 * (SplitMix64, by Steele and others). */
static uint64_t mix(uint64_t number)
{
    number = (number + 1) * 0x9E3779B97F4A7C15;
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9;
    number = (number ^ number >> 27) * 0x94D049BB133111EB;
    return number ^ number >> 31;
}

bool job_next(struct item *item)
{
    item->number = taken++;
    if (item->number >= warm + reads)
        return false;
    /* The reads that count are the same, however many come before them. */
    uint64_t number = item->number - (item->number < warm ? 0 : warm);
    item->offset = (is_random ? mix(number) : number) % blocks * job.block;
    if (latencies != NULL)
        item->began = measure_now();
    return true;
}

bool job_use(const struct item *item, const void *buffer, size_t bytes)
{
    bool counts = item->number >= warm;
    if (counts && latencies != NULL)
        latencies[item->number - warm] = measure_now() - item->began;
    must(bytes == job.block, "read a whole block");
    /* Depends on the bytes and on the offset. */
    *(counts ? &sum : &warm_sum) += add_up(buffer, bytes) * (item->offset | 1);
    uint64_t done = ++used;
    if (done == warm)
        measure_begin();
    return done == warm + reads;
}

static uint64_t file_size(void)
{
    FILE *file = fopen(job.file, "rb");
    must(file != NULL, "open the file");
#ifdef _WIN32
    must(_fseeki64(file, 0, SEEK_END) == 0, "find the end of the file");
    int64_t size = _ftelli64(file);
#else
    must(fseeko(file, 0, SEEK_END) == 0, "find the end of the file");
    int64_t size = ftello(file);
#endif
    fclose(file);
    return (uint64_t)size;
}

void do_job(void)
{
    job = (struct job){.file = argument("file", ""),
                       .style = argument("style", ""),
                       .block = argument_number("block", 4096),
                       .buffer = argument_number("buffer", 0),
                       .depth = (unsigned)argument_number("depth", 1),
                       .threads = (unsigned)argument_number("threads", 0)};
    is_random = strcmp(argument("order", ""), "random") == 0;
    reads = argument_number("reads", 1);
    warm = argument_number("warm", 0);
    must(job.block > 0 && reads > 0 && job.depth > 0,
         "run with 0 reads, 0 bytes or depth 0");
    must(job.depth <= JOB_MAX_DEPTH, "keep so many in flight");
    blocks = file_size() / job.block;
    must(blocks > 0, "read a file that is smaller than a block");
    if (argument_number("latency", 0))
        latencies = must_allocate(reads * sizeof *latencies);
    do_reads();
    must(used == warm + reads, "do all the reads");
    if (latencies != NULL)
        measure_latencies(latencies, reads);
    measure_print(reads, reads * job.block, sum);
}
