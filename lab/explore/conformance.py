#!/usr/bin/env python3
"""Compares the explorer's kernel with Wine and Windows: tries the rows of lab/probe
under the explorer, in all orders up to 1 preemption, and prints a page.

    conformance.py ROWS.exe LOG

ROWS.exe is scenarios/rows.c, linked with the explorer. Exit status: 0 if each row
that is modelled does what Windows may do, or what Wine 8.0 does if nothing is known
of Windows; 1 if not.
"""

import concurrent.futures
import os
import subprocess
import sys
import types

import explore
import orders

SETTINGS = {'bound': 1, 'counts': 1, 'surprises': 1, 'merges': 1, 'steps': 3000,
            'row': 1}
MOST_ROWS = 200
NO_SUCH_ROW = 'it ends with exit status 2'

# Why the kernel differs from both systems in these rows.
DIFFERENT = {
    'end-internal': 'if `ReadFile` itself reports the end, `Internal` stays 0x103',
    'close-file': 'the read may also complete inside the call, as in the row `read`',
    'waiters': 'any thread that waits can take a packet',
}

HEAD = """# The explorer's kernel, compared with Wine and Windows

`make explore-rows` writes this page; do not edit it.

The [explorer](README.md) runs programs on a kernel in memory. This page shows that \
the kernel does what a system does. Each row is a row of the \
[truth table](../probe/README.md): the same function runs under the explorer. It runs \
in each order with up to 1 preemption, so the kernel may answer in several ways.

| column | meaning |
| --- | --- |
| the kernel | what the row saw, in the words of the truth table |
| as | which systems may answer so, or why the kernel answers otherwise. "Wine 8.0" \
alone: nothing is known of Windows |

| row | the kernel | as |
| --- | --- | --- |
"""


class Row:
    """What a row saw in all orders."""

    def __init__(self):
        self.name = None
        self.answers = {}  # text: (whether Wine may, whether Windows may)
        self.title = None  # of an order that was not right
        self.is_refused = False

    def add(self, line):
        kind, _, rest = line.partition(': ')
        if kind == 'row':
            self.name = rest
        elif kind == 'saw':
            wine, windows, text = rest.split(' ', 2)
            self.answers[text] = wine, windows

    def follows(self):
        """Which systems may answer so; '' if the kernel is wrong."""
        wine = {answer[0] for answer in self.answers.values()}
        windows = {answer[1] for answer in self.answers.values()}
        if windows == {'yes'}:
            return {('yes',): 'both', ('no',): 'Windows, unlike Wine 8.0'}.get(
                tuple(wine), 'Windows; Wine 8.0 in some orders')
        return 'Wine 8.0' if windows == {'?'} and wine == {'yes'} else ''


def run_once(options, path, process):
    """What a process of the explorer printed, until it ended with a verdict."""
    for _ in range(explore.ATTEMPTS):
        child = explore.start(options, path, 0, stderr=subprocess.PIPE)
        try:
            printed = child.communicate(timeout=explore.PATIENCE)[1]
        except subprocess.TimeoutExpired:
            explore.end(child)
            sys.exit('conformance: a row does not end')
        if process.progress in (orders.ENDED, orders.NOTHING_LEFT):
            return printed.decode().replace('\r\n', '\n').splitlines()
    sys.exit(f'conformance: a process ends without a verdict: {printed!r}')


def try_row(program, log, number):
    """Returns None if there is no such row."""
    path = f'{log}.{number}'
    options = types.SimpleNamespace(program=program, arguments=[str(number)])
    process = orders.make_shared(path, SETTINGS).processes[0]
    row = Row()
    while process.progress != orders.NOTHING_LEFT and row.title is None:
        for line in run_once(options, path, process):
            row.add(line)
        if process.progress == orders.ENDED and process.verdict != orders.RIGHT:
            row.title = process.text.decode().split('\n', 1)[0]
            row.is_refused = process.verdict == orders.NOT_MODELLED
    os.remove(path)
    return None if row.title == NO_SUCH_ROW else row


def describe(row):
    """A line of the table, and whether it is as it should be."""
    if row.title and row.is_refused:
        return f'| `{row.name}` | not modelled: {row.title} | |\n', True
    if row.title:
        return f'| `{row.name}` | {row.title} | |\n', False
    texts = ' or '.join(f'`{text}`' for text in row.answers)
    follows, reason = row.follows(), DIFFERENT.get(row.name, '')
    return f'| `{row.name}` | {texts} | {follows or reason} |\n', \
        (follows == '') == (reason != '')


def main(program, log):
    rows = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for first in range(0, MOST_ROWS, 2):
            pair = list(pool.map(lambda number: try_row(program, log, number),
                                 (first, first + 1)))
            rows += [row for row in pair if row is not None]
            if None in pair:
                break
    lines = [describe(row) for row in rows]
    modelled = sum(row.title is None for row in rows)
    print(HEAD + ''.join(line for line, _ in lines) +
          f'\n{len(rows)} rows: {modelled} are modelled, and '
          f'{len(rows) - modelled} are not.')
    wrong = [row.name for row, (_, is_right) in zip(rows, lines) if not is_right]
    if wrong:
        sys.exit(f'conformance: rows that differ: {", ".join(wrong)}')


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
