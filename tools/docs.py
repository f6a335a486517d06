#!/usr/bin/env python3
"""Writes the generated parts of the steps' READMEs; with --check, only compares.

    docs.py [--check]

"The new calls" comes from tools/learn/stepN.md, which `make start` uses, too. "What
changed" is the difference between two main.c, as `patch` accepts it. Each replaces the
first block of code under its heading.
"""

import difflib
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
STEPS = [next(TOP.glob(f'step{number}-*')) for number in range(1, 6)]
# The first line of a call, such as "    BOOL ReadFile(HANDLE file, ...".
CALL = re.compile(r'    (?:[A-Z]\w* )?(\w+)\(')


def calls(number):
    """The name and the text of each call that a task explains."""
    page = TOP / 'tools' / 'learn' / f'step{number}.md'
    tasks = page.read_text(encoding='utf-8').split('\n## Hints', 1)[0]
    found = {}
    name = None
    for line in tasks.splitlines():
        start = CALL.match(line)
        if not line.startswith('    '):
            name = None
        elif start and start[1] not in ('say', 'report', 'check'):
            name = start[1]
            found.setdefault(name, [])
        if name:
            found[name].append(line[4:])
    return {name: '\n'.join(lines) + '\n' for name, lines in found.items()}


# Step 5 uses ReadFile in a new way: with an OVERLAPPED.
AGAIN = {5: ['ReadFile']}


def new_calls(number):
    known = {name for earlier in range(1, number) for name in calls(earlier)}
    return ''.join(text for name, text in calls(number).items()
                   if name not in known or name in AGAIN.get(number, ()))


def main_c(number):
    path = STEPS[number - 1] / 'main.c'
    return path.read_text(encoding='utf-8').splitlines(keepends=True)


def changes(number):
    return ''.join(difflib.unified_diff(main_c(number - 1), main_c(number),
                                        'main.c', 'main.c'))


def with_block(page, heading, block):
    """The page, with this block as the first one under the heading."""
    before, found, rest = page.partition(f'\n## {heading}')
    pattern = re.compile(r'^(```\w+\n).*?^```$', re.M | re.S)
    assert found and pattern.search(rest), f'no block under {heading}'
    return before + found + pattern.sub(
        lambda match: f'{match[1]}{block}```', rest, count=1)


def chapter(number):
    path = STEPS[number - 1] / 'README.md'
    page = path.read_text(encoding='utf-8')
    made = with_block(page, 'The new calls', new_calls(number))
    if number > 1:
        made = with_block(made, 'What changed', changes(number))
    return path, page, made


def main():
    stale = False
    for number in range(1, 6):
        path, page, made = chapter(number)
        if made == page:
            continue
        stale = True
        if '--check' in sys.argv[1:]:
            print(f'{path.relative_to(TOP)} is out of date: type make docs')
        else:
            path.write_text(made, encoding='utf-8')
    return stale and '--check' in sys.argv[1:]


if __name__ == '__main__':
    sys.exit(main())
