#!/usr/bin/env python3
"""Tries all orders of a program's threads and completions, up to a bound.

    explore.py PROGRAM.exe [OPTION]... [ARGUMENT]...

PROGRAM.exe is linked with lab/explore: see mk/lab.mk. The search begins with the
orders that cost nothing, then those that cost 1, and so on up to the bound. It ends
at the first bound where an order goes wrong.

Exit status: 0, every order is right; 1, one goes wrong; 3, the program makes a call
that the explorer does not model; 4, a replay does not repeat the order.
"""

import argparse
import collections
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import threading
import time

import orders

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'check'))
import programs  # noqa: E402
import reports  # noqa: E402

ALL_RIGHT, WRONG, NOT_MODELLED, NOT_REPEATED = 0, 1, 3, 4
MOST_COST = 10000    # more than any order costs
MOST_FINDINGS = 64  # after so many wrong orders the search ends
PATIENCE = 20       # seconds for one order
ATTEMPTS = 3        # for an order that ends the process without a verdict
SHOWN = 30          # lines of a timeline on the screen
TOLD = 'explore: '  # what the explorer prints about an order


def end(child):
    """Ends a process, and what its launcher has started for it."""
    with contextlib.suppress(ProcessLookupError):
        if programs.WINDOWS:
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)
    child.wait()


class Finding:
    """An order that has not ended right."""

    def __init__(self, process, text=None):
        self.verdict = process.verdict
        self.text = text or process.text.decode(errors='replace').rstrip()
        self.number = process.number
        self.spent = process.spent
        self.order = process.order.copy()

    @property
    def title(self):
        return self.text.split('\n', 1)[0]

    @property
    def rank(self):
        """The shortest order comes first. Of two that are equally short, always the
        same one."""
        return (self.spent, self.order.length,
                [at.chosen for at in self.order.at[:self.order.length]])


def start(options, path, index, stderr=subprocess.DEVNULL):
    """Starts a process of the explorer."""
    command = programs.launched(options.program,
                                [path, str(index), *options.arguments])
    return subprocess.Popen(command, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=stderr,
                            env={**os.environ, 'IO': '', 'HOOK': ''},
                            start_new_session=not programs.WINDOWS)


class Search:
    """All orders up to one bound."""

    def __init__(self, options, settings, bound):
        self.options = options
        self.path = f'{options.log}.orders'
        self.shared = orders.make_shared(self.path, {**settings, 'bound': bound})
        self.findings = []
        self.errors = []  # what a process printed that could not begin
        self.lock = threading.Lock()

    def stop(self):
        self.shared.settings.stops = 1

    def await_end(self, child, process):
        """Ends a process that does not come to the end of an order. Returns whether
        it has ended by itself."""
        last, since = process.number, time.monotonic()
        while True:
            try:
                child.wait(0.2)
                return True
            except subprocess.TimeoutExpired:
                pass
            if process.number != last:
                last, since = process.number, time.monotonic()
            waits = not self.shared.has_first and process.progress == orders.FRESH
            if time.monotonic() - since > PATIENCE and not waits:
                end(child)
                return False

    def add(self, finding):
        with self.lock:
            self.findings.append(finding)
            if (len(self.findings) == MOST_FINDINGS or
                    finding.verdict in (orders.NOT_MODELLED, orders.DIVERGED)):
                self.stop()

    def run_process(self, index):
        """One process after the other, until no order is left."""
        process = self.shared.processes[index]
        attempts = 0
        while not self.shared.settings.stops:
            ended = self.await_end(start(self.options, self.path, index), process)
            if process.progress == orders.NOTHING_LEFT:
                return
            if process.progress == orders.FRESH:
                self.errors.append('the program does not start')
                return self.stop()
            attempts = attempts + 1 if process.progress == orders.RUNNING else 0
            if process.progress == orders.RUNNING and attempts < ATTEMPTS:
                continue
            if process.progress == orders.RUNNING:
                process.progress = orders.ENDED
                process.verdict = orders.MISTAKE
                self.shared.has_first = 1
                self.add(Finding(process, 'the process ends without a verdict'
                                 if ended else
                                 f'no call for {PATIENCE} s: a thread runs for ever'))
            elif process.verdict != orders.RIGHT:
                self.add(Finding(process))

    def run(self):
        jobs = [threading.Thread(target=self.run_process, args=(index,))
                for index in range(self.options.jobs)]
        for job in jobs:
            job.start()
        try:
            while any(job.is_alive() for job in jobs):
                jobs[0].join(0.5)
                jobs[-1].join(0.5)
                self.show_progress()
        finally:  # also after Ctrl-C
            self.stop()
            for job in jobs:
                job.join()
            self.show_progress(end=True)
        if self.errors:
            sys.exit(f'explore: {self.errors[0]}')

    def show_progress(self, end=False):
        if sys.stderr.isatty():
            text = (f'up to {plural(self.shared.settings.bound, "preemption")}: '
                    f'{self.shared.orders:,} orders')
            print('\r' + (' ' * len(text) + '\r' if end else text), end='',
                  file=sys.stderr, flush=True)


