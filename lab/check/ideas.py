"""The idea of each step: the checks that `make try` makes, in their order.

A check looks at what the program has printed and at the record of its calls, which
lab/trace makes. So a program passes whatever its functions are called, and a program
that only prints the right words does not pass. The names of files, closed pipes and
other polish are for the step's suites.
"""

import contextlib
import difflib
import os
import re
import shutil
import subprocess
import sys

import programs
import reports
import steps

sys.path.insert(0, os.path.join(steps.TOP, 'lab', 'trace'))
import recording  # noqa: E402 (found by the line above)

WATCHDOG = 6      # seconds; after 5 s without progress the checker says who waits
PATIENCE = 4      # times as long, if the computer is busy
FLOOD = 1 << 18   # bytes: more than any step prints
OVERLAPPED = 0x40000000
MOST = 4          # calls of one function that are made to fail
RECORDS = 20000   # calls: more than any step makes
SHORT = 20        # milliseconds: a wait that is no wait
SIMILAR = 0.6     # of two lines that differ only in their words
TODO = 'TODO: '    # what a start prints on stderr
PIPE = 'pipe'      # the name of a run that reads a pipe,
CLOSED = 'closed'  # and of one whose pipe is closed without a word
FAILED = 1450      # "insufficient system resources": any call may report it
# Calls that can be made to fail. Of ReadFile, only those with an OVERLAPPED count.
CAN_FAIL = (*recording.OPENS, 'CreateIoCompletionPort', 'CreateEventW', 'CreateEventA',
            'PostQueuedCompletionStatus', 'GetQueuedCompletionStatus', recording.EX,
            'ReadFile')
FEEDER = os.path.join(steps.TOP, 'build', 'tests', 'feeder.exe')
# Functions with which threads wait for each other and wake each other, and of which no
# record shows all.
UNSEEN = re.compile(r'(?!WaitFor).*(cond|wait|wake|semaphore|notify)', re.I)


class Failure:
    """Why a check fails."""

    def __init__(self, expected, received, text='', call=None):
        self.expected = expected
        self.received = received
        self.text = text  # printed by the line of the source to look at
        self.call = call  # or the record of the call there


class Program(programs.Program):
    """Ends a program that floods stdout or stderr."""

    def chunks(self, stream):
        total = 0
        for chunk in super().chunks(stream):
            total += len(chunk)
            if total > FLOOD:
                self.stop(f'it printed more than {FLOOD >> 10} KiB')
            else:
                yield chunk


class OneLine:
    """The stdin of the feeder (tests/support/feeder.c), which writes it to a pipe."""

    @staticmethod
    def for_run():
        return subprocess.PIPE

    @staticmethod
    def feed(pipe):
        with contextlib.suppress(OSError), pipe:  # the program may have ended
            pipe.write(b'piece\n')


