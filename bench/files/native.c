/* This contender uses open, read and close, without Windows or Wine: one file
 * after the other in each thread. It shows what the machine can do. */
#include "job.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

const char contender[] = "native";

enum { MAX_THREADS = 64 };

static void *read_files(void *buffer)
{
    struct item item;
    while (job_next(&item)) {
        int file = open(item.path, O_RDONLY | O_CLOEXEC);
        must(file >= 0, "open");
        ssize_t bytes = read(file, buffer, job.buffer);
        must(bytes >= 0, "read");
        must(close(file) == 0, "close");
        job_use(&item, buffer, (size_t)bytes);
    }
    return NULL;
}

void do_files(void)
{
    pthread_t threads[MAX_THREADS];
    unsigned count = job.threads > 0 ? job.threads : 1;
    must(count <= MAX_THREADS, "start so many threads");
    measure_begin();
    for (unsigned i = 1; i < count; i++)
        must(pthread_create(&threads[i], NULL, read_files,
                            must_allocate(job.buffer)) == 0,
             "start a thread");
    read_files(must_allocate(job.buffer));
    for (unsigned i = 1; i < count; i++)
        pthread_join(threads[i], NULL);
    measure_end();
}
