/* Contends with ReadFile and WriteFile in turn: one of them runs at a time. */
#include "job.h"

#include <windows.h>

const char contender[] = "sync";

void contend_copying(void)
{
    void *buffer = must_allocate(JOB_BLOCK);
    measure_begin();
    HANDLE source = CreateFileA(job.source, GENERIC_READ, FILE_SHARE_READ, NULL,
                                OPEN_EXISTING, FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    HANDLE destination = CreateFileA(job.destination, GENERIC_WRITE, 0, NULL,
                                     CREATE_ALWAYS, 0, NULL);
    must(source != INVALID_HANDLE_VALUE && destination != INVALID_HANDLE_VALUE,
         "open");
    for (;;) {
        DWORD bytes, written;
        must(ReadFile(source, buffer, JOB_BLOCK, &bytes, NULL), "read");
        if (bytes == 0)
            break;
        must(WriteFile(destination, buffer, bytes, &written, NULL) &&
                 written == bytes,
             "write");
    }
    if (job.flush)
        must(FlushFileBuffers(destination), "flush");
    must(CloseHandle(destination) && CloseHandle(source), "close");
    measure_end();
}
