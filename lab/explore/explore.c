/*
 * The explorer: runs the program's wmain again and again, each time in another
 * order of its threads and of what the kernel does. README.md explains the
 * idea. The files:
 *
 *      shared      what this process and explore.py share
 *      chance      orders at random
 *      decisions   the tree of decisions: which order comes next
 *      verdict     how an order ends, and what is wrong with it
 *      timeline    an order in words
 *      scheduler   threads, turns, switch points
 *      clock       virtual time
 *      disk        the content of files
 *      output      what the program has printed
 *      kernel      objects, and requests in flight
 *      calls       which calls are answered, and which are refused
 *      pipes       named pipes: names, data, ends
 *      short_reads what a program makes of a short read
 *      files, io, events, ports, locks, process    these calls
 *      statics     the program's static variables, as they were
 *
 *      program.exe SHARED-FILE PROCESS ARGUMENT...
 */
#include "clock.h"
#include "decisions.h"
#include "files.h"
#include "kernel.h"
#include "locks.h"
#include "output.h"
#include "pipes.h"
#include "scheduler.h"
#include "short_reads.h"
#include "statics.h"
#include "verdict.h"

#include "../guard/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

/* The program's. */
int program_wmain(int argc, wchar_t **argv) __asm__("explore.wmain");

static void reset(void)
{
    reset_threads();
    reset_clock();
    reset_disk();
    reset_files();
    reset_pipes();
    reset_output();
    reset_kernel();
    reset_short_reads();
    reset_locks();
    reset_verdict();
    restore_statics();
    guard_begin_again();
}

static void run_one_order(int argc, wchar_t **argv)
{
    reset();
    int status = program_wmain(argc, argv);
    enter("the end of wmain");
    switch_point();
    end_with_wmain((unsigned)status);
}

int wmain(int argc, wchar_t **argv)
{
    if (argc < 3 ||
        !open_shared(argv[1], (unsigned)wcstoul(argv[2], NULL, 10))) {
        fprintf(stderr, "explore: cannot open '%ls'\n",
                argc > 1 ? argv[1] : L"");
        return EXIT_FAILURE;
    }
    argv[2] = argv[0];
    watch_memory();
    keep_statics();
    while (next_order())
        run_one_order(argc - 2, argv + 2);
    /* Threads of the explorer wait for work that does not come. */
    TerminateProcess(GetCurrentProcess(), EXIT_SUCCESS);
    return EXIT_SUCCESS;
}
