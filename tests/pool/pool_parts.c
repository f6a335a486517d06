/*
 * pool_parts CASE: the table of requests and the heap of deadlines, compared
 * with simple models. Both are used under the pool's lock, so their steps must
 * not grow with the number of entries.
 */
#include "../../final/deadlines.h"
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

enum { MOST = 100000 };

static struct table table;
static struct table_entry entries[MOST];
static bool is_in[MOST];

/* Three kinds of keys: tickets, addresses, and addresses at the start of a
 * page. */
static const struct {
    const char *name;
    uint64_t first, step;
} keys[] = {{"tickets", 1, 1},
            {"addresses", 0x7F1200004560, 208},
            {"pages", 0x7F1200004000, 4096}};

static uint64_t key_of(unsigned kind, uint32_t i)
{
    return keys[kind].first + keys[kind].step * i;
}

static void add(unsigned kind, uint32_t i)
{
    entries[i].key = key_of(kind, i);
    table_add(&table, &entries[i]);
    is_in[i] = true;
}

static void remove_entry(uint32_t i)
{
    table_remove(&table, &entries[i]);
    is_in[i] = false;
}

static uint32_t wrong_answers(unsigned kind, uint32_t count)
{
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < count; i++)
        wrong += table_find(&table, key_of(kind, i)) !=
                 (is_in[i] ? &entries[i] : NULL);
    return wrong;
}

static void play(unsigned kind)
{
    enum { KEYS = 3000, STEPS = 300000 };
    uint32_t count = 0, wrong = 0;
    check(table_create(&table), "create", L"table");
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t i = (uint32_t)(next_random() % KEYS);
        if (is_in[i])
            remove_entry(i);
        else
            add(kind, i);
        count += is_in[i] ? 1U : -1U;
        i = (uint32_t)(next_random() % KEYS);
        wrong += table_find(&table, key_of(kind, i)) !=
                 (is_in[i] ? &entries[i] : NULL);
        wrong += table.entries != count;
    }
    say("%s: %u wrong, then %u wrong", keys[kind].name, wrong,
        wrong_answers(kind, KEYS));
    table_free(&table);
    memset(is_in, 0, sizeof is_in);
}

CASE(the_table_has_what_a_model_has, "main: tickets: 0 wrong, then 0 wrong\n"
                                     "main: addresses: 0 wrong, then 0 wrong\n"
                                     "main: pages: 0 wrong, then 0 wrong\n"
                                     "main: a freed table: 1 NULL, 1 NULL\n")
{
    for (unsigned kind = 0; kind < 3; kind++)
        play(kind);
    say("a freed table: %d NULL, %d NULL", table_find(&table, 1) == NULL,
        table_list(&table, 0) == NULL);
}

/* A call for a key goes through one list, and adding an entry moves those of
 * one list at most. */
static uint32_t longest_list(void)
{
    uint32_t longest = 0, all = 0;
    for (uint32_t i = 0; i < table.buckets; i++) {
        uint32_t length = 0;
        for (struct table_entry *at = table_list(&table, i); at; at = at->next)
            length++;
        all += length;
        longest = max(longest, length);
    }
    check(all == table.entries, "count", L"entries");
    return longest;
}

CASE(a_list_of_the_table_does_not_grow_with_the_entries,
     "main: tickets: at most 10 steps with 100, 1000, 10000, 100000 entries\n"
     "main: addresses: at most 10 steps with 100, 1000, 10000, 100000 entries\n"
     "main: pages: at most 10 steps with 100, 1000, 10000, 100000 entries\n"
     "main: without memory: 5000 entries, 0 wrong\n",
     .hook = "fail-from:calloc:77:0")
{
    for (unsigned kind = 0; kind < 3; kind++) {
        uint32_t longest = 0, count = 0;
        check(table_create(&table), "create", L"table");
        for (uint32_t size = 100; size <= MOST; size *= 10) {
            while (count < size)
                add(kind, count++);
            longest = max(longest, longest_list());
        }
        say("%s: at most %s steps with 100, 1000, 10000, 100000 entries",
            keys[kind].name, longest <= 10 ? "10" : "too many");
        table_free(&table);
        memset(is_in, 0, sizeof is_in);
    }
    check(table_create(&table), "create", L"table");
    for (uint32_t i = 0; i < 5000; i++)
        add(0, i);
    say("without memory: %u entries, %u wrong", table.entries,
        wrong_answers(0, 6000));
    table_free(&table);
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
