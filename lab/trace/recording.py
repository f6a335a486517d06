"""Reads a recording, and matches each start of a request with its completion."""

import collections
import functools
import os
import re
import struct
import subprocess

HEADER = struct.Struct('<8sQQqq3QQ')
HEADER_SIZE = 4096
RECORD = struct.Struct('<2I2q5Q4I')
FIELDS = ('thread', 'begin', 'end', 'address', 'handle', 'other', 'overlapped',
          'offset', 'length', 'error', 'bytes', 'ok')

NO_HANDLE = 2**64 - 1
PENDING, MORE_DATA, INCOMPLETE, TIMEOUT = 997, 234, 996, 258
SKIP_ON_SUCCESS = 1
INFINITE = 2**32 - 1
EX = 'GetQueuedCompletionStatusEx'

TRANSFERS = {'ReadFile', 'WriteFile'}
RESULTS = {'GetOverlappedResult', 'GetOverlappedResultEx'}
TAKES = {'GetQueuedCompletionStatus', EX}
WAITS = TAKES | RESULTS | {
    'WaitForSingleObject', 'WaitForMultipleObjects', 'SleepConditionVariableSRW',
    'WaitForThreadpoolIoCallbacks'}
MAKES = {'CreateFileW': 'file', 'CreateFileA': 'file', 'CreateEventW': 'event',
         'CreateThreadpoolIo': 'threadpool io', '_beginthreadex': 'thread',
         'CreateThread': 'thread'}


class Record:
    """One record, and what these scripts found out about it."""

    __slots__ = ('number', 'kind', *FIELDS, 'returned', 'what', 'made',
                 'request', 'use', 'function', 'file', 'line')

    def __init__(self, number, kind, values):
        self.number = number  # from 1 on; `other` of a thread's record is one
        self.kind = kind
        for name, value in zip(FIELDS, values):
            setattr(self, name, value)
        self.returned = self.end != 0
        self.what = ''      # the handle's name
        self.made = ''      # the name of the handle that it made or bound to
        self.request = None  # the number of its request
        self.use = None     # the use that it has started, or taken
        self.function = self.file = ''
        self.line = 0

    def waits(self):
        return self.kind in WAITS and (self.kind not in RESULTS or self.length)

    def takes(self):
        """Whether it has taken a packet."""
        return self.kind == 'packet' or (
            self.kind == 'GetQueuedCompletionStatus' and self.returned and
            (self.ok or self.overlapped != 0))

    def place(self):
        name = self.file.rpartition('/')[2]
        return f'{name}:{self.line}' if self.line else ''


class Use:
    """One use of a request, or a packet without a request."""

    def __init__(self, number, start):
        self.number = number  # of this use
        self.start = start
        self.request = start.request
        self.end = None       # the record that took the completion
        self.in_port = False  # a packet or a callback reports its completion
        self.completed_in_call = False  # it completed before the call returned


class Trace:
    def __init__(self):
        self.records = []  # in the order of their begin
        self.lost = 0      # records that did not fit
        self.threads = []  # their ids; the first is main's
        self.names = {}    # of threads, by id
        self.uses = []
        self.requests = 0
        self.stray = []    # records that took a packet without a start
        self.standard = ()

    @functools.cached_property
    def points(self):
        """(time, whether it is an end, record), in the order of time."""
        points = [(r.begin, 0, i, r) for i, r in enumerate(self.records)]
        points += [(r.end, 1, i, r) for i, r in enumerate(self.records)
                   if r.returned]
        points.sort()  # the index makes each unique: records are not compared
        return [(time, bool(ends), record)
                for time, ends, _, record in points]

    def is_main(self, record):
        return record.thread == self.threads[0]


def load(path):
    with open(path, 'rb') as file:
        head = file.read(HEADER_SIZE)
        if len(head) < HEADER_SIZE or not head.startswith(b'trace 1\0'):
            raise ValueError(f'{path} is not a recording')
        (_, size, capacity, taken, frequency, *standard,
         main) = HEADER.unpack_from(head)
        if size != RECORD.size:
            raise ValueError(f'{path} has records of {size} bytes')
        names = head[HEADER.size:].split(b'\0')[0].decode().split('\n')
        content = file.read(min(taken, capacity) * size)
    trace = Trace()
    trace.lost = max(0, taken - capacity)
    trace.standard = tuple(standard)
    for number, (kind, *values) in enumerate(RECORD.iter_unpack(content), 1):
        if kind != 0:  # 0: the program ended before the record was filled in
            trace.records.append(Record(number, names[kind - 1], values))
    trace.records.sort(key=lambda record: (record.begin, record.number))
    to_microseconds(trace, frequency)
    trace.threads = [main]
    name_handles(trace)
    match(trace)
    name_threads(trace)
    return trace


def to_microseconds(trace, frequency):
    first = min((record.begin for record in trace.records), default=0)
    for record in trace.records:
        record.begin = (record.begin - first) * 1e6 / frequency
        record.end = (record.end - first) * 1e6 / frequency


