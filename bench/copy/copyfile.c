/* This contender uses CopyFileW, which copies the whole file. CopyFileW does
 * not wait for the disk. So the contender opens the copy again to flush it. */
#include "../win32.h"
#include "job.h"

const char contender[] = "copyfile";

static void flush(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL,
                              OPEN_EXISTING, 0, NULL);
    must(file != INVALID_HANDLE_VALUE, "open the copy");
    must(FlushFileBuffers(file), "flush");
    must(CloseHandle(file), "close");
}

void do_copy(void)
{
    wchar_t source[MAX_PATH], destination[MAX_PATH];
    widen(job.source, source);
    widen(job.destination, destination);
    measure_begin();
    must(CopyFileW(source, destination, FALSE), "copy");
    if (job.flush)
        flush(destination);
    measure_end();
}
