#!/usr/bin/env python3
"""Repeats an order once more, and makes of it what a page can play, and a picture.

    play.py ORDER PROGRAM.exe RUN.json [OPTION]... -- ARGUMENT...

ORDER is a file that explore.py wrote. PROGRAM.exe is the same program, but not
optimized, and linked with the recorder: see recorder/recorder.c. RUN.json, the
options and the environment are those of lab/trace/record.py. Writes RUN.svg, too.

Exit status: 0, the order was recorded; 4, it cannot be repeated.
"""

import os
import re
import sys

import orders

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'trace'))
import deep  # noqa: E402
import folding  # noqa: E402
import picture  # noqa: E402
import record  # noqa: E402
import recording  # noqa: E402
import report  # noqa: E402

ATTEMPTS = 3  # for an order that ends the process without a verdict
NOT_REPEATED = 4
FACTS = {'io': 'explorer', 'system': "the explorer's model"}


def repeat(order, options):
    """Records the order. Returns the exit status of the recorder's process, and what
    it has written about the order."""
    path = os.path.splitext(options.run)[0] + '.orders'
    process = orders.load_order(order, path).processes[0]
    options.arguments = [path, '0', *options.arguments]
    for _ in range(ATTEMPTS):
        process.progress = orders.FRESH
        status = record.run_deep(options)
        if process.progress != orders.RUNNING or status == deep.RECORDING_FULL:
            break
    return status, process


def without_places(title):
    """The addresses in the two programs differ."""
    return re.sub(r' at \{0x[0-9a-f]+\}', '', title)


def must_be_repeated(order, process, status):
    """The program is compiled in another way than the one that was explored. It
    nearly always does the same, but that is not certain."""
    title = process.text.decode(errors='replace').split('\n', 1)[0]
    full = process.progress == orders.RUNNING and status == deep.RECORDING_FULL
    if process.verdict == orders.DIVERGED or not full and \
            without_places(title) != without_places(orders.title_of(order)):
        print(f'play: this order cannot be repeated in a program that is not '
              f'optimized: {title or "it ends right"}', file=sys.stderr)
        sys.exit(NOT_REPEATED)
    return title


def draw(options, verdict):
    """Writes the picture, as lab/trace/trace.py does for a run."""
    to = os.path.splitext(options.run)[0]
    trace = recording.load(to + '.rec')
    recording.find_lines(trace, options.program,
                         os.environ.get('ADDR2LINE', 'addr2line'))
    folding.fold(trace, [point for point in trace.points
                         if report.is_shown(point.record)])
    with open(to + '.svg', 'w', encoding='utf-8') as file:
        file.write(picture.draw(trace, options.name, without_places(verdict)))


def main(order, arguments):
    options = record.words(arguments)
    os.environ.update(IO='', HOOK='')
    status, process = repeat(order, options)
    verdict = must_be_repeated(order, process, status)
    record.write_run(options, status if process.verdict == orders.RIGHT else None,
                     FACTS)
    draw(options, verdict)
    return 0


if __name__ == '__main__':
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1], sys.argv[2:]))
    except (OSError, ValueError) as error:
        sys.exit(f'play: {error}')
