#!/usr/bin/env python3
"""rows.py RECORDING: checks the rows of a picture that lab/trace draws.

In a picture an effect is below its cause. The causes are found here once more,
from the recording alone. Prints each mistake, and exits with 1 if there is one.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '../../lab/trace'))

import folding  # noqa: E402
import picture  # noqa: E402
import recording  # noqa: E402
import report  # noqa: E402

WAITS = ('WaitForSingleObject', 'WaitForSingleObjectEx', 'SignalObjectAndWait')


def pairs(trace):
    """(cause, effect, words), each of them (is an end, record)."""
    threads = [record for record in trace.records if record.kind == 'thread']
    makers = {record.number: record for record in trace.records}
    for use in trace.uses:
        if use.end and not use.completed_in_call:
            yield (False, use.start), (use.end.waits(), use.end), 'its completion'
    for thread in threads:
        if thread.other in makers:
            yield (False, makers[thread.other]), (False, thread), 'its begin'
    for wait in trace.records:
        if wait.kind not in WAITS or not wait.returned or wait.bytes != 0:
            continue
        for thread in threads:
            if str(wait.handles[0]) == trace.names[thread.thread]:
                yield (True, thread), (True, wait), 'the join'
        sets = [record for record in trace.records
                if record.kind == 'SetEvent' and record.begin < wait.end and
                record.what == wait.what]
        if sets:
            yield (False, max(sets, key=lambda record: record.begin)), \
                (True, wait), 'the wait for it'


def mistakes(trace, layout):
    rows, hidden = layout.rows, {row for row, _ in layout.folds}

    def name(point):
        return f'the {"end" if point[0] else "begin"} of {point[1].kind} ' \
               f'{point[1].number}'

    for cause, effect, words in pairs(trace):
        above, below = rows.get(cause), rows.get(effect)
        if None not in (above, below) and not above < below and not (
                above == below and above in hidden):
            yield f'{name(cause)} is in row {above}, {words} in row {below}'
    before = 0
    for point in trace.points:
        row = rows.get((point.ends, point.record), before)
        if row < before:
            yield f'{name((point.ends, point.record))} is in row {row}, and what ' \
                  f'came before it in row {before}'
        before = row
    for thread, nodes in layout.lanes.items():
        for one, two in zip(nodes, nodes[1:]):
            if one.row >= two.row:
                yield f'{trace.names[thread]} has two labels in row {one.row}'


def main(path):
    trace = recording.load(path)
    folding.fold(trace, [point for point in trace.points
                         if report.is_shown(point.record)])
    found = list(mistakes(trace, picture.Layout(trace)))
    if not list(pairs(trace)) and len(trace.threads) > 1:
        found.append('no cause was found')
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
