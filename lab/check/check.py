#!/usr/bin/env python3
"""Runs a program under the checker, then its step's tests, and prints a verdict.

    check.py PROGRAM.exe [--name NAME] [--step N] [--log DIRECTORY]
        [--tests PROGRAM.exe] [--brief] [--no-file] [--patience SECONDS]
        [--notice SECONDS]

The checker runs first, two times: with CHECK=1, and with CHECK=2 and IO=pending (or
with IO of the environment). Each run gets the same stdin. With a step, the first run
that fails ends it. Then come the tests: the command in RUN_TESTS, or those of steps.py
with the program of --tests. The first failure ends it.

Environment: LAUNCHER starts a Windows program, ADDR2LINE finds a source line, FILE
and ARGS are the program's arguments, and SAMPLE is the file if FILE is empty. DIR and
LIBS are what the reader has typed. NEXT is the last line if all is right.

It prints at most 15 lines: the verdict first, the next command last. The file
LOG/NAME.txt gets all lines. Each report of the checker is printed when it is made. Only
hints, and what the program forgot to free or close, come after the last run, so that
they leave room for worse mistakes.
"""

import argparse
import collections
import os
import re
import shlex
import sys

import programs
import reports
import steps

LINES = 15
# Lines after the reports: how it ended, what was not followed, what was left out, what
# next.
RESERVED = 4
TOTAL = 7         # seconds for a step on the sample, which takes less than one
QUIET = 5         # seconds in which such a step prints nothing
SILENCE = 10      # the same, on a file of yours
NOTICE = 10       # seconds until a line says that a program still runs
CHECK_FAILED = 66  # the exit status after a mistake

# How Windows calls the end by an exception. Wine passes on only the lowest byte.
CRASHES = {0xC0000005: 'an access violation', 0xC000001D: 'an illegal instruction',
           0xC0000094: 'a division by zero', 0xC0000096: 'a privileged instruction',
           0xC00000FD: 'a stack overflow', 0xC0000374: 'damage to the heap',
           0xC0000409: 'damage to the stack'}


def plural(count, word):
    return f'{count} {word}' if count == 1 else f'{count} {word}s'


def how_it_ended(status, by_itself, crashed):
    """by_itself: the checker has seen the end, so it was no crash."""
    for code, name in CRASHES.items():
        if not by_itself and status in (code, code & 0xFF):
            return f'it crashed: exit status {status}, as after {name} (0x{code:X})'
    return f'it {"crashed:" if crashed else "ended with"} exit status {status}'


class Screen:
    """Prints lines immediately, not more than fit; a file gets all of them."""

    def __init__(self, path):
        os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
        self.path = path
        self.log = open(path, 'w', encoding='utf-8')
        self.used = self.left_out = 0
        self.found = ''  # how many mistakes and hints

    def note(self, line):
        print(line, file=self.log, flush=True)

    def say(self, line):
        self.note(line)
        self.used += 1
        print(line, flush=True)

    def room(self):
        return max(0, LINES - RESERVED - self.used)

    def say_some(self, lines, most=LINES):
        """Prints the first lines, and only notes the others."""
        shown = min(most, self.room())
        for line in lines[:shown]:
            self.say(line)
        for line in lines[shown:]:
            self.note(line)
            self.left_out += 1

    def say_report(self, lines):
        """A report that does not fit is shortened to its first line."""
        self.say_some(lines, LINES if len(lines) <= self.room() else 1)

    def progress(self, text):
        """Shows on a terminal what is going on; an empty text erases that."""
        if sys.stderr.isatty() and os.environ.get('TERM', 'dumb') != 'dumb':
            print(f'\r\033[K{text}', end='', file=sys.stderr, flush=True)

    def end(self, following, notes=()):
        unseen, others = reports.unseen_of(notes)
        self.say_some(others)
        for line in unseen:
            self.say(line)
        if self.left_out:
            self.say(f'check: {self.found}{plural(self.left_out, "more line")}: '
                     f'{self.path}')
        if following is not None:
            self.say(f'next: {following}')
        self.log.close()