class Run:
    """One run under the checker: what it printed, and the record of its calls."""

    def __init__(self, command, environment, record, stdin=None, limit=WATCHDOG):
        errors = []
        started = Program(command, {'LAB': 'quiet', **environment, 'TRACE': record,
                                    'TRACE_RECORDS': str(RECORDS)}, stdin)
        ending = started.follow(lambda _, lines: errors.extend(lines),
                                programs.Limits(total=limit))
        if ending.interrupted:
            raise KeyboardInterrupt
        self.mode = environment['IO']
        self.stopped = ending.stopped
        self.status = ending.status
        self.lines = programs.text_of(ending.out).split('\n')
        if self.lines[-1] == '':
            self.lines.pop()
        self.errors, self.reports, self.ledger = [], [], []
        self.waiting = None  # the line that says who waits
        self.crashed = False
        for group in reports.split(errors):
            self.sort(group)
        self.trace = load(record)
        self.has_lines = False  # the records do not have their source lines yet

    def sort(self, group):
        if group[0].startswith(reports.LOOKED_AT):
            pass
        elif group[0].startswith(reports.WAITING):
            self.waiting = group[0]
        elif group[0].startswith(reports.REPORT):
            self.reports.append(group)
        elif group[0].startswith(reports.CRASH):
            self.crashed = True
        elif group[0].startswith('ledger: '):
            self.ledger += group
        elif not group[0].startswith((*reports.NOTES, 'IO=')):
            self.errors.append(group[0])

    # ---- How it ended ----

    def mistakes(self):
        return [group for group in self.reports
                if not group[0].startswith(reports.HINT)]

    def causes(self):
        """Mistakes that can explain a wrong result."""
        return [group for group in self.mistakes() if not reports.can_wait(group)]

    def hangs(self):
        return bool(self.stopped or self.waiting) or any(
            group[0].startswith('checker: hung') for group in self.reports)

    def floods(self):
        return bool(self.stopped) and 'printed' in self.stopped

    def has_begun(self):
        return self.trace.image != 0

    def goes_on(self):
        """Whether it still made new calls in the second half of its time. A record's
        begin is in us."""
        last = max((record.begin for record in self.trace.records), default=0)
        new = not self.trace.lost and not self.floods()
        return new and last > WATCHDOG * 1000000 / 2

    def crash(self):
        """The record of the crash, or True if there is none."""
        return next(iter(self.calls('crash')), None) or self.crashed

    def wrong_handles(self):
        """Calls that the system refuses because their handle is none."""
        failing = 'fail:' in self.mode
        return [record for record in self.trace.records
                if record.error == recording.INVALID_HANDLE and not failing]

    def todo(self):
        return next((line for line in self.errors if line.startswith(TODO)), None)

    def has_status(self, status):
        """After a mistake the checker has chosen the exit status."""
        return self.status == status or bool(self.mistakes())

    def how(self):
        if self.stopped:
            return self.stopped
        if self.hangs():
            return 'it hung'
        if self.crash():
            return 'it crashed'
        return 'it ended' if self.mistakes() else \
            f'it ended with exit status {self.status}'

    # ---- What it did ----

    def calls(self, *kinds):
        return [record for record in self.trace.records if record.kind in kinds]

    def is_main(self, record):
        return record.thread == self.trace.threads[0]

    def opened(self, overlapped):
        return [record for record in self.calls('CreateFileW', 'CreateFileA')
                if record.ok and bool(record.length & OVERLAPPED) == overlapped]

    def binds(self):
        return [record for record in self.calls('CreateIoCompletionPort')
                if record.is_about('file')]

    def reads(self):
        return [record for record in self.calls('ReadFile', 'ReadFileEx')
                if not record.is_about('stream')]

    def posts(self):
        return [record for record in self.calls(*recording.POSTS)
                if record.overlapped]

    def takes(self):
        return [record for record in self.trace.records
                if record.takes() and record.overlapped]

    def writes(self):
        """(record, line) of each line. If a line was not one call of WriteFile, the
        record does not show who has printed it; then there are none."""
        found = [record for record in self.calls('WriteFile')
                 if record.what == 'stdout']
        return list(zip(found, self.lines)) if len(found) == len(self.lines) else []

    def waits(self, begin, end=None):
        """Whether main waits for something between two records."""
        return any(begin.begin < record.begin and (end is None or record.begin <
                                                   end.begin)
                   for record in self.trace.records
                   if self.is_main(record) and record.waits() and record.length and
                   record.kind != 'SleepEx')


def is_busy():
    """Whether more than twice as many threads want to run as there are processors."""
    return hasattr(os, 'getloadavg') and \
        os.getloadavg()[0] > 2 * (os.cpu_count() or 1)


def load(path):
    try:
        return recording.load(path)
    except (OSError, ValueError):  # it has not even started
        trace = recording.Trace()
        trace.threads = [0]
        return trace
    finally:
        if os.path.exists(path):
            os.remove(path)


# ---- Words ----

# Parts of words that make another meaning.
MEANINGS = ('success', 'fail', 'same', 'another', 'without')


def facts(line):
    """What must be the same: the thread, numbers, names, quotations, what came from a
    file, the meaning."""
    return (line.split(':')[0], *re.findall(r"\w*[_\d]\w*|'.*?'|(?<=\d): .*", line),
            *(meaning in line.lower() for meaning in MEANINGS))


def is_similar(line, wanted):
    return difflib.SequenceMatcher(None, line.lower(),
                                   wanted.lower()).ratio() >= SIMILAR


def forgive(lines, wanted):
    """Replaces each line that differs from a wanted one only in its words. Returns
    the lines, and the pairs (wanted, received)."""
    printed, known = set(lines), set(wanted)
    missing = {}  # by their facts, because a flood has many lines
    for line in wanted:
        if line not in printed:
            missing.setdefault(facts(line), []).append(line)
    result, pairs = [], []
    for line in lines:
        others = () if line in known else missing.get(facts(line), ())
        match = next((other for other in others if is_similar(line, other)), None)
        if match is not None:
            others.remove(match)
            pairs.append((match, line))
        result.append(match or line)
    return result, pairs


def lets_go_on(record):
    """Whether the call may let another thread go on."""
    return record.starts() or record.kind in ('SetEvent', 'SignalObjectAndWait')


# ---- The checks ----

