/*
 * The orders of a program are the paths through a tree. Each decision is a
 * node, and each of its options is a branch. The search is depth first: the
 * next order is the last one with its last decision changed, and new decisions
 * after that. An order whose decisions would cost more than the bound is left
 * out.
 *
 * Two processes share the tree by the first order, which takes option 0
 * everywhere. Each option that this order did not take is a branch with orders
 * of its own. A process takes a branch, tries all its orders, and takes the
 * next branch that no process has taken.
 */
#include "decisions.h"

#include "chance.h"
#include "verdict.h"

#include <string.h>
#include <windows.h>

struct shared *shared;
struct process *own;

static unsigned position; /* of the next decision in the order */
static unsigned spent;

/* ---- One order ---------------------------------------------------------- */

void add_option(struct options *options, enum actor actor, unsigned number,
                unsigned cost)
{
    if (options->count == MOST_OPTIONS)
        refuse("more than %d options for one decision", MOST_OPTIONS);
    options->at[options->count++] = (struct option){actor, number, cost};
}

static struct decision describe(const struct options *options)
{
    struct decision decision = {.count = (uint8_t)options->count,
                                .spent = (uint8_t)spent};
    unsigned hash = 5381;
    for (unsigned i = 0; i < options->count; i++) {
        const struct option *option = &options->at[i];
        decision.costly |= (uint16_t)(option->cost << i);
        hash = hash * 33 + (unsigned)option->actor * 1000 + option->number;
    }
    decision.identity = (uint16_t)(hash ^ hash >> 16);
    return decision;
}

static bool is_same(const struct decision *a, const struct decision *b)
{
    return a->count == b->count && a->costly == b->costly &&
           a->identity == b->identity && a->spent == b->spent;
}

const struct option *decide(const struct options *options)
{
    if (options->count == 1)
        return &options->at[0];
    if (position == MOST_DECISIONS)
        refuse("more than %d decisions in one order", MOST_DECISIONS);
    struct decision now = describe(options);
    struct decision *known = &own->order.at[position];
    if (position == own->order.length) {
        *known = now;
        if (shared->settings.random > 0)
            known->chosen = (uint8_t)choose_by_chance(options, position);
        own->order.length++;
    } else if (!is_same(known, &now)) {
        diverge("at decision %u there were %u options, and now there are %u",
                position + 1, known->count, now.count);
    }
    position++;
    const struct option *chosen = &options->at[known->chosen];
    spent += chosen->cost;
    return chosen;
}

unsigned decide_result(unsigned count)
{
    struct options options = {0};
    for (unsigned i = 0; i < count; i++)
        add_option(&options, RESULT, i, i > 0);
    return decide(&options)->number;
}

/* ---- The next order ----------------------------------------------------- */

static bool can_afford(const struct decision *decision, unsigned option)
{
    unsigned cost = decision->costly >> option & 1;
    return decision->spent + cost <= shared->settings.bound;
}

/* Changes the last decision that has another option. Returns false if there is
 * none in this process's branch. */
static bool change_last_decision(struct order *order)
{
    for (; order->length > own->fixed; order->length--) {
        struct decision *last = &order->at[order->length - 1];
        while (++last->chosen < last->count)
            if (can_afford(last, last->chosen))
                return true;
    }
    return false;
}

/* The branches are counted from the end of the first order: so they come in the
 * order of a search by one process. */
static bool take_branch(unsigned wanted)
{
    for (unsigned at = shared->first.length; at-- > 0;) {
        const struct decision *decision = &shared->first.at[at];
        for (unsigned option = 1; option < decision->count; option++)
            if (can_afford(decision, option) && wanted-- == 0) {
                own->order = shared->first;
                own->order.at[at].chosen = (uint8_t)option;
                own->order.length = own->fixed = at + 1;
                return true;
            }
    }
    return false;
}

static void await_first_order(void)
{
    while (*(volatile uint32_t *)&shared->has_first == 0 &&
           *(volatile uint32_t *)&shared->settings.stops == 0)
        Sleep(1);
}

/* `fixed` keeps the number of the random order. */
static bool take_random(void)
{
    if (own->progress != RUNNING) {
        if (own != &shared->processes[0])
            await_first_order();
        own->order.length = 0;
        own->fixed = (uint32_t)InterlockedIncrement(
            (volatile LONG *)&shared->next_branch);
    }
    reset_chance(shared->settings.seed, own->fixed, shared->first.length);
    return own->fixed <= shared->settings.random;
}

static bool take_next(void)
{
    if (shared->settings.random > 0)
        return take_random();
    if (own->progress == RUNNING) /* this order ended a process: once more */
        return true;
    if (own == &shared->processes[0] && !shared->has_first) {
        own->order.length = 0;
        return true;
    }
    await_first_order();
    if (own->fixed > 0 && change_last_decision(&own->order))
        return true;
    LONG next = InterlockedIncrement((volatile LONG *)&shared->next_branch) - 1;
    return take_branch((unsigned)next);
}

bool next_order(void)
{
    bool is_left =
        shared->settings.replays ? own->progress == FRESH : take_next();
    is_left &= !shared->settings.stops;
    position = spent = 0;
    own->verdict = NO_VERDICT;
    own->text[0] = '\0';
    own->progress = is_left ? RUNNING : NOTHING_LEFT;
    return is_left;
}

/* ---- The end of an order ------------------------------------------------ */

void end_order(enum verdict verdict)
{
    own->number =
        (uint32_t)InterlockedIncrement((volatile LONG *)&shared->orders);
    InterlockedExchangeAdd64((volatile LONG64 *)&shared->decisions, position);
    if (shared->longest < position)
        shared->longest = position;
    own->spent = spent;
    own->verdict = verdict;
    own->progress = ENDED;
    if (!shared->has_first) {
        shared->first = own->order;
        *(volatile uint32_t *)&shared->has_first = 1;
    }
}

/* ---- The file ----------------------------------------------------------- */

bool open_shared(const wchar_t *path, unsigned process)
{
    HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE,
                              FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                              OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return false;
    HANDLE mapping =
        CreateFileMappingW(file, NULL, PAGE_READWRITE, 0, sizeof *shared, NULL);
    if (mapping != NULL)
        shared = MapViewOfFile(mapping, FILE_MAP_ALL_ACCESS, 0, 0, 0);
    if (shared == NULL || shared->size != sizeof *shared)
        return false;
    own = &shared->processes[process];
    return true;
}
