/* This contender calls ReadFile and WriteFile alternately: only one of them
 * runs at a time. */
#include "../win32.h"
#include "job.h"

const char contender[] = "sync";

void do_copy(void)
{
    void *buffer = must_allocate(JOB_BLOCK);
    measure_begin();
    HANDLE source = open_for_reading(job.source, FILE_FLAG_SEQUENTIAL_SCAN);
    HANDLE destination = CreateFileA(job.destination, GENERIC_WRITE, 0, NULL,
                                     CREATE_ALWAYS, 0, NULL);
    must(destination != INVALID_HANDLE_VALUE, "open");
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
