/*
 * A recording: what a program did, one record a call, in a file that the
 * program maps into its memory. trace.c writes it, trace.py reads it.
 *
 *      | header, 4096 bytes | record | record | ...   | not used: a hole |
 *
 * A record is reserved by one InterlockedIncrement64 and belongs to its thread
 * from then on: there is no lock, and none waits for another. It is filled in
 * before the call, and once more when the call has returned. The file is the
 * memory itself, so what was recorded is there even if the program crashes or
 * is killed; a call that never returned has no end.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdint.h>

enum { TRACE_HEADER = 4096, TRACE_NAMES = 3072 };

/* What a record is about: a function of imports.h, or one of these. */
enum kind {
    KIND_NOTHING, /* not filled in (yet) */
#define IMPORT(result, failure, name, parameters, arguments) KIND_##name,
#define IMPORT_VOID(name, parameters, arguments)             KIND_##name,
#include "../interpose/imports.h"
    KIND_THREAD,   /* a thread's routine, from begin to end */
    KIND_CALLBACK, /* the same of a callback of a pool of the system's */
    KIND_PACKET,   /* one of those that GetQueuedCompletionStatusEx took */
    KIND_CRASH,    /* an exception that nobody has handled */
    KIND_EXIT,     /* the program has ended in order */
};

struct header {
    char magic[8]; /* "trace 1" */
    uint64_t record_size, capacity;
    volatile int64_t taken; /* beyond the capacity: so many did not fit */
    int64_t frequency;      /* of begin and end, in ticks a second */
    uint64_t standard[3];   /* the handles of stdin, stdout and stderr */
    uint64_t main_thread;
    char names[TRACE_NAMES]; /* of the kinds, from 1 on, a line each */
};

/* What a field means depends on the kind; one without a meaning is 0. */
struct record {
    uint32_t kind; /* stored last: then the rest is there */
    uint32_t thread;
    int64_t begin, end;  /* no end: it has not returned */
    uint64_t line;       /* of the call, for addr2line; 0: not known */
    uint64_t handle;     /* the file, port, event, thread, PTP_IO it is about */
    uint64_t other;      /* a handle that it made; the port to bind to; an
                            OVERLAPPED's hEvent; of a thread, which record made
                            it, from 1 on */
    uint64_t overlapped; /* that went out, or that came back */
    uint64_t offset;     /* of the bytes; of a packet, its key */
    uint32_t length;     /* asked for; a count, flags or a timeout */
    uint32_t error;      /* 0: it succeeded */
    uint32_t bytes;      /* that came or went, where that is known */
    uint32_t ok;         /* it returned TRUE, or what is no failure */
};

#endif