def name_handles(trace):
    """Gives names in the order of time: the system uses handle values again."""
    counts = collections.Counter()
    names = dict(zip(trace.standard, ('stdin', 'stdout', 'stderr')))

    def new(kind, handle):
        counts[kind] += 1
        names[handle] = f'{kind} {counts[kind]}'
        return names[handle]

    for _, ends, record in trace.points:
        if not ends:
            record.what = names.get(record.handle, '')
            if record.kind == 'CloseHandle':
                names.pop(record.handle, None)
        elif record.ok and record.kind in MAKES:
            record.made = new(MAKES[record.kind], record.other)
        elif record.ok and record.kind == 'CreateIoCompletionPort':
            record.made = names.get(record.other) or new('port', record.other)


def match(trace):
    """Finds for each start of a request the record that took its completion."""
    numbers = {}
    in_flight = collections.defaultdict(collections.deque)
    bound, skips = set(), set()  # handles

    def key(record):
        return record.overlapped or ('none', record.handle, record.offset)

    def start(record):
        use = Use(len(trace.uses) + 1, record)
        trace.uses.append(use)
        record.use = use
        if record.kind in TRANSFERS:
            use.in_port = record.handle in bound and not record.other & 1
            success_queues = use.in_port and record.handle not in skips
            succeeded = record.ok or record.error == MORE_DATA
            queued = (record.error == PENDING or not record.returned or
                      (succeeded and success_queues))
        else:  # posted by hand
            use.in_port = True
            queued = record.ok or not record.returned
        if queued:
            in_flight[key(record)].append(use)
        else:
            use.completed_in_call = True
            use.end = record

    def take(record):
        waiting = in_flight[key(record)]
        if waiting:
            record.use = waiting.popleft()
            record.use.end = record
        else:
            trace.stray.append(record)

    def result(record):
        """Takes a completion that no packet and no callback reports."""
        waiting = in_flight[record.overlapped]
        if (waiting and not waiting[0].in_port and
                record.error not in (INCOMPLETE, TIMEOUT)):
            take(record)

    for _, ends, record in trace.points:
        kind = record.kind
        if record.overlapped and not ends:
            if kind in TRANSFERS or kind.startswith('Post'):
                numbers.setdefault(record.overlapped, len(numbers) + 1)
            record.request = numbers.get(record.overlapped)
        if not ends:
            if (kind in TRANSFERS and record.overlapped) or (
                    kind == 'PostQueuedCompletionStatus'):
                start(record)
            elif kind in ('callback', 'packet'):
                take(record)
            elif kind == 'CloseHandle':
                bound.discard(record.handle)
                skips.discard(record.handle)
        elif kind == 'GetQueuedCompletionStatus' and record.takes():
            take(record)
        elif kind in RESULTS:
            result(record)
        elif record.ok and kind in (
                'CreateIoCompletionPort', 'CreateThreadpoolIo',
                'BindIoCompletionCallback') and record.handle != NO_HANDLE:
            bound.add(record.handle)
        elif record.ok and kind == 'SetFileCompletionNotificationModes':
            if record.length & SKIP_ON_SUCCESS:
                skips.add(record.handle)
    for record in trace.records:  # for packets: now all requests have numbers
        if record.overlapped:
            record.request = numbers.get(record.overlapped)
    trace.requests = len(numbers)


def name_threads(trace):
    main = trace.threads[0]
    taken, begun = {}, {}
    for record in trace.records:
        if record.thread == main:
            continue
        order = record.other if record.kind == 'thread' else record.number
        begun.setdefault(record.thread, order)
        if record.use and record.use.end is record and record.request:
            taken[record.thread] = min(record.end or record.begin,
                                       taken.get(record.thread, float('inf')))
    trace.threads += sorted(begun, key=lambda thread: (
        taken.get(thread, float('inf')), begun[thread]))
    trace.names = {thread: f'worker {number}' if number else 'main'
                   for number, thread in enumerate(trace.threads)}
    makers = {record.number: record for record in trace.records}
    for record in trace.records:
        if record.kind == 'thread' and record.other in makers:
            maker = makers[record.other]
            for other in trace.records:
                if maker.made and other.what == maker.made:
                    other.what = trace.names[record.thread]
            maker.made = trace.names[record.thread]


def find_lines(trace, program, addr2line):
    """Runs addr2line once, for all addresses."""
    addresses = sorted({r.address for r in trace.records if r.address})
    found = subprocess.run(
        [addr2line, '-f', '-e', program], check=False, encoding='utf-8',
        errors='replace', stdout=subprocess.PIPE,
        input=''.join(f'{address:#x}\n' for address in addresses)).stdout
    lines = found.splitlines()
    places = {}
    for address, function, place in zip(addresses, lines[::2], lines[1::2]):
        at = re.match(r'(.+):(\d+)', place)
        if at:
            places[address] = function, os.path.relpath(at[1]), int(at[2])
    for record in trace.records:
        record.function, record.file, record.line = places.get(
            record.address, ('', '', 0))
