"""Builds a learner's attempt, runs the checks of its step, and gives a verdict of at
most 15 lines."""

import contextlib
import glob
import io
import os
import re
import shlex
import sys

import advice
import exercise
from progress import count

sys.path.insert(0, exercise.path('lab', 'check'))
import build  # noqa: E402 (found by the line above)
import ideas  # noqa: E402
import recording  # noqa: E402
import reports  # noqa: E402

PARTS = exercise.path('build', 'lab', 'parts')
# lab/interpose/caller.c relies on this order, and on this image base.
LAB = [path for room in ('interpose', '[!i]*')
       for path in sorted(glob.glob(os.path.join(PARTS, room, '*.o')))]
SAMPLE = exercise.path('build', 'sample.txt')
BASE = '-Wl,--image-base=0x140000000'
# Variables that the program does not set have an unlikely value, and not 0 by chance.
# GCC knows it from version 12 on.
FILLED = '-ftrivial-auto-var-init=pattern'
WIDTH = 400  # characters of a line

TODO = re.compile(r'^\s*TODO\((\w+)\);')
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
# The states of a request, after the first one, in the steps and in what `make start`
# makes.
STATES = re.compile(r'\benum\s+request_state\s*\{\s*\w+\s*,\s*(\w+)')
# What assert prints: the condition, the file, the line.
ASSERTION = re.compile(r'Assertion failed: (.*), file (.*), line (\d+)')


def after(step):
    """What a learner types after a step that is right."""
    if step < '5':
        return f'make start STEP={int(step) + 1}'
    return 'make run STEP=cancel, the first program of bridge/README.md'


class Verdict:
    """What there is to say about an attempt."""

    def __init__(self, headline, lines=(), following='', check=None, right=False):
        self.headline = headline
        self.lines = list(lines)
        self.following = following
        self.check = check  # the name of the check that fails first
        self.right = right

    def text(self):
        lines = [self.headline, *('    ' + line[:WIDTH] for line in self.lines[:13])]
        return '\n'.join([*lines, f'next: {self.following}'])


