/* This contender uses ReadFile on an ordinary handle. An OVERLAPPED gives the
 * offset, so the program need not seek. The call still returns only when the
 * read has completed. */
#include "read.h"

const char contender[] = "sync_offset";

void do_reads(void)
{
    struct read read = {.buffer = must_allocate(job.block)};
    HANDLE file = open_for_reading(job.file, 0);
    measure_begin();
    while (job_next(&read.item)) {
        DWORD bytes = read_synchronously(&read, file);
        job_use(&read.item, read.buffer, bytes);
    }
    measure_end();
    CloseHandle(file);
}
