/* Contends with CreateFile, ReadFile and CloseHandle, one file after the
 * other. */
#include "job.h"

#include <windows.h>

const char contender[] = "sync";

void contend_with_files(void)
{
    void *buffer = must_allocate(job.buffer);
    measure_begin();
    struct turn turn;
    while (job_next(&turn)) {
        DWORD bytes;
        HANDLE file = CreateFileA(turn.path, GENERIC_READ, FILE_SHARE_READ,
                                  NULL, OPEN_EXISTING, 0, NULL);
        must(file != INVALID_HANDLE_VALUE, "open");
        must(ReadFile(file, buffer, (DWORD)job.buffer, &bytes, NULL), "read");
        must(CloseHandle(file), "close");
        job_use(&turn, buffer, bytes);
    }
    measure_end();
}