class Idea:
    """The checks of one step, on one program. A check is a method that returns None
    or a Failure."""

    def __init__(self, step, program, sample, scratch, imports=()):
        self.step = step
        self.program = program
        self.sample = sample
        self.scratch = scratch
        self.imports = set(imports)
        self.unseen = any(map(UNSEEN.match, imports))
        self.runs = {}     # by what was run
        self.last = None   # the run that the last check has looked at
        self.pairs = []    # lines that differ only in their words
        os.makedirs(scratch, exist_ok=True)

    def path(self, name):
        return os.path.join(self.scratch, name)

    def run(self, wanted=None, name='sample.txt', size=None, words=(), check='3',
            mode=''):
        """Runs the program once for each set of arguments: with a file of its own,
        with a pipe that brings one piece or none, or without a file. With check='3'
        the same threads go on first in every run."""
        key = (name, size, tuple(words), check, mode)
        if key not in self.runs:
            path = self.path(name)
            if size is not None:
                steps.make_file(path, size)
            elif name == 'sample.txt':
                shutil.copyfile(self.sample, path)
            judged = {'LEDGER': check} if check == 'requests' else {'CHECK': check}
            self.runs[key] = self.started(
                self.command(name, path, words), {**judged, 'IO': mode},
                self.path('record'), OneLine if name == PIPE else None)
            self.forgive(self.runs[key], wanted or self.wanted)
        self.last = self.runs[key]
        return self.last

    @staticmethod
    def started(*what):
        """On a busy computer, Wine has now and then not started the program, or the
        program needs more time."""
        run = Run(*what)
        if not run.has_begun():
            run = Run(*what)
        if not (run.stopped and is_busy() and run.goes_on()):
            return run
        again = Run(*what, limit=PATIENCE * WATCHDOG)
        return run if again.stopped else again

    def command(self, name, path, words):
        if name in (PIPE, CLOSED):
            return programs.launched(FEEDER, [f'\\\\.\\pipe\\try-{os.getpid()}',
                                              self.program])
        return programs.launched(self.program, [path, *words] if name else [])

    def forgive(self, run, wanted):
        run.lines, pairs = forgive(run.lines, wanted)
        self.pairs += [pair for pair in pairs if pair not in self.pairs]

    @property
    def wanted(self):
        """The lines for the sample: those in the step's README."""
        return steps.readme_block(self.step).splitlines()

    # ---- What several checks need ----

    def did(self, what, records, received=None):
        """Fails if the last run has made no such call."""
        if records:
            return None
        run = self.last
        ended = '' if run.has_status(0) or run.hangs() else '; ' + run.how()
        return Failure(what, received or 'no such call' + ended)

    def did_take(self, what, records):
        """If a call has failed instead, says so."""
        failed = next((record for record in self.last.calls(*recording.TAKES)
                       if record.error not in (0, 258) and not record.overlapped), None)
        if records or failed is None:
            return self.did(what, records)
        return Failure(what, f'{failed.kind} fails with error {failed.error}',
                       call=failed)

    def did_succeed(self, what, records, kinds):
        """If each such call has failed, says so."""
        failed = next((record for record in self.last.calls(*kinds)
                       if record.returned and not record.ok), None)
        if any(record.ok for record in records) or failed is None:
            return self.did(what, records)
        return Failure(what, f'{failed.kind} fails with error {failed.error}',
                       call=failed)

    def did_open(self, what, overlapped):
        return self.did_succeed(what, self.last.opened(overlapped),
                                ('CreateFileW', 'CreateFileA'))

    def did_post(self, what, posts):
        return self.did_succeed(what, posts, recording.POSTS)

    def said(self, number, run=None, wanted=None):
        """Fails unless the lines up to this number are as wanted."""
        run, wanted = run or self.run(), wanted or self.wanted
        for i, line in enumerate(wanted[:number + 1]):
            if i >= len(run.lines):
                return Failure(line, 'no further line; ' + run.how())
            if run.lines[i] != line:
                return self.too_late(run, line, i) or \
                    Failure(line, run.lines[i], run.lines[i])
        return None

    def too_late(self, run, line, number):
        """The line with this number is another one. Fails if the thread that prints
        this line has first let another thread go on."""
        writes = run.writes()
        record = next((record for record, text in writes if text == line), None)
        if record is None or self.unseen or writes[number][0].thread == record.thread:
            return None
        before = [other for other in run.trace.records if
                  other.thread == record.thread and other.begin < record.begin and
                  (lets_go_on(other) or other.takes() or other.waits() or
                   other.is_about('stream'))]
        if not (before and lets_go_on(before[-1])):
            return None
        return Failure(f'first this line, and then {before[-1].kind}: {line}',
                       f'{before[-1].kind} comes first', line)

    def said_all(self, run, wanted=None):
        wanted = wanted or self.wanted
        failure = self.said(len(wanted) - 1, run, wanted)
        if failure is None and len(run.lines) > len(wanted):
            line = run.lines[len(wanted)]
            return Failure('no further line', line, line)
        if failure is None and not run.has_status(0):
            return Failure('exit status 0', run.how())
        if failure is None and run.errors:
            return Failure('nothing on stderr', run.errors[0])
        if failure is None and run.causes():  # only chance has made it right
            return Failure('no mistake for the checker to report', 'it reports one')
        return failure

    def closed_first(self):
        """Nothing is closed after the last line."""
        for record, line in self.run().writes()[-1:]:
            for call in self.last.calls('CloseHandle'):
                if call.begin > record.begin and (call.is_about('file') or
                                                  call.is_about('port')):
                    return Failure(f'CloseHandle, and then the last line: {line}',
                                   'CloseHandle comes later', call=call)
        return None

    def reported(self, run, error, why, call=None):
        """Fails unless the program has reported this error, and nothing else."""
        done = [line for line in run.lines if re.search(r'\bdone\b', line)]
        if run.has_status(1) and len(run.errors) == 1 and \
                f'(error {error})' in run.errors[0] and not done:
            # The system closes what a program leaves open when it gives up.
            run.reports = [group for group in run.reports
                           if not reports.can_wait(group)]
            return None
        return Failure(f"exit status 1, and on stderr one line with '(error {error})', "
                       f"but no 'done': {why}",
                       '; '.join([run.how(), *run.errors[:2], *done[:1]]), call=call)

    def waits(self, between, for_what):
        """Whether main waits between two records, which the function `between` finds.
        If the callback comes early, a right program may see that it need not wait."""
        if self.unseen:
            return None
        for run in (self.run(), self.run(check='4', mode='pending')):
            begin, end = between(run)
            if begin and run.waits(begin, end):
                return self.waits_again(run, begin, end)
        how = 'it calls Sleep' if 'Sleep' in self.imports else 'no call that waits'
        self.run()
        return Failure(f'main waits for {for_what}, in a call such as '
                       'WaitForSingleObject', how)

    @staticmethod
    def between_posts(run):
        return (*run.posts()[:2], None, None)[:2]

    def waits_again(self, run, begin, end=None):
        """A wait of main between two records may end because its time is up. Then main
        waits again, or reports it."""
        limited = [record for record in run.trace.records if run.is_main(record) and
                   record.kind in recording.WAITS_FOR_A_HANDLE and
                   0 < record.length < recording.INFINITE]
        for number, record in enumerate(limited[:MOST], 1):
            if begin.begin < record.begin and (end is None or
                                               record.begin < end.begin):
                failure = self.goes_on(self.run(mode=f'expire:{number}'))
                if failure:
                    return failure
        return None

    def goes_on(self, run):
        calls = [record for record in run.trace.records
                 if run.is_main(record) and not record.is_about('stream')]
        for ended, following in zip(calls, calls[1:]):
            if ended.kind in recording.WAITS_FOR_A_HANDLE and ended.length and \
                    ended.bytes == recording.TIMEOUT and not following.waits() and \
                    f'(error {recording.TIMEOUT})' not in ''.join(run.errors):
                return Failure(
                    f'{ended.kind} waits without a limit (INFINITE), or main waits '
                    'again when the time is up', f'the time is up after {ended.length} '
                    'ms, and main goes on', call=ended)
        return None

    def goes_on_too_soon(self, number):
        """The checker holds a packet until main waits. If the event is set already,
        main prints its next line before the callback prints its own."""
        run = self.run(check='4', mode='pending')
        failure = self.said(number, run)
        return failure and Failure('main waits until the callback has printed: '
                                   f'{failure.expected}', failure.received,
                                   failure.text)

    def workers_exit(self):
        """The lab has threads of its own: workers are those that wait for packets. The
        time of a short wait is sometimes up by itself: so that comes first."""
        run = self.last
        started = [record for record in run.trace.records if record.starts() and
                   record.overlapped]
        failure = started and self.waits_again(run, started[-1])
        if failure:
            return failure
        waiting = {record.thread for record in run.calls(*recording.TAKES)}
        threads = [thread for thread in run.calls('thread')
                   if thread.thread in waiting]
        left = [thread for thread in threads if not thread.returned]
        if left:
            return Failure('each worker exits before main returns',
                           f'{len(left)} of {len(threads)} workers have not exited')
        makers = {record.number: record.product for record in
                  run.calls(*recording.STARTS_THREAD) if record.product}
        joined = {thing for record in run.trace.records for thing in record.got()}
        left = [thread for thread in threads if thread.other in makers and
                makers[thread.other].thing not in joined]
        if left and not self.unseen:
            return Failure('main waits until each worker has exited '
                           '(WaitForSingleObject with the handle of its thread)',
                           f'it does not wait for {len(left)} of {len(threads)}')
        return self.loops(threads)

    def loops(self, threads):
        """There are more workers than packets, so a program can end well although a
        worker exits after its first packet."""
        run = self.last
        if run.calls('GetQueuedCompletionStatusEx'):
            return None  # takes a callback's packet and a sentinel with one call
        for thread in {thread.thread for thread in threads}:
            taken = [record.begin for record in run.trace.records
                     if record.thread == thread and record.takes()]
            printed = [record.begin for record, _ in run.writes()
                       if record.thread == thread]
            if taken and printed and printed[-1] > taken[-1]:
                return Failure('each worker takes packets until its sentinel comes',
                               'a worker exits after a packet that is no sentinel')
        return None

    def ledger(self):
        return '\n'.join(self.run(check='requests').ledger)

    def nothing_left(self):
        """The checker says nothing about memory that holds no I/O, and whose address
        was posted by hand; lab/sweep/ledger.c counts all memory."""
        found = re.search(r'(\d+) allocations, ([1-9]\d*) not freed', self.ledger())
        return found and Failure('all memory is freed', f'{found[2]} of {found[1]} '
                                 f'allocations {"is" if found[2] == "1" else "are"} '
                                 'never freed')

    def no_memory(self):
        """Lets each allocation of main that holds a request fail, by whatever function
        the program allocates."""
        for number in re.findall(r'allocation (\d+) has a request', self.ledger()):
            failure = self.reported(self.run(mode=f'fail:memory:{number}:0'), 8, 'in '
                                    'this run there is no memory for a request')
            if failure:
                return failure
        return None

    # ---- Checks of several steps ----

    def again(self):
        """it is right whatever the threads do first"""
        return self.said_all(self.run(check='4', mode='pending'))

    def missing(self):
        """a missing file is reported"""
        run = self.run([], name='missing')
        if run.has_status(1) and len(run.errors) == 1 and '(error 2)' in \
                run.errors[0] and not any('done' in line for line in run.lines):
            return None
        return Failure("exit status 1, and on stderr one line such as "
                       f"\"{self.step_name()}: cannot open 'missing': ... (error 2)\"",
                       '; '.join([run.how(), *run.errors[:2]]))

    def calls_to_fail(self):
        """(function, K) of each call of main in a good run, and of the first of each
        function in a worker."""
        run = self.run()
        for kind in CAN_FAIL:
            calls = [record for record in run.calls(kind) if kind != 'ReadFile' or
                     record.overlapped]
            for number, record in enumerate(calls[:MOST], 1):
                stops = kind in recording.POSTS and not record.overlapped
                if not stops and (number == 1 or run.is_main(record)):
                    yield kind, number

    def failures(self):
        """a call that fails is reported"""
        for kind, number in list(self.calls_to_fail()):
            run = self.run(mode=f'fail:{kind}:{number}:{FAILED}')
            failed = next((record for record in run.calls(kind)
                           if record.error == FAILED), None)
            failure = failed and self.reported(
                run, FAILED, f'in this run {kind}, call {number}, fails', failed)
            if failure:
                return failure
            if kind in recording.TAKES:  # the packet is still in the port
                run.reports = []
        return None

    wrong_usage = [('', ()), ('sample.txt', ('0', '1'))]

    def usage(self):
        """with another number of arguments, it prints its usage"""
        for name, words in self.wrong_usage:
            run = self.run([], name=name, words=words)
            if not run.has_status(2) or len(run.errors) != 1 or run.lines or \
                    not run.errors[0].startswith('usage: '):
                given = len(words) + bool(name)
                return Failure("exit status 2, and one line 'usage: ...' on stderr: "
                               f'it got {given} arguments',
                               '; '.join([run.how(), *run.errors[:2], *run.lines[:1]]))
        return None

    def words(self):
        """the words are exactly those of the README"""
        if self.pairs:
            return Failure(*self.pairs[0], self.pairs[0][1])
        return None

    def step_name(self):
        return next(name for name in os.listdir(steps.TOP)
                    if name.startswith(f'step{self.step}-'))

    def bound(self):
        """the file is bound to a completion port"""
        run = self.run()
        return self.did_open('CreateFileW with FILE_FLAG_OVERLAPPED', True) or \
            self.did('CreateIoCompletionPort binds the file to a port',
                     [record for record in run.binds() if record.ok])

    def workers(self):
        """a worker takes the packet out, and not main"""
        run = self.run()
        takes = run.takes()
        waits = [record.length for record in run.calls(*recording.TAKES)
                 if not run.is_main(record)]
        if waits and max(waits) < SHORT:
            return Failure('a worker waits in GetQueuedCompletionStatus until a packet '
                           'comes (INFINITE)',
                           f'it waits for {max(waits)} ms, again and again')
        return self.did('GetQueuedCompletionStatus takes a packet out, in a worker',
                        [record for record in takes if not run.is_main(record)],
                        'main takes it out' if takes else None) or \
            self.workers_print(run)

    def workers_print(self, run):
        for record, line in run.writes():
            if run.is_main(record) and line.startswith('worker:'):
                return Failure('a worker prints this line', f'main prints: {line}',
                               line)
        return None

    def order(self):
        """each line is printed before the call that lets another thread go on"""
        run = self.run()
        if len(run.lines) > len(self.wanted):
            return None  # further lines say nothing about the order: see `ends`
        line_of = {} if self.unseen else dict(run.writes())
        exits = {thread.thread: thread.end for thread in run.calls('thread')
                 if thread.returned}
        last = {}  # the last such call of each thread
        before = None
        for record in run.trace.records:
            if lets_go_on(record):
                last[record.thread] = record
            elif record in line_of:
                signal = last.get(before.thread) if before else None
                if signal and record.thread != before.thread and \
                        signal.begin < before.begin and \
                        exits.get(before.thread, record.begin) >= record.begin:
                    line = line_of[before]
                    return Failure(f'first this line, and then {signal.kind}: {line}',
                                   f'{signal.kind} comes first', line)
                before = record
        return None

    def checks(self):
        return [*self.own, self.missing, self.failures, self.usage, self.words]


