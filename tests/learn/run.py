#!/usr/bin/env python3
"""Judges all recorded attempts as `make try` does, and compares the verdicts.

    run.py [--step N] [--name 'PATTERN ...'] [--jobs N] [--show]

An attempt is a file in tests/learn/attempts/stepN, or in attempts/any, for every step:

    NAME.patch       an edit of the step's main.c; it can also add a file
    NAME.c, .cpp     a program
    start.txt        what `make start` makes
    solution.txt     the step itself

Its first lines record what `make try` must print: "Verdict: " and the beginning of the
first line, and "Says: " for each text that must also be there. Prints a table of the
verdicts, with the seconds that each took and how many of them the processor worked.
Attempts that are not as recorded come once more at the end. Then it exits with 1.
"""

import argparse
import concurrent.futures
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TOP, 'tools', 'learn'))
import attempt  # noqa: E402 (found by the line above)
import exercise  # noqa: E402

ATTEMPTS = os.path.join(HERE, 'attempts')
BUILD = exercise.path('build', 'learn')
MOST_LINES = 15
RECORDED = re.compile(r'^(?:/\*| \*)? ?(Verdict|Says): (.*?)(?: \*/)?$', re.M)


def find(step, patterns):
    """(step, path) of each attempt whose label, such as step3/sleeps, fits a
    pattern."""
    for number in step or '12345':
        for room in (f'step{number}', 'any'):
            for name in sorted(os.listdir(os.path.join(ATTEMPTS, room))):
                path = os.path.join(ATTEMPTS, room, name)
                if any(fnmatch.fnmatch(label(number, path), pattern)
                       for pattern in patterns.split()):
                    yield number, path


def label(step, path):
    return f'step{step}/{os.path.splitext(os.path.basename(path))[0]}'


def prepare(step, path, directory):
    """Makes the sources of an attempt."""
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    stage = exercise.path(exercise.stage(step))
    for name in ('main.c', 'report.h'):
        shutil.copy(os.path.join(stage, name), directory)
    name, kind = os.path.splitext(os.path.basename(path))
    if name == 'start':
        shutil.copy(os.path.join(exercise.HERE, 'todo.h'), directory)
        with open(os.path.join(directory, 'main.c'), 'w', encoding='utf-8') as file:
            file.write(exercise.Exercise(step).start())
    elif kind == '.patch':
        with open(path, 'rb') as file:
            subprocess.run(['patch', '-s', '-p0', '-F0', '-d', directory], stdin=file,
                           check=True)
    elif kind != '.txt':
        os.remove(os.path.join(directory, 'main.c'))
        shutil.copy(path, os.path.join(directory, 'main' + kind))


def differences(path, text):
    """What is not as recorded."""
    with open(path, encoding='utf-8') as file:
        recorded = RECORDED.findall(file.read().split('\n--- ')[0])
    wanted = [value for kind, value in recorded if kind == 'Verdict']
    if len(wanted) != 1 or not text.startswith(wanted[0]):
        yield f'wanted first: {wanted}'
    for kind, value in recorded:
        if kind == 'Says' and value not in text:
            yield f'wanted: {value}'
    if text.count('\n') >= MOST_LINES:
        yield f'wanted: at most {MOST_LINES} lines'


def too_long(directory):
    """The lines of the start that an editor with 80 columns would break."""
    with open(os.path.join(directory, 'main.c'), encoding='utf-8') as file:
        for number, line in enumerate(file, 1):
            if len(line) > 81:
                yield f'main.c:{number}: longer than 80 characters'


def strict(directory):
    """The start compiles with the flags of this repository."""
    return subprocess.run(
        [*attempt.build.words('CC'), *attempt.build.words('STRICT'), '-c', '-o',
         os.path.join(directory, 'strict.o'), os.path.join(directory, 'main.c')],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.decode()


def misfits(step):
    """What in the exercise file does not fit the checks of the step."""
    checks = attempt.ideas.names(step)
    made = exercise.Exercise(step)
    for check in checks:
        if len(made.hints.get(check, ())) != 3:
            yield f'{made.path}: wanted: 3 hints for {check}'
    for section in made.sections:
        name = section.name if section.verb == 'Hints for' else section.check
        if name is not None and name not in checks:
            yield f'{made.path}: step {step} has no check {name}'


def worked():
    """The processor's seconds for this process and those that it started. Wine's server
    is not among them."""
    return sum(os.times()[:4])


def judge(step, path):
    """Returns the verdict, the seconds, those of the processor, and the differences."""
    directory = os.path.join(BUILD, label(step, path))
    try:
        prepare(step, path, directory)
    except exercise.ExerciseError as error:
        return 'the exercise does not fit', 0, 0, [str(error)]
    begin, before = time.monotonic(), worked()
    text = attempt.judge(step, directory, os.path.join(directory, 'build')).text()
    seconds, processor = time.monotonic() - begin, worked() - before
    different = list(differences(path, text))
    if os.path.basename(path) == 'start.txt':
        different += [*strict(directory).splitlines()[:3], *misfits(step),
                      *too_long(directory)]
    return text, seconds, processor, different


def main(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument('--step', default='')
    parser.add_argument('--name', default='*')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    parser.add_argument('--show', action='store_true', help='print all that it says')
    options = parser.parse_args(arguments)
    attempts = list(find(options.step, options.name))
    wrong, longest = [], 0
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        results = pool.map(judge, *zip(*attempts)) if attempts else []
        for (step, path), (text, seconds, processor, different) in zip(
                attempts, results):
            shown = text if options.show or different else text.split('\n')[0]
            print(f'{label(step, path):<34} {seconds:5.1f} s {processor:5.1f} s  '
                  f'{shown}', flush=True)
            for line in different:
                print(f'    {line}')
            if different:
                wrong.append([f'{label(step, path)}: ' + text.split('\n')[0],
                              *different])
            longest = max(longest, seconds)
    for lines in wrong:
        print('not as recorded: ' + '\n    '.join(lines))
    print(f'{len(attempts)} attempts, {len(wrong)} not as recorded; the longest took '
          f'{longest:.1f} s')
    return 1 if wrong or not attempts else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
