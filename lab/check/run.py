#!/usr/bin/env python3
"""Runs a program on a terminal:

    run.py PROGRAM.exe [ARGUMENT]...

With CHECK=waits the checker judges nothing, and prints a line if the program makes
no progress for 5 s. This script only puts the source lines in place of the addresses
in that line; what the program prints passes through unchanged, byte by byte.
"""

import os
import signal
import subprocess
import sys
import threading

import programs
import reports


def copy(stream, to):
    while chunk := os.read(stream.fileno(), 1 << 16):
        to.write(chunk)
        to.flush()


def copy_located(stream, to, locator):
    """A part of a line is held back only if it can be one of the checker's."""
    rest = b''
    while chunk := os.read(stream.fileno(), 1 << 16):
        lines = (rest + chunk).split(b'\n')
        rest = lines.pop()
        text = ''.join(line.decode(errors='surrogateescape') + '\n' for line in lines)
        if not rest.startswith(reports.REPORT[:len(rest)].encode()):
            text += rest.decode(errors='surrogateescape')
            rest = b''
        to.write(locator.locate(text).encode(errors='surrogateescape'))
        to.flush()
    to.write(rest)
    to.flush()


def main(program, arguments):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the program's
    locator = reports.Locator(program)
    process = subprocess.Popen(
        programs.launched(program, arguments), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={**os.environ, 'CHECK': 'waits'},
        preexec_fn=None if programs.WINDOWS else
        lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    copiers = [
        threading.Thread(daemon=True, target=copy,
                         args=(process.stdout, sys.stdout.buffer)),
        threading.Thread(daemon=True, target=copy_located,
                         args=(process.stderr, sys.stderr.buffer, locator))]
    for copier in copiers:
        copier.start()
    status = process.wait()
    for copier in copiers:  # a child of the program may keep a pipe open
        copier.join(programs.CLOSING)
    return status if status >= 0 else 128 - status


if __name__ == '__main__':
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
