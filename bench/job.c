#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- What differs between the systems --------------------------------- */

#ifdef _WIN32

#include <windows.h>

#include <psapi.h>

static double now(void)
{
    LARGE_INTEGER count, frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    return (double)count.QuadPart / (double)frequency.QuadPart;
}

static uint64_t file_size(const char *path)
{
    WIN32_FILE_ATTRIBUTE_DATA data;
    job_check(GetFileAttributesExA(path, GetFileExInfoStandard, &data),
              "find the file");
    return (uint64_t)data.nFileSizeHigh << 32 | data.nFileSizeLow;
}

static uint64_t peak_kib(void)
{
    PROCESS_MEMORY_COUNTERS memory;
    job_check(GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof memory),
              "ask for the memory");
    return memory.PeakWorkingSetSize >> 10;
}

#else

#include <sys/resource.h>
#include <time.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint64_t file_size(const char *path)
{
    struct stat status;
    job_check(stat(path, &status) == 0, "find the file");
    return (uint64_t)status.st_size;
}

static uint64_t peak_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss;
}

#endif

/* ---- Counting allocations --------------------------------------------- */

/* Linked with --wrap=malloc and so on: every call in the program comes here. */
static _Atomic uint64_t allocations;

void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations++;
    return __real_realloc(memory, size);
}

/* ---- The job ---------------------------------------------------------- */

static double began, seconds;
static uint64_t allocated;

void job_begin(void)
{
    allocated = allocations;
    began = now();
}

void job_end(void)
{
    seconds = now() - began;
    allocated = allocations - allocated;
}

/* The same number always gives the same number, and looks like chance
 * (Steele and others' SplitMix64). */
static uint64_t mix(uint64_t number)
{
    number = (number + 1) * 0x9E3779B97F4A7C15;
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9;
    number = (number ^ number >> 27) * 0x94D049BB133111EB;
    return number ^ number >> 31;
}

bool job_next(struct job *job, uint64_t *offset)
{
    uint64_t number = job->taken++;
    if (number >= job->reads)
        return false;
    *offset = (job->random ? mix(number) : number) % job->blocks * job->block;
    return true;
}

bool job_use(struct job *job, const void *buffer, uint64_t offset, size_t bytes)
{
    job_check(bytes == job->block, "read a whole block");
    const uint64_t *words = buffer;
    uint64_t sum = 0;
    for (size_t i = 0; i < bytes / sizeof *words; i++)
        sum += words[i];
    job->sum += sum * (offset | 1); /* what came, and from where */
    return ++job->used == job->reads;
}

void job_check(bool ok, const char *tried)
{
    if (ok)
        return;
    fprintf(stderr, "%s: cannot %s\n", contender, tried);
    exit(EXIT_FAILURE);
}

void *job_allocate(size_t bytes)
{
    void *memory = malloc(bytes);
    job_check(memory != NULL, "allocate");
    return memory;
}

int main(int argc, char **argv)
{
    job_check(argc == 7, "go without FILE BLOCK random|sequential READS DEPTH "
                         "THREADS");
    struct job job = {.path = argv[1],
                      .block = strtoul(argv[2], NULL, 10),
                      .random = strcmp(argv[3], "random") == 0,
                      .reads = strtoull(argv[4], NULL, 10),
                      .depth = (unsigned)strtoul(argv[5], NULL, 10),
                      .threads = (unsigned)strtoul(argv[6], NULL, 10)};
    job_check(job.block > 0 && job.reads > 0 && job.depth > 0, "do nothing");
    job_check(job.depth <= JOB_MAX_DEPTH, "keep so many in flight");
    job.blocks = file_size(job.path) / job.block;
    job_check(job.blocks > 0, "read less than a block");
    contend(&job);
    job_check(job.used == job.reads, "do all the reads");
    printf("%s,%u,%llu,%llu,%.6f,%016llx,%llu,%llu\n", contender, job.threads,
           (unsigned long long)job.used,
           (unsigned long long)(job.used * job.block), seconds,
           (unsigned long long)job.sum, (unsigned long long)allocated,
           (unsigned long long)peak_kib());
    return 0;
}
