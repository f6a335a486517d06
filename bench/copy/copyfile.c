/* Contends with CopyFileW, which has it all done. It does not wait for the
 * disk; so the copy is opened once more for that. */
#include "job.h"

#include <windows.h>

const char contender[] = "copyfile";

static void widen(const char *path, wchar_t wide[MAX_PATH])
{
    must(MultiByteToWideChar(CP_ACP, 0, path, -1, wide, MAX_PATH) > 0,
         "understand the path");
}

static void flush(const wchar_t *path)
{
    HANDLE file = CreateFileW(path, GENERIC_WRITE, FILE_SHARE_READ, NULL,
                              OPEN_EXISTING, 0, NULL);
    must(file != INVALID_HANDLE_VALUE, "open the copy");
    must(FlushFileBuffers(file), "flush");
    must(CloseHandle(file), "close");
}

void contend_copying(void)
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
