/*
 * stream_ahead CASE: which thread reads the next buffer for a sequential
 * reader, and when the stream drops that buffer.
 */
#include "stream_probe.h"

/* ---- The threads that read --------------------------------------------- */

static LONG reads_by_main, reads_by_workers;
static DWORD worker_error, worker_limit = MAXDWORD; /* of a worker's reads */

/* Events. A case creates those that it needs; the others stay NULL. */
static HANDLE before_read, may_read; /* around a worker's system call */
static HANDLE after_read, may_return;
static HANDLE main_waits; /* main waits on a condition variable */

/* Sets `reached` and waits for `may_continue`, if the case has created them. */
static void stop_at(HANDLE reached, HANDLE may_continue)
{
    if (reached == NULL)
        return;
    set(reached);
    wait_for(may_continue);
}

static BOOL WINAPI my_read(HANDLE file, void *buffer, DWORD length,
                           DWORD *bytes, OVERLAPPED *overlapped)
{
    if (!is_worker()) {
        InterlockedIncrement(&reads_by_main);
        return next.ReadFile(file, buffer, length, bytes, overlapped);
    }
    InterlockedIncrement(&reads_by_workers);
    stop_at(before_read, may_read);
    if (worker_error != ERROR_SUCCESS)
        return fail_with(worker_error);
    if (length > worker_limit)
        length = worker_limit;
    BOOL ok = next.ReadFile(file, buffer, length, bytes, overlapped);
    DWORD error = GetLastError();
    stop_at(after_read, may_return);
    SetLastError(error);
    return ok;
}

static BOOL WINAPI my_sleep(CONDITION_VARIABLE *condition, SRWLOCK *lock,
                            DWORD timeout, ULONG flags)
{
    if (is_main() && main_waits != NULL)
        set(main_waits);
    return next.SleepConditionVariableSRW(condition, lock, timeout, flags);
}

static BOOL WINAPI my_wait_on_address(volatile void *address, void *compared,
                                      SIZE_T size, DWORD timeout)
{
    if (is_main() && main_waits != NULL)
        set(main_waits);
    return next.WaitOnAddress(address, compared, size, timeout);
}

static void say_reads(void)
{
    say("main read %ld times, workers %ld times", reads_by_main,
        reads_by_workers);
}

/* ---- Main -------------------------------------------------------------- */

/* Starts the pool, and opens the file with these options besides
 * FILE_OPTION_ASYNCHRONOUS. */
static void begin(unsigned workers, unsigned options)
{
    must(pool_create(&pool, workers, 0), "create");
    open_digits(FILE_OPTION_ASYNCHRONOUS | options);
    put_layer((struct layer){.ReadFile = my_read,
                             .SleepConditionVariableSRW = my_sleep,
                             .WaitOnAddress = my_wait_on_address});
}

static void begin_sequential(void)
{
    begin(2, FILE_OPTION_SEQUENTIAL);
}

static void wait_for_workers(void)
{
    must(pool_wait_idle(&pool, INFINITE), "wait");
}

/* Reads what the file has at this offset, and checks it. Returns the number of
 * bytes. */
static size_t read_digits(size_t length, uint64_t offset)
{
    char bytes[BUFFER_SIZE];
    size_t count = 0;
    must(file_stream_read(stream, bytes, length, &count), "read");
    for (size_t i = 0; i < count; i++)
        if (bytes[i] != (char)('0' + (offset + i) % 10))
            say("wrong byte at %llu", offset + i);
    return count;
}

/* Reads all of the file. Calls `pause`, if it is not NULL, after each read. */
static void read_all(void (*pause)(void))
{
    size_t count, total = 0;
    while ((count = read_digits(50, total)) > 0) {
        total += count;
        if (pause != NULL)
            pause();
    }
    say("%llu bytes", (unsigned long long)total);
}

/* Reads from the first buffer, and lets a worker read the second one. */
static void read_first_buffer(void)
{
    read_digits(50, 0);
    wait_for_workers();
}

static void write_at_105(void)
{
    seek_to(105);
    write_here("WRITTEN");
}

static void say_read_at(int64_t offset, size_t length)
{
    seek_to(offset);
    say_read(length);
}

/* ---- A worker reads ahead ---------------------------------------------- */

CASE(workers_read_everything_after_the_first_buffer,
     "main: 1000 bytes\n"
     "main: main read 1 times, workers 10 times\n")
{
    begin_sequential();
    read_all(wait_for_workers);
    say_reads();
}

CASE(without_the_sequential_option_no_worker_reads,
     "main: 1000 bytes\n"
     "main: main read 11 times, workers 0 times\n")
{
    begin(2, 0);
    read_all(wait_for_workers);
    say_reads();
}

CASE(reading_ahead_in_short_pieces_loses_no_byte, "main: 1000 bytes\n")
{
    begin_sequential();
    worker_limit = 33;
    read_all(wait_for_workers);
}

