/* Contends with ReadFile on an ordinary handle, too. The OVERLAPPED says where
 * to read, so that nobody has to seek; the call still returns when all is
 * read. */
#include "read.h"

const char contender[] = "sync_offset";

void contend_reading(void)
{
    struct read read = {.buffer = must_allocate(job.block)};
    HANDLE file = open_file(0);
    measure_begin();
    while (job_next(&read.turn)) {
        DWORD bytes = read_at_once(&read, file);
        job_use(&read.turn, read.buffer, bytes);
    }
    measure_end();
    CloseHandle(file);
}
