/* Contends without Windows: pread, in one thread. */
#include "job.h"

#include <fcntl.h>
#include <unistd.h>

const char contender[] = "native";

void contend(struct job *job)
{
    void *buffer = job_allocate(job->block);
    int file = open(job->path, O_RDONLY | O_CLOEXEC);
    job_check(file >= 0, "open");
    job_begin();
    uint64_t offset;
    while (job_next(job, &offset)) {
        ssize_t bytes = pread(file, buffer, job->block, (off_t)offset);
        job_check(bytes >= 0, "read");
        job_use(job, buffer, offset, (size_t)bytes);
    }
    job_end();
    close(file);
}
