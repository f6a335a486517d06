/*
 * stream_close_late FILE: a read finds its stream closing, and has not left it
 * yet when all that close waits for otherwise is over. Says which comes first.
 */
#include "stream_probe.h"

const wchar_t program[] = L"stream_close_late";

static struct file_stream *stream;
static HANDLE inside, asked, let_go; /* events */
static HANDLE reader;                /* thread */
static SRWLOCK *volatile held;       /* by the reader */
static _Thread_local bool reads;

/* The reader stays inside until it is let go. */
static void WINAPI release(SRWLOCK *lock)
{
    if (reads) {
        held = lock;
        set(inside);
        wait_for(let_go);
        held = NULL;
    }
    next.release(lock);
}

static void WINAPI acquire(SRWLOCK *lock)
{
    if (lock == held)
        set(asked);
    next.acquire(lock);
}

static unsigned __stdcall read_it(void *context)
{
    char byte;
    size_t bytes;
    (void)context;
    reads = true;
    DWORD error = file_stream_read(stream, &byte, 1, &bytes);
    reads = false;
    say("read: error %lu", error);
    return 0;
}

/* Close calls this after it has begun, and written what was buffered. */
static BOOL WINAPI cancel(HANDLE file, OVERLAPPED *overlapped)
{
    if (reader == NULL)
        reader = run_thread(read_it, NULL);
    wait_for(inside);
    return next.cancel(file, overlapped);
}

static unsigned __stdcall close_it(void *context)
{
    (void)context;
    must(file_stream_close(stream), "close");
    return 0;
}

int wmain(int argc, wchar_t **argv)
{
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    if (argc != 2)
        return 2;
    inside = new_event();
    asked = new_event();
    let_go = new_event();
    must(file_stream_open(NULL, argv[1], &options, &stream), "open");
    put_layer((struct layer){
        .acquire = acquire, .release = release, .cancel = cancel});
    HANDLE closer = run_thread(close_it, NULL);
    HANDLE first[] = {asked, closer};
    DWORD which = WaitForMultipleObjects(2, first, FALSE, INFINITE);
    say("close %s", which == WAIT_OBJECT_0 ? "waits" : "is over");
    set(let_go);
    join(reader);
    join(closer);
    say("closed");
    return EXIT_SUCCESS;
}
