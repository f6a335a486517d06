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


def launched(program, arguments=()):
    """The words of a command that starts a Windows program. LAUNCHER is the command
    before it."""
    launcher = shlex.split(os.environ.get('LAUNCHER', ''))
    return [*launcher, os.path.normpath(program), *arguments]


def text_of(output):
    return output.decode(errors='replace').replace('\r\n', '\n')


def interrupt_on_sigterm():
    def interrupt(number, frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupt)


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

    def __init__(self, total=None, silence=None, notice=None):
        self.total = total      # after so many seconds
        self.silence = silence  # after so many seconds in which it printed nothing
        self.notice = notice    # called once, after so many seconds: a pair


class Ending:
    """How a program has ended."""

    def __init__(self):
        self.status = None     # negative: the number of a signal
        self.stopped = None    # why this process has ended it
        self.interrupted = False
        self.out = bytearray()  # the first bytes of stdout
        self.last = b''         # the last bytes of stdout


class Program:
    """A running program. It has a process group of its own, so that whatever the
    launcher has started for it can be ended, and nothing else."""

    def __init__(self, command, environment=None, stdin=None):
        self.process = subprocess.Popen(
            command, stdin=stdin.for_run() if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            start_new_session=not WINDOWS)
        self.ending = Ending()
        self.printed = queue.Queue()  # lists of lines of stderr; None: the end
        self.last_sign = time.monotonic()
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
            if lines:
                self.printed.put([line.decode(errors='replace') for line in lines])
        if rest:
            self.printed.put([rest.decode(errors='replace')])
        self.printed.put(None)

    def read_out(self):
        for chunk in self.chunks(self.process.stdout):
            self.ending.out += chunk[:KEPT - len(self.ending.out)]
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

    def keep(self, limits, started):
        """Ends the program if its time is over."""
        now = time.monotonic()
        if limits.total and now - started > limits.total:
            self.stop(f'it did not end within {limits.total:g} s')
        elif limits.silence and now - self.last_sign > limits.silence:
            self.stop(f'it printed nothing for {limits.silence:g} s')
        elif limits.notice and now - started > limits.notice[0]:
            limits.notice[1]()
            limits.notice = None

    def follow(self, on_lines, limits=Limits()):
        """Calls on_lines(self, lines) for lines of stderr, until the program has
        ended. Returns its ending."""
        started = time.monotonic()
        closed = None  # the time until which the rest of its output may come
        while True:
            try:
                with contextlib.suppress(queue.Empty):
                    lines = self.printed.get(timeout=0.05)
                    if lines is None:
                        break
                    on_lines(self, lines)
                now = time.monotonic()
                if self.process.poll() is not None:
                    closed = closed or now + CLOSING
                    if now > closed:
                        break
                else:
                    self.keep(limits, started)
            except KeyboardInterrupt:
                if self.ending.interrupted:
                    self.stop('interrupted')
                self.ending.interrupted = True
                self.send(signal.SIGINT)
                limits = Limits(total=time.monotonic() - started + LEAVING)
        self.finish(started, limits)
        return self.ending

    def finish(self, started, limits):
        """stderr is closed, which a program can do long before it ends."""
        while self.process.poll() is None:
            try:
                self.process.wait(0.05)
            except subprocess.TimeoutExpired:
                self.keep(limits, started)
            except KeyboardInterrupt:
                self.ending.interrupted = True
                self.stop('interrupted')
        for reader in self.readers:
            reader.join(CLOSING)
        self.ending.status = self.process.returncode
