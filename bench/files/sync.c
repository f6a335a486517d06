/* This contender uses CreateFile, ReadFile and CloseHandle, one file after the
 * other. */
#include "../win32.h"
#include "job.h"

const char contender[] = "sync";

void do_files(void)
{
    void *buffer = must_allocate(job.buffer);
    measure_begin();
    struct item item;
    while (job_next(&item)) {
        DWORD bytes;
        HANDLE file = open_for_reading(item.path, 0);
        must(ReadFile(file, buffer, (DWORD)job.buffer, &bytes, NULL), "read");
        must(CloseHandle(file), "close");
        job_use(&item, buffer, bytes);
    }
    measure_end();
}
