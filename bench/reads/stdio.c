/* This contender uses C's fread and its buffer. It reads the file in order. */
#include "job.h"

#include <stdio.h>

const char contender[] = "stdio";

void do_reads(void)
{
    void *buffer = must_allocate(job.block);
    FILE *file = fopen(job.file, "rb");
    must(file != NULL, "open");
    must(setvbuf(file, NULL, job.buffer > 0 ? _IOFBF : _IONBF, job.buffer) == 0,
         "allocate");
    measure_begin();
    uint64_t position = 0;
    struct item item;
    while (job_next(&item)) {
        if (item.offset != position)
            rewind(file); /* at the end: once more from the start */
        size_t bytes = fread(buffer, 1, job.block, file);
        position = item.offset + bytes;
        job_use(&item, buffer, bytes);
    }
    measure_end();
    fclose(file);
}
