#!/usr/bin/env python3
"""Makes a timeline, a file for Perfetto and a picture from a recording.

    trace.py RECORDING PROGRAM.exe ADDR2LINE DIRECTORY/NAME

Prints a timeline of the program, which it calls NAME, and writes three files into
the directory:
  NAME.txt   the complete timeline
  NAME.json  Chrome's Trace Event Format, for ui.perfetto.dev
  NAME.svg   a picture for a page

record.h describes a recording. These scripts give the names. Requests are
numbered by the first use of their OVERLAPPED, handles in the order in which they
were made, workers in the order in which they took the first packet of a request.
"""

import gc
import os
import sys
import threading

import folding
import picture
import recording
import report


SOON = 2  # seconds; after that, a line says what takes so long


def say_that_it_takes_long(path):
    print(f'trace: draws {path}, which is large: this may take a minute',
          file=sys.stderr, flush=True)


def main(arguments):
    if len(arguments) != 4:
        sys.exit(__doc__)
    path, program, addr2line, to = arguments
    gc.disable()  # all objects stay in use until the end: there is nothing to find
    notice = threading.Timer(SOON, say_that_it_takes_long, (path,))
    notice.daemon = True
    notice.start()
    name = os.path.basename(to)
    try:
        trace = recording.load(path)
    except (OSError, ValueError) as error:
        sys.exit(f'trace: {error}')
    recording.find_lines(trace, program, addr2line)
    folding.fold(trace, [point for point in trace.points
                         if report.is_shown(point.record)])
    lines = report.timeline(trace)
    with open(to + '.txt', 'w', encoding='utf-8') as file:
        file.writelines(line + '\n' for line in lines)
    with open(to + '.json', 'w', encoding='utf-8') as file:
        report.write_events(trace, name, file)
    with open(to + '.svg', 'w', encoding='utf-8') as file:
        file.write(picture.draw(trace, name))
    notice.cancel()
    print(f'== trace of {name}')
    folded = report.shortened(report.timeline(trace, folded=True))
    for line in folded:
        print(line)
    if len(folded) < len(lines):
        print(f'trace: all {len(lines)} lines: {to}.txt')
    for line in report.summary(trace):
        print(f'trace: {line}')
    print(f'trace: see {to}.svg, and {to}.json in ui.perfetto.dev')


if __name__ == '__main__':
    try:
        main(sys.argv[1:])
    except BrokenPipeError:
        sys.exit(1)