class Attempt:
    """The sources in a directory, as the program of a step."""

    def __init__(self, step, directory, scratch):
        self.step = step
        self.directory = directory
        self.scratch = scratch
        self.stage = exercise.stage(step)
        self.program = os.path.join(scratch, self.stage + '.exe')
        self.printed = ''  # by the compiler
        self.sources = []
        self.imports = set()
        self.locator = None
        self.entry = None  # main or wmain, for example

    # ---- Build ----

    def build(self):
        """Returns None, or what the tools have said."""
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                objects = os.path.join(self.scratch, 'obj')
                plan = build.make_plan(self.directory, objects,
                                       flags=build.accepted(FILLED))
                self.sources = plan['sources']
                self.entry = plan['entry']
                build.make_program(plan, self.program, LAB, True, [BASE])
                self.imports = self.imported(plan)
        except build.BuildError as error:
            return printed.getvalue() + str(error)
        finally:
            self.printed = printed.getvalue()
        return None

    def imported(self, plan):
        names = build.must_run([*build.words('NM'), '-u', *plan['objects']])
        return {name[len('__imp_'):] if name.startswith('__imp_') else name
                for name in re.findall(r'\bU (\w+)', names)}

    def names(self):
        """What the advice can mention."""
        return {'step': self.step, 'stage': self.stage, 'directory': self.directory}

    def not_built(self, printed):
        return Verdict('not yet: it did not build',
                       advice.first_error(printed, **self.names()),
                       f'correct this, then make try STEP={self.step}', 'build')

    # ---- Judge ----

    def judge(self):
        printed = self.build()
        if printed is not None:
            return self.not_built(printed)
        idea = ideas.IDEAS[self.step](self.step, self.program, SAMPLE, self.scratch,
                                      self.imports)
        self.locator = reports.Locator(self.program)
        try:
            checks = idea.checks()
            for number, check in enumerate(checks):
                failure = check()
                if failure is not None:
                    return self.fails(idea, failure, check, number, len(checks))
            return self.passes(idea, len(checks))
        finally:
            self.locator.close()

    def next(self, idea, run):
        """What to type next; make trace shows the same run."""
        name, _, words, _, mode = next(key for key, value in idea.runs.items()
                                       if value is run)
        if name == ideas.CLOSED:  # no command makes such a pipe
            return f'make hint STEP={self.step}'
        arguments = ' '.join(words)
        settings = [f'ARGS={shlex.quote(arguments)}'] * bool(words) + \
            [f'IO={mode}'] * bool(mode)
        verb = 'trace'
        if name == ideas.PIPE:  # make trace has no pipe
            verb = 'run'
            settings.append('SLOW=1')
        return (f'make hint STEP={self.step}, or ' + ' '.join(
                [f'make {verb}', f'STEP={self.step}', 'DIR=mine', *settings]))

    def passes(self, idea, total):
        return self.mistaken(idea, total) or self.left_over(idea, total) or \
            self.not_in_flight(total) or self.warned(total) or \
            Verdict(f'right: all {total} checks pass, and the checker has nothing to '
                    f'report', [], f'{after(self.step)}; or make try STEP={self.step} '
                    'ALL=1', right=True)

    def almost(self, total, what, lines, check, following=None):
        return Verdict(f'almost: all {total} checks pass, but {what}', lines,
                       following or f'correct this, then make try STEP={self.step}',
                       check)

    def mistaken(self, idea, total):
        mistakes = [(run, group) for run in idea.runs.values()
                    for group in run.mistakes()]
        if not mistakes:
            return None
        run, group = mistakes[0]
        different = {tuple(reports.mistake_of(self.located(group)))
                     for _, group in mistakes}
        return self.almost(total, 'the checker found '
                           f'{count(len(different), "mistake")}', self.located(group),
                           'checker', self.next(idea, run))

    def left_over(self, idea, total):
        """What no check has looked at: a handle that is no handle any more, and memory
        that is never freed."""
        for run in idea.runs.values():
            for call in run.wrong_handles():
                return self.almost(
                    total, f'{call.kind} fails with error 6', [
                        'the handle is closed already, or it is no handle',
                        *self.at(self.line_of(run, call))], 'checker')
        failure = idea.nothing_left()
        return failure and self.almost(total, failure.received, [
            'free what malloc, or a function like it, has returned'], 'checker')

    def not_in_flight(self, total):
        """The asserts of the steps find a request that is used too early only if its
        state says that it is in flight."""
        text = COMMENT.sub(' ', '\n'.join(line for _, _, line in self.lines()))
        for name in STATES.findall(text):
            used = re.findall(r'([!=]=\s*)?\b' + name + r'\b(?!\s*[!=]=)', text)
            if used.count('') < 2:  # the first one is in the enum
                return self.almost(
                    total, f'no request ever gets the state {name}', [
                        'the asserts need it: they notice a request that is used or '
                        'freed too early', 'set it before the call that starts the '
                        'I/O'], 'state')
        return None

    def warned(self, total):
        warning = advice.first_warning(self.printed, **self.names())
        return warning and self.almost(total, f'the compiler warns: {warning[0]}',
                                       warning[1:], 'warning')

    def fails(self, idea, failure, check, number, total):
        run = idea.last
        passed = f'{number} of {total} checks pass'
        if run.todo() and not failure.text:  # no wrong line was printed before it
            return self.not_written(run.todo())
        if check.__name__ == 'words':
            return Verdict(f'almost: {passed}; only the wording differs', [
                f'expected: {failure.expected}', f'received: {failure.received}',
                *self.at(self.source_of(failure.text))],
                           f'correct the words, then make try STEP={self.step}',
                           'words')
        lines, how = self.cause(run)
        lines = [f'fails: {check.__doc__}', *self.compared(failure, run), *lines]
        if number == 0 and self.entry == 'main':
            lines.append('the arguments of main are no UTF-16 strings: write int '
                         'wmain(int argc, wchar_t **argv)')
        warning = advice.first_warning(self.printed, **self.names())
        if warning:
            warning[0] = f'the compiler warns: {warning[0]}'
        return Verdict(f'not yet: {how}{passed}', [*lines, *warning],
                       self.next(idea, run), check.__name__)

    def not_written(self, todo):
        """The program has come to a function that is not written. If several threads
        run, chance decides which; so name the first one of the exercise."""
        order = [task.name for task in exercise.Exercise(self.step).tasks()]
        names = [(name, f'{source}:{number}') for source, number, line in self.lines()
                 for name in TODO.findall(line)]
        names.sort(key=lambda found: (*order, found[0]).index(found[0]))
        if not names:
            return Verdict('not yet: a TODO is left', [todo],
                           f'make try STEP={self.step}')
        name, place = names[0]
        others = ', '.join(name for name, _ in names[1:])
        return Verdict(f'not yet: {name} is not written', [
            f'TODO: {name} is not written yet ({place})',
            'The comment there says what it must do, and which calls it needs.',
            *([f'after that: {others}'] if others else [])],
            f'write it, then make try STEP={self.step}; or make hint '
            f'STEP={self.step}', f'TODO {name}')

    def compared(self, failure, run):
        place = self.place(failure, run)
        return [f'expected: {failure.expected}', f'received: {failure.received}',
                *self.at(place),
                *(f'stderr: {line}' for line in run.errors[:1]
                  if line not in failure.received and not ASSERTION.search(line))]

    def cause(self, run):
        """What explains the failure, and the first words of the verdict."""
        if run.hangs():
            return self.hang(run), \
                'it prints for ever; ' if run.floods() else 'it hung; '
        crash = run.crash()
        for group in run.causes()[:1]:
            return self.located(group)[:6], 'it crashed; ' if crash else ''
        if crash:
            where = self.line_of(run, crash) if crash is not True else ''
            return [f'it crashed at {where}'] if where else [], 'it crashed; '
        return [], ''

    def hang(self, run):
        for group in run.reports:
            if group[0].startswith('checker: hung'):
                return [*(line for line in self.located(group)
                          if not line.startswith('rule:')), *self.no_packet(run)]
        if run.waiting:
            return [self.located([run.waiting])[0]]
        last = self.last_call(run)
        return [run.stopped, *self.at(last)]

    def no_packet(self, run):
        """What makes the kernel queue no packet."""
        for call in run.calls('SetFileCompletionNotificationModes'):
            return ['no packet comes for an I/O that succeeds immediately: see '
                    f'{self.line_of(run, call)}, {call.kind}']
        for call in run.reads():
            if call.overlapped and call.other & 1:
                return ['no packet comes, because the lowest bit of hEvent is set',
                        *self.at(self.line_of(run, call))]
        return []

    def located(self, group):
        return [self.locator.locate(line).strip().replace(reports.REPORT,
                                                          'the checker reports: ', 1)
                for line in group]

    # ---- Places ----

    @staticmethod
    def at(place):
        return [f'at {place}'] if place else []

    def line_of(self, run, record):
        if not run.has_lines:
            run.has_lines = True
            recording.find_lines(run.trace, self.program,
                                 os.environ.get('ADDR2LINE', 'addr2line'))
        return f'{record.file}:{record.line}' if record.line else ''

    def place(self, failure, run):
        """The line of the source to look at: of an assert that has failed, of a call,
        or of what prints a text; or else the last call of main."""
        for found in filter(None, map(ASSERTION.search, run.errors)):
            return f'{os.path.relpath(found[2])}:{found[3]}: assert({found[1]}) fails'
        if failure.call:
            return f'{self.line_of(run, failure.call)}: {failure.call.kind}'
        if failure.text:
            return self.source_of(failure.text)
        if run.status == 0 or run.crash() or run.hangs():
            return ''
        return self.last_call(run)

    def last_call(self, run):
        """The last call that main made itself, and not in report.h. After an error, it
        is the last one that has failed."""
        calls = [record for record in reversed(run.trace.records)
                 if run.is_main(record) and not record.is_about('stream') and
                 record.kind not in ('thread', 'TerminateProcess')]
        failed = [record for record in calls if record.returned and not record.ok and
                  record.error not in (recording.PENDING, recording.MORE_DATA)]
        failed = run.wrong_handles()[-1:] + failed if run.status == 1 else []
        for record in failed + calls:
            line = self.line_of(run, record)
            if line.startswith(os.path.relpath(self.directory)) and \
                    'report.h' not in line:
                how = f'it fails with error {record.error}' if record in failed else \
                    'the last call of main'
                return f'{line}: {record.kind}, {how}'
        return ''

    def source_of(self, text):
        pieces = sorted(re.findall(r"[^\d'%\\\"]{6,}", text.split(': ', 1)[-1]),
                        key=len, reverse=True)
        for piece in pieces:
            for source, number, line in self.lines():
                if piece.strip() in line:
                    return f'{source}:{number}'
        return ''

    def lines(self):
        """(file, number, text) of each line of the sources."""
        for source in self.sources:
            with open(source, encoding='utf-8', errors='replace') as file:
                for number, line in enumerate(file, 1):
                    yield os.path.relpath(source), number, line


def judge(step, directory, scratch):
    return Attempt(step, directory, scratch).judge()