# ---- One order again ----

class Replay:
    """The order in a file, in a new process, and what happens in it."""

    def __init__(self, options, order):
        path = f'{options.log}.replay'
        shared = orders.load_order(order, path)
        process = shared.processes[0]
        for _ in range(ATTEMPTS):
            process.progress = orders.FRESH
            printed = self.read(start(options, path, 0, stderr=subprocess.PIPE))
            if process.progress != orders.RUNNING:
                break
        self.verdict = process.verdict
        self.text = process.text.decode(errors='replace').rstrip()
        self.title = self.text.split('\n', 1)[0]  # with addresses, as in the search
        lines = printed.decode(errors='replace').replace('\r\n', '\n').splitlines()
        locator = reports.Locator(options.program)
        self.timeline = [locator.locate(line[len(TOLD):]) for line in lines
                         if line.startswith(TOLD)]
        self.stderr = [line for line in lines
                       if not line.startswith((TOLD, programs.WINE_LEAVES))]
        self.text = locator.locate(self.text)
        locator.close()

    @staticmethod
    def read(child):
        try:
            return child.communicate(timeout=PATIENCE)[1]
        except subprocess.TimeoutExpired:
            end(child)
            return child.communicate()[1]

    def log(self):
        return '\n'.join([*self.timeline, *self.stderr, self.text])


def show_replays(options):
    """Repeats the order so often, and says whether all runs have done the same."""
    logs = collections.Counter(Replay(options, options.replay).log()
                               for _ in range(options.random))
    same = max(logs.values())
    print(f'{same:,} of {plural(options.random, "run")} did the same')
    return ALL_RIGHT if same == options.random else NOT_REPEATED


def show_replay(options):
    replay = Replay(options, options.replay)
    print('\n'.join([*replay.timeline, *replay.stderr]))
    if replay.verdict == orders.RIGHT:
        print('this order is right')
        return ALL_RIGHT
    print(replay.text)
    return {orders.NOT_MODELLED: NOT_MODELLED,
            orders.DIVERGED: NOT_REPEATED}.get(replay.verdict, WRONG)


# ---- The answer ----

def plural(count, noun):
    return f'{count:,} {noun}{"" if count == 1 else "s"}'


def seconds(since):
    return f'{time.monotonic() - since:.1f} s'


def last_line(printed):
    """Of what the first order printed, without the name of the thread."""
    lines = printed.decode(errors='replace').split('\n')
    last = ([''] + [line for line in lines if line])[-1]
    return last.split(': ', 1)[-1]


def say_right(search, since):
    settings = search.shared.settings
    last = last_line(search.shared.printed)
    ends = f'ends with "{last}", and no mistake' if last else 'ends right'
    which = (f'at random, with seed {settings.seed}' if settings.random else
             f'all with up to {plural(settings.bound, "preemption")}')
    print(f'explored {plural(search.shared.orders, "order")} in {seconds(since)}, '
          f'{which}: every one {ends}')


def say_titles(findings):
    """How often each mistake was found, if there are several."""
    titles = {}
    for finding in findings:
        titles[finding.title] = titles.get(finding.title, 0) + 1
    if len(titles) > 1:
        for title, count in titles.items():
            print(f'    {plural(count, "order")}: {title}')


