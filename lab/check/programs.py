"""Starts a program, passes on what it prints the moment it comes, and ends the
program when its time is over."""

import contextlib
import os
import queue
import shlex
import signal
import stat
import subprocess
import sys
import threading
import time

CLOSING = 1   # seconds to wait for the end of a pipe after the program has ended
LEAVING = 3   # seconds for a program that was interrupted
KEPT = 1 << 20  # of stdout, the first bytes
LAST = 1 << 10  # and the last
WINDOWS = os.name == 'nt'
INTERRUPTED = 130
# Wine prints this if a process ends while one of its threads talks to Wine's server.
# It says nothing about the program. (Wine 8.0: once in some 1,000 runs.)
WINE_LEAVES = 'wine client error:'


def launched(program, arguments=()):
    """The words of a command that starts a Windows program. LAUNCHER is the command
    before it."""
    launcher = shlex.split(os.environ.get('LAUNCHER', ''))
    return [*launcher, os.path.normpath(program), *arguments]


def text_of(output):
    return output.decode(errors='replace').replace('\r\n', '\n')


# What ends this process: Ctrl-C, and make or a terminal that ends.
INTERRUPTS = [getattr(signal, name) for name in ('SIGINT', 'SIGTERM', 'SIGHUP')
              if hasattr(signal, name)]


def raise_interrupt(number, frame):
    raise KeyboardInterrupt


def treat_as_interrupts():
    for number in INTERRUPTS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, raise_interrupt)


class Interrupts:
    """Counts interrupts, which raise nothing until `end`. So none can come between
    the start of a program and the code that ends it."""

    def __init__(self):
        self.count = 0
        self.earlier = {number: signal.signal(number, self.on_signal)
                        for number in INTERRUPTS
                        if signal.getsignal(number) is not signal.SIG_IGN}

    def on_signal(self, number, frame):
        self.count += 1

    def end(self):
        for number, handler in self.earlier.items():
            signal.signal(number, handler)


class Input:
    """Gives every run the same stdin, if it is a file or a pipe. On a terminal, a run
    gets an empty one."""

    def __init__(self):
        self.kept = []  # what has come from a pipe; an empty one: its end
        self.lock = threading.Lock()
        self.is_file = self.is_pipe = False
        with contextlib.suppress(AttributeError, OSError, ValueError):
            self.stream = sys.stdin.fileno()
            mode = os.fstat(self.stream).st_mode
            self.is_pipe = stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
            self.is_file = stat.S_ISREG(mode)
            if self.is_file:
                self.start = os.lseek(self.stream, 0, os.SEEK_CUR)

    def for_run(self):
        """The argument stdin of Popen."""
        if self.is_file:
            os.lseek(self.stream, self.start, os.SEEK_SET)
            return self.stream
        return subprocess.PIPE if self.is_pipe else subprocess.DEVNULL

    def piece(self, number):
        """Only waits for the pipe if no run has had this piece."""
        with self.lock:
            if number == len(self.kept):
                self.kept.append(os.read(self.stream, 1 << 16))
            return self.kept[number]

    def feed(self, pipe):
        number = 0
        with contextlib.suppress(OSError), pipe:
            while piece := self.piece(number):
                pipe.write(piece)
                pipe.flush()
                number += 1


class Limits:
    """When a program is ended. None: never."""

    def __init__(self, total=None, silence=None, repeats=False, notice=None):
        self.total = total      # after so many seconds
        self.silence = silence  # after so many seconds in which it printed nothing
        self.repeats = repeats  # if it prints the same few lines for ever
        self.notice = notice    # called once, after so many seconds: a pair


class Repetition:
    """Finds out whether a program prints the same few lines for ever."""

    LINES = 1000  # in a row, of which only so many differ:
    DIFFERENT = 4

    def __init__(self):
        self.lines = []
        self.rest = b''
        self.found = False

    def add(self, chunk):
        *lines, rest = (self.rest + chunk).split(b'\n')
        self.rest = rest[-LAST:]
        self.lines += lines
        while len(self.lines) >= self.LINES:
            self.found |= len(set(self.lines[:self.LINES])) <= self.DIFFERENT
            del self.lines[:self.LINES]


class Ending:
    """How a program has ended."""

    def __init__(self):
        self.status = None     # negative: the number of a signal
        self.stopped = None    # why this process has ended it
        self.interrupted = 0   # how often
        self.out = bytearray()  # the first bytes of stdout
        self.last = b''         # the last bytes of stdout


