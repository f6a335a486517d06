#include "scheduler.h"

#include "clock.h"
#include "decisions.h"
#include "kernel.h"
#include "recorder.h"
#include "timeline.h"
#include "verdict.h"

#include <process.h>
#include <stdlib.h>
#include <string.h>

struct thread threads[MOST_THREADS];
struct thread *current;
const struct recorder *recorder;

static unsigned steps; /* of this order */

/* ---- Turns -------------------------------------------------------------- */

static void await_turn(struct thread *self)
{
    LONG none = 0;
    while (self->turn == 0)
        WaitOnAddress(&self->turn, &none, sizeof none, INFINITE);
    self->turn = 0;
}

static void give_turn(struct thread *to)
{
    current = to;
    InterlockedExchange(&to->turn, 1);
    WakeByAddressSingle((void *)&to->turn);
}

/* ---- Who comes next ----------------------------------------------------- */

static bool can_go_on(const struct thread *thread)
{
    return thread->is_used && !thread->has_ended &&
           (thread->is_ready == NULL || thread->is_ready(thread));
}

/* Whether an earlier thread has done the same, which is little: it has not
 * started, or is in its first call. To continue either of them makes no
 * difference, except for its number. */
static bool has_twin(const struct thread *thread)
{
    for (const struct thread *twin = threads + 1; twin < thread; twin++)
        if (thread->age <= 1 && twin->age == thread->age && can_go_on(twin) &&
            twin->routine == thread->routine &&
            twin->argument == thread->argument && twin->place == thread->place)
            return true;
    return false;
}

/* The first option costs 0: the current thread goes on, or, if it cannot, what
 * comes first of all others. */
static struct options find_options(void)
{
    struct options options = {0};
    bool goes_on = can_go_on(current);
    if (goes_on)
        add_option(&options, THREAD, current->number, 0);
    for (struct thread *thread = threads; thread < threads + MOST_THREADS;
         thread++)
        if (thread != current && can_go_on(thread) &&
            !(shared->settings.merges && has_twin(thread)))
            add_option(&options, THREAD, thread->number, goes_on);
    add_completions(&options, goes_on && shared->settings.counts);
    if (options.count == 0 || !shared->settings.row)
        add_timeout(&options, options.count > 0);
    return options;
}

/* The kernel and the clock act until a thread is chosen. */
static struct thread *choose_thread(void)
{
    for (;;) {
        struct options options = find_options();
        if (options.count == 0) {
            explain_threads();
            mistake("deadlock: every thread waits, and nothing can end a wait");
        }
        if (++steps > shared->settings.steps) {
            explain_threads();
            mistake("it goes on for ever: %u steps, and no end",
                    shared->settings.steps);
        }
        const struct option *next = decide(&options);
        if (next->actor == THREAD)
            return &threads[next->number];
        if (next->actor == KERNEL)
            complete(next->number);
        else
            pass_time(&threads[next->number]);
    }
}

/* If this thread has ended, another order may already use its structure when
 * the turn is given away. */
static void pass_on(void)
{
    struct thread *self = current;
    bool has_ended = self->has_ended;
    DWORD error = GetLastError();
    struct thread *next = choose_thread();
    if (next == self)
        return;
    give_turn(next);
    if (!has_ended)
        await_turn(self);
    SetLastError(error);
}

/* ---- What a call does --------------------------------------------------- */

void enter_from(const char *call, const void *place, const void *frame)
{
    if (recorder != NULL)
        recorder->find_caller(&place, &frame);
    current->call = call;
    current->place = place;
    current->age++;
    check_stack(frame);
}

void switch_point(void)
{
    pass_on();
}

bool wait_until(ready_test *is_ready, void *awaited, DWORD timeout)
{
    struct thread *self = current;
    self->awaited = awaited;
    self->deadline = NEVER;
    if (timeout != 0) { /* without time, it only looks */
        self->is_ready = is_ready;
        self->deadline = deadline_after(timeout);
    }
    pass_on();
    bool is_over = is_ready(self);
    self->is_ready = NULL;
    self->deadline = NEVER;
    self->age++;
    return is_over;
}

/* ---- Threads ------------------------------------------------------------ */

/* A thread of the system. It runs one thread of the program after the other,
 * because to start and end a thread takes longer than most orders. */
static unsigned __stdcall run_threads(void *argument)
{
    struct thread *self = argument;
    for (;;) {
        await_turn(self);
        self->status = recorder != NULL ? recorder->run(self)
                                        : self->routine(self->argument);
        self->call = "its end";
        tell("ends");
        self->has_ended = true;
        pass_on();
    }
    return 0; /* not reached */
}

struct thread *new_thread(unsigned(__stdcall *routine)(void *), void *argument)
{
    unsigned number = 0;
    while (number < MOST_THREADS && threads[number].is_used)
        number++;
    if (number == MOST_THREADS)
        refuse("more than %d threads", MOST_THREADS);
    struct thread *thread = &threads[number];
    thread->is_used = true;
    thread->call = "its start";
    thread->routine = routine;
    thread->argument = argument;
    if (!thread->has_system_thread) {
        uintptr_t handle =
            _beginthreadex(NULL, 0, run_threads, thread, 0, NULL);
        if (handle == 0)
            return NULL;
        CloseHandle((HANDLE)handle);
        thread->has_system_thread = true;
    }
    return thread;
}

static void free_locals(struct thread *thread)
{
    for (unsigned i = 0; i < MOST_LOCALS; i++)
        free(thread->locals[i].memory);
}

void reset_threads(void)
{
    for (unsigned i = 0; i < MOST_THREADS; i++) {
        struct thread *thread = &threads[i];
        free_locals(thread);
        *thread =
            (struct thread){.number = i,
                            .deadline = NEVER,
                            .has_system_thread = thread->has_system_thread};
    }
    current = &threads[MAIN_THREAD];
    current->is_used = true;
    current->call = "its start";
    steps = 0;
}

bool have_ended(void)
{
    for (unsigned i = 1; i < MOST_THREADS; i++)
        if (threads[i].is_used && !threads[i].has_ended)
            return false;
    return true;
}

/* ---- Texts -------------------------------------------------------------- */

const char *name_of(const struct thread *thread)
{
    static char names[MOST_THREADS][16];
    char *name = names[thread->number];
    if (thread->number == MAIN_THREAD)
        return "main";
    snprintf(name, sizeof names[0], "thread %u", thread->number);
    return name;
}

void explain_threads(void)
{
    for (unsigned i = 0; i < MOST_THREADS; i++) {
        const struct thread *thread = &threads[i];
        if (thread->is_used && !thread->has_ended)
            explain("%s: in %s at %s", name_of(thread), thread->call,
                    place_text(thread->place));
    }
}
