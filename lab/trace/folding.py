"""Folds what repeats: of many cycles with the same calls, only a few are shown.

A cycle is what a thread does from the return of a wait, or the begin of a
callback, up to the next one. Cycles are alike if threads of the same role make
the same calls at the same lines with results of the same kind, however often. It
does not matter what other threads do in between, so this also works for many
requests in flight. For the calls that are left, a cycle also ends before a call
that it has already: this folds loops without a wait.
"""

import collections

from recording import RESULTS, TRANSFERS

FIRST, LAST = 2, 1  # shown of the cycles that are alike
FEWEST = 3          # so many cycles are worth a fold


class Cycle:
    def __init__(self, thread):
        self.thread = thread
        self.points = []
        self.calls = {}     # a set in order
        self.hidden = None  # the calls of its kind, if it need not be shown


class Fold:
    """Points, one after the other, that are not shown."""

    def __init__(self):
        self.points = []
        self.cycles = collections.Counter()  # those that begin here, by kind

    def count(self):
        """How often something is repeated."""
        return max(self.cycles.values(), default=0)


def amount(record):
    """Whether a transfer brought all, some or none of the bytes."""
    start = record.use.start if record.use else None
    if record.bytes and start and start.kind in TRANSFERS and \
            record.bytes < start.length:
        return 'some'
    return 'all' if record.bytes else 'none'


def call(point):
    """What makes this point like another one."""
    record = point.record
    kinds = tuple(handle.thing.kind for handle in record.handles)
    if record.waits() and not point.ends:
        return point.ends, record.kind, record.address, kinds
    result = record.returned, record.ok, record.error
    if record.takes() or record.kind == 'callback' or record.kind in RESULTS:
        result += bool(record.overlapped), amount(record)
    return point.ends, record.kind, record.address, kinds, result


def begins_cycle(point):
    return point.record.kind == 'callback' and not point.ends or \
        point.record.waits() and point.ends


def find_cycles(points, repeats):
    """{point: its cycle}, in the order of time. A cycle contains the same call
    only once if `repeats`."""
    current, of = {}, {}
    for point in points:
        thread = point.record.thread
        cycle = current.get(thread)
        this = call(point)
        if cycle is None or begins_cycle(point) or (
                repeats and this in cycle.calls):
            cycle = current[thread] = Cycle(thread)
        cycle.points.append(point)
        cycle.calls.setdefault(this)
        of[point] = cycle
    return of


def roles(trace):
    """A thread is known by its routine, and main by its name."""
    found = {record.thread: record.address for record in trace.records
             if record.kind == 'thread'}
    found[trace.threads[0]] = 'main'
    return found


def hide(of, role):
    """Hides cycles of which enough others are shown."""
    alike = collections.defaultdict(list)
    for cycle in dict.fromkeys(of.values()):
        alike[role.get(cycle.thread), *cycle.calls].append(cycle)
    for calls, cycles in alike.items():
        if len(cycles) >= FIRST + LAST + FEWEST:
            for cycle in cycles[FIRST:-LAST]:
                cycle.hidden = calls


def fold(trace, points):
    """Sets `fold` of each point that need not be shown."""
    role = roles(trace)
    of = find_cycles(points, False)
    hide(of, role)
    left = find_cycles([point for point in points if not of[point].hidden], True)
    hide(left, role)
    of.update(left)
    now = None
    folds = []
    for point in points:
        cycle = of[point]
        if not cycle.hidden:
            now = None
            continue
        if now is None:
            now = Fold()
            folds.append(now)
        now.points.append(point)
        if cycle.points[0] is point:
            now.cycles[cycle.hidden] += 1
    for found in folds:
        if sum(found.cycles.values()) >= FEWEST:
            for point in found.points:
                point.fold = found
