/*
 * stream_close_late CASE: a read finds that its stream is closing. It reports
 * the error, but has not left the stream yet when close has nothing else to
 * wait for.
 */
#include "stream_probe.h"

static HANDLE read_is_inside, lock_is_wanted, read_may_leave; /* events */
static HANDLE reader;                                         /* thread */
static SRWLOCK *volatile lock_of_reader;
static _Thread_local bool is_reader;

/* The reader keeps its first lock, the stream's, until `read_may_leave`. */
static void WINAPI my_release(SRWLOCK *lock)
{
    if (is_reader) {
        is_reader = false;
        lock_of_reader = lock;
        set(read_is_inside);
        wait_for(read_may_leave);
        lock_of_reader = NULL;
    }
    next.ReleaseSRWLockExclusive(lock);
}

static void WINAPI my_acquire(SRWLOCK *lock)
{
    if (lock == lock_of_reader)
        set(lock_is_wanted);
    next.AcquireSRWLockExclusive(lock);
}

static unsigned __stdcall read_byte(void *unused)
{
    char byte;
    size_t bytes;
    (void)unused;
    is_reader = true;
    DWORD error = file_stream_read(stream, &byte, 1, &bytes);
    say("read: error %lu", error);
    return 0;
}

/* Close calls CancelIoEx after it has begun to refuse calls. */
static BOOL WINAPI my_cancel(HANDLE file, OVERLAPPED *overlapped)
{
    if (reader == NULL)
        reader = run_thread(read_byte, NULL);
    wait_for(read_is_inside);
    return next.CancelIoEx(file, overlapped);
}

static unsigned __stdcall close_in_thread(void *unused)
{
    (void)unused;
    close_stream();
    return 0;
}

CASE(close_waits_for_a_read_that_holds_the_lock_of_the_stream,
     "main: close waits\n"
     "main: read: error 6\n"
     "main: closed\n")
{
    HANDLE closer = run_thread(close_in_thread, NULL);
    HANDLE first[] = {lock_is_wanted, closer};
    DWORD which = WaitForMultipleObjects(2, first, FALSE, INFINITE);
    say("close %s", which == WAIT_OBJECT_0 ? "waits" : "has returned");
    set(read_may_leave);
    join(reader);
    join(closer);
    say("closed");
}

int wmain(int argc, wchar_t **argv)
{
    struct file_stream_options options = FILE_STREAM_DEFAULTS;
    read_is_inside = new_event();
    lock_is_wanted = new_event();
    read_may_leave = new_event();
    create_digits();
    must(file_stream_open(NULL, L"digits", &options, &stream), "open");
    put_layer((struct layer){.AcquireSRWLockExclusive = my_acquire,
                             .ReleaseSRWLockExclusive = my_release,
                             .CancelIoEx = my_cancel});
    return argc == 2 && run_case(argv[1]) ? EXIT_SUCCESS : 2;
}
