/* Contends with C's fread and a buffer of 1 MiB, from the beginning on. */
#include "job.h"

#include <stdio.h>

const char contender[] = "stdio";

enum { BUFFER = 1 << 20 };

void contend(struct job *job)
{
    void *buffer = job_allocate(job->block);
    FILE *file = fopen(job->path, "rb");
    job_check(file != NULL, "open");
    job_check(setvbuf(file, NULL, _IOFBF, BUFFER) == 0, "allocate");
    job_begin();
    uint64_t position = 0, offset;
    while (job_next(job, &offset)) {
        if (offset != position)
            rewind(file); /* and from the beginning once more */
        size_t bytes = fread(buffer, 1, job->block, file);
        position = offset + bytes;
        job_use(job, buffer, offset, bytes);
    }
    job_end();
    fclose(file);
}
