#include "job.h"

#include <windows.h>

struct job job;

static uint64_t size_of(const char *path)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    must(GetFileAttributesExA(path, GetFileExInfoStandard, &data),
         "find the copy");
    return (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow;
}

void do_job(void)
{
    job = (struct job){.source = argument("source", ""),
                       .destination = argument("destination", ""),
                       .flush = argument_number("flush", 1) != 0};
    do_copy();
    uint64_t bytes = size_of(job.destination);
    must(bytes == size_of(job.source), "copy the whole file");
    measure_print(1, bytes, 0);
}