class Create(Idea):
    @property
    def own(self):
        return [self.plain, self.position, self.flag, self.no_offset, self.ends,
                self.true_numbers, self.again]

    def plain(self):
        """a file is opened without the flag"""
        self.run()
        return self.did_open('CreateFileW without FILE_FLAG_OVERLAPPED', False) or \
            self.said(0)

    def position(self):
        """two reads move the file position"""
        reads = [record for record in self.run().reads()
                 if record.ok and not record.overlapped and record.bytes == 64]
        failure = self.said(2)
        if failure is not None and failure.text:  # a wrong line says more
            return failure
        return self.did('two calls of ReadFile, each of which brings 64 bytes',
                        reads[1:]) or failure

    def flag(self):
        """a file is opened with the flag"""
        self.run()
        return self.did_open('CreateFileW with FILE_FLAG_OVERLAPPED', True) or \
            self.said(3)

    def no_offset(self):
        """with the flag, a read without an offset fails"""
        return self.did('ReadFile without an OVERLAPPED fails with error 87', [
            record for record in self.run().reads()
            if not record.overlapped and record.error == 87]) or self.said(4)

    def ends(self):
        """it ends with done, after everything is closed"""
        return self.said_all(self.run()) or self.closed_first()

    def true_numbers(self):
        """the numbers come from the calls: a file of 100 bytes"""
        wanted = [line.replace('128', '100') for line in self.wanted]
        wanted[2] = wanted[2].replace('64', '36')
        return self.said_all(self.run(wanted, 'short.txt', 100), wanted)

    def failures(self):
        """a call that fails is reported"""
        return self.reported(self.run(name=CLOSED), 109, 'in this run the file is a '
                             'pipe, and ReadFile fails') or super().failures()


