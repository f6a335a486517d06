#!/usr/bin/env python3
"""Writes the table of pitfalls in README.md: explores each of them.

    table.py README SAMPLE PROGRAM.exe...
"""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BEGIN = '| pitfall | what the explorer says | wrong orders | preemptions |\n'


class Answer:
    """What explore.py says about a program."""

    def __init__(self, program, options):
        said = subprocess.run(
            [sys.executable, '-B', os.path.join(HERE, 'explore.py'), program, '--log',
             program.removesuffix('.exe'), *options],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
        title = re.search(r'^order \d+ goes wrong: (.*)', said, re.M)
        count = re.search(r'^wrong: (.*) orders? in .* with (\d+) preemption', said,
                          re.M)
        right = re.search(r'^explored (.*) orders? in .* up to (\d+) preemption', said)
        refused = re.search(r'^explore: not modelled: (\w+)', said, re.M)
        self.refused = refused and refused[1]  # the name of a call
        self.title = title and title[1]        # None: it is right in each order
        counted = count or right
        if not (refused or counted and (right or title)):
            sys.exit(f'table: cannot read the answer for {program}: {said}')
        # "7 of 840", or how many are right; and the preemptions
        self.orders, self.preemptions = (counted[1], int(counted[2])) if counted \
            else ('', 0)


def row(program, sample):
    name = os.path.basename(program).removesuffix('.exe')
    answer = Answer(program, ['--surprises', sample])
    if answer.refused:
        return f'| `{name}` | not modelled: `{answer.refused}` | | |\n'
    if answer.title:
        return f'| `{name}` | {answer.title} | {answer.orders} | ' \
               f'{answer.preemptions} |\n'
    return f'| `{name}` | nothing | none of {answer.orders} | ' \
           f'up to {answer.preemptions} |\n'


def replace(path, begin, table):
    """Writes the table, without its first line, in place of the one that begins with
    this line."""
    with open(path, encoding='utf-8') as file:
        text = file.read()
    before, _, rest = text.partition(begin)
    after = rest[rest.index('\n\n'):]
    with open(path, 'w', encoding='utf-8') as file:
        file.write(before + begin + table.rstrip('\n') + after)


def main(readme, sample, programs):
    rows = ''.join(row(program, sample) for program in programs)
    replace(readme, BEGIN, '|---|---|---|---|\n' + rows)


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
