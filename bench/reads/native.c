/* This contender uses pread, without Windows or Wine: one read after the other
 * in each thread. It shows what the machine can do. */
#include "job.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

const char contender[] = "native";

enum { MAX_THREADS = 64 };

static int file;

static void *read_blocks(void *buffer)
{
    struct item item;
    while (job_next(&item)) {
        ssize_t bytes = pread(file, buffer, job.block, (off_t)item.offset);
        must(bytes >= 0, "read");
        job_use(&item, buffer, (size_t)bytes);
    }
    return NULL;
}

void do_reads(void)
{
    pthread_t threads[MAX_THREADS];
    unsigned count = job.threads > 0 ? job.threads : 1;
    must(count <= MAX_THREADS, "start so many threads");
    file = open(job.file, O_RDONLY | O_CLOEXEC);
    must(file >= 0, "open");
    measure_begin();
    for (unsigned i = 1; i < count; i++)
        must(pthread_create(&threads[i], NULL, read_blocks,
                            must_allocate(job.block)) == 0,
             "start a thread");
    read_blocks(must_allocate(job.block));
    for (unsigned i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    measure_end();
    close(file);
}