class Bind(Idea):
    @property
    def own(self):
        return [self.bound, self.second_bind, self.empty, self.post, self.take,
                self.ends, self.any_packet, self.again]

    def second_bind(self):
        """a second bind fails"""
        return self.did('a second CreateIoCompletionPort with the file fails with '
                        'error 87', [record for record in self.run().binds()
                                     if record.error == 87]) or self.said(0)

    def empty(self):
        """the port is empty at first"""
        calls = [record for record in self.run().calls(*recording.TAKES)
                 if record.error == 258]
        return self.did_take('GetQueuedCompletionStatus fails with error 258 (the '
                             'time is up)', calls) or self.said(1)

    def post(self):
        """a packet is posted"""
        calls = [record for record in self.run().posts() if record.bytes == 42]
        return self.did_post('PostQueuedCompletionStatus with 42 bytes and the address '
                             'of an OVERLAPPED', calls) or self.said(2)

    def take(self):
        """the packet is taken out again"""
        run = self.run()
        posted = {record.overlapped for record in run.posts()}
        return self.did_take('GetQueuedCompletionStatus takes out the packet', [
            record for record in run.takes() if record.overlapped in posted]) or \
            self.said(3)

    def ends(self):
        """it ends with done, after everything is closed"""
        return self.said_all(self.run()) or self.closed_first()

    def any_packet(self):
        """the number of bytes comes from the packet: 7"""
        wanted = self.wanted
        wanted[3] = wanted[3].replace('42', '7')
        return self.said_all(self.run(wanted, mode='packet:1:0:7'), wanted)


