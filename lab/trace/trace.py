#!/usr/bin/env python3
"""Makes a timeline, a file for Perfetto and a picture from a recording.

    trace.py RECORDING PROGRAM.exe ADDR2LINE DIRECTORY

Prints a timeline, and writes three files into the directory, under the program's
name:
  NAME.txt   the complete timeline
  NAME.json  Chrome's Trace Event Format, for ui.perfetto.dev
  NAME.svg   a picture for a page

record.h describes a recording. These scripts give the names. Requests are
numbered by the first use of their OVERLAPPED, handles in the order in which they
were made, workers in the order in which they took the first packet of a request.
"""

import os
import sys

import folding
import picture
import recording
import report


def main(arguments):
    if len(arguments) != 4:
        sys.exit(__doc__)
    path, program, addr2line, directory = arguments
    name = os.path.splitext(os.path.basename(program))[0]
    try:
        trace = recording.load(path)
    except (OSError, ValueError) as error:
        sys.exit(f'trace: {error}')
    recording.find_lines(trace, program, addr2line)
    folding.fold(trace, [point for point in trace.points
                         if report.is_shown(point.record)])
    to = os.path.join(directory, name)
    lines = report.timeline(trace)
    with open(to + '.txt', 'w', encoding='utf-8') as file:
        file.writelines(line + '\n' for line in lines)
    with open(to + '.json', 'w', encoding='utf-8') as file:
        report.write_events(trace, name, file)
    with open(to + '.svg', 'w', encoding='utf-8') as file:
        file.write(picture.draw(trace, name))
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
