#include "job.h"

#include <stdio.h>

struct job job;

static const char *directory;
static uint64_t warm, count; /* of files */
static size_t size;          /* of each */
static _Atomic uint64_t taken, used, sum, warm_sum;

bool job_next(struct item *item)
{
    item->number = taken++;
    if (item->number >= warm + count)
        return false;
    uint64_t number = item->number - (item->number < warm ? 0 : warm);
    int length = snprintf(item->path, sizeof item->path, "%s/%05llu", directory,
                          (unsigned long long)number);
    must(length > 0 && (size_t)length < sizeof item->path,
         "use so long a path");
    return true;
}

bool job_use(const struct item *item, const void *buffer, size_t bytes)
{
    must(bytes < job.buffer, "read a file to its end");
    must(bytes == size, "read a whole file");
    /* Depends on the bytes and on the file. */
    uint64_t part = add_up(buffer, bytes);
    if (item->number < warm)
        warm_sum += part;
    else
        sum += part * (2 * (item->number - warm) + 1);
    uint64_t done = ++used;
    if (done == warm)
        measure_begin();
    return done == warm + count;
}

void do_job(void)
{
    job = (struct job){.style = argument("style", ""),
                       .buffer = argument_number("buffer", 1 << 16),
                       .depth = (unsigned)argument_number("depth", 1),
                       .threads = (unsigned)argument_number("threads", 0)};
    directory = argument("directory", "");
    count = argument_number("count", 1);
    warm = argument_number("warm", 0);
    size = argument_number("size", 4096);
    must(count > 0 && size > 0 && job.depth > 0,
         "run with 0 files, 0 bytes or depth 0");
    must(size < job.buffer, "read a file with one read");
    must(job.depth <= JOB_MAX_DEPTH, "keep so many files open");
    do_files();
    must(used == warm + count, "do all the files");
    measure_print(count, count * size, sum);
}
