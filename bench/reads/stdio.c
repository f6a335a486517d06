/* Contends with C's fread and its buffer, from the beginning on. */
#include "job.h"

#include <stdio.h>

const char contender[] = "stdio";

void contend_reading(void)
{
    void *buffer = must_allocate(job.block);
    FILE *file = fopen(job.file, "rb");
    must(file != NULL, "open");
    must(setvbuf(file, NULL, job.buffer > 0 ? _IOFBF : _IONBF, job.buffer) == 0,
         "allocate");
    measure_begin();
    uint64_t position = 0;
    struct turn turn;
    while (job_next(&turn)) {
        if (turn.offset != position)
            rewind(file); /* and from the beginning once more */
        size_t bytes = fread(buffer, 1, job.block, file);
        position = turn.offset + bytes;
        job_use(&turn, buffer, bytes);
    }
    measure_end();
    fclose(file);
}