class Callback(Idea):
    @property
    def own(self):
        return [self.bound, self.post, self.workers, self.success, self.failure,
                self.waiting, self.order, self.ends, self.any_packet, self.again]

    def post(self):
        """a packet is posted"""
        calls = [record for record in self.run().posts() if record.bytes == 42]
        return self.did_post('PostQueuedCompletionStatus with 42 bytes and the address '
                             'of an OVERLAPPED', calls) or self.said(0)

    def success(self):
        """the callback gets the success"""
        self.run()
        return self.said(1)

    def failure(self):
        """the callback gets the failure"""
        failed = [record for record in self.run().takes()
                  if record.error == 23 or record.kind == 'packet']
        return self.did('a worker takes out the packet of a failure (error 23)',
                        failed) or self.said(3)

    def waiting(self):
        """main waits for each callback"""
        return self.waits(self.between_posts, 'the callback') or \
            self.goes_on_too_soon(3)

    def ends(self):
        """each worker exits, and it ends with done"""
        return self.said_all(self.run()) or self.workers_exit() or \
            self.closed_first()

    def any_packet(self):
        """the callback gets whatever the packet brings: 7 bytes, and error 1117"""
        for error, line in ((0, 'worker: callback: success, 7 bytes'),
                            (1117, 'worker: callback: failure (error 1117), 7 bytes')):
            wanted = self.wanted
            wanted[1] = line
            failure = self.said_all(self.run(wanted, mode=f'packet:1:{error}:7'),
                                    wanted)
            if failure:
                return failure
        return None


