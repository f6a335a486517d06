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


def explore(program, sample):
    """What explore.py prints about a program."""
    return subprocess.run(
        [sys.executable, '-B', os.path.join(HERE, 'explore.py'), program, '--log',
         program.removesuffix('.exe'), '--surprises', sample],
        stdout=subprocess.PIPE, text=True).stdout


def row(program, sample):
    name = os.path.basename(program).removesuffix('.exe')
    said = explore(program, sample)
    title = re.search(r'^order \d+ goes wrong: (.*)', said, re.M)
    count = re.search(r'^wrong: (.*) orders? in .* with (\d+) preemption', said, re.M)
    right = re.search(r'^explored (.*) orders in .* up to (\d+) preemption', said)
    if title and count:
        return f'| `{name}` | {title[1]} | {count[1]} | {count[2]} |\n'
    if right:
        return f'| `{name}` | nothing | none of {right[1]} | up to {right[2]} |\n'
    sys.exit(f'table: cannot read the answer for {name}: {said}')


def main(readme, sample, programs):
    with open(readme, encoding='utf-8') as file:
        text = file.read()
    before, _, rest = text.partition(BEGIN)
    after = rest[rest.index('\n\n'):]
    table = BEGIN + '|---|---|---|---|\n' + ''.join(
        row(program, sample) for program in programs)
    with open(readme, 'w', encoding='utf-8') as file:
        file.write(before + table.rstrip('\n') + after)


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
