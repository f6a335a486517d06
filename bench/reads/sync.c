/* This contender uses ReadFile on an ordinary handle, one read at a time. */
#include "../win32.h"
#include "job.h"

const char contender[] = "sync";

void do_reads(void)
{
    void *buffer = must_allocate(job.block);
    HANDLE file = open_for_reading(job.file, 0);
    measure_begin();
    uint64_t position = 0;
    struct item item;
    while (job_next(&item)) {
        LARGE_INTEGER target = {.QuadPart = (LONGLONG)item.offset};
        DWORD bytes;
        if (item.offset != position)
            must(SetFilePointerEx(file, target, NULL, FILE_BEGIN), "seek");
        must(ReadFile(file, buffer, (DWORD)job.block, &bytes, NULL), "read");
        position = item.offset + bytes;
        job_use(&item, buffer, bytes);
    }
    measure_end();
    CloseHandle(file);
}
