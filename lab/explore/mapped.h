/*
 * What the explorer and explore.py share: one file, which both map into memory.
 * So nothing is lost when a process of the explorer crashes: the file has the
 * order that it was trying, and another process continues there.
 *
 * orders.py has the same structures. `size` shows whether they are the same.
 */
#ifndef MAPPED_H
#define MAPPED_H

#include <stdint.h>

enum {
    MOST_DECISIONS = 4096, /* in one order */
    MOST_OPTIONS = 16,     /* of one decision */
    MOST_PROCESSES = 2,
    MOST_TEXT = 4096,
};

/* A decision: which of several options comes next. */
struct decision {
    uint8_t count;     /* of options, from 2 on */
    uint8_t chosen;    /* one of them, from 0 on */
    uint8_t spent;     /* the cost of all earlier decisions together */
    uint8_t unused;    /* 0 */
    uint16_t costly;   /* a bit for each option that costs 1 */
    uint16_t identity; /* a hash of the options: a replay must find the same */
};

/* An order of threads and completions is its list of decisions. */
struct order {
    uint32_t length;
    struct decision at[MOST_DECISIONS];
};

/* What explore.py chooses. */
struct settings {
    uint32_t bound;     /* the cost of an order, at most */
    uint32_t counts;    /* 1: a completion costs 1 while a thread could go on */
    uint32_t surprises; /* 1: the kernel may complete an I/O inside the call,
                           report the end of a file there, read fewer bytes
                           than the file has, or ignore a CancelIoEx; each costs
                           1 */
    uint32_t merges;    /* 1: of threads that have done the same, only the first
                           is an option */
    uint32_t endless;   /* 1: an I/O completes only when it is cancelled */
    uint32_t same;      /* 1: each order must print the same lines */
    uint32_t steps;     /* in one order, at most: more are a livelock */
    uint32_t replays;   /* 1: try one order, and tell what happens */
    uint32_t random;    /* how many orders to choose at random; 0: try all */
    uint32_t seed;      /* for these */
    uint32_t row;   /* 1: the program is a row of lab/probe. It may leave I/O
                       and handles behind, and time passes only when nothing
                       else can happen */
    uint32_t stops; /* 1: begin no further order */
};

enum verdict {
    NO_VERDICT, /* the process ended before it had one */
    RIGHT,
    MISTAKE,
    NOT_MODELLED, /* the program makes a call that the explorer does not model
                   */
    DIVERGED      /* the program has not done the same as before */
};

enum progress {
    FRESH,       /* no order was tried yet */
    RUNNING,     /* `order` is being tried */
    ENDED,       /* it has a verdict */
    NOTHING_LEFT /* all orders were tried */
};

/* One process of the explorer. */
struct process {
    uint32_t progress; /* enum progress */
    uint32_t verdict;  /* enum verdict */
    uint32_t number;   /* of the order, in the sequence of all */
    uint32_t spent;    /* its cost */
    uint32_t fixed; /* its first decisions, which this process never changes */
    char text[MOST_TEXT]; /* what is wrong */
    struct order order;
};

struct shared {
    uint32_t size; /* of this structure */
    struct settings settings;
    uint32_t orders;      /* that have ended */
    uint32_t longest;     /* the most decisions in an order */
    uint32_t next_branch; /* of the first order: see decisions.c */
    uint32_t has_first;   /* whether the first order has ended */
    uint32_t same_lines;  /* a hash of the lines that the first order printed */
    uint64_t decisions;   /* in all orders together */
    char printed[MOST_TEXT]; /* by the first order */
    struct order first;
    struct process processes[MOST_PROCESSES];
};

#endif
