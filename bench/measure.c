#include "measure.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Windows ---------------------------------------------------------- */

#ifdef _WIN32

#include <windows.h>

#include <psapi.h>
#include <tlhelp32.h>

uint64_t measure_now(void)
{
    static uint64_t frequency;
    LARGE_INTEGER value;
    if (frequency == 0) {
        QueryPerformanceFrequency(&value);
        frequency = (uint64_t)value.QuadPart;
    }
    QueryPerformanceCounter(&value);
    uint64_t count = (uint64_t)value.QuadPart;
    return count / frequency * 1000000000 +
           count % frequency * 1000000000 / frequency;
}

static uint64_t nanoseconds(FILETIME time)
{
    return ((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime) * 100;
}

static uint64_t cpu_now(void)
{
    FILETIME created, exited, kernel, user;
    must(
        GetProcessTimes(GetCurrentProcess(), &created, &exited, &kernel, &user),
        "ask for the processor time");
    return nanoseconds(kernel) + nanoseconds(user);
}

static PROCESS_MEMORY_COUNTERS memory_now(void)
{
    PROCESS_MEMORY_COUNTERS memory;
    must(GetProcessMemoryInfo(GetCurrentProcess(), &memory, sizeof memory),
         "ask for the memory");
    return memory;
}

static uint64_t peak_kib(void)
{
    return memory_now().PeakWorkingSetSize >> 10;
}

uint64_t memory_kib(void)
{
    return memory_now().WorkingSetSize >> 10;
}

uint64_t thread_count(void)
{
    THREADENTRY32 thread = {.dwSize = sizeof thread};
    uint64_t count = 0;
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    must(all != INVALID_HANDLE_VALUE, "list the threads");
    for (BOOL more = Thread32First(all, &thread); more;
         more = Thread32Next(all, &thread))
        count += thread.th32OwnerProcessID == GetCurrentProcessId();
    CloseHandle(all);
    return count;
}

unsigned processor_count(void)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return system.dwNumberOfProcessors;
}

void meet(unsigned count)
{
    static _Atomic unsigned here;
    if (++here == count)
        WakeByAddressAll((void *)&here);
    for (unsigned seen = here; seen < count; seen = here)
        WaitOnAddress(&here, &seen, sizeof seen, INFINITE);
}

#else

/* ---- Linux ------------------------------------------------------------ */

#include <time.h>

static uint64_t clock_now(clockid_t clock)
{
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

uint64_t measure_now(void)
{
    return clock_now(CLOCK_MONOTONIC);
}

static uint64_t cpu_now(void)
{
    return clock_now(CLOCK_PROCESS_CPUTIME_ID);
}

/* Does not use getrusage: it returns the peak of the process that started this
 * one, if that was higher. */
static uint64_t peak_kib(void)
{
    unsigned long long peak = 0;
    char line[100];
    FILE *file = fopen("/proc/self/status", "r");
    must(file != NULL, "ask for the memory");
    while (peak == 0 && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "VmHWM: %llu", &peak);
    fclose(file);
    return peak;
}

#endif

/* ---- Both systems ----------------------------------------------------- */

/* Wine's server uses processor time for this process, too. run.py sets
 * BENCH_SERVER to the server's file schedstat in /proc, which begins with its
 * processor time in nanoseconds. */
static uint64_t server_cpu_now(void)
{
    const char *path = getenv("BENCH_SERVER");
    char line[64];
    if (path == NULL || *path == '\0')
        return 0;
    FILE *file = fopen(path, "r");
    must(file != NULL && fgets(line, sizeof line, file) != NULL,
         "read the file in BENCH_SERVER");
    fclose(file);
    return strtoull(line, NULL, 10);
}

/* ---- Counting allocations --------------------------------------------- */

/* With the linker's option --wrap=malloc, every call of malloc in the program
 * calls __wrap_malloc, and so on. */
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

/* ---- Measuring -------------------------------------------------------- */

static uint64_t began, cpu, server_cpu, allocated;

void measure_begin(void)
{
    server_cpu = server_cpu_now();
    cpu = cpu_now();
    allocated = allocations;
    began = measure_now();
}

void measure_end(void)
{
    began = measure_now() - began;
    allocated = allocations - allocated;
    cpu = cpu_now() - cpu;
    server_cpu = server_cpu_now() - server_cpu;
}

static struct {
    const char *name;
    uint64_t number;
} members[8];
static unsigned member_count;

void measure_add(const char *name, uint64_t number)
{
    must(member_count < sizeof members / sizeof *members,
         "print so many members");
    members[member_count].name = name;
    members[member_count++].number = number;
}

static int compare(const void *one, const void *other)
{
    const uint64_t *a = one, *b = other;
    return (*a > *b) - (*a < *b);
}

void measure_latencies(uint64_t *latencies, size_t count)
{
    qsort(latencies, count, sizeof *latencies, compare);
    measure_add("median_ns", latencies[count / 2]);
    measure_add("p99_ns", latencies[count * 99 / 100]);
}

void measure_print(uint64_t count, uint64_t bytes, uint64_t sum)
{
    printf("{\"contender\": \"%s\", \"count\": %llu, \"bytes\": %llu, "
           "\"sum\": \"%016llx\", \"seconds\": %.6f, \"cpu\": %.6f, "
           "\"server_cpu\": %.6f, \"allocations\": %llu, \"peak_kib\": %llu",
           contender, (unsigned long long)count, (unsigned long long)bytes,
           (unsigned long long)sum, (double)began / 1e9, (double)cpu / 1e9,
           (double)server_cpu / 1e9, (unsigned long long)allocated,
           (unsigned long long)peak_kib());
    for (unsigned i = 0; i < member_count; i++)
        printf(", \"%s\": %llu", members[i].name,
               (unsigned long long)members[i].number);
    printf("}\n");
    must(fflush(stdout) == 0, "print");
}

/* ---- Errors, memory, arguments ---------------------------------------- */

void must(bool ok, const char *tried)
{
    static atomic_flag failed = ATOMIC_FLAG_INIT;
    if (ok)
        return;
    while (atomic_flag_test_and_set(&failed))
        ; /* another thread is ending the process */
    fprintf(stderr, "%s: cannot %s\n", contender, tried);
    exit(EXIT_FAILURE);
}

void *must_allocate(size_t bytes)
{
    void *memory = malloc(bytes);
    must(memory != NULL, "allocate");
    return memory;
}

uint64_t add_up(const void *buffer, size_t bytes)
{
    const uint64_t *words = buffer;
    size_t count = bytes / sizeof *words;
    uint64_t sum = 0, last = 0;
    for (size_t i = 0; i < count; i++)
        sum += words[i];
    memcpy(&last, words + count, bytes % sizeof *words);
    return sum + last;
}

static char **arguments;

const char *argument(const char *name, const char *fallback)
{
    size_t length = strlen(name);
    for (char **each = arguments; *each != NULL; each++)
        if (strncmp(*each, name, length) == 0 && (*each)[length] == '=')
            return *each + length + 1;
    return fallback;
}

uint64_t argument_number(const char *name, uint64_t fallback)
{
    const char *value = argument(name, NULL);
    return value != NULL ? strtoull(value, NULL, 10) : fallback;
}

int main(int argc, char **argv)
{
    (void)argc;
    arguments = argv + 1;
    do_job();
    return 0;
}
