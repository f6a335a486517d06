/* Contends with ReadFile on an ordinary handle, one read after the other. */
#include "job.h"

#include <windows.h>

const char contender[] = "sync";

void contend(struct job *job)
{
    void *buffer = job_allocate(job->block);
    HANDLE file = CreateFileA(job->path, GENERIC_READ, FILE_SHARE_READ, NULL,
                              OPEN_EXISTING, 0, NULL);
    job_check(file != INVALID_HANDLE_VALUE, "open");
    job_begin();
    uint64_t position = 0, offset;
    while (job_next(job, &offset)) {
        LARGE_INTEGER target = {.QuadPart = (LONGLONG)offset};
        DWORD bytes;
        if (offset != position)
            job_check(SetFilePointerEx(file, target, NULL, FILE_BEGIN), "seek");
        job_check(ReadFile(file, buffer, (DWORD)job->block, &bytes, NULL),
                  "read");
        position = offset + bytes;
        job_use(job, buffer, offset, bytes);
    }
    job_end();
    CloseHandle(file);
}
