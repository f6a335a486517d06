"""The main tests of the five steps, for systems without Criterion."""

import os
import re
import tempfile

import programs

STEPS = ('1', '2', '3', '4', '5')
WATCHDOG = 5  # seconds
CHUNK = 32768  # what step 5 reads in one piece
TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Failure:
    """A test that fails: what it was, and what was wanted and what came."""

    def __init__(self, what, wanted, run):
        self.title = f'wrong with {what}'
        self.lines = [f'    wanted: {wanted}', f'    got: {run.how()}', *(
            f'    {line}' for line in (run.out + run.err).splitlines()[-4:])]


class Run:
    """A run of a step, with all that it printed."""

    def __init__(self, program, arguments):
        errors = []
        ending = programs.Program(programs.launched(program, arguments)).follow(
            lambda _, lines: errors.extend(lines), programs.Limits(total=WATCHDOG))
        if ending.interrupted:
            raise KeyboardInterrupt
        self.ending = ending
        self.status = ending.status
        self.out = programs.text_of(ending.out)
        self.err = ''.join(line + '\n' for line in errors)

    def how(self):
        return self.ending.stopped or f'exit status {self.status}'


def readme_block(step):
    """What the step's README shows under "Run it"."""
    directory = next(name for name in os.listdir(TOP)
                     if name.startswith(f'step{step}-'))
    with open(os.path.join(TOP, directory, 'README.md'), encoding='utf-8') as file:
        text = file.read()
    return re.search(r'^## Run it\n.*?^```text\n(.*?)^```', text, re.M | re.S)[1]


def matches(text, block):
    """Whether the text is what the block shows; a line "..." is any lines."""
    pattern = ''.join('(?:.*\n)*' if line == '...' else re.escape(line) + '\n'
                      for line in block.splitlines())
    return re.fullmatch(pattern, text) is not None


def make_file(path, size):
    """Lines of 64 bytes, each of which contains its own offset."""
    with open(path, 'wb') as file:
        for offset in range(0, size, 64):
            line = f'offset {offset:08}:'.encode().ljust(63, b'.') + b'\n'
            file.write(line[:size - offset])


def transcript(path, offset, chunk=CHUNK):
    """All that step 5 prints for this file, if each read brings a chunk."""
    with open(path, 'rb') as file:
        content = file.read()
    lines = ['main: asking for the first read, then only waiting']
    actor, start, reads = 'main', offset, 0
    while True:
        lines.append(f'{actor}: reading at offset {offset}')
        piece = content[offset:offset + chunk]
        actor = 'worker'
        if not piece:
            break
        shown = ''.join(chr(byte) if 32 <= byte < 127 else '.'
                        for byte in piece[:16])
        lines.append(f'worker: read {len(piece)} bytes at offset {offset}: {shown}')
        offset += len(piece)
        reads += 1
    lines += ['worker: end of file',
              f'main: done: {offset - start} bytes in {reads} reads']
    return ''.join(line + '\n' for line in lines)


class Judge:
    """Runs the tests of one step. Each returns a Failure, or None."""

    def __init__(self, step, program, sample, scratch):
        self.step = step
        self.program = program
        self.sample = sample
        self.scratch = scratch

    def file(self, name, size):
        path = os.path.join(self.scratch, name)
        make_file(path, size)
        return path

    def sample_is_read(self):
        run = Run(self.program, [self.sample])
        if run.status != 0 or run.err or not matches(self.plain(run),
                                                     readme_block(self.step)):
            return Failure('the sample', "what the step's README shows", run)

    @staticmethod
    def plain(run):
        """If ReadFile itself reports the end, main prints it for the first read."""
        return run.out.replace('main: end of file', 'worker: end of file', 1)

    def empty_file_is_read(self):
        path = self.file('empty', 0)
        run = Run(self.program, [path])
        shows = {'1': 'main: read 0 bytes; the file position is now 0\n',
                 '5': transcript(path, 0)}.get(self.step, 'main: done\n')
        if run.status != 0 or run.err or shows not in self.plain(run):
            return Failure('an empty file', 'exit status 0, and ' +
                           shows.splitlines()[-1], run)

    def missing_file_is_reported(self):
        run = Run(self.program, [os.path.join(self.scratch, 'missing')])
        if (run.status != 1 or not re.fullmatch(
                r"[^\n]*: cannot open '[^\n]*missing': [^\n]* \(error 2\)\n",
                run.err) or ': done' in run.out):
            return Failure('a missing file', "exit status 1, and one line "
                           "'cannot open ... (error 2)' on stderr", run)

    def wrong_usage_is_reported(self):
        path = self.file('file', 1)
        for words, what in (([], 'no argument'), ([path, '0', '1'], '3 arguments')):
            run = Run(self.program, words)
            if run.status != 2 or run.out or not re.fullmatch(r'usage: [^\n]+\n',
                                                              run.err):
                return Failure(what, "exit status 2, and one line 'usage: ...' on "
                               'stderr', run)

    def names_are_accepted(self):
        run = Run(self.program, [self.file('with sp\u00e4ces \u6587', 100)])
        if run.status != 0 or run.err or 'main: done' not in run.out:
            return Failure('a name with other letters', 'exit status 0, and done',
                           run)

    def positions_are_right(self):
        """Step 1: the second read starts where the first has ended."""
        run = Run(self.program, [self.file('file', 100)])
        if self.step == '1' and ('main: read 36 bytes; the file position is now 100'
                                 not in run.out):
            return Failure('a file of 100 bytes', 'a second read of 36 bytes', run)

    def sizes_and_offsets_are_right(self):
        """Step 5: every byte, at its own offset, to the end."""
        for size, offset in ((1, 0), (CHUNK, 0), (CHUNK + 1, 0), (100000, 99999),
                             (100000, CHUNK), (100, 1 << 32)):
            if self.step != '5':
                break
            path = self.file('file', size)
            run = Run(self.program, [path, str(offset)])
            wanted = transcript(path, offset)
            if run.status != 0 or run.err or self.plain(run) != wanted:
                return Failure(f'{size} bytes from offset {offset}',
                               wanted.splitlines()[-1], run)

    def offsets_are_checked(self):
        path = self.file('file', 100)
        for offset in ('-1', '1x', '9223372036854775808') * (self.step == '5'):
            run = Run(self.program, [path, offset])
            if run.status != 2 or run.out or not run.err.startswith('usage: '):
                return Failure(f"the offset '{offset}'", "exit status 2, and "
                               "'usage: ...'", run)

    def all(self):
        return (self.sample_is_read, self.empty_file_is_read,
                self.missing_file_is_reported, self.wrong_usage_is_reported,
                self.names_are_accepted, self.positions_are_right,
                self.sizes_and_offsets_are_right, self.offsets_are_checked)


def judge(step, program, sample):
    """Runs the tests of a step. Returns the first failure, or None."""
    with tempfile.TemporaryDirectory() as scratch:
        for test in Judge(step, program, sample, scratch).all():
            failure = test()
            if failure is not None:
                return failure
    return None
