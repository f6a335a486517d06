/* Contends with ReadFile on an ordinary handle, one read after the other. */
#include "read.h"

const char contender[] = "sync";

void contend_reading(void)
{
    void *buffer = must_allocate(job.block);
    HANDLE file = open_file(0);
    measure_begin();
    uint64_t position = 0;
    struct turn turn;
    while (job_next(&turn)) {
        LARGE_INTEGER target = {.QuadPart = (LONGLONG)turn.offset};
        DWORD bytes;
        if (turn.offset != position)
            must(SetFilePointerEx(file, target, NULL, FILE_BEGIN), "seek");
        must(ReadFile(file, buffer, (DWORD)job.block, &bytes, NULL), "read");
        position = turn.offset + bytes;
        job_use(&turn, buffer, bytes);
    }
    measure_end();
    CloseHandle(file);
}
