/*
 * What the pool itself costs: this program replaces the port and the files (see
 * port.h), and prints a table.
 *
 *      rounds=COUNT   of each measurement; the table has the median; default 9
 *      ios=COUNT      how many I/Os in a round; default 500000
 */
#include "../../final/pool.h"
#include "../win32.h"
#include "port.h"

#include <process.h>
#include <stdio.h>
#include <stdlib.h>

const char contender[] = "own";

enum { MAX_ROUNDS = 99, MAX_THREADS = 64 };

static unsigned rounds, ios;

static int compare(const void *one, const void *other)
{
    const double *a = one, *b = other;
    return (*a > *b) - (*a < *b);
}

static double median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static void check(DWORD error, const char *tried)
{
    must(error == ERROR_SUCCESS, tried);
}

/* ---- Reads that start each other ----------------------------------------- */

/* Each read is started again until it has completed so often. */
struct read {
    OVERLAPPED overlapped; /* of a thread by hand */
    struct request *request;
    unsigned left;
};

static struct bound_file file;
static HANDLE file_of_port;
static _Atomic unsigned in_flight; /* those reads that have some left */

/* Returns true if the read has to be started again. */
static bool goes_on(struct read *read)
{
    if (--read->left > 0)
        return true;
    if (--in_flight == 0)
        WakeByAddressAll((void *)&in_flight);
    return false;
}

static void wait_for_all(void)
{
    for (unsigned seen; (seen = in_flight) > 0;)
        WaitOnAddress(&in_flight, &seen, sizeof seen, INFINITE);
}

static struct read *make_reads(unsigned depth)
{
    struct read *reads = must_allocate(depth * sizeof *reads);
    for (unsigned i = 0; i < depth; i++)
        reads[i] = (struct read){.left = ios / depth};
    in_flight = depth;
    return reads;
}

/* ---- The port by hand ---------------------------------------------------- */

static void start_by_hand(struct read *read)
{
    static char byte;
    read->overlapped = (OVERLAPPED){0};
    must(!ReadFile(file_of_port, &byte, 1, NULL, &read->overlapped) &&
             GetLastError() == ERROR_IO_PENDING,
         "read");
}

static unsigned __stdcall worker(void *port)
{
    DWORD bytes;
    OVERLAPPED *overlapped;
    while ((overlapped = take_packet(port, &bytes)) != NULL) {
        struct read *read =
            CONTAINING_RECORD(overlapped, struct read, overlapped);
        if (goes_on(read))
            start_by_hand(read);
    }
    return 0;
}

/* Both return ns for one I/O. */
static double run_by_hand(unsigned threads, unsigned depth)
{
    HANDLE workers[MAX_THREADS];
    struct read *reads = make_reads(depth);
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    file_of_port = port_open(false);
    CreateIoCompletionPort(file_of_port, port, 1, 0);
    for (unsigned i = 0; i < threads; i++)
        workers[i] = (HANDLE)_beginthreadex(NULL, 0, worker, port, 0, NULL);
    port_wait_for_threads(threads);
    port_hold();
    for (unsigned i = 0; i < depth; i++)
        start_by_hand(&reads[i]);
    uint64_t began = measure_now();
    port_release();
    wait_for_all();
    uint64_t ended = measure_now();
    for (unsigned i = 0; i < threads; i++)
        PostQueuedCompletionStatus(port, 0, 1, NULL);
    for (unsigned i = 0; i < threads; i++)
        WaitForSingleObject(workers[i], INFINITE);
    CloseHandle(file_of_port);
    CloseHandle(port);
    free(reads);
    return (double)(ended - began) / ios;
}

/* ---- The pool ------------------------------------------------------------ */

static void start(struct request *request)
{
    overlapped_reset(request, 0);
    must(bound_file_read(&file, request).outcome == IO_QUEUED, "read");
}

static void on_read(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct request *request =
        CONTAINING_RECORD(overlapped, struct request, overlapped);
    (void)error, (void)bytes;
    if (goes_on(request->context))
        start(request);
}

static struct pool pool;

