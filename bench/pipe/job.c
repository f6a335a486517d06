#include "job.h"

#include <process.h>
#include <stdio.h>
#include <windows.h>

struct job job;

/* The words of a piece: its number, the time when it was written (in ns), and
 * others, which follow from its number. */
enum { NUMBER, WRITTEN, OTHERS };

static HANDLE pipe, feeder;
static DWORD pause;              /* in ms */
static uint64_t *latencies;      /* of each piece, in ns */
static uint64_t threads, memory; /* when all reads were pending */
static _Atomic uint64_t used, sum;

static uint64_t word(uint64_t number, size_t index)
{
    return number << 32 | index;
}

static unsigned __stdcall feed(void *argument)
{
    uint64_t words[JOB_MAX_PIECE / sizeof(uint64_t)];
    (void)argument;
    must(ConnectNamedPipe(pipe, NULL) || GetLastError() == ERROR_PIPE_CONNECTED,
         "connect to the reader");
    for (uint64_t number = 0; number < job.reads; number++) {
        DWORD bytes;
        words[NUMBER] = number;
        for (size_t i = OTHERS; i < job.piece / sizeof *words; i++)
            words[i] = word(number, i);
        Sleep(pause);
        words[WRITTEN] = measure_now();
        must(WriteFile(pipe, words, (DWORD)job.piece, &bytes, NULL) &&
                 bytes == job.piece,
             "write a piece");
    }
    return 0;
}

void job_all_pending(void)
{
    threads = thread_count();
    memory = memory_kib();
    feeder = (HANDLE)_beginthreadex(NULL, 0, feed, NULL, 0, NULL);
    must(feeder != NULL, "start a thread");
}

bool job_use(const void *piece, size_t bytes)
{
    const uint64_t *words = piece;
    uint64_t now = measure_now();
    uint64_t number = words[NUMBER];
    must(bytes == job.piece && number < job.reads, "read a whole piece");
    must(latencies[number] == 0, "read each piece once");
    latencies[number] = now - words[WRITTEN];
    for (size_t i = OTHERS; i < bytes / sizeof *words; i++)
        must(words[i] == word(number, i), "read what was written");
    sum += add_up(words + OTHERS, bytes - OTHERS * sizeof *words) *
           (2 * number + 1);
    return ++used == job.reads;
}

void do_job(void)
{
    char path[64];
    job = (struct job){.pipe = path,
                       .piece = argument_number("piece", 64),
                       .reads = (unsigned)argument_number("reads", 1000),
                       .threads = (unsigned)argument_number("threads", 0)};
    pause = (DWORD)argument_number("pause", 1);
    must(job.reads > 0, "run with 0 reads");
    must(job.piece > OTHERS * sizeof(uint64_t) && job.piece <= JOB_MAX_PIECE &&
             job.piece % sizeof(uint64_t) == 0,
         "use pieces of this size");
    latencies = must_allocate(job.reads * sizeof *latencies);
    for (unsigned i = 0; i < job.reads; i++)
        latencies[i] = 0;
    snprintf(path, sizeof path, "\\\\.\\pipe\\bench-%lu",
             GetCurrentProcessId());
    pipe = CreateNamedPipeA(path, PIPE_ACCESS_OUTBOUND, PIPE_TYPE_BYTE, 1,
                            1 << 16, 0, 0, NULL);
    must(pipe != INVALID_HANDLE_VALUE, "create the pipe");
    do_pipe_reads();
    must(used == job.reads, "read all pieces");
    WaitForSingleObject(feeder, INFINITE);
    CloseHandle(feeder);
    CloseHandle(pipe);
    measure_add("threads_pending", threads);
    measure_add("memory_pending_kib", memory);
    measure_latencies(latencies, job.reads);
    measure_print(used, used * job.piece, sum);
}
