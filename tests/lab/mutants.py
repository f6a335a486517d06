#!/usr/bin/env python3
"""Explores final's pool with mistakes in it. Each patch in mutants/ makes one.

    mutants.py SAMPLE PROGRAM.exe...           # prints what finds them
    mutants.py --table PAGE SAMPLE PROGRAM.exe...

A program has the scenarios of the explorer, and a pool with the mistake that its name
says: mutant-NAME.exe. All scenarios are explored without a preemption. If none goes
wrong, they are explored with 1 preemption. With --table, the tests of the pool run,
too, in a copy of this tree with the mistake in it; and the table in PAGE is written
anew. Then the current directory is the top of this tree, and LAUNCHER starts a
Windows program.
"""

import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.append(os.path.join(TOP, 'lab', 'explore'))
import table  # noqa: E402

SETTINGS = os.path.join(TOP, 'lab', 'explore', 'scenarios', 'settings.txt')
TREE = os.path.join('build', 'mutants', 'tree')
BEGIN = ('| mistake | found in | the explorer says | wrong orders | preemptions | '
         'tests of the pool that fail |\n')
TESTS = ['test', 'STEP=final', 'TESTS=pool/*', 'WERROR=']
BOUNDS = (0, 1)
SECONDS = '20'  # for a program of a test, which may hang now


def patch_of(name):
    return os.path.join(HERE, 'mutants', f'{name}.patch')


def does(name):
    """The mistake, in words."""
    with open(patch_of(name), encoding='utf-8') as file:
        head = file.read().split('\n\n', 1)[0]
    return head.removeprefix('Does: ').replace('\n  ', ' ')


def scenarios():
    with open(SETTINGS, encoding='utf-8') as file:
        return [line.split()[0] for line in file if line[:1] not in '#\n']


# ---- The explorer ----

class Mutant:
    def __init__(self, program, sample):
        self.name = os.path.basename(program).removesuffix('.exe') \
            .removeprefix('mutant-')
        self.found = []
        for bound in BOUNDS:
            self.found = self.found or self.explore(program, sample, bound)

    @staticmethod
    def explore(program, sample, bound):
        """Returns (scenario, answer) of the scenarios that go wrong."""
        answers = [(case, table.Answer(program, [
            '--from', str(bound), '--preemptions', str(bound), '--case', case, case,
            sample])) for case in scenarios()]
        return [found for found in answers if found[1].title]

    def say(self):
        print(f'{self.name}: {does(self.name)}')
        for case, answer in self.found:
            print(f'    {case}: {answer.title} ({answer.orders} orders, preemptions: '
                  f'{answer.preemptions})')
        if not self.found:
            print(f'    not found, up to {BOUNDS[-1]} preemption')
        sys.stdout.flush()

    def row(self, failing):
        text = f'| {does(self.name)} (`{self.name}`) | '
        if self.found:
            case, answer = self.found[0]
            others = len(self.found) - 1
            text += f'`{case}`' + (f', {others} more' if others else '')
            text += f' | {answer.title} | {answer.orders} | {answer.preemptions} | '
        else:
            text += f'none | nothing | none | up to {BOUNDS[-1]} | '
        return text + said_of(failing) + ' |\n'


# ---- The tests ----

def said_of(failing):
    if not failing:
        return '**none**'
    return f'{len(failing)}, such as `{failing[0]}`'


def make_tree():
    """As make coverage does: links to all that is here, and a copy of final."""
    os.makedirs(os.path.join(TREE, 'build'), exist_ok=True)
    for name in os.listdir('.'):
        link = os.path.join(TREE, name)
        if name in ('build', 'final') or name.startswith('.') or \
                os.path.lexists(link):
            continue
        os.symlink(os.path.join('..', '..', '..', name), link)
    wine = os.path.join(TREE, 'build', 'wine')
    if os.path.exists(os.path.join('build', 'wine')) and not os.path.lexists(wine):
        os.symlink(os.path.join('..', '..', '..', 'wine'), wine)
    shutil.copytree('final', os.path.join(TREE, 'final'), dirs_exist_ok=True)


def change(name, *options):
    with open(patch_of(name), encoding='utf-8') as file:
        subprocess.run(['patch', '-s', '-f', '-F0', '-p0', *options, '-d',
                        os.path.join(TREE, 'final')], stdin=file, check=True)


def run_tests():
    """Returns the names of the tests that fail."""
    # What this make has told its own commands is not for the other one.
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith('MAKE')}
    done = subprocess.run(['make', '-C', TREE, *TESTS], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors='replace',
                          env={**environment, 'WATCHDOG': SECONDS})
    failing = sorted({name.replace('::', '/') for name in re.findall(
        r'\[FAIL\] ([\w:]+?)(?=: |$)', done.stdout, re.M)})
    if done.returncode != 0 and not failing:
        sys.exit(f'mutants: the tests did not run\n{done.stdout[-4000:]}')
    return failing


def tests_of(name):
    change(name)
    try:
        return run_tests()
    finally:
        change(name, '-R')


# ---- Both ----

def write_table(page, mutants):
    make_tree()
    before = run_tests()
    if before:
        sys.exit(f'mutants: these tests fail without a mistake: {", ".join(before)}')
    rows = ''
    for mutant in mutants:
        failing = tests_of(mutant.name)
        print(f'{mutant.name}: tests that fail: {", ".join(failing) or "none"}',
              flush=True)
        rows += mutant.row(failing)
    table.replace(page, BEGIN, '|---|---|---|---|---|---|\n' + rows)


def main(arguments):
    page = None
    if arguments[0] == '--table':
        page, arguments = arguments[1], arguments[2:]
    sample, *programs = arguments
    mutants = []
    for program in programs:
        mutants.append(Mutant(program, sample))
        mutants[-1].say()
    if page:
        write_table(page, mutants)


if __name__ == '__main__':
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(sys.argv[1:])