def say_timeline(replay, path):
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join([*replay.timeline, replay.text, '']))
    left_out = max(0, len(replay.timeline) - SHOWN)
    if left_out:
        print(f'    ... {plural(left_out, "line")} before: {path}')
    verdict = replay.text.split('\n', 1)[0]
    for line in [*replay.timeline[left_out:], *replay.stderr, verdict]:
        print(f'    {line}')


def say_wrong(options, search, since):
    finding = min(search.findings, key=lambda found: found.rank)
    if finding.verdict == orders.NOT_MODELLED:
        print(f'explore: not modelled: {finding.title}', file=sys.stderr)
        return NOT_MODELLED
    path = f'{options.log}.{finding.number}'
    orders.save_order(path, finding.order, finding.title, search.shared)
    replay = Replay(options, path)
    if finding.verdict == orders.DIVERGED or replay.title != finding.title:
        print(f'order {finding.number} cannot be repeated: {finding.title}; again: '
              f'{replay.title or "right"}')
        return NOT_REPEATED
    print(f'order {finding.number} goes wrong: {replay.text}')
    count = len(search.findings)
    print(f'wrong: {count:,} of {plural(search.shared.orders, "order")} in '
          f'{seconds(since)}, with {plural(finding.spent, "preemption")}'
          f'{", and the search ended there" if count >= MOST_FINDINGS else ""}')
    say_titles(search.findings)
    print('the shortest:')
    say_timeline(replay, f'{path}.txt')
    words = shlex.join([*options.given, f'REPLAY={path}'])
    print(f'again: make explore {words}')
    print(f'step by step: make play {words}')
    return WRONG


def explore(options, settings):
    since = time.monotonic()
    bounds = range(options.first, options.preemptions + 1)
    for bound in [MOST_COST] if options.random else bounds:
        search = Search(options, settings, bound)
        search.run()
        if search.findings:
            return say_wrong(options, search, since)
    say_right(search, since)
    return ALL_RIGHT


# ---- The command line ----

def case_options(name):
    path = os.path.join(HERE, 'scenarios', 'settings.txt')
    with open(path, encoding='utf-8') as file:
        cases = {words[0]: words[1:] for line in file
                 if (words := line.split()) and words[0] != '#'}
    if name not in cases:
        sys.exit(f"explore: no scenario is named {name!r}: see {os.path.relpath(path)}")
    return cases[name]


def parse(arguments):
    parser = argparse.ArgumentParser(usage=__doc__.split('\n\n')[1].strip())
    parser.add_argument('program')
    parser.add_argument('--log', default='build/explore/order',
                        help='where files about orders go, and how they begin')
    parser.add_argument('--preemptions', type=int, default=2,
                        help='the last bound')
    parser.add_argument('--from', type=int, default=0, dest='first',
                        help='the first bound')
    parser.add_argument('--replay', help='a file with an order')
    parser.add_argument('--given', action='append', default=[],
                        help='a word of the command that replays, for the reader')
    parser.add_argument('--jobs', type=int, default=orders.MOST_PROCESSES)
    parser.add_argument('--steps', type=int, default=3000)
    parser.add_argument('--free', action='store_true',
                        help='completions cost nothing')
    parser.add_argument('--surprises', action='store_true')
    parser.add_argument('--random', type=int, default=0,
                        help='so many orders at random, instead of all; with --replay, '
                        'repeat the order so often')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--no-merge', action='store_true')
    parser.add_argument('--endless', action='store_true')
    parser.add_argument('--any-lines', action='store_true')
    parser.add_argument('--case', help='a scenario of final')
    parser.add_argument('arguments', nargs='*')
    options = parser.parse_intermixed_args(arguments)
    if options.case:
        options = parser.parse_intermixed_args(
            [*case_options(options.case), *arguments])
    return options


def main(arguments):
    options = parse(arguments)
    settings = {'counts': not options.free, 'surprises': options.surprises,
                'merges': not options.no_merge, 'endless': options.endless,
                'same': not options.any_lines, 'steps': options.steps,
                'random': options.random, 'seed': options.seed}
    settings = {name: int(value) for name, value in settings.items()}
    sys.stdout.reconfigure(errors='replace', line_buffering=True)
    if not options.replay:
        return explore(options, settings)
    try:
        return (show_replays if options.random else show_replay)(options)
    except (OSError, ValueError) as error:
        sys.exit(f'explore: {error}')


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
