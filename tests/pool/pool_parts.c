/*
 * pool_parts CASE: the table of requests, the heap of deadlines, and the lock
 * under which the pool uses both. Table and heap are compared with simple
 * models. Their steps must not grow with the number of entries.
 */
#include "../../final/deadlines.h"
#include "../../final/lock.h"
#include "../../final/table.h"
#include "../support/case.h"
#include "../support/probe.h"

#include <wchar.h>

const wchar_t program[] = L"probe";

static uint64_t generator = 1;

static uint64_t next_random(void)
{
    generator ^= generator << 13;
    generator ^= generator >> 7;
    generator ^= generator << 17;
    return generator;
}

/* ---- The table ---------------------------------------------------------- */

enum { MOST = 100000, PLAYED = 3000, PAGE = 4096 };

static struct table table;
static bool is_in[MOST];

/* Kinds of addresses. Requests of the first two have memory here. */
static const struct {
    const char *name;
    uint32_t step;
} kinds[] = {{"side by side", sizeof(struct request)},
             {"at the start of a page", PAGE},
             {"at the start of 64 KiB", 1 << 16},
             {"at the start of 1 MiB", 1 << 20}};

enum { PLAYED_KINDS = 2, KINDS = sizeof kinds / sizeof *kinds };

static struct request *played(unsigned kind, uint32_t i)
{
    static _Alignas(PAGE) char memory[PLAYED * PAGE];
    return (struct request *)(void *)(memory + kinds[kind].step * i);
}

/* A request that is in the table is found by its ticket, and by its address. */
static uint32_t wrong_answers(unsigned kind, uint32_t i)
{
    struct request *request = played(kind, i);
    struct request *right = is_in[i] ? request : NULL;
    uint32_t wrong = table_find(&table, request->ticket) != right;
    wrong += table_find_address(&table, &request->overlapped) != right;
    return wrong;
}

static void play(unsigned kind)
{
    enum { STEPS = 300000 };
    uint32_t count = 0, wrong = 0, wrong_later = 0;
    check(table_create(&table), "create", L"table");
    for (uint32_t i = 0; i < PLAYED; i++)
        overlapped_reset(played(kind, i), 0);
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)(next_random() % PLAYED);
        if (is_in[i]) {
            table_remove(&table, played(kind, i));
            overlapped_reset(played(kind, i), 0);
        } else {
            table_add(&table, played(kind, i));
        }
        is_in[i] = !is_in[i];
        count += is_in[i] ? 1U : -1U;
        wrong += wrong_answers(kind, (uint32_t)(next_random() % PLAYED));
        wrong += table.requests != count;
    }
    for (uint32_t i = 0; i < PLAYED; i++)
        wrong_later += wrong_answers(kind, i);
    say("%s: %u wrong, then %u wrong", kinds[kind].name, wrong, wrong_later);
    table_free(&table);
    memset(is_in, 0, sizeof is_in);
    memset(played(kind, 0), 0, PLAYED * kinds[kind].step);
}

CASE(the_table_has_what_a_model_has,
     "main: side by side: 0 wrong, then 0 wrong\n"
     "main: at the start of a page: 0 wrong, then 0 wrong\n"
     "main: a freed table: 1 NULL, 1 NULL, 1 NULL\n")
{
    for (unsigned kind = 0; kind < PLAYED_KINDS; kind++)
        play(kind);
    say("a freed table: %d NULL, %d NULL, %d NULL",
        table_find(&table, 1) == NULL, table_find_address(&table, NULL) == NULL,
        table_list(&table, 0) == NULL);
}

static struct request requests[MOST];

/* As if the request were at another address. */
static void add(unsigned kind, uint32_t i)
{
    uintptr_t address = 0x7F1200004000 + (uintptr_t)kinds[kind].step * i;
    requests[i].ticket = (uint64_t)(i + 1) * OVERLAPPED_HASHES +
                         overlapped_hash((const OVERLAPPED *)address);
    table_add(&table, &requests[i]);
}

/* A call for a request goes through one list, and adding a request moves those
 * of one list at most. */
