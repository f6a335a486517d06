/*
 * A recording: the calls that a program made, one record each, in a file that
 * the program maps into its memory. trace.c writes it, trace.py reads it.
 *
 *      | header, 4096 bytes | record | record | ...   | not used: a hole |
 *
 * A thread reserves a record by one InterlockedIncrement64; then the record
 * belongs to this thread. So no lock is needed, and no thread waits for
 * another. The thread fills in the record before the call, and adds the result
 * when the call has returned. The memory is the file itself: after a crash, or
 * when the program is killed, all records are in the file. A call that has not
 * returned has no end.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdint.h>

enum { TRACE_HEADER = 4096, TRACE_NAMES = 3072 };

/* The subject of a record: a call of a function of imports.h, or something
 * else.
 */
enum kind {
    KIND_NOTHING, /* not filled in yet, or free for another call */
#define IMPORT(result, failure, name, parameters, arguments) KIND_##name,
#define IMPORT_VOID(name, parameters, arguments)             KIND_##name,
#include "../interpose/imports.h"
    KIND_NtSetIoCompletion, /* of ntdll, so it is not in imports.h */
    KIND_THREAD,   /* a thread's routine, from its start to its return */
    KIND_CALLBACK, /* a callback of a pool of the system, or a completion
                      routine, in the same way */
    KIND_PACKET,   /* one packet of a call of GetQueuedCompletionStatusEx */
    KIND_HANDLE,   /* one handle of a call that waits for several; it follows
                      the record of that call */
    KIND_CRASH,    /* an exception that the program has not handled */
    KIND_EXIT,     /* the program exits in the normal way */
    /* Only in deep mode: see deep.h. */
    KIND_LINE,     /* a piece of the program's code starts to run */
    KIND_STACK,    /* a struct stack_record */
    KIND_BYTES,    /* a struct bytes_record */
    KIND_DEPTH,    /* the port `handle` holds `length` packets */
    KIND_ALLOCATE, /* `offset` bytes were allocated, at `overlapped` */
    KIND_FREE,     /* the memory at `overlapped` is freed; length 1: it was not
                      allocated, or not allocated any more */
    KIND_DONE,     /* lab/modes completed an I/O: `bytes`, and in `error` its
                      NTSTATUS; its packet is not queued yet */
};

struct header {
    char magic[8]; /* "trace 1" */
    uint64_t record_size, capacity;
    volatile int64_t taken; /* records reserved, also those that did not fit */
    int64_t frequency;      /* ticks a second, for begin and end */
    uint64_t standard[3];   /* the handles of stdin, stdout and stderr */
    uint64_t main_thread;
    uint64_t image;          /* the address at which the program was loaded */
    char names[TRACE_NAMES]; /* of the kinds, from 1 on, each on a line */
};

/* The kind decides what a field means. A field without a meaning is 0. */
struct record {
    uint32_t kind; /* stored after the other fields of the start */
    uint32_t thread;
    int64_t begin;       /* in ticks */
    int64_t end;         /* in ticks; 0: the call has not returned */
    uint64_t line;       /* the call's address for addr2line; 0: not known */
    uint64_t handle;     /* of the file, port, event, thread or PTP_IO; the
                            address of a condition variable */
    uint64_t other;      /* a handle that the call made, or signalled; the port
                            of a bind; an OVERLAPPED's hEvent; for a post, all
                            fields of its OVERLAPPED except the offset,
                            combined by |, if lab/guard has allocated it; for
                            KIND_THREAD,
                            the number (from 1) of the record that created the
                            thread; for a wait that found nothing, how often
                            the thread has repeated it: see repeats.c */
    uint64_t overlapped; /* the address that was passed, or that came back */
    uint64_t offset;     /* of a read or write; the key of a packet; the code
                            of DeviceIoControl; the handle of a process's
                            thread; 1: a wait for all of the handles */
    uint32_t length;     /* bytes asked for; a count, flags or a timeout */
    uint32_t error;      /* 0: the call succeeded */
    uint32_t bytes;      /* bytes that were transferred, if this is known; the
                            result of a wait; 1: a bind that makes its port */
    uint32_t ok;         /* 1: the call did not fail */
};

/* The call stack of another record, which has the number `of`. The frames are
 * addresses for addr2line, from the innermost one on; 0: there are no more. */
enum { STACK_FRAMES = 8 };
struct stack_record {
    uint32_t kind, thread;
    uint64_t of;
    uint64_t frames[STACK_FRAMES];
};

/* A piece of what a look found. The pieces of one find follow each other, and
 * each one that is not the last has PIECE bytes. */
enum { PIECE = 40 };
enum bytes_of {
    BYTES_OF_BLOCK, /* of an allocation or an OVERLAPPED; `of` is its address */
    BYTES_OF_BUFFER, /* of a buffer; `of` is the address of its OVERLAPPED */
    BYTES_OF_STREAM, /* printed; `of` is 0 for stdout, 1 for stderr */
};
struct bytes_record {
    uint32_t kind, thread;
    int64_t begin;
    uint64_t of;
    uint64_t address; /* the piece's place in the find, or in the stream */
    uint32_t total;   /* bytes of the find */
    uint32_t what;    /* enum bytes_of */
    char bytes[PIECE];
};

_Static_assert(sizeof(struct stack_record) == sizeof(struct record) &&
                   sizeof(struct bytes_record) == sizeof(struct record),
               "all records have the same size");

#endif