static void open_pool(unsigned threads)
{
    check(pool_create(&pool, threads, 0), "create the pool");
    port_wait_for_threads(threads);
}

static void open_file(bool pends, struct bound_file *opened)
{
    check(pool_bind_handle(&pool, port_open(pends), 0, opened), "bind");
}

static void close_file(struct bound_file *opened)
{
    check(bound_file_close(opened), "close");
}

static void stop_pool(void)
{
    check(pool_stop(&pool, POOL_DRAIN), "stop the pool");
}

static struct request *pack(io_completion_callback *callback, void *context)
{
    static char byte;
    struct request *request = overlapped_pack(callback, context, &byte, 1, 0);
    must(request != NULL, "allocate");
    return request;
}

enum waiting { NO_CALL_WAITS, MAIN_WAITS_FOR_IDLE };

static double run_pool(unsigned threads, unsigned depth, enum waiting waiting)
{
    struct read *reads = make_reads(depth);
    open_pool(threads);
    open_file(false, &file);
    port_hold();
    for (unsigned i = 0; i < depth; i++) {
        reads[i].request = pack(on_read, &reads[i]);
        start(reads[i].request);
    }
    uint64_t began = measure_now();
    port_release();
    if (waiting == MAIN_WAITS_FOR_IDLE)
        check(pool_wait_idle(&pool, INFINITE), "wait");
    else
        wait_for_all();
    uint64_t ended = measure_now();
    close_file(&file);
    stop_pool();
    for (unsigned i = 0; i < depth; i++)
        overlapped_free(reads[i].request);
    free(reads);
    return (double)(ended - began) / ios;
}

static double locks_for_one(enum waiting waiting)
{
    port_begin_counting_locks();
    run_pool(1, 32, waiting);
    return (double)port_end_counting_locks() / ios;
}

/* ---- Reads that pend ----------------------------------------------------- */

static void on_cancelled(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)bytes;
    must(error == ERROR_OPERATION_ABORTED, "cancel");
    overlapped_free(CONTAINING_RECORD(overlapped, struct request, overlapped));
}

enum { SAMPLES = 100 };

static uint64_t tickets[SAMPLES]; /* of the reads that were started last */

/* Starts so many reads, which on_cancelled frees. */
static void start_pending(struct bound_file *pending, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct request *request = pack(on_cancelled, NULL);
        tickets[i % SAMPLES] = request->ticket;
        must(bound_file_read(pending, request).outcome == IO_QUEUED, "read");
    }
}

/* Takes everything else out of the processor's caches. Otherwise 100 reads
 * would be faster only because all their memory is still there. For the same
 * reason, those that are cancelled were started one after the other. */
static void fill_caches(void)
{
    static volatile char memory[64 << 20];
    for (size_t i = 0; i < sizeof memory; i += 64)
        memory[i]++;
}

/* ns to cancel one of so many reads. */
static double cancel_one_of(unsigned count)
{
    open_pool(2);
    open_file(true, &file);
    start_pending(&file, count);
    port_hold();
    fill_caches();
    uint64_t began = measure_now();
    for (unsigned i = 0; i < SAMPLES; i++)
        check(bound_file_cancel(&file, tickets[i]), "cancel");
    uint64_t ended = measure_now();
    port_release();
    close_file(&file);
    stop_pool();
    return (double)(ended - began) / SAMPLES;
}

/* ns to close a file with one read, beside so many reads of another file. */
static double close_beside(unsigned others)
{
    double closes[SAMPLES];
    struct bound_file other;
    open_pool(2);
    open_file(true, &other);
    start_pending(&other, others);
    for (unsigned i = 0; i < SAMPLES; i++) {
        open_file(true, &file);
        start_pending(&file, 1);
        uint64_t began = measure_now();
        close_file(&file);
        closes[i] = (double)(measure_now() - began);
    }
    close_file(&other);
    stop_pool();
    return median(closes, SAMPLES);
}

/* ---- A ping beside a close ----------------------------------------------- */

/* A read that is started again whenever it completes. */
static struct ping {
    struct bound_file file;
    struct request *request;
    uint64_t started, longest; /* ns */
    _Atomic bool stops;
    HANDLE stopped; /* an event */
} ping;