static uint32_t longest_list(void)
{
    uint32_t longest = 0, all = 0;
    for (uint32_t i = 0; i < table.buckets; i++) {
        uint32_t length = 0;
        for (struct request *at = table_list(&table, i); at; at = at->next)
            length++;
        all += length;
        longest = max(longest, length);
    }
    check(all == table.requests, "count", L"requests");
    return longest;
}

CASE(a_list_of_the_table_does_not_grow_with_the_requests,
     "main: side by side: at most 10 steps with 100, 1000, 10000, 100000\n"
     "main: at the start of a page: at most 10 steps with 100, 1000, 10000, "
     "100000\n"
     "main: at the start of 64 KiB: at most 10 steps with 100, 1000, 10000, "
     "100000\n"
     "main: at the start of 1 MiB: at most 10 steps with 100, 1000, 10000, "
     "100000\n"
     "main: without memory: 5000 requests in 4096 buckets, 0 not found\n",
     .hook = "fail-from:calloc:102:0")
{
    uint32_t not_found = 0;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        uint32_t longest = 0, count = 0;
        check(table_create(&table), "create", L"table");
        for (uint32_t size = 100; size <= MOST; size *= 10) {
            while (count < size)
                add(kind, count++);
            longest = max(longest, longest_list());
        }
        say("%s: at most %s steps with 100, 1000, 10000, 100000",
            kinds[kind].name, longest <= 10 ? "10" : "too many");
        table_free(&table);
    }
    check(table_create(&table), "create", L"table");
    for (uint32_t i = 0; i < 5000; i++)
        add(0, i);
    for (uint32_t i = 0; i < 5000; i++)
        not_found += table_find(&table, requests[i].ticket) != &requests[i];
    say("without memory: %u requests in %u buckets, %u not found",
        table.requests, table.buckets, not_found);
    table_free(&table);
}

/* Calls for such requests, one after the other, need few parts of the memory
 * that has the buckets. */
CASE(requests_side_by_side_have_hashes_near_each_other,
     "main: 15 of 15 hashes are at most 2 above the one before\n")
{
    static _Alignas(PAGE) struct request side_by_side[16];
    unsigned neighbours = 0;
    for (unsigned i = 1; i < 16; i++) {
        uint32_t step = overlapped_hash(&side_by_side[i].overlapped) -
                        overlapped_hash(&side_by_side[i - 1].overlapped);
        neighbours += step <= 2;
    }
    say("%u of 15 hashes are at most 2 above the one before", neighbours);
}

/* ---- The lock ----------------------------------------------------------- */

static SRWLOCK lock;
static HANDLE sleeps; /* set when the thread stops trying */
static LONG tries, is_inside;

static BOOLEAN WINAPI my_try(SRWLOCK *tried)
{
    tries += tried == &lock;
    return next.TryAcquireSRWLockExclusive(tried);
}

static void WINAPI my_acquire(SRWLOCK *acquired)
{
    if (acquired == &lock)
        set(sleeps);
    next.AcquireSRWLockExclusive(acquired);
}

static unsigned __stdcall go_inside(void *unused)
{
    (void)unused;
    lock_acquire(&lock);
    InterlockedExchange(&is_inside, 1);
    set(sleeps); /* if it has not slept, main does not wait for ever */
    lock_release(&lock);
    return 0;
}

CASE(a_lock_that_stays_held_is_waited_for,
     "main: after 100 tries, inside: 0\n"
     "main: after the release, inside: 1\n")
{
    sleeps = new_event();
    put_layer((struct layer){.AcquireSRWLockExclusive = my_acquire,
                             .TryAcquireSRWLockExclusive = my_try});
    next.AcquireSRWLockExclusive(&lock);
    HANDLE thread = run_thread(go_inside, NULL);
    wait_for(sleeps);
    say("after %ld tries, inside: %ld", tries, is_inside);
    ReleaseSRWLockExclusive(&lock);
    join(thread);
    say("after the release, inside: %ld", is_inside);
    close_object(sleeps);
}

/* ---- The heap ----------------------------------------------------------- */

