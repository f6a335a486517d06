/* Contends without Windows: pread, in each thread one after the other. What the
 * machine can do. */
#include "job.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

const char contender[] = "native";

enum { MAX_THREADS = 64 };

static int file;

static void *read_in_turn(void *buffer)
{
    struct turn turn;
    while (job_next(&turn)) {
        ssize_t bytes = pread(file, buffer, job.block, (off_t)turn.offset);
        must(bytes >= 0, "read");
        job_use(&turn, buffer, (size_t)bytes);
    }
    return NULL;
}

void contend_reading(void)
{
    pthread_t threads[MAX_THREADS];
    unsigned count = job.threads > 0 ? job.threads : 1;
    must(count <= MAX_THREADS, "start so many threads");
    file = open(job.file, O_RDONLY | O_CLOEXEC);
    must(file >= 0, "open");
    measure_begin();
    for (unsigned i = 1; i < count; i++)
        must(pthread_create(&threads[i], NULL, read_in_turn,
                            must_allocate(job.block)) == 0,
             "start a thread");
    read_in_turn(must_allocate(job.block));
    for (unsigned i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    measure_end();
    close(file);
}