class Checking:
    """What the checker reports about one program."""

    def __init__(self, name, screen, locator, ends_waiting):
        self.name = name
        self.screen = screen
        self.locator = locator
        self.ends_waiting = ends_waiting  # a program that makes no progress
        self.mistakes = self.hints = 0
        self.waiting = []  # (IO, report): hints and leaks wait for the end
        self.here = collections.Counter()  # of this run
        self.told = collections.Counter()  # of the earlier runs
        self.own = []     # the program's own lines of the last run
        self.looked_at = []
        self.notes = []
        self.mode = ''    # IO of this run
        self.failed = []  # IO of each run with something to report, the worst first
        self.endings = []
        self.by_itself = False

    def verdict(self, text):
        self.screen.say(f'check: {self.name}: {text}')

    def on_lines(self, program, lines):
        located = [self.locator.locate(line) for line in lines]
        for group in reports.split(located):
            self.on_group(program, group)

    def on_group(self, program, group):
        first = group[0]
        if first.startswith(reports.LOOKED_AT):
            self.by_itself = True
            self.looked_at.append(first[len(reports.REPORT):])
            self.screen.note(first)
        elif first.startswith(reports.WAITING):
            self.on_waiting(program, group)
        elif first.startswith(reports.REPORT):
            self.on_report(group)
        elif first.startswith(reports.NOTES):
            if first not in self.notes:
                self.notes.append(first)
        else:
            self.own.append(first)
            self.screen.note(first)

    def on_report(self, group):
        """Each mistake is reported once, though two runs may find it."""
        mistake = reports.mistake_of(group)
        self.here[mistake] += 1
        if self.here[mistake] <= self.told[mistake]:
            for line in group:
                self.screen.note(line)
        elif reports.can_wait(group):
            self.waiting.append((self.mode, group))
        else:
            self.failed.append(self.mode)
            self.report(group)

    def report(self, group):
        if group[0].startswith(reports.HINT):
            self.hints += 1
            if self.mistakes + self.hints == 1:
                self.verdict('1 hint')
        else:
            self.mistakes += 1
            if self.screen.room() > 1:
                self.verdict(plural(self.mistakes, 'mistake'))
        self.screen.found = ' and '.join(
            plural(number, word) for number, word in
            ((self.mistakes, 'mistake'), (self.hints, 'hint')) if number
        ) + ' in all; '
        self.screen.say_report(group)

    def report_waiting(self):
        for mode, group in sorted(self.waiting, key=lambda waiting:
                                  waiting[1][0].startswith(reports.HINT)):
            self.failed.append(mode)
            self.report(group)
        self.waiting = []

    def on_waiting(self, program, group):
        if self.ends_waiting:
            self.verdict('no progress for 5 s')
        self.screen.say_report(group)
        if self.ends_waiting:
            program.stop('it waited')

    def run(self, command, environment, limits, stdin):
        """Returns whether the next run can follow, whatever this one has found."""
        self.mode = environment['IO']
        self.told |= self.here
        self.here.clear()
        self.own = []
        self.by_itself = False
        program = programs.Program(command, environment, stdin)
        ending = program.follow(self.on_lines, limits)
        if ending.interrupted:
            self.report_waiting()
            self.verdict(f'interrupted, with {plural(self.mistakes, "mistake")}')
            self.screen.end(None, self.notes)
            raise KeyboardInterrupt
        self.endings.append((ending, self.mode, self.by_itself, self.own))
        return ending.status >= 0 and not ending.stopped

    def passes(self):
        """Whether there is nothing to report so far."""
        leaks = [report for _, report in self.waiting
                 if not report[0].startswith(reports.HINT)]
        return not (self.mistakes or leaks or
                    any(ending.status != 0 for ending, *_ in self.endings))

    def explain_all(self):
        """What is left to say after the last run. Returns IO of the worst one."""
        self.report_waiting()
        explained = set()
        for ending, mode, by_itself, own in self.endings:
            if ending.status and ending.status not in explained:
                explained.add(ending.status)
                self.failed.append(mode)
                self.explain(ending, by_itself, own)
        return self.failed[0]

    def explain(self, ending, by_itself, own):
        """How a program ended about which there is something to report."""
        told = self.mistakes + self.hints > 0
        if ending.stopped == 'it waited':
            self.screen.say('check: the program was ended')
        elif ending.stopped:
            self.verdict(f'{ending.stopped}, and was ended')
        elif ending.status < 0:
            self.verdict(f'it was ended from outside (signal {-ending.status})')
        elif not (told and ending.status == CHECK_FAILED):
            crashed = any(line.startswith(reports.CRASH) for line in own)
            self.verdict(how_it_ended(ending.status, by_itself, crashed) +
                         ('' if told else ', and nothing to report'))
        if ending.stopped and self.ends_waiting:
            self.screen.say_some(programs.text_of(ending.last).splitlines()[-2:])
        if not told:
            self.screen.say_some(own[-3:])