class Overlapped(Idea):
    @property
    def own(self):
        return [self.bound, self.packs, self.post, self.workers, self.own_callback,
                self.other_callback, self.waiting, self.order, self.freed, self.ends,
                self.any_packet, self.again]

    def packs(self):
        """two requests are packed"""
        self.run()
        return self.said(1)

    def post(self):
        """the packet of the second request is posted"""
        calls = [record for record in self.run().posts() if record.bytes == 13]
        return self.did_post("PostQueuedCompletionStatus with 13 bytes (the length of "
                             "'second buffer') and the address of an OVERLAPPED",
                             calls) or self.said(2) or self.is_whole()

    def is_whole(self):
        """lab/guard fills memory that malloc returns with 0xA5."""
        wrong = next((record for record in self.last.posts() if record.other), None)
        return wrong and Failure(
            'all fields of the OVERLAPPED are 0, except Offset and OffsetHigh',
            'Internal, InternalHigh or hEvent is not 0', call=wrong)

    def own_callback(self):
        """the packet finds its own callback, buffer and offset"""
        self.run()
        return self.said(3)

    def other_callback(self):
        """the other packet finds its own, too"""
        posts = self.run().posts()
        return self.did('a second PostQueuedCompletionStatus, with another OVERLAPPED',
                        [record for record in posts
                         if record.overlapped != posts[0].overlapped]) or self.said(5)

    def waiting(self):
        """main waits for each callback"""
        return self.waits(self.between_posts, 'the callback') or \
            self.goes_on_too_soon(5)

    def freed(self):
        """each request is freed"""
        self.run()
        return self.said(6) or self.nothing_left()

    def ends(self):
        """each worker exits, and it ends with done"""
        return self.said_all(self.run()) or self.workers_exit() or \
            self.closed_first()

    def any_packet(self):
        """the callback gets whatever the packet brings: error 23, 0 bytes"""
        wanted = self.wanted
        wanted[5] = wanted[5].replace('error 0, 12', 'error 23, 0')
        return self.said_all(self.run(wanted, mode='packet:2:23:0'), wanted)

    def failures(self):
        """a call that fails is reported"""
        return self.no_memory() or super().failures()


