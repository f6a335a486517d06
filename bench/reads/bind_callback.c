/* Contends with BindIoCompletionCallback, Win32's older pool: it belongs to the
 * process, and nobody tells it how many threads to have. Wine 8 and 10 have
 * one. */
#include "read.h"

const char contender[] = "bind_callback";

static struct read reads[JOB_MAX_DEPTH];
static HANDLE file, done /* event */;

static void read_next(struct read *read)
{
    if (!job_next(&read->turn))
        return;
    read_start(read, file);
}

static void CALLBACK on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct read *read = CONTAINING_RECORD(overlapped, struct read, overlapped);
    must(error == ERROR_SUCCESS, "read");
    if (job_use(&read->turn, read->buffer, bytes))
        SetEvent(done);
    read_next(read);
}

void contend_reading(void)
{
    for (unsigned i = 0; i < job.depth; i++)
        reads[i].buffer = must_allocate(job.block);
    done = create_event();
    file = open_file(FILE_FLAG_OVERLAPPED);
    must(BindIoCompletionCallback(file, on_read, 0), "bind");
    measure_begin();
    for (unsigned i = 0; i < job.depth; i++)
        read_next(&reads[i]);
    WaitForSingleObject(done, INFINITE);
    measure_end();
    CloseHandle(file);
}