class Check:
    """One program, from the checker to the last test."""

    def __init__(self, options):
        self.options = options
        self.screen = Screen(os.path.join(options.log, options.name + '.txt'))
        self.file = os.environ.get('FILE') or os.environ['SAMPLE']
        self.arguments = [*([] if options.no_file else [self.file]),
                          *os.environ.get('ARGS', '').split()]
        self.mode = os.environ.get('IO', '')
        self.notes = []
        self.looked_at = f'looked at {len(self.runs())} runs'
        self.tested = ''

    def verdict(self, text):
        self.screen.say(f'check: {self.options.name}: {text}')

    def command(self, verb, *variables):
        """A make command for the same program."""
        typed = [f'{name}={shlex.quote(os.environ[name])}'
                 for name in ('DIR', 'LIBS', 'FILE', 'ARGS')
                 if os.environ.get(name)]
        typed += ['FILE='] * self.options.no_file
        step = [f'STEP={self.options.step}'] if self.options.step else []
        return ' '.join(['make', verb, *step, *typed, *variables])

    def still_runs(self, number, mode):
        under = f', with IO={mode},' if mode else ''
        self.verdict(f'run {number}{under} has not ended after '
                     f'{self.options.notice:g} s; Ctrl-C ends it')

    def limits(self, number, mode):
        if not self.options.step:
            return programs.Limits(notice=(self.options.notice,
                                           lambda: self.still_runs(number, mode)))
        if os.environ.get('FILE') or os.environ.get('ARGS'):
            return programs.Limits(silence=SILENCE)
        return programs.Limits(self.options.patience, QUIET, repeats=True)

    def runs(self):
        """(CHECK, IO) of each run. Step 5 must know both ends of a file."""
        if self.mode:
            return [('1', self.mode), ('2', self.mode)]
        return [('1', ''), ('2', 'pending'), *(
            [('1', 'sync-eof')] if self.options.step == '5' else [])]

    def checker_passes(self):
        command = programs.launched(self.options.program, self.arguments)
        locator = reports.Locator(self.options.program)
        checking = Checking(self.options.name, self.screen, locator,
                            bool(self.options.step))
        stdin = None if self.options.brief else programs.Input()
        try:
            for number, (turn, mode) in enumerate(self.runs(), 1):
                self.screen.note(f'--- CHECK={turn} IO={mode}')
                if not checking.run(command, {'CHECK': turn, 'IO': mode},
                                    self.limits(number, mode), stdin):
                    break
                if self.options.step and not checking.passes():
                    break
            if not checking.passes():
                mode = checking.explain_all()
                wanted = [f'IO={shlex.quote(mode)}'] if mode else []
                self.screen.end(self.command('trace', *wanted), checking.notes)
                return False
            checking.report_waiting()
        finally:
            locator.close()
        self.notes = checking.notes
        if checking.looked_at:
            self.looked_at = re.sub(r'\b1 (\w+)s\b', r'1 \1', checking.looked_at[0])
        return True

    def tests_fail(self):
        """Returns None, or what fails: a title, some lines, and the next command."""
        if os.environ.get('RUN_TESTS', '').strip():
            return self.suites_fail()
        if self.options.tests is None:
            return None
        failure = steps.judge(self.options.step, self.options.tests, self.file)
        if failure is None:
            self.tested = 'the main tests of the step pass'
            return None
        return failure.title, failure.lines, self.command('run')

    def suites_fail(self):
        """Criterion's suites; the first failure ends them."""
        program = programs.Program(['bash', '-c', os.environ['RUN_TESTS']])
        lines = []
        ending = program.follow(lambda _, more: lines.extend(more))
        lines = [re.sub(r'\033\[[\d;]*m', '', line) for line in
                 programs.text_of(ending.out).splitlines() + lines]
        for line in lines:
            self.screen.note(line)
        if ending.interrupted:
            raise KeyboardInterrupt
        if ending.status == 0:
            tested = re.search(r'Tested: (\d+)', '\n'.join(lines))
            self.tested = f'{tested[1] if tested else "all"} tests pass'
            return None
        failed = next(filter(None, map(FAILED.match, lines)), None)
        if failed is None:
            return (f'the tests fail: exit status {ending.status}', lines[-6:],
                    self.command('check'))
        name = f'{failed[1]}/{failed[2]}'
        return (f'the test {name} fails', failure_of(lines, failed),
                self.command('check', f'TESTS={name}'))

    def passes(self):
        if not self.checker_passes():
            return False
        self.screen.progress(f'{self.options.name}: the tests run')
        failure = self.tests_fail()
        self.screen.progress('')
        if failure is not None:
            title, lines, following = failure
            self.verdict(title)
            self.screen.say_some(lines)
            self.screen.say('check: the checker has nothing to report')
            self.screen.end(following, self.notes)
            return False
        self.verdict('nothing to report')
        if self.options.brief:
            return True
        judged = (f'{self.tested}, which judge the data' if self.tested
                  else 'only tests can judge the data')
        self.screen.say(f'check: {self.looked_at}; {judged}')
        self.screen.end(os.environ.get('NEXT') or (
            self.command('trace') if os.environ.get('DIR') else 'make pitfalls'),
                        self.notes)
        return True


