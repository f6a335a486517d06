#!/usr/bin/env python3
"""Counts the orders of a small program, without running it:

    enumerator.py NAME BOUND

The programs are those of explored/small.c. A thread is a list of words. It stops at
each switch point, and goes on from there when it is chosen:

    .     a switch point
    ?x    a switch point where the thread waits for an x, which it takes
    ~x    the same, but the wait also ends when time passes
    +1    starts thread 1
    io    starts an I/O, which brings a p when it completes
    x     anything else: there is one more x from now on

The end of thread 1 brings an e1.
"""

import functools
import sys

BOTH = '. +1 . +2 . {} ?e1 ?e2'
PROGRAMS = {
    'two-events': [BOTH.format(''), '. . a .', '. . b .'],
    'one-lock': [BOTH.format(''), '. . . . .', '. . . . .'],
    'one-token': [BOTH.format('. s .'), '. ?s . s .', '. ?s . s .'],
    'two-packets': [BOTH.format('. p . . p .'), '. ?p .', '. ?p .'],
    'one-read': ['. +1 . . io . ?e1', '. ?p .'],
    'one-timeout': ['. +1 . ~s ?e1', '. . s .'],
}


def count_orders(program, bound):
    threads = [text.split() for text in program]

    def word_of(places, thread):
        at = places[thread]
        return threads[thread][at] if 0 <= at < len(threads[thread]) else ''

    def can_go_on(places, things, thread):
        word = word_of(places, thread)
        return word == '.' or (word != '' and (
            word[1:] in things or f'late {thread}' in things))

    def go_on(places, things, thread):
        """From a switch point to the next."""
        places, things = list(places), list(things)
        for taken in (word_of(places, thread)[1:], f'late {thread}'):
            if taken in things:
                things.remove(taken)
        places[thread] += 1
        while (word := word_of(places, thread)) and word[0] not in '.?~':
            if word[0] == '+':
                places[int(word[1:])] = 0
            else:
                things.append(word)
            places[thread] += 1
        if word == '':
            things.append(f'e{thread}')
        return tuple(places), tuple(sorted(things))

    def exchange(things, old, new):
        rest = list(things)
        if old:
            rest.remove(old)
        return tuple(sorted([*rest, new]))

    @functools.lru_cache(None)
    def count(places, things, current, left):
        if 'e0' in things:
            return 1
        able = [thread for thread in range(len(threads))
                if can_go_on(places, things, thread)]
        goes_on = current in able
        # The cost of each option, and what it leads to.
        options = [(goes_on and thread != current,
                    (*go_on(places, things, thread), thread)) for thread in able]
        if 'io' in things:
            options.append((goes_on, (places, exchange(things, 'io', 'p'), current)))
        late = [thread for thread in range(len(threads))
                if word_of(places, thread)[:1] == '~' and thread not in able]
        cost = len(options) > 0
        for thread in late:
            options.append((cost, (places, exchange(things, '', f'late {thread}'),
                                   current)))
        if not options:
            return 1  # a deadlock
        return sum(count(*state, left - cost) for cost, state in options
                   if cost <= left)

    return count((0, *(-1 for _ in threads[1:])), (), 0, bound)


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    print(count_orders(PROGRAMS[sys.argv[1]], int(sys.argv[2])))