static void on_ping(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)error, (void)bytes, (void)overlapped;
    uint64_t now = measure_now();
    if (now - ping.started > ping.longest)
        ping.longest = now - ping.started;
    if (ping.stops) {
        SetEvent(ping.stopped);
        return;
    }
    ping.started = now;
    overlapped_reset(ping.request, 0);
    must(bound_file_read(&ping.file, ping.request).outcome == IO_QUEUED,
         "ping");
}

/* The longest time from the start of the read to its callback, in ns, while a
 * file with so many reads is closed. */
static double longest_ping(unsigned count)
{
    open_pool(2);
    open_file(true, &file);
    start_pending(&file, count);
    open_file(false, &ping.file);
    ping.request = pack(on_ping, NULL);
    ping.stops = false;
    ping.longest = 0;
    ping.started = measure_now();
    start(ping.request);
    close_file(&file);
    ping.stops = true;
    WaitForSingleObject(ping.stopped, INFINITE);
    close_file(&ping.file);
    overlapped_free(ping.request);
    stop_pool();
    return (double)ping.longest;
}

/* ---- The tables ---------------------------------------------------------- */

static void print_cost(unsigned threads, unsigned depth)
{
    double by_hand[MAX_ROUNDS] = {0}, with_pool[MAX_ROUNDS] = {0};
    for (unsigned i = 0; i < rounds; i++) {
        by_hand[i] = run_by_hand(threads, depth);
        with_pool[i] = run_pool(threads, depth, NO_CALL_WAITS);
    }
    double hand = median(by_hand, rounds), all = median(with_pool, rounds);
    printf("| %u | %u | %.0f | %.0f | %.0f |\n", threads, depth, hand, all,
           all - hand);
}

static void print_costs(void)
{
    printf("| threads | in flight | by hand: ns | with the pool: ns | the "
           "pool's own cost: ns |\n"
           "| --- | --- | --- | --- | --- |\n");
    for (unsigned threads = 1; threads <= 8; threads += 7) {
        print_cost(threads, 32);
        print_cost(threads, 10000);
    }
}

static double median_of(double (*measure)(unsigned), unsigned argument)
{
    double measured[MAX_ROUNDS] = {0};
    for (unsigned i = 0; i < rounds; i++)
        measured[i] = measure(argument);
    return median(measured, rounds);
}

static double longest_of(double (*measure)(unsigned), unsigned argument)
{
    double longest = 0;
    for (unsigned i = 0; i < rounds; i++) {
        double one = measure(argument);
        longest = one > longest ? one : longest;
    }
    return longest;
}

static void print_pending(void)
{
    printf("\n| what | |\n| --- | --- |\n");
    printf("| locks that one I/O acquires | %.2f |\n",
           locks_for_one(NO_CALL_WAITS));
    printf("| the same, while `main` waits in `pool_wait_idle` | %.2f |\n",
           locks_for_one(MAIN_WAITS_FOR_IDLE));
    printf("| cancel one read of 100 | %.0f ns |\n",
           median_of(cancel_one_of, 100));
    printf("| cancel one read of 100,000 | %.0f ns |\n",
           median_of(cancel_one_of, 100000));
    printf("| close a file with one read | %.1f us |\n",
           median_of(close_beside, 0) / 1e3);
    printf("| the same, with 100,000 reads of another file in flight | %.1f us "
           "|\n",
           median_of(close_beside, 100000) / 1e3);
    printf("| the longest wait of a read, while a file with 10,000 reads is "
           "closed | %.2f ms |\n",
           longest_of(longest_ping, 10000) / 1e6);
}

void do_job(void)
{
    rounds = (unsigned)argument_number("rounds", 9);
    ios = (unsigned)argument_number("ios", 500000);
    must(rounds > 0 && rounds <= MAX_ROUNDS && ios >= 10000,
         "use so few or so many rounds and I/Os");
    port_replace();
    ping.stopped = CreateEventW(NULL, FALSE, FALSE, NULL);
    must(ping.stopped != NULL, "create an event");
    print_costs();
    print_pending();
}