static struct deadline deadlines[MOST];
static struct deadline *first;

/* Checks the order of the heap, and its ranks: with them, merging goes through
 * at most log2(n + 1) nodes. Returns the number of nodes. */
static uint32_t check_heap(const struct deadline *at)
{
    uint32_t count = 0;
    while (at != NULL) { /* deep to the left, shallow to the right */
        const struct deadline *left = at->left, *right = at->right;
        unsigned left_rank = left != NULL ? left->rank : 0;
        unsigned right_rank = right != NULL ? right->rank : 0;
        check(at->rank == right_rank + 1 && left_rank >= right_rank, "keep",
              L"rank");
        check(left == NULL || (left->parent == at && left->at >= at->at),
              "keep", L"order");
        check(right == NULL || (right->parent == at && right->at >= at->at),
              "keep", L"order");
        count += 1 + check_heap(right);
        at = left;
    }
    return count;
}

/* The model: the smallest of all times. */
static uint64_t smallest(uint32_t keys_used)
{
    uint64_t least = UINT64_MAX;
    for (uint32_t i = 0; i < keys_used; i++)
        if (is_in[i])
            least = min(least, deadlines[i].at);
    return least;
}

static void play_heap(uint32_t keys_used, uint32_t steps, uint64_t times)
{
    uint32_t count = 0, wrong = 0;
    for (uint32_t step = 0; step < steps; step++) {
        uint32_t i = (uint32_t)(next_random() % keys_used);
        if (is_in[i]) {
            deadline_remove(&first, &deadlines[i]);
        } else {
            deadlines[i].at = next_random() % times;
            deadline_add(&first, &deadlines[i]);
        }
        is_in[i] = !is_in[i];
        count += is_in[i] ? 1U : -1U;
        wrong +=
            (first != NULL ? first->at : UINT64_MAX) != smallest(keys_used);
        wrong += step % 64 == 0 && check_heap(first) != count;
    }
    say("%u deadlines, times up to %llu: %u wrong", keys_used, times, wrong);
    for (uint32_t i = 0; i < keys_used; i++)
        if (is_in[i])
            deadline_remove(&first, &deadlines[i]);
    memset(is_in, 0, sizeof is_in);
    check(first == NULL, "empty", L"heap");
}

CASE(the_first_deadline_is_the_smallest_of_a_model,
     "main: 3 deadlines, times up to 10: 0 wrong\n"
     "main: 300 deadlines, times up to 5: 0 wrong\n"
     "main: 300 deadlines, times up to 1000000: 0 wrong\n")
{
    play_heap(3, 20000, 10);
    play_heap(300, 50000, 5);
    play_heap(300, 50000, 1000000);
}

static unsigned log2_of(uint32_t number)
{
    unsigned result = 0;
    while (number > 1) {
        number /= 2;
        result++;
    }
    return result;
}

/* Rising, falling and random times: the rank of the first node, which bounds
 * the steps of adding one, stays below log2(n + 1). */
CASE(adding_a_deadline_takes_few_steps,
     "main: rising: 0 too many, falling: 0 too many, random: 0 too many\n")
{
    uint32_t too_many[3] = {0};
    for (unsigned order = 0; order < 3; order++) {
        for (uint32_t i = 0; i < MOST; i++) {
            deadlines[i].at = order == 0   ? i
                              : order == 1 ? MOST - i
                                           : next_random() % MOST;
            deadline_add(&first, &deadlines[i]);
            too_many[order] += first->rank > log2_of(i + 2);
        }
        check(check_heap(first) == MOST, "count", L"deadlines");
        for (uint32_t i = 0; i < MOST; i++) {
            deadline_remove(&first, &deadlines[(i * 7919) % MOST]);
            too_many[order] += first != NULL && first->rank > log2_of(MOST - i);
        }
    }
    say("rising: %u too many, falling: %u too many, random: %u too many",
        too_many[0], too_many[1], too_many[2]);
}

int wmain(int argc, wchar_t **argv)
{
    return argc > 1 && run_case(argv[1]) ? EXIT_SUCCESS : 2;
}