# "[FAIL] step5::a_test: (0.31s)", or "[FAIL] step5::a_test: Timed out. (30.00s)"
FAILED = re.compile(r'\[FAIL\] (\w+)::(\w+):')
OUT, ERR = '    --- stdout', '    --- stderr'  # above what a program has printed


def failure_of(lines, failed):
    """What was wanted and what came, as Criterion prints it above the line of the
    failed test. The log has all of it."""
    end = lines.index(failed.string)
    begin = max((number for number in range(end)
                 if lines[number].endswith(('Assertion Failed', 'CRASH!'))), default=0)
    parts = {'wanted': [], 'got': []}
    part = 'wanted'
    for line in lines[begin + 1:end]:
        text = line.replace('[----]', '', 1).strip()
        if text.startswith('got: '):
            part = 'got'
        if text and '.exe' not in text:  # the command is long
            parts[part].append('    ' + text)
    return parts['wanted'][:4] + what_came(parts)[:6]


def what_came(parts):
    """The last lines of stdout if its end was wanted."""
    wanted, got = parts['wanted'][:1], parts['got']
    if wanted != ['    wanted: at the end of stdout'] or OUT not in got:
        return got
    begin = got.index(OUT)
    end = got.index(ERR) if ERR in got else len(got)
    return [*got[:begin][:2], '    --- the end of stdout', *got[begin + 1:end][-3:]]


def parse(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('--name', help='of the program, in each verdict')
    parser.add_argument('--step', help='1 to 5, or final')
    parser.add_argument('--log', default='.', help='directory')
    parser.add_argument('--tests', help='the program without the lab')
    parser.add_argument('--brief', action='store_true',
                        help='with nothing to report, print one line')
    parser.add_argument('--no-file', action='store_true',
                        help='the program gets no file as an argument')
    parser.add_argument('--patience', type=float, default=TOTAL,
                        help='seconds for a step on the sample')
    parser.add_argument('--notice', type=float, default=NOTICE,
                        help='seconds until a line says that a program still runs')
    options = parser.parse_args(arguments)
    directory = os.environ.get('DIR')
    options.name = options.name or (
        os.path.basename(os.path.realpath(directory)) if directory
        else os.path.splitext(os.path.basename(options.program))[0])
    return options


def main(arguments):
    programs.treat_as_interrupts()
    sys.stdout.reconfigure(errors='replace')
    try:
        return 0 if Check(parse(arguments)).passes() else 1
    except KeyboardInterrupt:
        return programs.INTERRUPTED


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