class Program:
    """A running program. It has a process group of its own, so that whatever the
    launcher has started for it can be ended, and nothing else. To be followed
    immediately."""

    def __init__(self, command, environment=None, stdin=None):
        self.interrupts = Interrupts()
        try:
            self.process = subprocess.Popen(
                command, stdin=stdin.for_run() if stdin else subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, **(environment or {})},
                start_new_session=not WINDOWS)
        except OSError:
            self.interrupts.end()
            raise
        self.ending = Ending()
        self.repetition = Repetition()  # on stdout
        self.printed = queue.Queue()  # lists of lines of stderr; None: the end
        self.started = self.last_sign = time.monotonic()
        self.readers = [threading.Thread(target=self.read_err, daemon=True),
                        threading.Thread(target=self.read_out, daemon=True)]
        for reader in self.readers:
            reader.start()
        if self.process.stdin is not None:
            threading.Thread(target=stdin.feed, args=(self.process.stdin,),
                             daemon=True).start()

    def chunks(self, stream):
        while chunk := os.read(stream.fileno(), 1 << 16):
            self.last_sign = time.monotonic()
            yield chunk

    def read_err(self):
        rest = b''
        for chunk in self.chunks(self.process.stderr):
            *lines, rest = (rest + chunk).replace(b'\r\n', b'\n').split(b'\n')
            self.put_lines(lines)
        self.put_lines([rest] if rest else [])
        self.printed.put(None)

    def put_lines(self, lines):
        texts = [line.decode(errors='replace') for line in lines]
        texts = [text for text in texts if not text.startswith(WINE_LEAVES)]
        if texts:
            self.printed.put(texts)

    def read_out(self):
        for chunk in self.chunks(self.process.stdout):
            self.ending.out += chunk[:KEPT - len(self.ending.out)]
            self.repetition.add(chunk)
            self.ending.last = (self.ending.last + chunk)[-LAST:]

    def send(self, number):
        if WINDOWS and number == signal.SIGINT:
            return  # the console has sent it to the program, too
        with contextlib.suppress(ProcessLookupError):
            if WINDOWS:
                self.process.kill()
            else:
                os.killpg(self.process.pid, number)

    def stop(self, why):
        """Ends the program."""
        if self.process.poll() is None:
            self.ending.stopped = self.ending.stopped or why
            self.send(signal.SIGTERM if WINDOWS else signal.SIGKILL)

    def keep(self, limits):
        """Ends the program if its time is over. Returns the limits from now on."""
        now = time.monotonic()
        if self.interrupts.count > self.ending.interrupted:
            return self.interrupt()
        if limits.total and now - self.started > limits.total:
            self.stop(f'it did not end within {limits.total:g} s')
        elif limits.silence and now - self.last_sign > limits.silence:
            self.stop(f'it printed nothing for {limits.silence:g} s')
        elif limits.repeats and self.repetition.found:
            self.stop('it printed the same lines again and again')
        elif limits.notice and now - self.started > limits.notice[0]:
            limits.notice[1]()
            return Limits(limits.total, limits.silence, limits.repeats)
        return limits

    def interrupt(self):
        """The program gets the first interrupt; the second one ends it."""
        if self.ending.interrupted or self.interrupts.count > 1:
            self.stop('interrupted')
        self.ending.interrupted = self.interrupts.count
        self.send(signal.SIGINT)
        return Limits(total=time.monotonic() - self.started + LEAVING)

    def follow(self, on_lines, limits=Limits()):
        """Calls on_lines(self, lines) for lines of stderr, until the program has
        ended. Returns its ending."""
        try:
            self.read_to_the_end(on_lines, limits)
        finally:  # also if stdout of this process is closed
            self.stop('not followed')
            self.interrupts.end()
        self.ending.interrupted = self.interrupts.count
        for reader in self.readers:
            reader.join(CLOSING)
        self.ending.status = self.process.returncode
        return self.ending

    def read_to_the_end(self, on_lines, limits):
        """A program can close stderr long before it ends. After it has ended, what
        it has started can keep stderr open."""
        closed = False
        last = None  # the time until which the rest of its output may come
        while not closed or self.process.poll() is None:
            if closed:
                time.sleep(0.05)
            else:
                with contextlib.suppress(queue.Empty):
                    lines = self.printed.get(timeout=0.05)
                    closed = lines is None
                    if lines:
                        on_lines(self, lines)
            if self.process.poll() is None:
                limits = self.keep(limits)
                continue
            last = last or time.monotonic() + CLOSING
            closed = closed or time.monotonic() > last
