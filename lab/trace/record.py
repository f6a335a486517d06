#!/usr/bin/env python3
"""Runs a program in deep mode, and writes what a page can play:

    record.py PROGRAM.exe RUN.json [OPTION]... [-- ARGUMENT...]

Writes three more files beside RUN.json: its recording (.rec), and what the program
printed (.out and .err). Exits with 0 if the run was recorded, however the program
ended. The environment: LAUNCHER, ADDR2LINE, OBJDUMP, NM, IO. run.md describes
RUN.json.
"""

import argparse
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys

import deep

LAUNCHER = 'LAUNCHER'
RECORDS = 120_000  # of one run
WINDOWS = os.name == 'nt'


def launched(program, arguments):
    return [*shlex.split(os.environ.get(LAUNCHER, '')), program, *arguments]


def stop(process):
    """Ends the program, and whatever its launcher has started for it."""
    with contextlib.suppress(ProcessLookupError):
        if WINDOWS:
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run(command, environment, to, seconds):
    """Returns the exit status, or None if the program did not end in time."""
    with open(to + '.out', 'wb') as out, open(to + '.err', 'wb') as err:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            env={**os.environ, **environment}, start_new_session=not WINDOWS)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            stop(process)


def system():
    """The name of the system that ran the program."""
    launcher = shlex.split(os.environ.get(LAUNCHER, ''))
    if not launcher:
        return 'Windows'
    version = subprocess.run([launcher[-1], '--version'], check=False,
                             encoding='utf-8', errors='replace',
                             stdout=subprocess.PIPE).stdout.split()
    return version[0].replace('wine-', 'Wine ') if version else 'Wine'


def words(arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument('program')
    parser.add_argument('run')
    parser.add_argument('--object', action='append', default=[], dest='objects',
                        help='an object file of the program')
    parser.add_argument('--plan', help='of lab/check/build.py: names the objects')
    parser.add_argument('--root', action='append', default=[], dest='roots',
                        help='a directory with sources of the program')
    parser.add_argument('--name', help="the program's name on the page")
    parser.add_argument('--command', default='', help='what the page shows')
    parser.add_argument('--seconds', type=float, default=8)
    parser.add_argument('--most', type=int, default=400_000,
                        help='bytes of the run')
    end = arguments.index('--') if '--' in arguments else len(arguments)
    options = parser.parse_args(arguments[:end])
    options.arguments = arguments[end + 1:]
    if options.plan:
        with open(options.plan, encoding='utf-8') as file:
            options.objects += json.load(file)['objects']
    options.roots = options.roots or [deep.TOP]
    return options


def run_deep(options):
    """Runs the program in deep mode. Returns its exit status, or None if it did not
    end in time."""
    to = os.path.splitext(options.run)[0]
    os.makedirs(os.path.dirname(to) or '.', exist_ok=True)
    recording = to + '.rec'
    for path in (recording, options.run):
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
    status = run(launched(options.program, options.arguments), {
        'TRACE': recording, 'TRACE_DEEP': '1', 'TRACE_STDOUT': to + '.out',
        'TRACE_STDERR': to + '.err', 'TRACE_RECORDS': str(RECORDS),
        'CHECK': 'undelayed', 'LAB': 'quiet'}, to, options.seconds)
    if not os.path.exists(recording):
        with open(to + '.err', encoding='utf-8', errors='replace') as file:
            sys.exit(f'record: {options.program} made no recording\n'
                     f'{file.read()}'.rstrip())
    return status


def write_run(options, status, facts):
    """Writes what a page can play. facts: `io` and `system`, as in run.md."""
    tools = {name.lower(): os.environ.get(name, name.lower())
             for name in ('ADDR2LINE', 'OBJDUMP', 'NM')}
    recording = os.path.splitext(options.run)[0] + '.rec'
    made = deep.make_run(recording, options.program, tools, options.objects,
                         options.roots, status, options.most)
    name = options.name or os.path.splitext(
        os.path.basename(options.program))[0]
    deep.write({'program': name, 'command': options.command, **facts, **made},
               options.run)


def main(arguments):
    options = words(arguments)
    status = run_deep(options)
    write_run(options, status, {'io': os.environ.get('IO') or 'wine',
                                'system': system()})
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        sys.exit(f'record: {error}')
