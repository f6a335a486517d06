#!/usr/bin/env python3
"""Records the runs of the book, as `make book-record` does:

    record.py TO [NAME]...

Writes TO/NAME.json for each run of runs.json, and TO/pitfall-NAME.json for each
pitfall. Prints a line for each, and exits with 1 if one of them is not as a page
needs it. The environment: as for lab/trace/record.py; and STAGES, the words
STAGE=PROGRAM.exe of all programs in deep mode.
"""

import concurrent.futures
import glob
import json
import os
import shlex
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
PLAYED = 'build/recorded'  # recordings, and what the programs printed
FILES = {'final': 'build/shorter.txt'}  # of a stage
FILE = 'build/short.txt'                # of the others
NO_FILE = ('cancel', 'close')
MOST = 99_000      # bytes that are wanted of a run
LARGEST = 100_000  # that are accepted
ALL = 4_000_000
JOBS = 2


def header(patch, field):
    return subprocess.run(
        ['awk', '-v', f'field={field}', '-f', 'lab/pitfalls/headers.awk', patch],
        check=True, encoding='utf-8', stdout=subprocess.PIPE).stdout.strip()


class Run:
    """A run of a stage, or of a pitfall."""

    def __init__(self, name, stage, words, program, objects, command):
        self.name, self.stage, self.program = name, stage, program
        self.objects = objects
        settings = dict(word.split('=', 1) for word in shlex.split(words))
        self.io = settings.get('IO', 'wine')
        self.file = settings.get('FILE', FILES.get(stage, FILE))
        self.arguments = shlex.split(settings.get('ARGS', ''))
        self.command = command

    def record(self, to):
        """Returns the run, as lab/trace/record.py writes it."""
        path = os.path.join(PLAYED, self.name + '.json')
        file = [] if self.stage in NO_FILE else [self.file]
        subprocess.run(
            [sys.executable, '-B', 'lab/trace/record.py', self.program, path,
             *(f'--object={path}' for path in self.objects),
             '--command', self.command, '--most', str(MOST), '--',
             *file, *self.arguments],
            check=True, env={**os.environ, 'IO': self.io})
        shutil.copy(path, os.path.join(to, self.name + '.json'))
        with open(path, encoding='utf-8') as recorded:
            return json.load(recorded)


def objects_of(program):
    """The object files of a program in deep mode, by mk/book.mk."""
    name = os.path.basename(program)[:-len('.exe')]
    directory = 'bridge' if not glob.glob(name) else name
    pattern = name + '.o' if directory == 'bridge' else '**/*.o'
    return glob.glob(f'build/deep/obj/{directory}/{pattern}', recursive=True)


def objects_in(plan):
    with open(plan, encoding='utf-8') as file:
        return json.load(file)['objects']


def runs_of_stages(programs):
    with open(os.path.join(HERE, 'runs.json'), encoding='utf-8') as file:
        wanted = json.load(file)
    for name, run in wanted.items():
        stage = run['stage']
        step = stage[4] if stage.startswith('step') else stage
        yield Run(name, stage, run['run'], programs[stage],
                  objects_of(programs[stage]),
                  f'make play STEP={step} {run["run"]}'.replace(' IO=wine', ''))


def runs_of_pitfalls():
    for patch in sorted(glob.glob('lab/pitfalls/*/*.patch')):
        stage = os.path.basename(os.path.dirname(patch))
        name = os.path.basename(patch)[:-len('.patch')]
        yield Run(f'pitfall-{name}', stage, header(patch, 'Run'),
                  f'build/deep/pitfalls/{name}/{stage}.exe',
                  objects_in(f'build/deep/pitfalls/{name}/plan.json'),
                  f'make play NAME={name}')


def printed(run, stream):
    return ''.join(event['text'] for event in run['events']
                   if event['kind'] == 'print' and event['stream'] == stream)


def problems(run, recorded, size):
    """What a page could not use."""
    with open(os.path.join(PLAYED, run.name + '.out'), encoding='utf-8',
              errors='replace', newline='') as file:
        out = file.read().replace('\r\n', '\n')
    said = printed(recorded, 'stdout')
    if 'cut' in recorded:
        if not out.startswith(said):
            yield 'its print events are not the beginning of its stdout'
    elif said != out:
        yield 'its print events are not its stdout'
    if size > LARGEST:
        yield f'it has {size:,} bytes, more than {LARGEST:,}'
    if recorded['summary']['lost'] and 'cut' not in recorded:
        yield f'{recorded["summary"]["lost"]} records are lost'


def record(run, to):
    """Returns (the line to print, its size, whether it can be used)."""
    began = time.monotonic()
    try:
        recorded = run.record(to)
    except subprocess.CalledProcessError:
        return f'{run.name}: not recorded', 0, False
    size = os.path.getsize(os.path.join(to, run.name + '.json'))
    found = list(problems(run, recorded, size))
    how = recorded['ended'] if recorded['status'] is None else \
        f'exit {recorded["status"]}'
    line = (f'{run.name:40} {len(recorded["events"]):6} events {size:8,} bytes  '
            f'{how:8} {time.monotonic() - began:4.1f} s')
    if 'cut' in recorded:
        line += f'  cut {recorded["cut"]}'
    return '\n'.join([line, *(f'  {problem}' for problem in found)]), size, \
        not found


def main(to, names):
    to = os.path.abspath(to)
    os.chdir(TOP)
    programs = dict(word.split('=', 1)
                    for word in os.environ['STAGES'].split())
    runs = [*runs_of_stages(programs), *runs_of_pitfalls()]
    if names:
        runs = [run for run in runs if run.name in names]
    os.makedirs(to, exist_ok=True)
    total, good = 0, bool(runs)
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for line, size, usable in pool.map(lambda run: record(run, to), runs):
            print(line, flush=True)
            total += size
            good = good and usable
    print(f'{len(runs)} runs, {total:,} bytes')
    if total > ALL:
        print(f'that is more than {ALL:,}')
    return 0 if good and total <= ALL else 1


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
