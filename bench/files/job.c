#include "job.h"

#include <stdio.h>

struct job job;

static const char *directory;
static uint64_t count; /* of files */
static size_t size;    /* of each */
static _Atomic uint64_t taken, used, sum;

bool job_next(struct turn *turn)
{
    turn->number = taken++;
    if (turn->number >= count)
        return false;
    int length = snprintf(turn->path, sizeof turn->path, "%s/%05llu", directory,
                          (unsigned long long)turn->number);
    must(length > 0 && (size_t)length < sizeof turn->path,
         "have so long a path");
    return true;
}

bool job_use(const struct turn *turn, const void *buffer, size_t bytes)
{
    must(bytes < job.buffer, "read a file to its end");
    must(bytes == size, "read a whole file");
    /* What came, and from which file. */
    sum += add_up(buffer, bytes) * (2 * turn->number + 1);
    return ++used == count;
}

void contend(void)
{
    job = (struct job){.style = argument("style", ""),
                       .buffer = argument_number("buffer", 1 << 16),
                       .depth = (unsigned)argument_number("depth", 1),
                       .threads = (unsigned)argument_number("threads", 0)};
    directory = argument("directory", "");
    count = argument_number("count", 1);
    size = argument_number("size", 4096);
    must(count > 0 && size > 0 && job.depth > 0, "do nothing");
    must(size < job.buffer, "read a file with one read");
    must(job.depth <= JOB_MAX_DEPTH, "keep so many under way");
    contend_with_files();
    must(used == count, "do all the files");
    measure_print(used, used * size, sum);
}