class ReadFile(Idea):
    @property
    def own(self):
        return [self.bound, self.first_read, self.workers, self.next_read,
                self.all_bytes, self.waiting, self.order, self.ends, self.pending,
                self.sync_end, self.immediate, self.short, self.warning, self.error,
                self.text, self.pipe, self.no_bytes, self.high_half, self.too_far]

    wrong_usage = [*Idea.wrong_usage, ('sample.txt', ('1x',))]

    @property
    def wanted(self):
        """If ReadFile itself reports the end, main prints it for the first read."""
        return steps.transcript(self.sample, 0).splitlines()

    def queued(self):
        return [record for record in self.last.reads() if record.overlapped]

    def first_read(self):
        """main starts the first read"""
        run = self.run()
        return self.did('main calls ReadFile with an OVERLAPPED', [
            record for record in self.queued() if run.is_main(record)]) or self.said(1)

    def workers(self):
        """a worker takes out the packet, and prints what it brought"""
        return super().workers() or self.said(2)

    def next_read(self):
        """the callback starts the next read, after the bytes that came"""
        run = self.run()
        reads = [record for record in self.queued() if not run.is_main(record)]
        return self.did('a worker calls ReadFile', reads) or self.did(
            'a worker calls ReadFile with Offset = 32768', [
                record for record in reads if record.offset == 32768],
            reads and f'Offset = {reads[0].offset}') or self.said(3)

    def all_bytes(self):
        """all bytes are read"""
        self.run()
        return self.said(len(self.wanted) - 3)

    def waiting(self):
        """main reads once, and then only waits"""
        run = self.run()
        reads = [record for record in self.queued() if run.is_main(record)]
        if len(reads) > 1:
            return Failure('main calls ReadFile once', f'{len(reads)} calls')
        return self.waits(self.between_read_and_stop, 'the last callback')

    @staticmethod
    def between_read_and_stop(run):
        reads = [record for record in run.reads()
                 if record.overlapped and run.is_main(record)]
        later = [record for record in run.calls(*recording.POSTS)
                 if run.is_main(record) and reads and record.begin > reads[0].begin]
        return (reads or [None])[0], (later or [None])[0]

    def ends(self):
        """the end of the file wakes main, and each worker exits"""
        run = self.run()
        size = os.path.getsize(self.sample)
        return self.said_all(run) or self.did(
            f'ReadFile with Offset = {size}, which reports the end of the file', [
                record for record in self.queued() if record.offset == size]) or \
            self.workers_exit() or self.closed_first()

    def pending(self):
        """it is right if each read is pending for a while"""
        return self.said_all(self.run(check='4', mode='pending')) or \
            self.freed_early('wine')

    def freed_early(self, mode):
        """The packet of main's read, or of a worker's, is the last one, and ReadFile
        returns only after the callback: so the request is freed when the program
        touches it again."""
        lines = self.wanted[:4]
        last = ['worker: end of file', 'main: done: 0 bytes in 0 reads']
        failure = self.said_all(self.run(
            [*lines[:2], *last], 'short.txt', 40000, check='2',
            mode=f'{mode},packet:1:38:0'), [*lines[:2], *last])
        last[1] = f'main: done: {steps.CHUNK} bytes in 1 reads'
        return failure or self.said_all(self.run(
            [*lines, *last], 'short.txt', 40000, mode=f'{mode},packet:2:38:0'),
            [*lines, *last])

    def read(self, size, offset=0, chunk=steps.CHUNK, **how):
        path = self.path('short.txt')
        steps.make_file(path, size)
        wanted = steps.transcript(path, offset, chunk).splitlines()
        words = [str(offset)] if offset else []
        run = self.run([*wanted, 'main: end of file'], 'short.txt', size, words, **how)
        run.lines = [line.replace('main: end of file', 'worker: end of file')
                     for line in run.lines]
        return self.said_all(run, wanted)

    def sync_end(self):
        """it is right if ReadFile itself reports the end"""
        return self.read(40000, mode='sync-eof') or self.read(0, mode='sync-eof')

    def immediate(self):
        """it is right if ReadFile returns TRUE, and a packet still comes"""
        return self.read(40000, mode='ntfs-cached') or \
            self.freed_early('ntfs-cached') or self.skips()

    def skips(self):
        """No packet comes then, if the program has asked for that."""
        asks = 'SetFileCompletionNotificationModes' in self.imports
        return self.read(40000, mode='skip') if asks else None

    def warning(self):
        """it is right if ReadFile, or a packet, reports the warning 234"""
        # If the program touches the request then, the other runs may end in any way.
        return self.freed_early('warning') or \
            self.read(40000, mode='warning') or \
            self.read(40000, mode=f'packet:1:234:{steps.CHUNK}')

    def failures(self):
        """a call that fails is reported"""
        return self.no_memory() or super().failures()

    def error(self):
        """a read that fails is reported"""
        lines = [*self.wanted[:4],
                 'worker: read 64 bytes at offset 32768: offset 00032768:']
        for mode, count in (('packet:2:5:0', 4), ('packet:2:5:64', 5),
                            ('fail:ReadFile:2:5', 4), ('fail:ReadFile:1:5', 2)):
            run = self.run(lines, 'short.txt', 40000, mode=mode)
            failure = self.said(count - 1, run, lines) or \
                self.reported(run, 5, 'in this run a read fails')
            if failure is None and run.lines[count:]:
                line = run.lines[count]
                failure = Failure('no further line: the read has failed', line, line)
            if failure:
                return failure
        return None

    def text(self):
        """the bytes that came are shown, and others as dots: a file of 5 bytes"""
        with open(self.path('binary'), 'wb') as file:
            file.write(b'a\0b\xff\n')
        wanted = steps.transcript(self.path('binary'), 0).splitlines()
        return self.said_all(self.run(wanted, 'binary'), wanted)

    def too_far(self):
        """no read starts that would end after the largest offset, 2^63 - 1"""
        run = self.run(words=['9223372036854775807'])
        if self.queued():
            return Failure('no call of ReadFile', 'ReadFile is called',
                           call=self.queued()[0])
        return self.reported(run, 87, 'the offset is 9223372036854775807')

    def pipe(self):
        """a pipe is read until its end, error 109, without offsets"""
        wanted = ['main: asking for the first read, then only waiting',
                  'main: reading at offset 0',
                  'worker: read 5 bytes at offset 0: piece',
                  'worker: reading at offset 5', 'worker: end of file',
                  'main: done: 5 bytes in 1 reads']
        return self.said_all(self.run(wanted, PIPE), wanted)

    def no_bytes(self):
        """a success with 0 bytes is the end of a file, but not the end of a pipe"""
        path = self.path('short.txt')
        steps.make_file(path, steps.CHUNK)
        wanted = steps.transcript(path, 0).splitlines()
        run = self.run(wanted, 'short.txt', 40000, mode='packet:2:0:0')
        again = ['main: asking for the first read, then only waiting',
                 'main: reading at offset 0', 'worker: reading at offset 0',
                 'worker: end of file', 'main: done: 0 bytes in 0 reads']
        return self.said_all(run, wanted) or \
            self.said_all(self.run(again, PIPE, mode='packet:1:0:0'), again)

    def short(self):
        """a short read is not the end"""
        return self.read(40000, chunk=steps.CHUNK // 3, mode='short')

    def high_half(self):
        """an offset past 4 GiB keeps its high half"""
        failure = self.read(100, 1 << 32)
        wrong = [record.offset for record in self.queued()
                 if record.offset != 1 << 32]
        return failure or self.did('Offset and OffsetHigh make 4294967296',
                                   not wrong, f'they make {wrong[:1]}')


IDEAS = {'1': Create, '2': Bind, '3': Callback, '4': Overlapped, '5': ReadFile}


def names(step):
    """The names of a step's checks, in their order."""
    idea = IDEAS[step].__new__(IDEAS[step])
    return [check.__name__ for check in idea.checks()]