CASE(a_failed_read_ahead_is_repeated_by_the_reader, "main: 1000 bytes\n")
{
    begin_sequential();
    worker_error = ERROR_CRC;
    read_all(wait_for_workers);
}

static void block_worker(void *event)
{
    wait_for(event);
}

/* The stream is closed before the worker gets to its read. */
CASE(a_sequential_reader_does_not_wait_for_a_busy_worker,
     "main: 1000 bytes\n"
     "main: main read 11 times, workers 0 times\n"
     "main: closed\n"
     "main: main read 11 times, workers 0 times\n")
{
    begin(1, FILE_OPTION_SEQUENTIAL);
    HANDLE may_go_on = new_event();
    must(pool_queue_work(&pool, block_worker, may_go_on), "queue");
    read_all(NULL);
    say_reads();
    close_stream();
    say("closed");
    set(may_go_on);
    wait_for_workers();
    say_reads();
}

/* Lets the worker read when main waits for it. */
static unsigned __stdcall when_main_waits(void *unused)
{
    (void)unused;
    wait_for(main_waits);
    set(may_read);
    return 0;
}

static void stop_worker_before_its_read(void)
{
    before_read = new_event();
    may_read = new_event();
    read_digits(50, 0);
    wait_for(before_read);
}

CASE(a_reader_waits_for_a_buffer_that_a_worker_reads,
     "main: main read 1 times\n")
{
    begin(1, FILE_OPTION_SEQUENTIAL);
    stop_worker_before_its_read();
    read_digits(50, 50);
    main_waits = new_event();
    HANDLE thread = run_thread(when_main_waits, NULL);
    read_digits(50, 100);
    join(thread);
    say("main read %ld times", reads_by_main);
}

CASE(close_waits_for_a_worker_that_reads_ahead, "main: closed\n")
{
    begin_sequential();
    stop_worker_before_its_read();
    main_waits = new_event();
    HANDLE thread = run_thread(when_main_waits, NULL);
    close_stream();
    join(thread);
    say("closed");
}

CASE(close_frees_a_buffer_that_was_read_ahead, "main: closed\n")
{
    begin_sequential();
    read_first_buffer();
    close_stream();
    say("closed");
}

/* ---- The buffer is dropped --------------------------------------------- */

CASE(a_seek_drops_the_buffer_that_was_read_ahead,
     "main: read '56789'\n"
     "main: read '12345'\n"
     "main: read '12345'\n"
     "main: main read 3 times, workers 4 times\n")
{
    begin_sequential();
    read_first_buffer();
    say_read_at(555, 5);
    wait_for_workers();
    say_read_at(111, 5);
    wait_for_workers();
    say_read_at(211, 5);
    wait_for_workers();
    say_reads();
}

CASE(a_write_changes_the_buffer_that_was_read_ahead,
     "main: read '01234WRITTEN23456789'\n")
{
    begin_sequential();
    read_first_buffer();
    write_at_105();
    say_read_at(100, 20);
}

CASE(a_write_before_a_worker_reads_ahead_is_not_lost,
     "main: read '01234WRITTEN23456789'\n")
{
    begin_sequential();
    stop_worker_before_its_read();
    write_at_105();
    set(may_read);
    say_read_at(100, 20);
}

/* The system has read the bytes, and the worker has not returned yet. */
CASE(a_write_after_a_worker_has_read_ahead_is_not_lost,
     "main: read '01234'\n"
     "main: read '01234WRITTEN23456789'\n")
{
    begin_sequential();
    after_read = new_event();
    may_return = new_event();
    read_digits(50, 0);
    wait_for(after_read);
    write_at_105();
    say_read_at(0, 5); /* needs another buffer */
    set(may_return);
    wait_for_workers();
    after_read = NULL;
    say_read_at(100, 20);
}

CASE(an_asynchronous_write_changes_the_buffer_that_was_read_ahead,
     "main: read '01234WRITTEN23456789'\n")
{
    struct file_task task = {0};
    begin_sequential();
    read_first_buffer();
    seek_to(105);
    file_stream_write_async(stream, "WRITTEN", 7, &task);
    must(file_task_wait(&task, INFINITE, NULL), "write");
    say_read_at(100, 20);
}

CASE(set_length_cuts_the_buffer_that_was_read_ahead, "main: read '0123456789'\n"
                                                     "main: read ''\n")
{
    begin_sequential();
    read_first_buffer();
    must(file_stream_set_length(stream, 110), "set length");
    say_read_at(100, 20);
    say_read(20);
}

int wmain(int argc, wchar_t **argv)
{
    create_digits();
    if (argc != 2 || !run_case(argv[1]))
        return 2;
    must(file_stream_close(stream), "close");
    must(pool_stop(&pool, POOL_DRAIN), "stop");
    return EXIT_SUCCESS;
}
